"""Fitting the pooled autoregression, step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.covariate_memory import CovariateMemory, persistence_of
from forecast.baselines.learning import why_not_kept
from forecast.baselines.pooled.features import CYCLES, Features
from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.pooled.regression import (
    PoolFit,
    Regression,
    fit_pool,
    fit_pool_steps,
    shrink_to_pool,
)
from forecast.baselines.pooled.samples import Samples, take_samples
from forecast.baselines.pooled.sums import PoolSums
from forecast.baselines.power import Power
from forecast.checks import check_flag, check_positive_integer, is_number
from forecast.pipelines import Panel

__all__ = ["MOST_COEFFICIENTS", "Design", "PooledSettings", "estimate_pooled"]

MOST_COEFFICIENTS = 20_000_000
"""Series do not get coefficients of their own beyond: these are 160 MB."""


@dataclass(frozen=True)
class Design:
    """What a pooled regression sees; None leaves the choice to the data.

    Args:
        power: exponent of the Box-Cox transform, 0 (logarithm) to 1 (none); a panel with a
            negative value is never transformed.
        difference: what the target is the difference from: "none" the mean level, "first" the
            last value, "seasonal" the value one season before. (The columns hold all three, so
            without a penalty the forecasts are the same; with one they are drawn there.)
        scale: "window" or "causal" (see `Features`); logarithms need none.
        level_means: use means over longer pasts.
        season_means: use means of the same season over several cycles.
        covariates: use the covariates given to `fit`.
        covariate_lags: newest values of each past covariate that are used, at least 1, beside
            their mean; by default one, or up to 12 (fewer where there are many columns).
    """

    power: float | None = None
    difference: Literal["none", "first", "seasonal"] | None = None
    scale: Literal["window", "causal"] | None = None
    level_means: bool | None = None
    season_means: bool | None = None
    covariates: bool | None = None
    covariate_lags: int | None = None

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if self.power is not None and not (is_number(self.power) and 0.0 <= self.power <= 1.0):
            raise ValueError(f"`power` must be from 0 (logarithm) to 1 (none); got {self.power!r}.")
        if self.difference not in (None, "none", "first", "seasonal"):
            raise ValueError(
                f"`difference` must be 'none', 'first' or 'seasonal'; got {self.difference!r}."
            )
        if self.scale not in (None, "window", "causal"):
            raise ValueError(f"`scale` must be 'window' or 'causal'; got {self.scale!r}.")
        check_flag("level_means", self.level_means)
        check_flag("season_means", self.season_means)
        check_flag("covariates", self.covariates)
        check_positive_integer("covariate_lags", self.covariate_lags, optional=True)


@dataclass(frozen=True)
class PooledSettings:
    """What the pooled autoregression is made of; nothing in it is None.

    Args:
        lags: 1-based lags, increasing.
        seasons: season lengths, in steps.
        block_length: steps ahead that get a regression of their own.
        design: what the regressions see.
        regression: loss, penalty, shrinkage, weights.
        max_rows: origins learned from at most; beyond, every k-th is taken. Long blocks of many
            lags take fewer, so that a fit stays a matter of seconds.
    """

    lags: tuple[int, ...]
    seasons: tuple[int, ...]
    block_length: int
    design: Design
    regression: Regression
    max_rows: int = 40_000

    @property
    def shares_design(self) -> bool:
        """Whether all steps ahead see the same columns with the same weights."""
        return self.regression.loss == "squared" and not self.design.season_means


def estimate_pooled(panel: Panel, settings: PooledSettings) -> PooledARModel:
    """Fit one direct regression per step ahead on all series of `panel`.

    Gaps are filled for the inputs by the value one season before (or the last one); a target that
    was not observed is not learned from.
    """
    panel = panel.without_covariates() if settings.design.covariates is False else panel
    power = Power(float(settings.design.power or 0.0))
    if np.nanmin(panel.values) < 0:
        power = Power(1.0)
    features = features_of(settings, power, int(panel.lengths.max()))
    memory = _memory_of(panel, settings, features)
    units = (*_covariate_units(panel, memory), memory)
    blank = np.zeros((1, settings.block_length, 1))
    model = PooledARModel(features, blank, power, *units)
    alike = settings.shares_design and not panel.num_covariates
    solves = 1 if alike else settings.block_length
    samples = take_samples(
        panel, model, (settings.max_rows, solves), bool(settings.regression.metric_weights)
    )
    sums = _blank_sums(samples, model, settings)
    coefficients = _coefficients(samples, model, settings, panel.num_series, sums)
    return PooledARModel(features, coefficients, power, *units, sums)


def _blank_sums(
    samples: Samples, model: PooledARModel, settings: PooledSettings
) -> PoolSums | str:  # fmt: skip
    """What newer rows will be added to, still without any; or why nothing is kept."""
    num_columns = model.features.num_columns + len(model.covariate_centres)
    refusal = why_not_kept(
        settings.block_length * num_columns**2, "use fewer lags or a smaller block_length"
    )
    if refusal:
        return refusal
    if model.memory is not None and settings.block_length > 1:
        return (
            f"its regressions of {settings.block_length} steps ahead need past covariates of steps "
            "that the state no longer holds; take block_length=1, or call fit(df) again"
        )
    return PoolSums(
        settings.regression,
        np.zeros((settings.block_length, num_columns, num_columns)),
        np.zeros(settings.block_length),
        np.ones(settings.block_length),
        _centre(model.features, settings.design, num_columns),
        samples.denominators,
        float(samples.weights.max(initial=0.0)),
    )


def _keep(sums: PoolSums | str, steps: int | slice, pool: PoolFit) -> None:
    """The sums of some steps ahead, from the fit of the pool."""
    if isinstance(sums, PoolSums):
        sums.information[steps] = pool.gram
        sums.floors[steps], sums.units[steps] = pool.floor, pool.unit


def features_of(settings: PooledSettings, power: Power, longest: int) -> Features:
    """The columns that a panel whose longest series has `longest` steps supports."""
    design = settings.design
    lags = tuple(lag for lag in settings.lags if lag <= longest) or (1,)
    cycles = max(CYCLES) if design.season_means else 0
    spans = 3 if design.level_means else 1
    reach = max([spans * lags[-1], *(cycles * season for season in settings.seasons)])
    return Features(
        lags=lags,
        span=lags[-1],
        seasons=settings.seasons,
        scale="none" if power.is_logarithm else design.scale or "window",
        level_means=bool(design.level_means),
        season_means=bool(design.season_means),
        window_length=min(reach, longest),
    )


def _memory_of(
    panel: Panel, settings: PooledSettings, features: Features
) -> CovariateMemory | None:
    """What is remembered of past covariates; None without any."""
    if not panel.covariates.past.shape[1]:
        return None
    num_lags = settings.design.covariate_lags or 1
    return CovariateMemory(persistence_of(panel), features.span, num_lags)


def _covariate_units(panel: Panel, memory: CovariateMemory | None) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation of each column; 1 for one that never changes.

    What is remembered of a past covariate, values and mean, is measured in its own unit.
    """
    table = panel.covariates
    remembered = [*table.past.T] * (0 if memory is None else memory.num_lags + 1)
    columns = [*table.future.T, *remembered]
    known = [column[~np.isnan(column)] for column in columns]
    centres = np.array([column.mean() if len(column) else 0.0 for column in known])
    spreads = np.array([column.std() if len(column) else 0.0 for column in known])
    return centres, np.where(spreads > 0, spreads, 1.0)


