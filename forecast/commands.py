"""What each command of the command line does, with the options that `forecast.cli` parsed."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import forecast as fc
from forecast.catalog import class_name, make_forecaster
from forecast.evaluation import render
from forecast.files import check_apart, check_path, check_table_path, write_table
from forecast.findings import fell_back_words
from forecast.forecaster import Forecaster
from forecast.progress import progress_bar
from forecast.quiet import native_errors_muted
from forecast.tables import long_table, with_only_series, with_times

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["check", "compare", "datasets", "demo", "export", "fit", "predict", "update"]


def check(options: Namespace) -> None:
    """Print what is in the data, and whether a model looks ahead on them."""
    model = options.leakage and class_name(options.leakage)
    frame, console = _read(options), _console()
    summary = fc.check(
        frame, options.horizon, season_length=options.season_length, **_frame_options(options)
    )
    console.print(str(summary))
    if model is not None:
        report = fc.check_leakage(
            _make(model, options), frame, options.horizon,
            **_frame_options(options), **_covariate_options(options),
        )  # fmt: skip
        if not report:
            raise ValueError(report.verdict)
        console.print(report.verdict)


def compare(options: Namespace) -> None:
    """Backtest models against the baselines; print table and verdict, write what was asked for."""
    check_apart(options.out, options.report, options.save, options.file)
    if options.out is not None:
        check_table_path(options.out)
    for path in (options.report, options.save):
        if path is not None:
            check_path(path)
    names = [class_name(name) for name in options.models]  # a typing error shows at once
    frame, console = _read(options), _console()
    forecasters = [_make(name, options) for name in names]
    result = fc.compare(
        forecasters,
        frame,
        options.horizon,
        n_windows=options.n_windows,
        step_size=options.step_size,
        gap=options.gap,
        max_train_size=options.max_train_size,
        align=options.align,
        refit=options.refit,
        n_jobs=options.n_jobs,
        num_seeds=options.seeds,
        level=options.level,
        season_length=options.season_length,
        title=options.dataset or Path(options.file).name,
        command=options.line,
        **_frame_options(options),
        **_covariate_options(options),
    )
    render(result, console)
    if options.out is not None:
        write_table(options.out, result.backtest.frame)
        console.print(f"forecasts: {options.out}")
    if options.report is not None:
        result.to_html(options.report)
        console.print(f"report: {options.report}")
    if options.save is not None:
        result.save(options.save)
        console.print(f"comparison: {options.save}")


def fit(options: Namespace) -> None:
    """Fit a model and save it."""
    check_apart(options.out, options.file)
    check_path(options.out)
    name, frame, console = class_name(options.model), _read(options), _console()
    forecaster = _make(name, options)
    with progress_bar(1) as advance:
        advance(f"fitting {forecaster.name}", 0)
        forecaster.fit(
            frame, options.horizon, **_frame_options(options), **_covariate_options(options)
        )
    forecaster.save(options.out)
    console.print(f"{forecaster.name}: {forecaster.choices_}")
    for note in _remarks(forecaster):
        console.print(f"! {note}")
    console.print(f"{options.out}: {_standing(forecaster)}")


def _remarks(forecaster: Forecaster) -> list[str]:
    """What was done to the data, and which series are not forecast by the model itself."""
    remarks = list(forecaster.notes_)
    if forecaster.fell_back_:
        remarks.append(fell_back_words(forecaster.fell_back_))
    return remarks


def predict(options: Namespace) -> None:
    """Forecast with a saved model, as csv on standard output or into a file."""
    check_apart(options.out, options.model, options.data, options.future)
    if options.out is not None:
        check_table_path(options.out)
    forecaster = _load(options.model)
    # A long table, whatever the forecaster was fitted on.
    forecaster.layout_ = replace(forecaster.layout_, kind="long", backend="pandas", levels=None)
    frame = None if options.data is None else _read_rows(options.data, forecaster)
    future = None if options.future is None else _read_future(options.future, forecaster)
    forecasts = forecaster.predict(options.horizon, options.level, df=frame, future_df=future)
    if options.out is None:
        forecasts.to_csv(sys.stdout, index=False)
    else:
        write_table(options.out, forecasts)


def update(options: Namespace) -> None:
    """Let a saved model absorb newer rows, or learn from them."""
    target = options.out or options.model
    check_path(target)
    forecaster = _load(options.model)
    forecaster.update(_read_rows(options.file, forecaster), learn=options.learn)
    forecaster.save(target)
    _console().print(f"{target}: {_standing(forecaster)}")


def export(options: Namespace) -> None:
    """Write a saved model as a TensorFlow SavedModel."""
    forecaster = _load(options.model)
    with native_errors_muted():
        forecaster.export(options.folder)
    _console().print(f"{options.folder}: {_standing(forecaster)}; see README.md in it")


def datasets(_options: Namespace) -> None:
    """List the bundled data sets."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("name", "freq", "season", "description"):
        table.add_column(name)
    for name, info in fc.datasets().items():
        table.add_row(name, str(info.freq), str(info.season_length), info.description)
    _console().print(table)


def demo(options: Namespace) -> None:
    """Networks against baselines on real series, with a report."""
    from forecast.demo import run_demo

    run_demo(options.report, _console())


def _console() -> Console:
    """A console on standard output that prints text as it is."""
    from rich.console import Console

    return Console(markup=False, highlight=False, soft_wrap=True)


def _read(options: Namespace) -> pd.DataFrame:
    if options.dataset is not None:
        return fc.load_dataset(options.dataset)
    names = (options.id_col, options.time_col, options.target_col)
    table, notes = long_table(fc.read_file(options.file), *names)
    for note in notes:
        _console().print(f"! {note}")
    return table


def _read_future(path: str, forecaster: Forecaster) -> pd.DataFrame:
    """Rows of the steps to forecast."""
    columns = forecaster.layout_.columns
    table, _ = with_times(fc.read_file(path), columns.id, columns.time)
    return with_only_series(table, columns.id, forecaster.store_.ids)


def _read_rows(path: str, forecaster: Forecaster) -> pd.DataFrame:
    """Rows of the series of a forecaster, in the form of the file that it was fitted on."""
    columns = forecaster.layout_.columns
    table, _ = with_times(fc.read_file(path), columns.id, columns.time)
    if columns.target in table.columns:
        table = with_only_series(table, columns.id, forecaster.store_.ids)
    return long_table(table, *columns.names)[0]


def _frame_options(options: Namespace) -> dict[str, Any]:
    names = ("id_col", "time_col", "target_col", "freq")
    return {name: getattr(options, name) for name in names}


def _covariate_options(options: Namespace) -> dict[str, Any]:
    names = ("future_covariates", "past_covariates", "static_covariates", "calendar_features")
    return {name: getattr(options, name) for name in names}


def _make(name: str, options: Namespace) -> Forecaster:
    with native_errors_muted():
        return make_forecaster(
            name, seed=options.seed, max_seconds=options.max_seconds,
            season_length=options.season_length,
        )  # fmt: skip


def _load(path: str) -> Forecaster:
    with native_errors_muted():
        return fc.load(path)


def _standing(forecaster: Forecaster) -> str:
    """How many series, and where they end."""
    ends = forecaster.fitted_until_
    first, last = ends.min(), ends.max()
    until = f"{last}" if first == last else f"{first} to {last}"
    return f"{len(ends)} series, known until {until}"
