"""The part of a report that says where the errors are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.evaluation import plots
from forecast.evaluation.breakdown import known_lengths, series_skill
from forecast.evaluation.drawing import contestants, shown_in_lines
from forecast.evaluation.formatting import UNKNOWN, counted, format_column, p_cell, percent_words
from forecast.evaluation.pictures import Numbers, Picture, picture
from forecast.evaluation.sections import Group

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

__all__ = ["errors"]


def errors(comparison: Comparison, anchor: str) -> Group:
    """Skill over series, error by length of history, per step and per cutoff, and segments."""
    pictures, notes = [], []
    if int(series_skill(comparison).notna().sum()) > 1:
        pictures.append(_series_skill(comparison, anchor))
        lengths = known_lengths(comparison)
        if lengths.nunique() > 1:
            pictures.append(_lengths(comparison, anchor))
        else:
            notes.append(f"Every series has {counted(int(lengths.iloc[0]), 'value')} before its "
                         "first cutoff.")  # fmt: skip
    pictures.append(_steps(comparison, anchor))
    if comparison.step_tests(*contestants(comparison))["low"].notna().any():
        pictures.append(_step_tests(comparison, anchor))
    else:
        notes.append("No test at single steps: there are too few origins and series.")
    if comparison.backtest.num_origins > 1:
        pictures.append(_cutoffs(comparison, anchor))
    number, shown = len(comparison.aliases()), len(shown_in_lines(comparison))
    if shown < number:
        notes.append(f"Lines are drawn for {shown} of {number} models: the two compared, the best "
                     "of each kind, then the best; the numbers are of all.")  # fmt: skip
    return Group(tuple(pictures), notes=tuple(notes), table=_segments(comparison))


def _series_skill(comparison: Comparison, anchor: str) -> Picture:
    skills, (subject, against) = series_skill(comparison).dropna(), contestants(comparison)
    better, worse = int((skills > 0.0).sum()), int((skills < 0.0).sum())
    low, middle, high = (
        percent_words(float(skills.quantile(share))) for share in (0.25, 0.5, 0.75)
    )
    text = (
        f"{subject} is better than {against} in {better} of "
        f"{counted(len(skills), 'series', 'series')} and worse in {worse}. Median skill "
        f"{middle} %, the middle half from {low} to {high} %."
    )
    if (skills.abs() > 100.0).any():
        text += " Skill beyond 100 % either way is drawn at the edge."
    return picture(plots.series_skill_figure(comparison), text, f"{anchor}-series", text)


def _lengths(comparison: Comparison, anchor: str) -> Picture:
    lengths = known_lengths(comparison)
    half = (lengths <= lengths.median()).to_numpy()
    parts = []
    for alias in dict.fromkeys(contestants(comparison)):
        scores = pd.Series(comparison.backtest.series_scores(alias))
        medians = [scores[half].median(), scores[~half].median() if not half.all() else np.nan]
        parts.append("{} {} and {}".format(alias, *format_column(medians)))
    text = (
        f"Median MASE of series with up to {lengths.median():,.0f} known values, and of longer "
        f"ones: {'; '.join(parts)}."
    )
    return picture(plots.lengths_figure(comparison), text, f"{anchor}-lengths", text)


def _steps(comparison: Comparison, anchor: str) -> Picture:
    by_step = comparison.by_step
    text = f"MASE at steps {by_step.index[0]} and {by_step.index[-1]}: {_ends(by_step)}."
    figure = plots.steps_figure(comparison)
    return picture(figure, text, f"{anchor}-steps", numbers=Numbers.of_frame(by_step, "step"))


def _step_tests(comparison: Comparison, anchor: str) -> Picture:
    subject, against = contestants(comparison)
    tests = comparison.step_tests(subject, against)
    told = tests.loc[tests["significant"], "step"]
    steps = f"at steps {_spans(told)}" if len(told) else "at no step"
    text = (
        f"Difference of the MASE of {subject} and {against}, in a band that holds the differences "
        f"at all steps at once in 95 % of samples. Beyond chance {steps} (p below 0.05 after "
        "Holm's correction)."
    )
    figure = plots.step_tests_figure(comparison)
    numbers = Numbers.of_frame(tests.set_index("step").drop(columns="significant"), "step")
    return picture(figure, text, f"{anchor}-tests", text, numbers)


def _spans(steps: pd.Series) -> str:
    """Steps in words.

    Example:
        >>> _spans(pd.Series([1, 2, 3, 7]))
        '1 to 3, 7'
    """
    runs = (steps.diff() != 1).cumsum()
    ends = [(run.iloc[0], run.iloc[-1]) for _, run in steps.groupby(runs)]
    return ", ".join(f"{first} to {last}" if last > first else f"{first}" for first, last in ends)


def _cutoffs(comparison: Comparison, anchor: str) -> Picture:
    table = comparison.by_cutoff
    table = table.set_axis([str(cutoff).removesuffix(" 00:00:00") for cutoff in table.index])
    text = f"MASE at the oldest and the newest cutoff: {_ends(table)}."
    caption = ""
    if not comparison.backtest.split.of_calendar and comparison.backtest.num_series > 1:
        caption = (
            "Origins are counted from the end of each series and stand at their latest cutoff."
        )
    figure, numbers = plots.cutoffs_figure(comparison), Numbers.of_frame(table, "cutoff")
    return picture(figure, text, f"{anchor}-cutoffs", caption, numbers)


def _ends(table: pd.DataFrame) -> str:
    """First and last score of each model."""
    ends = (format_column(list(table.iloc[place])) for place in (0, -1))
    return "; ".join(
        f"{alias} {start} and {end}" for alias, start, end in zip(table.columns, *ends, strict=True)
    )


def _segments(comparison: Comparison) -> tuple[str, Numbers] | None:
    """Skill of the contestants in parts of the steps, series and cutoffs."""
    subject, against = contestants(comparison)
    found = comparison.segments(subject, against) if subject != against else pd.DataFrame()
    if found.empty:
        return None
    rows = []
    for row in found.to_dict("records"):
        ends = [percent_words(row[end]) for end in ("low %", "high %")]
        p_value = p_cell(row["p_value"])
        rows.append(
            (row["segment"], str(row["series"]), str(row["origins"]), percent_words(row["skill %"]),
             UNKNOWN if UNKNOWN in ends else " to ".join(ends), p_value)
        )  # fmt: skip
    words = (
        f"Skill of {subject} against {against} in parts of the steps, series and cutoffs: above 0 "
        f"{subject} is better. p-values are corrected (Holm) for all parts."
    )
    headers = ("Part", "Series", "Origins", "Skill %", "95 % interval", "p-value")
    return words, Numbers(headers, tuple(rows))