def _coefficients(
    samples: Samples,
    model: PooledARModel,
    settings: PooledSettings,
    num_series: int,
    sums: PoolSums | str,
) -> NDArray:
    """The pool's and each series' coefficients of every step; the pool's sums are kept."""
    regression = settings.regression
    num_columns = model.features.num_columns + len(model.covariate_centres)
    size = num_series * settings.block_length * num_columns
    shared = num_series == 1 or np.isinf(regression.shrinkage or np.inf) or size > MOST_COEFFICIENTS
    found = np.zeros((1 if shared else 1 + num_series, settings.block_length, num_columns))
    centre = _centre(model.features, settings.design, num_columns)
    starts, start = np.searchsorted(samples.series, np.arange(num_series + 1)), None
    whole = ~np.isnan(samples.targets).any(axis=1) & (samples.weights > 0)
    alike = settings.shares_design and model.num_future_covariates == 0
    if alike and whole.sum() >= max(len(whole) // 2, 2 * num_columns):
        parts = (centre, None if shared else starts, whole)
        return _at_once(samples, model, settings, parts, sums)
    for step in range(settings.block_length):
        target = samples.targets[:, step]
        known = ~np.isnan(target) & (samples.weights > 0)
        if not known.any():
            found[:, step] = found[:, step - 1] if step else centre
            continue
        design = model.design(samples.view, step, samples.future)
        pool = fit_pool(
            design[known], target[known], samples.weights[known], regression, centre, start
        )
        found[0, step] = start = pool.coefficients
        _keep(sums, step, pool)
        if not shared:
            pool = replace(pool, weights=_scatter(pool.weights, known))
            found[1:, step] = shrink_to_pool(design, target, starts, pool, regression)
    return found


def _at_once(
    samples: Samples,
    model: PooledARModel,
    settings: PooledSettings,
    parts: tuple[NDArray, NDArray | None, NDArray],
    sums: PoolSums | str,
) -> NDArray:
    """The coefficients of all steps, learned from the origins of which all targets are known."""
    centre, starts, whole = parts
    design = model.design(samples.view, 0, samples.future)
    pool = fit_pool_steps(
        design[whole], samples.targets[whole], samples.weights[whole], settings.regression, centre
    )
    _keep(sums, slice(None), pool)
    found = pool.coefficients[None]
    if starts is not None:
        pool = replace(pool, weights=_scatter(pool.weights, whole))
        own = shrink_to_pool(design, samples.targets, starts, pool, settings.regression)
        found = np.concatenate([found, own])
    return found.swapaxes(1, 2)


def _centre(features: Features, design: Design, num_columns: int) -> NDArray:
    """The coefficients that forecast the level, the last value or the same season."""
    centre = np.zeros(num_columns)
    if design.difference == "first" and features.lags[0] == 1:
        centre[0] = 1.0
    if design.difference == "seasonal" and features.same_season is not None:
        centre[features.same_season] = 1.0
    return centre


def _scatter(values: NDArray, where: NDArray) -> NDArray:
    result = np.zeros(len(where))
    result[where] = values
    return result
