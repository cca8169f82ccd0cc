"""What a check for leaks has found, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from forecast.diagnostics.leakage_report import LeakageReport
from forecast.pipelines import Columns

__all__ = ["leakage_verdict"]

_FIX = (
    "Learn from what comes before each cutoff only: a forecaster and its transforms from the "
    "panel that `fit` is given, never from the whole frame."
)
_SEED = (
    "Give it a seed (seed=0), draw from no global random state, and keep nothing in the class or "
    "in a global between two fits. Whether it leaks cannot be told before."
)


def leakage_verdict(report: LeakageReport, names: Sequence[str], columns: Columns) -> str:
    """The findings of a report in sentences.

    Args:
        report: what was found, its frames as pandas.
        names: the forecasters.
        columns: names of the id and the time column.
    """
    unsteady = dict.fromkeys(report.differences["forecaster"])
    leaking = dict.fromkeys(report.leaks["forecaster"])
    clean = [name for name in names if name not in unsteady and name not in leaking]
    sentences = [_unsteady(name, report.differences, columns) for name in unsteady]
    sentences += [_leaking(name, report, columns) for name in leaking]
    if leaking:
        sentences.append(_FIX)
    if clean:
        sentences.append(_clean(clean, report))
    return " ".join(sentences)


def _clean(names: Sequence[str], report: LeakageReport) -> str:
    cutoffs = "1 cutoff" if report.num_windows == 1 else f"{report.num_windows} cutoffs"
    return (
        f"No leak: the forecasts of {', '.join(names)} stayed the same bit for bit when everything "
        f"after their cutoff was changed ({cutoffs}, {report.num_changed} values changed, "
        f"{report.num_compared} forecasts and limits compared)."
    )


def _leaking(name: str, report: LeakageReport, columns: Columns) -> str:
    own = report.leaks[report.leaks["forecaster"] == name]
    return (
        f"{name} leaks: {len(own)} of its forecasts and limits moved when data after their cutoff "
        f"were changed, {_largest(own, columns)} The step that leaks: {report.steps[name]}."
    )


def _unsteady(name: str, differences: pd.DataFrame, columns: Columns) -> str:
    own = differences[differences["forecaster"] == name]
    return (
        f"{name} is not deterministic: two runs on the same data disagree about {len(own)} of its "
        f"forecasts and limits, {_largest(own, columns)} {_SEED}"
    )


def _largest(moves: pd.DataFrame, columns: Columns) -> str:
    """The largest move: series, cutoff, step and values."""
    size = (moves["after"] - moves["before"]).abs().fillna(float("inf"))
    row = moves.iloc[int(size.argmax())]
    series = row[columns.id]
    before, after = _apart(float(row["before"]), float(row["after"]))
    return (
        f"most at series {str(series)!r}, cutoff {row['cutoff']}, step {row['step']} "
        f"({row[columns.time]}, {row['column']}): {before} became {after}."
    )


def _apart(first: float, second: float) -> tuple[str, str]:
    """Two numbers with six digits, or with as many as tell them apart.

    Example:
        >>> _apart(1.0 / 3.0, 0.5), _apart(0.1 + 0.2, 0.3)
        (('0.333333', '0.5'), ('0.30000000000000004', '0.3'))
    """
    shown = f"{first:.6g}", f"{second:.6g}"
    return shown if shown[0] != shown[1] else (repr(first), repr(second))
