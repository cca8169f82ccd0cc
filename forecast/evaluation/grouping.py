"""Rows of a backtest in groups, averaged over one key after another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.evaluation.metrics import Array
from forecast.evaluation.metrics.metric import Aggregation

__all__ = ["KEYS", "NestedGroups", "nested_groups"]

KEYS = ("step", "cutoff", "series")  # in the order in which they are averaged over


@dataclass(frozen=True, eq=False)
class _Stage:
    """Items in groups that differ in one key alone; groups of one size in one array.

    Args:
        dropped: the key.
        parts: positions of the groups, and (groups, size) positions of their items.
        num_groups: number of groups.
    """

    dropped: str
    parts: tuple[tuple[np.ndarray, np.ndarray], ...]
    num_groups: int

    def reduce(self, values: Array, aggregation: Aggregation) -> Array:
        found = np.full(self.num_groups, np.nan)
        for groups, items in self.parts:
            found[groups] = aggregation.reduce(values[items], axis=1)
        return found


@dataclass(frozen=True, eq=False)
class NestedGroups:
    """Groups of rows, each reduced over the steps of a forecast, then cutoffs, then series.

    Args:
        keys: a row a group, with the codes of the keys that are kept.
        stages: what is reduced, in order.
    """

    keys: pd.DataFrame
    stages: tuple[_Stage, ...]

    def aggregate(self, values: Array, aggregation: Aggregation) -> Array:
        """One number a group from one a row."""
        finished = False
        for stage in self.stages:
            if aggregation.each_series and stage.dropped == "series":
                values, finished = aggregation.finish(values), True
            values = stage.reduce(values, aggregation)
        return values if finished else aggregation.finish(values)


def nested_groups(codes: pd.DataFrame, by: tuple[str, ...]) -> NestedGroups:
    """Groups of the rows of a backtest.

    Args:
        codes: codes of ``series``, ``cutoff`` and ``step`` of each row.
        by: the keys to keep.

    Example:
        >>> codes = pd.DataFrame({"series": [0, 0, 1], "cutoff": [0, 0, 0], "step": [0, 1, 0]})
        >>> groups = nested_groups(codes, by=())
        >>> groups.aggregate(np.array([1.0, 3.0, 5.0]), Aggregation())
        array([3.5])
    """
    stages: list[_Stage] = []
    for key in KEYS:
        if key not in by:
            kept = codes.drop(columns=key)
            number, codes = _numbered(kept)
            stages.append(_Stage(key, _by_size(number, len(codes)), len(codes)))
    return NestedGroups(codes, tuple(stages))


def _numbered(keys: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """The group of each row, and the keys of each group, in ascending order."""
    if keys.shape[1] == 0:
        return np.zeros(len(keys), np.int64), pd.DataFrame(index=[0])
    groups = keys.groupby(list(keys.columns), sort=True)
    first = groups.head(1).sort_values(list(keys.columns)).reset_index(drop=True)
    return groups.ngroup().to_numpy(), first


def _by_size(number: np.ndarray, num_groups: int) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    order = np.argsort(number, kind="stable")
    sizes = np.bincount(number, minlength=num_groups)
    starts = np.cumsum(sizes) - sizes
    parts = []
    for size in np.unique(sizes):
        groups = np.flatnonzero(sizes == size)
        parts.append((groups, order[starts[groups][:, None] + np.arange(size)]))
    return tuple(parts)
