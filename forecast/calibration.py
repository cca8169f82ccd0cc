"""Intervals from scaled residuals per step ahead, at origins before the cutoff."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from forecast import engine
from forecast.denominators import seasonal_changes
from forecast.draws import Draws, keyed_uniforms
from forecast.pipelines import Origins, Panel
from forecast.protocol import Model, StateBatch, num_channels

__all__ = [
    "Calibration",
    "calibrate",
    "mean_scaled_error",
    "past_score",
]

# Fewer residuals than this say too little of their own spread: normal errors are assumed.
_FEWEST_RESIDUALS = 8
_NORMAL_RESIDUALS = 200
# Mean absolute deviation of the standard normal distribution.
_NORMAL_MEAN_ABSOLUTE = float(np.sqrt(2.0 / np.pi))


@dataclass(frozen=True, eq=False)
class Calibration:
    """Residuals of past forecasts, each divided by its series' mean absolute one-step error.

    Args:
        by_step: scaled residuals at each step ahead, `(num_origins, horizon)`; NaN where the
            value was missing.
        pool: scaled residuals of the next block, drawn jointly for sample paths, channel after
            channel, `(num_residuals, num_channels * block_length)`.
        default_scale: one-step error assumed for a series without one, in the unit of the series.
        mase: mean absolute scaled error over these origins; NaN where nothing could be scored.
        num_channels: consecutive rows whose residuals are drawn jointly.
        optimism: size of the first step's residuals over that of one-step errors at steps that
            the model has learned from, at least 1.
        crowding: k, neighbouring origins that tell as much of the spread as one, at least 1.
    """

    by_step: NDArray
    pool: NDArray
    default_scale: float
    mase: float
    num_channels: int = 1
    optimism: float = 1.0
    crowding: float = 1.0

    def scale(self, state: StateBatch) -> NDArray:
        """Size of the one-step errors of each row, `(num_rows,)`."""
        own = engine.error_scale(state)
        return np.where(np.isnan(own), self.default_scale, own)

    def half_width(self, level: float, horizon: int) -> NDArray:
        """Half the width of the central interval, in units of the scale, `(horizon,)`.

        The smallest w with `(n + k) level` of the n absolute residuals at that step within it
        (split conformal prediction, where k is 1). Where n is too small for that, the largest,
        which stands for the level `n / (n + k)`, is stretched as the normal distribution's
        quantiles are. Steps beyond the calibrated ones grow with the square root.

        Args:
            level: percent, above 0 and below 100.
            horizon: steps ahead.
        """
        steps = range(min(horizon, self.by_step.shape[1]))
        known = np.array([self._width_at(step, level / 100.0) for step in steps])
        beyond = np.arange(len(known) + 1, horizon + 1)
        return np.concatenate([known, known[-1] * np.sqrt(beyond / len(known))])

    def draws(self, state: StateBatch, series: NDArray, seed: int) -> Draws:
        """Draws for sample paths from the pool.

        Args:
            state: states to roll forward.
            series: hash of each row's id.
            seed: chosen by the user.
        """
        scale = self.scale(state)
        return Draws(seed, series, state.clock, self.pool, scale, self.num_channels)

    def _width_at(self, step: int, share: float) -> float:
        residuals, number = self._ordered[:, step], int(self._known[step])
        if number < _FEWEST_RESIDUALS:
            return _normal_width(share) * np.sqrt(step + 1.0) / _NORMAL_MEAN_ABSOLUTE
        counted = number + self.crowding
        rank = int(np.ceil(share * counted - 1e-9))
        if rank > number:
            stretched = _normal_width(share) / _normal_width(number / counted)
            return float(residuals[number - 1]) * stretched
        return float(residuals[rank - 1])

    @cached_property
    def _ordered(self) -> NDArray:
        """Absolute residuals of each step in ascending order, the missing ones last."""
        return np.sort(np.abs(self.by_step), axis=0)

    @cached_property
    def _known(self) -> NDArray:
        """Number of residuals of each step, `(horizon,)`."""
        return np.isfinite(self._ordered).sum(axis=0)


def _normal_width(share: float) -> float:
    """Half the width of the standard normal distribution's central interval."""
    return float(ndtri(0.5 + share / 2.0))


