"""The Theta method: simple exponential smoothing with half of the trend as a drift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.smoothing.adjustment import Adjustment, num_values, unit_of
from forecast.baselines.smoothing.model import SmoothingModel
from forecast.pipelines import Panel

__all__ = ["FEWEST_VALUES", "estimate_naive2", "estimate_theta"]

FEWEST_VALUES = 5
"""Fewer values than this give no slope and no alpha: the last value is the forecast."""
_NUM_CANDIDATES = 121
_NUM_PASSES = 2
_MOST_STEPS = 2_000
_CHUNK_SERIES = 500


def estimate_naive2(panel: Panel, season_length: int) -> tuple[SmoothingModel, NDArray, NDArray]:
    """The last value of each seasonally adjusted series.

    Args:
        panel: training series.
        season_length: m, at least 1.

    Returns:
        The model; the positions of series too short for the test of a season (below 3 m values);
        and whether each series has a season.
    """
    adjustment = Adjustment.of(panel, season_length)
    model = _level_model(adjustment, np.ones(panel.num_series), np.zeros(panel.num_series))
    short = num_values(panel) < 3 * season_length if season_length > 1 else panel.lengths < 1
    return model, np.flatnonzero(short), adjustment.seasonal


def estimate_theta(panel: Panel, season_length: int) -> tuple[SmoothingModel, NDArray, NDArray]:
    """Theta of each series.

    Args:
        panel: training series.
        season_length: m, at least 1.

    Returns:
        The model; the positions of series too short for it or for the test of a season; and
        whether each series has a season.
    """
    adjustment = Adjustment.of(panel, season_length)
    adjusted = adjustment.take(panel)
    drift = 0.5 * _slopes(adjusted)
    alpha = _best_alpha(adjusted)
    short = num_values(panel) < FEWEST_VALUES
    alpha, drift = np.where(short, 1.0, alpha), np.where(short, 0.0, drift)
    model = _level_model(adjustment, alpha, drift)
    untested = (season_length > 1) & (num_values(panel) < 3 * season_length)
    return model, np.flatnonzero(short | untested), adjustment.seasonal


def _level_model(adjustment: Adjustment, alpha: NDArray, drift: NDArray) -> SmoothingModel:
    """A level that begins at the first value and moves by a fixed drift."""
    nothing, one = np.zeros(len(alpha)), np.ones(len(alpha))
    smoothing = np.column_stack([alpha, nothing, nothing, one])
    start = np.column_stack([np.full(len(alpha), np.nan), drift])
    return adjustment.model(smoothing, start)


def _slopes(values: NDArray) -> NDArray:
    """Least-squares slope of each row over its steps, `(num_series,)`; 0 where there is none."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=1), 1)
    steps = np.where(known, np.arange(values.shape[1]), 0.0)
    centred = np.where(known, steps - (steps.sum(axis=1) / count)[:, None], 0.0)
    power = (centred**2).sum(axis=1)
    filled = np.where(known, values, 0.0)
    filled = np.where(known, filled - (filled.sum(axis=1) / count)[:, None], 0.0)
    return (centred * filled).sum(axis=1) / np.where(power > 0.0, power, 1.0)


def _best_alpha(values: NDArray) -> NDArray:
    """Alpha of the least squared one-step errors of simple exponential smoothing, each row.

    A grid over 0 to 1, made finer around the best of each series in every pass. A long series is
    judged by its last steps.

    Args:
        values: `(num_series, num_steps)`, right-padded with NaN.

    Returns:
        `(num_series,)`.
    """
    parts = np.array_split(values, -(-len(values) // _CHUNK_SERIES))
    recent = [_last_steps(part) for part in parts]
    return np.concatenate([_refined(part / unit_of(part)) for part in recent])


def _last_steps(values: NDArray) -> NDArray:
    """The last steps of each right-padded row."""
    if values.shape[1] <= _MOST_STEPS:
        return values
    ends = values.shape[1] - np.argmax(~np.isnan(values[:, ::-1]), axis=1)
    first = np.maximum(ends - _MOST_STEPS, 0)
    return np.take_along_axis(values, first[:, None] + np.arange(_MOST_STEPS), axis=1)


def _refined(values: NDArray) -> NDArray:
    low, high = np.full(len(values), 1e-4), np.ones(len(values))
    for _ in range(_NUM_PASSES):
        shares = np.linspace(0.0, 1.0, _NUM_CANDIDATES)
        candidates = low[:, None] + (high - low)[:, None] * shares
        best = np.argmin(_losses(values, candidates), axis=1)[:, None]
        low = np.take_along_axis(candidates, np.maximum(best - 1, 0), axis=1)[:, 0]
        high = np.take_along_axis(
            candidates, np.minimum(best + 1, _NUM_CANDIDATES - 1), axis=1
        )[:, 0]  # fmt: skip
    return np.take_along_axis(candidates, best, axis=1)[:, 0]


def _losses(values: NDArray, alpha: NDArray) -> NDArray:
    """Sums of squared one-step errors, `(num_series, num_candidates)`."""
    first = np.argmax(~np.isnan(values), axis=1)[:, None]
    level = np.repeat(np.take_along_axis(values, first, axis=1), alpha.shape[1], axis=1)
    loss = np.zeros(alpha.shape)
    known = ~np.isnan(values)
    weights, steps = known.T[:, :, None], np.where(known, values, 0.0).T[:, :, None]
    for weight, value in zip(weights, steps, strict=True):
        error = weight * (value - level)
        level += alpha * error
        loss += error * error
    return loss
