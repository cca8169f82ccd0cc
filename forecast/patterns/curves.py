"""What stands beside a cold start: mean curves, and a ridge on the static covariates per step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import gram_of_rows
from forecast.baselines.algebra.ridge_path import choose_ridge, ridge_path
from forecast.pipelines import Panel

__all__ = ["category_curves", "first_values", "mean_curve", "ridge_curves"]

_RIDGES = np.logspace(-4, 2, 13)


def first_values(panel: Panel, horizon: int) -> NDArray[np.float64]:
    """The first steps of each series, `(num_series, horizon)`, NaN where there is no value."""
    block = panel.head(np.array(horizon)).block(0, horizon)
    found = np.full((panel.num_series, horizon), np.nan)
    found[:, : block.num_steps] = np.where(block.observed, block.values, np.nan)
    return found


def mean_curve(values: NDArray) -> NDArray[np.float64]:
    """The mean of all series at each step; where none has a value, that of the step before.

    Args:
        values: `(num_series, horizon)`, with a value at one step at least.

    Example:
        >>> mean_curve(np.array([[1.0, 2.0, np.nan], [3.0, np.nan, np.nan]])).tolist()
        [2.0, 2.0, 2.0]
    """
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    means = np.where(known, values, 0.0).sum(axis=0) / np.maximum(counts, 1)
    there = np.flatnonzero(counts)
    places = np.searchsorted(there, np.arange(values.shape[1]), side="right") - 1
    return means[there[np.maximum(places, 0)]]


def category_curves(
    values: NDArray, categories: Sequence[object], new: Sequence[object]
) -> NDArray[np.float64]:
    """The mean curve of the series of the same category, of all where there is none.

    Args:
        values: training series, `(num_series, horizon)`.
        categories: the category of each, or a tuple of several.
        new: categories of the series to forecast.
    """
    rows: dict[object, list[int]] = {}
    for row, category in enumerate(categories):
        rows.setdefault(category, []).append(row)
    known = {one: mean_curve(values[at]) for one, at in rows.items() if _has_any(values[at])}
    overall = mean_curve(values)
    return np.stack([known.get(category, overall) for category in new])


def ridge_curves(values: NDArray, static: NDArray, new: NDArray) -> NDArray[np.float64]:
    """A ridge regression of each step's value on the static covariates, in closed form.

    `y_t = s B_t + b_t`, the penalty of each step chosen by generalised cross-validation. A step
    that fewer than two series have takes the mean curve.

    Args:
        values: training series, `(num_series, horizon)`.
        static: their encoded covariates, `(num_series, num_columns)`.
        new: those of the series to forecast, `(num_new, num_columns)`.
    """
    found = np.tile(mean_curve(values), (len(new), 1))
    for step in range(values.shape[1]):
        known = ~np.isnan(values[:, step])
        if known.sum() < 2 or not static.shape[1]:
            continue
        rows = np.column_stack([static[known], values[known, step]])
        path = ridge_path(gram_of_rows(rows))
        fit = path.solve(choose_ridge(path, _RIDGES)[0])
        found[:, step] = new @ fit.coefficients[:, 0] + fit.intercepts[0]
    return found


def _has_any(values: NDArray) -> bool:
    return bool((~np.isnan(values)).any())
