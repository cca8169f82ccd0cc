"""Other values in the place of those after a cutoff: large, in the domain, the same each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.draws import keyed_uniforms, series_key
from forecast.pipelines import Origins, Panel

__all__ = ["altered_panel", "altered_values", "later_steps", "steps_known"]

_SMALLEST_FACTOR, _LARGEST_FACTOR = 4.0, 16.0
# More values rise than fall in one alteration, more fall in the next: a leaked largest or smallest
# value, median or mean cannot stay where it was in all of them.
_SHARE_RISING = 0.75


def steps_known(origins: Origins, window: int) -> NDArray:
    """Steps of each series that forecasts at this origin and those before it may use.

    Args:
        origins: the origins.
        window: number of the origin, from 0.

    Returns:
        `(num_series,)`; 0 where a series has had no origin yet.
    """
    return np.maximum(origins.ends[: window + 1].max(axis=0), 0)


def later_steps(panel: Panel, known: NDArray) -> NDArray:
    """Whether each step of a panel comes after the first `known` ones, bool `(total_steps,)`."""
    return _steps(panel) >= known[panel.codes]


def altered_panel(panel: Panel, known: NDArray, turn: int = 0) -> Panel:
    """The panel with every target and every past covariate after the known steps changed.

    What is missing stays missing; what is known ahead or never changes stays as it is.

    Args:
        panel: the series.
        known: steps of each that stay, `(num_series,)`.
        turn: number of the alteration; other turns give other values.
    """
    after = later_steps(panel, known)
    table = panel.covariates
    past = [_altered_column(panel, column, turn) for column in range(table.past.shape[1])]
    values = _altered(panel, panel.values, turn, 0)
    if past:
        table = replace(table, past=np.where(after[:, None], np.stack(past, axis=1), table.past))
    return replace(panel, values=np.where(after, values, panel.values), covariates=table)


def altered_values(values: NDArray, codes: NDArray, rises: NDArray, factor: NDArray) -> NDArray:
    """Another value for each: `y * factor` or `y / factor`, or `y +- factor * mean |y|`.

    The second where a series goes below 0. What is never negative stays so, what is always above 0
    stays so, and whole numbers stay whole.

    Args:
        values: NaN where missing, `(n,)`.
        codes: series of each, `(n,)`.
        rises: whether each becomes larger, where the domain leaves a choice, `(n,)`.
        factor: how much each changes, at least 4, `(n,)`.

    Returns:
        `(n,)`; NaN where missing, different everywhere else.

    Example:
        >>> rises, factor = np.array([True, False, True]), np.full(3, 5.0)
        >>> altered_values(np.array([2.0, 3.0, np.nan]), np.zeros(3, int), rises, factor).tolist()
        [10.0, 1.0, nan]
    """
    least, size, whole = (found[codes] for found in _domains(values, codes))
    moved = np.where(rises, values * factor, values / factor)
    moved = np.where(values == 0.0, size * factor, moved)
    moved = np.where(least < 0.0, values + np.where(rises, size, -size) * factor, moved)
    rounded = np.rint(moved)
    stuck = (rounded == values) | ((least > 0.0) & (rounded <= 0.0))
    rounded = np.where(stuck, np.rint(np.maximum(values, size) * factor), rounded)
    return np.where(whole, rounded, moved)


def _domains(values: NDArray, codes: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Smallest value, mean absolute value (never 0) and wholeness of each series."""
    known = ~np.isnan(values)
    count = int(codes.max(initial=-1)) + 1
    codes, values = codes[known], values[known]
    least = np.full(count, np.inf)
    np.minimum.at(least, codes, values)
    number = np.maximum(np.bincount(codes, minlength=count), 1)
    size = np.bincount(codes, np.abs(values), minlength=count) / number
    whole = np.bincount(codes, values != np.rint(values), minlength=count) == 0
    return least, np.where((size == 0.0) | (whole & (size < 1.0)), 1.0, size), whole


def _altered(panel: Panel, values: NDArray, turn: int, column: int) -> NDArray:
    """All values of a column changed, by draws keyed by series and step."""
    keys = (turn, column, series_key(panel.ids)[panel.codes], _steps(panel))
    rising = _SHARE_RISING if turn % 2 == 0 else 1.0 - _SHARE_RISING
    spread = _LARGEST_FACTOR - _SMALLEST_FACTOR
    factor = _SMALLEST_FACTOR + spread * keyed_uniforms(1, *keys)
    return altered_values(values, panel.codes, keyed_uniforms(0, *keys) < rising, factor)


def _altered_column(panel: Panel, column: int, turn: int) -> NDArray:
    """A past covariate changed: another number, or the label after its own (if there is one)."""
    categories = panel.covariates.schema.past[column].categories
    values = panel.covariates.past[:, column]
    if categories is None:
        return _altered(panel, values, turn, 1 + column)
    return (values + 1.0) % len(categories)


def _steps(panel: Panel) -> NDArray:
    """The number of each step in its series, `(total_steps,)`."""
    return np.arange(panel.num_rows) - np.repeat(panel.offsets[:-1], panel.lengths)
