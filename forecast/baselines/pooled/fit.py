"""Fitting the pooled autoregression: which origins to learn from, how they weigh, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.features import Features
from forecast.baselines.pooled_ar import (
    PooledARModel,
    Regression,
    Samples,
    fit_step,
    shrink_to_pool,
)
from forecast.baselines.window import Past
from forecast.denominators import seasonal_changes
from forecast.pipelines import Panel

__all__ = ["PooledSettings", "coprime_stride", "estimate_pooled", "metric_weights"]

_WEIGHT_CAP = 10.0
# Products in one round of fitting all steps: about a second on two cores.
_MOST_PRODUCTS = 2.5e10
# Reweightings of a step that starts from the coefficients of the step before it.
_WARM_REWEIGHTINGS = 3


@dataclass(frozen=True)
class PooledSettings:
    """What the pooled autoregression is made of.

    Args:
        num_lags: L, newest values used.
        seasons: season lengths, in steps.
        block_length: steps ahead that get a regression of their own.
        regression: penalty, shrinkage, loss.
        max_rows: origins learned from at most; beyond, every k-th is taken. Long blocks of many
            lags take fewer, so that a fit stays a matter of seconds.
    """

    num_lags: int
    seasons: tuple[int, ...]
    block_length: int
    regression: Regression
    max_rows: int = 40_000


def estimate_pooled(panel: Panel, settings: PooledSettings) -> PooledARModel:
    """Fit one direct regression per step ahead on all series of `panel`.

    Gaps are filled for the inputs by the value one season before (or the last one); a target that
    was not observed is not learned from.
    """
    logarithm = bool(np.nanmin(panel.values) >= 0)
    longest = int(panel.lengths.max())
    reach = max([3 * settings.num_lags, *(8 * season for season in settings.seasons)])
    features = Features(
        min(settings.num_lags, longest), settings.seasons, not logarithm, min(reach, longest)
    )
    samples = _samples(panel, features, settings, logarithm)
    return PooledARModel(features, _coefficients(samples, features, settings, panel), logarithm)


def _coefficients(
    samples: Samples, features: Features, settings: PooledSettings, panel: Panel
) -> NDArray:
    """The pool's and each series' coefficients of every step."""
    shared = panel.num_series == 1 or np.isinf(settings.regression.shrinkage)
    num_sets = 1 if shared else 1 + panel.num_series
    found = np.zeros((num_sets, settings.block_length, features.num_columns))
    regression, start = settings.regression, None
    for step in range(settings.block_length):
        known = ~np.isnan(samples.targets[:, step]) & (samples.weights > 0)
        if not known.any():
            found[:, step] = found[:, step - 1] if step else 0.0
            continue
        design = features.design(samples.view, step + 1)
        start, weights = fit_step(
            design[known], samples.targets[known, step], samples.weights[known], regression, start
        )
        found[0, step] = start
        if not shared:
            weights = _scatter(weights, known)
            found[1:, step] = shrink_to_pool(
                samples, design, step, (start, weights), regression, panel.num_series
            )
        warm = min(regression.reweightings, _WARM_REWEIGHTINGS)
        regression = Regression(regression.ridge, regression.shrinkage, warm)
    return found


def _scatter(values: NDArray, where: NDArray) -> NDArray:
    result = np.zeros(len(where))
    result[where] = values
    return result


def _samples(
    panel: Panel, features: Features, settings: PooledSettings, logarithm: bool
) -> Samples:
    """Origins of all series, every k-th counted from each series' end."""
    stride = _stride(panel, features, settings)
    changes = seasonal_changes(panel, settings.seasons[0] if settings.seasons else 1)
    pasts, targets, series, denominators = [], [], [], []
    for index in range(panel.num_series):
        values = panel.row(index)
        origins = _origins(len(values), features.num_lags, stride)
        encoded = np.log1p(values) if logarithm else values
        filled = _fill_causally(encoded, settings.seasons[0] if settings.seasons else 1)
        pasts.append(_pasts(filled, origins, features.window_length, index))
        targets.append(_following(encoded, origins, settings.block_length))
        series.append(np.full(len(origins), index))
        denominators.append(np.full(len(origins), changes[index]))
    past = _join(pasts)
    view = features.view(past)
    level = np.expm1(view.level) + 1.0 if logarithm else view.scale
    weights = metric_weights(level, np.concatenate(denominators))
    scaled = (np.concatenate(targets) - view.level[:, None]) / view.scale[:, None]
    return Samples(view, scaled, weights, np.concatenate(series))


def metric_weights(level: NDArray, denominators: NDArray) -> NDArray:
    """What an error of 1 in the regression's unit costs in MASE, capped at 10 times the median."""
    usable = denominators > 0
    weights = np.where(usable, level / np.where(usable, denominators, 1.0), 0.0)
    if usable.any():
        weights = np.minimum(weights, _WEIGHT_CAP * np.median(weights[usable]))
    return weights


def _stride(panel: Panel, features: Features, settings: PooledSettings) -> int:
    """Distance between origins: all rows if they are few, never in step with a season."""
    rows = sum(len(_origins(int(n), features.num_lags, 1)) for n in panel.lengths)
    most = min(settings.max_rows, _affordable_rows(features.num_columns, settings.block_length))
    return coprime_stride(-(-rows // most), settings.seasons)


def coprime_stride(stride: int, seasons: tuple[int, ...]) -> int:
    """The next stride, at least 1, that visits every phase of every season.

    Example:
        >>> coprime_stride(4, (24, 168))
        5
    """
    stride = max(1, stride)
    while any(gcd(stride, season) > 1 for season in seasons if season > 1):
        stride += 1
    return stride


def _affordable_rows(num_columns: int, num_steps: int) -> int:
    """Rows whose Gram matrices of all steps stay within the budget; at least ten a column."""
    return int(max(10 * num_columns, _MOST_PRODUCTS / (num_columns**2 * num_steps)))


def _origins(length: int, num_lags: int, stride: int) -> NDArray:
    """Numbers of steps known at each origin, oldest first; a short series starts half-way."""
    first = max(1, min(num_lags, length // 2))
    return np.arange(length - 1, first - 1, -stride)[::-1]


def _pasts(values: NDArray, origins: NDArray, window_length: int, index: int) -> Past:
    padded = np.concatenate([np.full(window_length, np.nan), values])
    windows = padded[origins[:, None] + np.arange(window_length)]
    totals = np.concatenate([[0.0], np.cumsum(values)])[origins]
    return Past(
        windows, totals, origins, np.full(len(origins), values[0] if len(values) else np.nan),
        np.full(len(origins), index),
    )  # fmt: skip


def _following(values: NDArray, origins: NDArray, num_steps: int) -> NDArray:
    padded = np.concatenate([values, np.full(num_steps, np.nan)])
    return padded[origins[:, None] + np.arange(num_steps)]


def _join(pasts: list[Past]) -> Past:
    fields = ("window", "total", "clock", "first", "series")
    return Past(*(np.concatenate([getattr(past, name) for past in pasts]) for name in fields))


def _fill_causally(values: NDArray, season: int) -> NDArray:
    """Gaps replaced by the value one season before, or by the last value."""
    filled = values.copy()
    for step in np.flatnonzero(np.isnan(values)):
        before = filled[step - season] if step >= season else np.nan
        filled[step] = filled[step - 1] if np.isnan(before) and step else before
    return filled
