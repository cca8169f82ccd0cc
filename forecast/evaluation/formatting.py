"""The table of a comparison as text, the same for the terminal and the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.evaluation.significance import p_words
from forecast.pipelines import Split

if TYPE_CHECKING:
    from forecast.evaluation.backtest import Backtest
    from forecast.evaluation.comparison import Comparison

UNKNOWN = "–"


def display_table(comparison: Comparison) -> pd.DataFrame:
    """The table as text: what decides comes first, few digits, no NaN."""
    table = comparison.table
    shown: dict[str, list[str]] = {"Model": list(table["model"])}
    shown["MASE"] = format_column(list(table["MASE"]))
    shown["Skill % (95 % interval)"] = [skill_words(row) for row in table.to_dict("records")]
    shown["p-value"] = [p_cell(value) for value in table["p-value"]]
    for name in ("MAE", "RMSE", "sMAPE", "OWA", "CRPS"):
        if name in table.columns:
            shown[name] = format_column(list(table[name]))
    for name in table.columns:
        if name.startswith("coverage"):
            shown[f"Within {name.removeprefix('coverage ')}"] = _percentages(table[name])
    shown["Fit s"] = [_seconds(value) for value in table["fit s"]]
    shown["Predict s"] = [_seconds(value) for value in table["predict s"]]
    return pd.DataFrame(shown)


def format_column(values: Sequence[float]) -> list[str]:
    """Numbers with the same decimals, three digits for the smallest that is not 0.

    Example:
        >>> format_column([0.1234, 12.0, float("nan")]), format_column([1234.5, 300.0])
        (['0.123', '12.000', '–'], ['1,234', '300'])
    """
    known = [abs(value) for value in values if math.isfinite(value) and value != 0.0]
    decimals = min(max(2 - math.floor(math.log10(min(known))), 0), 4) if known else 0
    return [f"{value:,.{decimals}f}" if math.isfinite(value) else UNKNOWN for value in values]


def skill_words(row: dict) -> str:
    """``"12 (8 to 15)"`` from a row of the table, in percent.

    Example:
        >>> skill_words({"skill %": 12.3, "low %": 8.1, "high %": 15.2, "p-value": 0.001})
        '12 (8 to 15)'
    """
    if row["p-value"] == "reference":
        return "reference"
    if math.isnan(row["skill %"]):
        return UNKNOWN
    text = _whole(row["skill %"])
    if math.isnan(row["low %"]):
        return text
    return f"{text} ({_whole(row['low %'])} to {_whole(row['high %'])})"


def protocol_sentence(comparison: Comparison) -> str:
    """Series, origins, horizon, and which models were fitted when: the head of the table."""
    backtest = comparison.backtest
    parts = [
        f"{counted(backtest.num_series, 'series', 'series')}, "
        f"{origin_words(backtest.num_origins, backtest.step_size)}, "
        f"{counted(backtest.horizon, 'step')} ahead{split_words(backtest.split)}."
    ]
    for words in dict.fromkeys(comparison.protocol.refit.values()):
        names = [a for a in comparison.aliases() if comparison.protocol.refit.get(a) == words]
        if names:
            when = "at every cutoff" if words == "every cutoff" else words
            parts.append(f"Fitted {when}: {', '.join(names)}.")
    return " ".join([*parts, *_seed_sentences(backtest)])


def _seed_sentences(backtest: Backtest) -> list[str]:
    """Over how many seeds losses are averaged, and of which models."""
    of_number: dict[int, list[str]] = {}
    for alias in backtest.replicates:
        of_number.setdefault(len(backtest.members(alias)), []).append(alias)
    return [
        f"Losses averaged over {counted(number, 'seed')}: {', '.join(aliases)}."
        for number, aliases in of_number.items()
        if number > 1
    ]


def origin_words(number: int, step_size: int) -> str:
    """How many origins there are, and how far they lie apart.

    Example:
        >>> origin_words(3, 12), origin_words(1, 12)
        ('3 origins 12 steps apart', '1 origin')
    """
    apart = f" {counted(step_size, 'step')} apart" if number > 1 else ""
    return f"{counted(number, 'origin')}{apart}"


def split_words(split: Split) -> str:
    """What is not the default about the origins, to end a sentence with."""
    words = []
    if split.gap:
        words.append(f" after a gap of {split.gap}")
    if split.max_train_size is not None:
        words.append(f", the last {counted(split.max_train_size, 'step')} known")
    if split.of_calendar:
        words.append(", each at one moment for all series")
    return "".join(words)


def cutoff_words(split: Split) -> str:
    """What the pictures of forecasts show, and what each forecast knows.

    Example:
        >>> cutoff_words(Split(gap=3)).split("; ")[1]
        'the 3 steps of the gap after it are left blank.'
    """
    words = (
        "The last origins that do not overlap, at most three. A vertical line marks each cutoff: "
        "its forecast knows no value of a series after the line"
    )
    if not split.gap:
        return f"{words}."
    return f"{words}; the {counted(split.gap, 'step')} of the gap after it are left blank."


def table_notes(comparison: Comparison) -> list[str]:
    """What the columns mean, in sentences."""
    reference, networks = comparison.reference, comparison.aliases("network")
    notes = [
        "MASE is the absolute error divided by the mean absolute change over one season before a "
        "series' first origin; below 1 means smaller than that change. Scores are means over "
        "steps, then series, then origins.",
        f"Skill is the share of {reference}'s MASE that a model saves; its 95 % interval comes "
        "from a bootstrap of what the test treats as independent.",
        f"{comparison.significance.words} The p-value is two-sided, against {reference}.",
    ]
    if networks:
        over = f" and is corrected (Holm) for {len(networks)} networks" if len(networks) > 1 else ""
        notes[-1] += (
            " For a network ahead of it, it is the largest over all linear models (1 where one of "
            f"them is ahead){over}."
        )
    if "CRPS" in comparison.table.columns:
        notes.append("CRPS is the error of the whole distribution forecast, in the units of MAE.")
    notes.append("Seconds are of all origins together; fitting includes the search, if any.")
    if comparison.backtest.levels:
        level = f"{comparison.backtest.levels[0]:g}"
        notes.append(
            f"Within {level} % is the share of actual values inside the {level} % interval: "
            f"{level} is right."
        )
    return notes + unscaled_notes(comparison)


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """A number and its noun.

    Example:
        >>> counted(1, "origin"), counted(12000, "origin")
        ('1 origin', '12,000 origins')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def unscaled_notes(comparison: Comparison) -> list[str]:
    """Which series do not count in MASE, in a sentence, if there are any."""
    ids = comparison.backtest.unscaled_ids
    if not ids:
        return []
    names = ", ".join(map(str, ids[:5])) + (" ..." if len(ids) > 5 else "")
    return [
        f"{counted(len(ids), 'series', 'series')} constant, or not longer than a season, before "
        f"the first origin ({names}): counted in MAE, RMSE and sMAPE, not in MASE, skill and "
        "p-value."
    ]


