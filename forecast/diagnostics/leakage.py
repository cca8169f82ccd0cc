"""Proof that no forecast uses what comes after its cutoff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from forecast.backtesting.plan import make_plan
from forecast.covariate_use import weight_columns
from forecast.diagnostics.forecast_frame import ForecastFrame, moved
from forecast.diagnostics.leakage_report import LeakageReport
from forecast.diagnostics.leakage_trial import LeakageTrial, Make, maker, only
from forecast.diagnostics.leakage_verdict import leakage_verdict
from forecast.diagnostics.leaking_step import leaking_step
from forecast.forecaster import Forecaster
from forecast.pipelines import Columns, Split, write_frame
from forecast.progress import progress_bar

__all__ = ["check_leakage"]


def check_leakage(
    forecaster: Any,
    df: Any,
    horizon: int,
    *,
    n_windows: int = 3,
    step_size: int | None = None,
    gap: int = 0,
    max_train_size: int | None = None,
    align: str = "series",
    level: Any = 80,
    refit: bool | int | None = None,
    freq: Any = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str | Sequence[str] = "y",
    future_covariates: Sequence[str] | None = None,
    past_covariates: Sequence[str] | None = None,
    static_covariates: Sequence[str] | None = None,
    calendar_features: Sequence[str] | bool | None = None,
) -> LeakageReport:
    """Prove that no forecast depends on what comes after its cutoff.

    `yhat(y[1..t], x) = yhat(y'[1..T], x)` bit for bit, for every `y'` with `y'[s] = y[s]`, s <= t,
    at each of the cutoffs t. The whole backtest runs twice to show that it is deterministic, then
    once for each cutoff with every target and every past covariate after it changed: 4 to 16 times
    larger or smaller, negative only where the series is, whole where it is, missing where it is.
    Forecasts and limits made at this cutoff and before must stay as they were. Where one moves, the
    step that leaks is looked for: the transforms of a pipeline are taken out, the members of a
    `Combine` run alone, one at a time.

    It costs `2 + n_windows` backtests, and two more for each step that is tried after a leak; a
    network is fitted in each (60 s each by default on large data; `fc.Training(num_steps=5)` shows
    as much).

    What is known ahead or never changes stays as it is: whether a price or a weather forecast was
    really known is your promise, and no program can check it. A frame that a forecaster holds is
    changed with the data if it is a parameter and the very object `df`. Give a function of the
    frame if anything else was made of it before (a scaler that was fitted, a mean). What a class or
    a global has kept from fits before the check is alike in all runs: check in a fresh process.

    Args:
        forecaster: one or several; or a function that is given a frame of the shape of `df` and
            returns one or several, freshly made.
        df: long, wide or single series, as for `fit`.
        horizon: steps ahead, at least 1.
        n_windows: cutoffs, at least 1.
        step_size: steps between cutoffs; the horizon by default.
        gap: as for `cross_validation`.
        max_train_size: as for `cross_validation`.
        align: as for `cross_validation`.
        level: percentages of the intervals that must not move either; None for forecasts alone.
        refit: True at every cutoff, False never, k at every k-th; by default closed forms at every
            cutoff and networks once.
        freq: pandas alias or integer step; inferred by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column, or of several: the channels of each series.
        future_covariates: columns that are known ahead, as for `fit`.
        past_covariates: columns known up to the last observation, as for `fit`.
        static_covariates: columns of one entry a series, as for `fit`.
        calendar_features: known ahead by themselves, as for `fit`.

    Returns:
        The report: `passed` (also its truth: `assert fc.check_leakage(...)`), `verdict`, `leaks`,
        `step`.

    Raises:
        TypeError: for what is neither forecaster nor function.
        ValueError: for data, horizon or cutoffs that do not work; the message says why.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> print(check_leakage(fc.AR(lags=9), df, horizon=5, n_windows=2))
        No leak: the forecasts of AR stayed the same bit for bit when everything after their cutoff
        was changed (2 cutoffs, 15 values changed, 45 forecasts and limits compared).
    """
    columns = Columns.named(
        id_col, time_col, target_col, future_covariates, past_covariates, static_covariates,
        calendar_features,
    )  # fmt: skip
    split = Split(n_windows, step_size, gap, max_train_size, align)
    make = maker(forecaster, df)
    is_function = callable(forecaster) and not isinstance(forecaster, Forecaster)
    plan = make_plan(
        df, columns, horizon, split, freq=freq, level=level, refit=refit,
        weights=() if is_function else weight_columns(make(df)),
    )  # fmt: skip
    trial = LeakageTrial(df, columns, freq, plan)
    return _Check(trial, make, is_function).report()


class _Check:
    """One check: two equal runs, then one for each cutoff.

    Args:
        trial: the user's data.
        make: makes the forecasters for a frame.
        is_function: whether they are made by a function of the user's.
    """

    def __init__(self, trial: LeakageTrial, make: Make, is_function: bool) -> None:
        self.trial, self.make, self.is_function = trial, make, is_function
        self.steps: dict[str, str] = {}
        self.num_changed = self.num_compared = 0

    def report(self) -> LeakageReport:
        """Run it."""
        windows = self.trial.plan.origins.num_windows
        with progress_bar(2 + windows) as advance:
            advance("twice on the same data", 0)
            first = self.trial.run(self.make, self.trial.given)
            advance("twice on the same data", 1)
            again = self.trial.run(only(self.make, first.columns), self.trial.given)
            differences = moved(first, again)
            steady = [name for name in first.columns if name not in set(differences["forecaster"])]
            leaks = [moved(first, first)]
            for window in range(windows if steady else 0):
                advance(f"data after cutoff {window + 1} changed", 1)
                leaks.append(self._leaks(first, steady, window))
        return self._found(pd.concat(leaks, ignore_index=True), differences, list(first.columns))

    def _leaks(self, first: ForecastFrame, names: list[str], window: int) -> pd.DataFrame:
        """Forecasts that move when the data after an origin are changed."""
        changed = self.trial.changed(window)
        after = self.trial.run(only(self.make, names), changed)
        leaks = moved(first, after, window)
        for name in dict.fromkeys(leaks["forecaster"]):
            if name not in self.steps:
                self.steps[name] = leaking_step(
                    self.trial, self.make, name, changed, window, self.is_function
                )
        self.num_changed += changed.num_changed
        num_columns = sum(len(first.columns[name]) for name in names)
        self.num_compared += first.num_rows(window) * num_columns
        return leaks

    def _found(
        self, leaks: pd.DataFrame, differences: pd.DataFrame, names: list[str]
    ) -> LeakageReport:
        layout = self.trial.plan.reading.layout
        place = ["column", layout.columns.id, "cutoff", layout.columns.time]
        leaks = leaks.drop_duplicates(place, ignore_index=True)
        report = LeakageReport(
            "", leaks, differences, self.steps, self.num_compared, self.num_changed,
            self.trial.plan.origins.num_windows,
        )  # fmt: skip
        return replace(
            report,
            verdict=leakage_verdict(report, names, layout.columns),
            leaks=write_frame(leaks, layout),
            differences=write_frame(differences, layout),
        )
