"""What a comparison comes to series by series, and how often its intervals hold."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.evaluation import metrics
from forecast.evaluation.drawing import contestants
from forecast.evaluation.names import CUTOFF

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

__all__ = [
    "coverage_by_step", "known_lengths", "pooled_steps", "representative_series", "scaled_widths",
    "series_skill",
]  # fmt: skip


_MOST_STEPS, _MOST_GROUPS = 24, 12


def series_skill(comparison: Comparison) -> pd.Series:
    """Skill in percent of the first contestant against the second, by series; NaN where unknown."""
    subject, against = contestants(comparison)
    scores, reference = (comparison.backtest.series_scores(a) for a in (subject, against))
    skill = 100.0 * (1.0 - scores / np.where(reference > 0.0, reference, np.nan))
    return pd.Series(skill, index=pd.Index(comparison.backtest.ids, tupleize_cols=False))


def representative_series(comparison: Comparison) -> dict[str, Hashable]:
    """The series to show, by rule: best, median and worst skill of the two contestants.

    With fewer than three series that can be scored it is the median one alone.
    """
    skill = series_skill(comparison).to_numpy()
    ids = comparison.backtest.ids
    order = [
        int(place) for place in np.argsort(-skill, kind="stable") if not np.isnan(skill[place])
    ]
    if len(order) < 3:
        return {"median": ids[order[len(order) // 2] if order else 0]}
    picked = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    return {name: ids[index] for name, index in picked.items()}


def known_lengths(comparison: Comparison) -> pd.Series:
    """Values known of each series before its first cutoff, by id; missing ones do not count."""
    columns, frame = comparison.backtest.columns, comparison.backtest.frame
    history, ids = (
        comparison.material.history,
        pd.Index(comparison.backtest.ids, tupleize_cols=False),
    )
    first = frame.groupby(columns.id, sort=False)[CUTOFF].min().reindex(ids)
    codes = ids.get_indexer(pd.Index(history[columns.id]))
    known = (codes >= 0) & (history[columns.time] <= first.array.take(codes)).to_numpy()
    known &= history[columns.target].notna().to_numpy()
    return pd.Series(np.bincount(codes[known], minlength=len(ids)), index=ids)


def coverage_by_step(comparison: Comparison) -> pd.DataFrame:
    """Percent of actual values inside the intervals: ``model``, ``level``, ``step``, ``coverage``.

    Means over series, then over origins, of every model and level.
    """
    backtest = comparison.backtest
    parts = [
        pd.DataFrame(
            {
                "model": alias,
                "level": level,
                "step": comparison.by_step.index,
                "coverage": 100.0
                * metrics.mean(metrics.mean(backtest.covered(alias, level), axis=1), axis=0),
            }
        )
        for alias in comparison.aliases()
        for level in backtest.levels
    ]
    names = ["model", "level", "step", "coverage"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def pooled_steps(values: pd.Series) -> pd.Series:
    """A series over steps as it is, or as means of at most twelve groups of many steps.

    Coverage at a single step is a share of few values; of 52 lines of such shares nothing is seen.

    Args:
        values: by step.

    Returns:
        Means by the middle step of each group.
    """
    if len(values) <= _MOST_STEPS:
        return values
    groups = np.array_split(np.arange(len(values)), _MOST_GROUPS)
    middle = [float(np.mean(values.index[group])) for group in groups]
    return pd.Series([values.iloc[group].mean() for group in groups], index=middle)


def scaled_widths(comparison: Comparison, alias: str, level: float) -> np.ndarray:
    """(steps,) width of the intervals of one model in units of the MASE, a mean as of the MASE."""
    widths = comparison.backtest.interval_widths(alias, level)
    return metrics.mean(metrics.mean(widths, axis=1), axis=0)