def p_cell(value: float | str) -> str:
    """A p-value as a cell of a table.

    Example:
        >>> p_cell(0.1312), p_cell(1e-9), p_cell("reference"), p_cell(float("nan"))
        ('0.13', '< 0.001', '', '–')
    """
    if isinstance(value, str):
        return "" if value == "reference" else "too few"
    return UNKNOWN if math.isnan(value) else p_words(value).removeprefix("p ").removeprefix("= ")


def _percentages(values: pd.Series) -> list[str]:
    return [f"{value:.0f}" if np.isfinite(value) else UNKNOWN for value in values]


def _seconds(value: float) -> str:
    if math.isnan(value):
        return UNKNOWN
    return f"{value:.1f}" if value >= 0.05 else f"{value:.2f}"


def percent_words(percent: float) -> str:
    """A percentage as text: few digits, a real minus.

    Example:
        >>> percent_words(-12.3), percent_words(0.42), percent_words(float("nan"))
        ('−12', '0.4', '–')
    """
    return UNKNOWN if math.isnan(percent) else _whole(percent)


def _whole(percent: float) -> str:
    text = f"{percent:.1f}" if abs(percent) < 1.95 else f"{percent:,.0f}"
    return "0" if float(text.replace(",", "")) == 0.0 else text.replace("-", "−")
