"""Where one of two models is ahead: by step ahead, by series, by cutoff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation import metrics
from forecast.evaluation.metrics import Array
from forecast.evaluation.names import CUTOFF
from forecast.evaluation.significance import (
    SIGNIFICANT,
    Interval,
    equal_accuracy,
    holm,
    panel_skill_interval,
    skill,
)

if TYPE_CHECKING:
    from forecast.evaluation.comparison import Comparison

__all__ = ["segments"]

_SIZES = {"series length": ("short", "middling", "long"), "series level": ("low", "middle", "high")}


@dataclass(frozen=True, eq=False)
class _Segment:
    """A part of the losses: which steps, series and origins, and how far its steps reach."""

    by: str
    name: str
    pair: tuple[Array, Array]
    reach: int


def segments(comparison: Comparison, alias: str, against: str) -> pd.DataFrame:
    """Skill and test of ``alias`` against another model in parts; see `Comparison.segments`."""
    parts = [*_by_step(comparison, alias, against), *_by_size(comparison, alias, against)]
    parts += _by_cutoff(comparison, alias, against)
    rows = [_row(part, comparison.backtest.step_size) for part in parts]
    names = ["by", "segment", "series", "origins", "skill %", "low %", "high %", "p_value"]
    frame = pd.DataFrame(rows, columns=[*names, "label"])
    frame["p_value"] = holm(frame["p_value"].to_numpy(float).tolist())
    frame["significant"] = frame["p_value"] < SIGNIFICANT
    frame["better"] = np.where(frame["skill %"] > 0.0, alias, against)
    return frame


def _row(segment: _Segment, step_size: int) -> dict[str, Any]:
    first, second = segment.pair
    result = equal_accuracy(first - second, segment.reach, step_size)
    interval = panel_skill_interval(first, second, segment.reach, step_size)
    interval = interval or Interval(float("nan"), float("nan"))
    return {
        "by": segment.by,
        "segment": segment.name,
        "series": result.num_series,
        "origins": result.num_origins,
        "skill %": 100.0 * skill(metrics.mean(first, 1), metrics.mean(second, 1)),
        "low %": 100.0 * interval.low,
        "high %": 100.0 * interval.high,
        "p_value": float("nan") if result.p_value is None else result.p_value,
        "label": result.label,
    }


def _by_step(comparison: Comparison, alias: str, against: str) -> Iterator[_Segment]:
    """Thirds of the horizon."""
    backtest = comparison.backtest
    if backtest.horizon < 3:
        return
    errors = [backtest.scaled_errors(name) for name in (alias, against)]
    for steps in np.array_split(np.arange(backtest.horizon), 3):
        first, last = (backtest.split.gap + 1 + int(steps[at]) for at in (0, -1))
        name = f"steps {first} to {last}" if last > first else f"step {first}"
        first_losses, second_losses = (metrics.mean(each[:, :, steps], axis=2) for each in errors)
        yield _Segment("step ahead", name, (first_losses, second_losses), last)


def _by_size(comparison: Comparison, alias: str, against: str) -> Iterator[_Segment]:
    """Thirds of the series, by the steps known and their mean size before the first cutoff."""
    known = _before_first_cutoff(comparison)
    for by, sizes in zip(_SIZES, (known["length"], known["level"]), strict=True):
        values = sizes.to_numpy(float)
        low, high = np.nanquantile(values, [1 / 3, 2 / 3]) if len(values) else (np.nan, np.nan)
        groups = (values <= low, (values > low) & (values <= high), values > high)
        if not all(group.any() for group in groups):
            continue
        ends = (f"up to {low:,.4g}", f"up to {high:,.4g}", f"above {high:,.4g}")
        for word, end, group in zip(_SIZES[by], ends, groups, strict=True):
            noun = "steps" if by == "series length" else "in mean size"
            losses = [comparison.losses(name)[:, group] for name in (alias, against)]
            name = f"{word} series ({end} {noun})"
            yield _Segment(by, name, (losses[0], losses[1]), comparison.backtest.steps_ahead)


def _by_cutoff(comparison: Comparison, alias: str, against: str) -> Iterator[_Segment]:
    """Earlier and later half of the origins."""
    first, second = comparison.losses(alias), comparison.losses(against)
    if len(first) < 2:
        return
    for word, rows in zip(("first", "last"), np.array_split(np.arange(len(first)), 2), strict=True):
        name = f"{word} {len(rows)} origins" if len(rows) > 1 else f"{word} origin"
        yield _Segment("cutoff", name, (first[rows], second[rows]), comparison.backtest.steps_ahead)


def _before_first_cutoff(comparison: Comparison) -> pd.DataFrame:
    """``length`` in steps and ``level`` (mean size of the values) of each series, in order."""
    backtest, history = comparison.backtest, comparison.material.history
    columns = backtest.columns
    first = backtest.frame.groupby(columns.id, observed=True)[CUTOFF].min()
    rows = history[[columns.id, columns.time, columns.target]]
    rows = rows.merge(first.rename("first cutoff"), left_on=columns.id, right_index=True)
    known = rows[rows[columns.time] <= rows["first cutoff"]]
    sizes = known[columns.target].abs().groupby(known[columns.id], observed=True)
    found = pd.DataFrame({"length": sizes.size(), "level": sizes.mean()})
    return found.reindex(list(backtest.ids))
