"""The parts of a report that hold pictures, each picture with what it shows in words."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from forecast.evaluation import plots
from forecast.evaluation.breakdown import (
    coverage_by_step,
    known_lengths,
    representative_series,
    series_skill,
)
from forecast.evaluation.drawing import contestants, shown_in_lines
from forecast.evaluation.formatting import counted, cutoff_words, format_column
from forecast.evaluation.network_picture import best_checks
from forecast.evaluation.pictures import Numbers, Picture, picture

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

__all__ = ["Group", "errors", "forecasts", "intervals", "networks", "skill", "split"]


@dataclass(frozen=True)
class Group:
    """Pictures that belong together.

    Args:
        pictures: the pictures.
        heading: above them, or "".
        notes: sentences, also in place of pictures that would show nothing.
    """

    pictures: tuple[Picture, ...] = ()
    heading: str = ""
    notes: tuple[str, ...] = ()


def skill(comparison: Comparison, anchor: str) -> Picture:
    """Skill of all models against the reference."""
    words = []
    for alias in comparison.aliases():
        if alias != comparison.reference:
            words.append(f"{alias} {100.0 * comparison.skill(alias):.0f} %")
    text = f"Skill of each model against {comparison.reference}: {', '.join(words)}."
    return picture(plots.skill_figure(comparison), text, f"{anchor}-skill")


def errors(comparison: Comparison, anchor: str) -> Group:
    """Skill over series, error by length of history, per step and per origin."""
    backtest, pictures, notes = comparison.backtest, [], []
    if int(series_skill(comparison).notna().sum()) > 1:
        pictures.append(_series_skill(comparison, anchor))
        if known_lengths(comparison).nunique() > 1:
            pictures.append(_lengths(comparison, anchor))
        else:
            length = counted(int(known_lengths(comparison).iloc[0]), "value")
            notes.append(f"Every series has {length} before its first cutoff.")
    pictures.append(_steps(comparison, anchor))
    if backtest.num_origins > 1:
        pictures.append(_cutoffs(comparison, anchor))
    hidden = len(comparison.aliases()) - len(shown_in_lines(comparison))
    if hidden:
        notes.append(f"Lines are drawn for the best of {len(comparison.aliases())} models only.")
    return Group(tuple(pictures), notes=tuple(notes))


def forecasts(comparison: Comparison, anchor: str) -> list[Group]:
    """For each series shown: why it is shown, and a picture of each of the two contestants."""
    subject, against = contestants(comparison)
    groups = []
    for rule, series in representative_series(comparison).items():
        pictures = tuple(
            picture(
                plots.forecast_figure(comparison, alias, series),
                f"Actual values of series {series} and forecasts of {alias} with intervals.",
                f"{anchor}-{rule}-{number}",
            )
            for number, alias in enumerate(dict.fromkeys((against, subject)))
        )
        groups.append(Group(pictures, _series_heading(comparison, rule, series)))
    groups.append(Group(notes=(cutoff_words(comparison.backtest.split),)))
    return groups


def intervals(comparison: Comparison, anchor: str) -> Group:
    """Coverage per step ahead."""
    levels = comparison.backtest.levels
    if not levels:
        return Group(notes=("No intervals were asked for.",))
    table = coverage_by_step(comparison)
    table = table[table["model"].isin(contestants(comparison))]
    wide = table.pivot(index="step", columns=["model", "level"], values="coverage")
    means = ", ".join(
        f"{alias} {share:.0f} % of {level:g} %" for (alias, level), share in wide.mean().items()
    )
    wide.columns = [f"{alias} {level:g} %" for alias, level in wide.columns]
    text = f"Share of actual values inside the intervals, mean over steps: {means}."
    numbers = Numbers.of_frame(wide, "step")
    return Group((picture(plots.coverage_figure(comparison), text, f"{anchor}-coverage", numbers),))


def networks(comparison: Comparison, anchor: str) -> Group:
    """How much of each network is linear, and how it learned."""
    pictures = []
    if len(comparison.run.linear_shares):
        pictures.append(_linear_shares(comparison, anchor))
    if len(comparison.run.curves):
        pictures.append(_curves(comparison, anchor))
    return Group(tuple(pictures))


def split(comparison: Comparison, anchor: str) -> Picture:
    """What was known and what was scored at each origin."""
    backtest = comparison.backtest
    text = (
        f"{counted(backtest.num_origins, 'origin')}, "
        f"{counted(backtest.step_size, 'step')} apart: all that came before each is known, and "
        f"{counted(backtest.horizon, 'step')} after it are scored."
    )
    return picture(plots.split_figure(comparison), text, f"{anchor}-split")


def _series_skill(comparison: Comparison, anchor: str) -> Picture:
    skills, (subject, against) = series_skill(comparison).dropna(), contestants(comparison)
    better, worse = int((skills > 0.0).sum()), int((skills < 0.0).sum())
    text = (
        f"{subject} is better than {against} in {better} of "
        f"{counted(len(skills), 'series', 'series')} and worse in {worse}; median skill "
        f"{skills.median():.0f} %, middle half {skills.quantile(0.25):.0f} to "
        f"{skills.quantile(0.75):.0f} %. Skills beyond 100 % either way are drawn at the edge."
    )
    return picture(plots.series_skill_figure(comparison), text, f"{anchor}-series")


def _lengths(comparison: Comparison, anchor: str) -> Picture:
    lengths = known_lengths(comparison)
    half = (lengths <= lengths.median()).to_numpy()
    parts = []
    for alias in dict.fromkeys(contestants(comparison)):
        scores = pd.Series(comparison.backtest.series_scores(alias))
        short, long = format_column([scores[half].median(), scores[~half].median()])
        parts.append(f"{alias} {short} and {long}")
    text = (
        f"Series with up to {lengths.median():,.0f} known values and longer ones have the median "
        f"MASE: {'; '.join(parts)}."
    )
    return picture(plots.lengths_figure(comparison), text, f"{anchor}-lengths")


def _steps(comparison: Comparison, anchor: str) -> Picture:
    by_step = comparison.by_step
    text = f"MASE from step {by_step.index[0]} to step {by_step.index[-1]}: {_ends(by_step)}."
    figure = plots.steps_figure(comparison)
    return picture(figure, text, f"{anchor}-steps", Numbers.of_frame(by_step, "step"))


def _cutoffs(comparison: Comparison, anchor: str) -> Picture:
    scores = {alias: comparison.origin_scores(alias) for alias in comparison.aliases()}
    table = pd.DataFrame(scores, index=range(1, comparison.backtest.num_origins + 1))
    text = f"MASE from the oldest to the newest origin: {_ends(table)}."
    figure = plots.cutoffs_figure(comparison)
    return picture(figure, text, f"{anchor}-cutoffs", Numbers.of_frame(table, "origin"))


def _ends(table: pd.DataFrame) -> str:
    """First and last score of each model."""
    ends = (format_column(list(table.iloc[place])) for place in (0, -1))
    return "; ".join(
        f"{alias} from {start} to {end}"
        for alias, start, end in zip(table.columns, *ends, strict=True)
    )


def _linear_shares(comparison: Comparison, anchor: str) -> Picture:
    shares = comparison.run.linear_shares.set_index("model")
    words = ", ".join(f"{name} {row['linear %']:.0f} %" for name, row in shares.iterrows())
    text = (
        f"Of the way that a forecast goes from the last known value, the linear part makes: {words}"
        ". The rest is the network's correction: the mean distance between the network's forecast "
        "and that of its linear part alone, rolled out from the same origins, beside the mean "
        "distance of the linear forecast from the last known value."
    )
    figure = plots.linear_shares_figure(comparison)
    return picture(figure, text, f"{anchor}-linear", Numbers.of_frame(shares, "model"))


def _curves(comparison: Comparison, anchor: str) -> Picture:
    curves = comparison.run.curves
    checks = curves.groupby("model")["step"].size()
    words = "; ".join(
        f"{row.model} keeps step {row.step:.0f} (MASE {row.validation:.3g}, best of "
        f"{checks[row.model]} checks)"
        for row in best_checks(curves).itertuples()
    )
    text = (
        f"Weights are kept from the check with the lowest validation error (ring): {words}. Step 0 "
        "is the linear part alone. Validation is free running before the first cutoff."
    )
    table = curves.set_index("step").rename(columns={"validation": "validation MASE"})
    rows = Numbers.of_frame(table[["loss", "validation MASE"]], "step")
    named = tuple((str(a), *row) for a, row in zip(table["model"], rows.rows, strict=False))
    numbers = Numbers(("model", *rows.headers), named, rows.note)
    return picture(plots.curves_figure(comparison), text, f"{anchor}-curves", numbers)


def _series_heading(comparison: Comparison, rule: str, series: Hashable) -> str:
    if comparison.backtest.num_series == 1:
        return ""
    subject, against = contestants(comparison)
    scores = comparison.by_series.set_index(comparison.backtest.columns.id).loc[series]
    number = counted(comparison.backtest.num_series, "series", "series")
    return (
        f"{series}: {rule} skill of {subject} against {against} among {number} "
        f"(MASE {scores[subject]:.3g} and {scores[against]:.3g})"
    )