def calibrate(
    model: Model, panel: Panel, origins: Origins, season: int, point: str = "median"
) -> Calibration:
    """Walk over the origins with a model that was fitted before the first of them.

    Args:
        model: the model.
        panel: the series that it was fitted on, with the steps that follow.
        origins: where to forecast from.
        season: season of the MASE by which the model is scored.
        point: what the model's forecast stands for, "median" or "mean": residuals for sample paths
            are centred on that, so that paths lie around the forecast as skewed as errors are.
    """
    stops = list(engine.walk(model, panel, np.arange(panel.num_series), origins))
    rows, errors, scale = engine.errors_at(model, panel, stops, origins.horizon)
    usable, channels = scale > 0, num_channels(model)
    residuals = _scaled(errors, scale, channels)
    pool = [_next_block(residuals, model.block_length).reshape(-1, channels * model.block_length)]
    if model.block_length == 1:
        pool += [_one_step_residuals(stop, channels) for stop in stops[1:]]
    default = float(np.median(scale[usable])) if usable.any() else 0.0
    mase = mean_scaled_error(errors, seasonal_changes(panel, season)[rows])
    pooled = _pool(pool, model.block_length, channels, point)
    optimism = _optimism(residuals[usable, 0], engine.scores(stops[0].state))
    return Calibration(residuals[usable], pooled, default, mase, channels, optimism)


def past_score(model: Model, panel: Panel, origins: Origins, season: int) -> float:
    """The `mase` that `calibrate` finds, without the residuals: one-step errors are spared."""
    every = np.arange(panel.num_series)
    stops = list(engine.walk(model, panel, every, origins, one_step=False))
    rows, errors, _ = engine.errors_at(model, panel, stops, origins.horizon)
    return mean_scaled_error(errors, seasonal_changes(panel, season)[rows])


def mean_scaled_error(errors: NDArray, denominators: NDArray) -> float:
    """MASE over origins: mean of `|error| / q` with q above 0; NaN if there is none.

    Args:
        errors: `(num_origins, horizon)`, NaN where unknown.
        denominators: q of each origin's series, `(num_origins,)`.
    """
    usable = denominators > 0
    scaled = np.abs(errors[usable]) / denominators[usable, None]
    return float(np.nanmean(scaled)) if np.isfinite(scaled).any() else float("nan")


def _optimism(first: NDArray, learned: NDArray) -> float:
    """Ratio of the medians, within 1 and 1.5, drawn to 1 where few residuals tell it."""
    first, learned = (np.abs(each[~np.isnan(each)]) for each in (first, learned))
    if not len(first) or not len(learned) or np.median(learned) == 0.0:
        return 1.0
    ratio = float(np.clip(np.median(first) / np.median(learned), 1.0, 1.5))
    return 1.0 + (ratio - 1.0) * len(first) / (len(first) + _NORMAL_RESIDUALS)


def _next_block(residuals: NDArray, block_length: int) -> NDArray:
    """Residual vectors of the next block; a horizon shorter than a block is repeated."""
    repeats = -(-block_length // residuals.shape[1])
    return np.tile(residuals, (1, repeats))[:, :block_length]


def _scaled(errors: NDArray, scale: NDArray, channels: int) -> NDArray:
    """Errors in units of their row's scale, `(num_rows, num_steps)`.

    A row without a scale has NaN, but a constant channel beside others zeros: it does not hide
    theirs.
    """
    usable = (scale > 0).reshape(-1, channels)
    beside = (usable.any(axis=1, keepdims=True) & ~usable).ravel()
    scaled = errors / np.where(usable.ravel(), scale, np.nan)[:, None]
    return np.where(beside[:, None] & ~np.isnan(errors), 0.0, scaled)


def _one_step_residuals(stop: engine.Stop, channels: int) -> NDArray:
    """Scaled one-step errors of the steps walked over since the stop before, a row a step."""
    errors = np.where(stop.block.observed, stop.block.values - stop.one_step, np.nan)[stop.rows]
    scaled = _scaled(errors, engine.error_scale(stop.state), channels)
    by_system = scaled.reshape(-1, channels, scaled.shape[1])
    return by_system.swapaxes(1, 2).reshape(-1, channels)


def _pool(parts: list[NDArray], block_length: int, channels: int, point: str) -> NDArray:
    """Whole residual vectors, centred on their median or mean."""
    pool = np.concatenate(parts)
    pool = pool[~np.isnan(pool).any(axis=1)]
    if len(pool) < _FEWEST_RESIDUALS:
        return _normal_pool(block_length, channels)
    middle = np.mean if point == "mean" else np.median
    return pool - middle(pool, axis=0)


def _normal_pool(block_length: int, channels: int) -> NDArray:
    """Quantiles of the normal distribution, in an order of its own for each channel."""
    shares = (np.arange(_NORMAL_RESIDUALS) + 0.5) / _NORMAL_RESIDUALS
    normal = ndtri(shares) / _NORMAL_MEAN_ABSOLUTE
    places = np.argsort(keyed_uniforms(np.arange(channels)[:, None], np.arange(len(normal))))
    places[0] = np.arange(len(normal))
    return np.repeat(normal[places].T, block_length, axis=1)
