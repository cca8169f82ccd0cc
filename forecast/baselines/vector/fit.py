"""Vector autoregressions of all systems of a panel: orders, fits, fall-backs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram
from forecast.baselines.algebra.solver import useful_columns
from forecast.baselines.lag_selection import LagSelection, default_max_lags
from forecast.baselines.learning import why_not_kept
from forecast.baselines.vector.model import VARModel
from forecast.baselines.vector.order import CRITERIA, order_criteria
from forecast.baselines.vector.sums import SystemSums
from forecast.baselines.vector.system import SystemFit, deterministic, fit_system, regression
from forecast.draws import text_keys
from forecast.pipelines import Panel

__all__ = ["VARSettings", "estimate_var", "select_order", "systems"]

# A fit needs this many rows beyond one lag's coefficients; fewer fall back to the last value.
_SPARE_ROWS = 4
# Rows a coefficient below which no order is tried by default.
_ROWS_TO_SELECT = 3


@dataclass(frozen=True)
class VARSettings:
    """How to fit; see `fit_system`.

    Args:
        lags: number of lags, or how to choose it.
        trend: "n" (none), "c" (constant) or "ct" (constant and linear trend).
        ridge: penalty as a share of the variance, or None.
        season_length: steps in a season, which the default number of lags covers.
    """

    lags: int | LagSelection
    trend: str = "c"
    ridge: float | None = None
    season_length: int = 1


def systems(panel: Panel) -> dict[str, NDArray]:
    """The values of each system, `(num_steps, num_channels)`, by the key of its first series."""
    num_channels = panel.num_channels
    keys = text_keys(panel.ids[::num_channels])
    rows = [panel.row(series) for series in range(panel.num_series)]
    return {
        key: np.stack(rows[place * num_channels : (place + 1) * num_channels], axis=1)
        for place, key in enumerate(keys)
    }


def select_order(values: NDArray, settings: VARSettings) -> int:
    """The number of lags: the one asked for, or the one with the least criterion.

    Args:
        values: `(num_steps, num_channels)`, NaN where missing; channels that do not vary do not
            count in the criterion.
        settings: how to choose it.

    Returns:
        At least 0: no lag, where none helps.
    """
    if not isinstance(settings.lags, LagSelection):
        return settings.lags
    values = values[:, _varying(values)]
    if not values.shape[1]:
        return 0
    most = _most_lags(values, settings.lags.max_lags, settings)
    if not most:
        return 1
    design, target, steps = regression(values, most)
    terms = deterministic(steps, settings.trend)
    criterion = str(settings.lags.resolved("VAR", CRITERIA).criterion)
    found = order_criteria(design, target, terms, criterion)
    fewest = 0 if terms.shape[1] else 1
    return fewest + int(np.argmin(found[fewest:]))


def estimate_var(
    panel: Panel, settings: VARSettings, orders: Mapping[str, int]
) -> tuple[VARModel, NDArray, dict[str, SystemFit]]:
    """Fit every system of a panel.

    A system with too few rows falls back to the last value of each channel.

    Args:
        panel: training series; `panel.num_channels` consecutive ones are a system.
        settings: how to fit.
        orders: number of lags by the key of a system's first series (see `text_keys`).

    Returns:
        The model, the positions of the series that fell back, and the fits that did not, by the
        same keys.
    """
    num_channels = panel.num_channels
    fits: dict[str, SystemFit] = {}
    parts: list[tuple[SystemFit, NDArray]] = []
    fell_back: list[int] = []
    for position, (name, values) in enumerate(systems(panel).items()):
        order = orders[name]
        num_rows = len(regression(values, max(order, 1))[1])
        if num_rows >= num_channels + len(settings.trend) + _SPARE_ROWS:
            fits[name] = fit_system(values, order, settings.trend, settings.ridge)
        else:
            fell_back += range(position * num_channels, (position + 1) * num_channels)
        parts.append((fits.get(name) or _last_value(values), _means(values)))
    sums = _sums(panel, settings.trend, orders, fits)
    return _model(parts, sums), np.array(fell_back, dtype=np.int64), fits


def _sums(
    panel: Panel, trend: str, orders: Mapping[str, int], fits: Mapping[str, SystemFit]
) -> tuple[SystemSums | None, ...] | str:
    """What newer rows can be added to, of every system that was fitted; or why nothing is kept."""
    refusal = why_not_kept(
        sum(fit.gram.second.size for fit in fits.values()), "use fewer lags or channels"
    )  # fmt: skip
    if refusal:
        return refusal
    return tuple(
        SystemSums(trend, orders[name], fits[name].ridge, fits[name].num_columns, fits[name].gram)
        if name in fits
        else None
        for name in text_keys(panel.ids[:: panel.num_channels])
    )


def _most_lags(values: NDArray, wanted: int | None, settings: VARSettings) -> int:
    """Most lags to try: those wanted, cut to what the rows can tell apart; 0 where none can."""
    num_steps, num_channels = values.shape
    default = default_max_lags(num_steps, settings.season_length)
    # What is asked for may leave as little as a row for each equation; the default does not.
    share = _ROWS_TO_SELECT if wanted is None else 1
    spare = 0 if wanted is None else num_channels
    for most in range(min(wanted or default, num_steps // (share * num_channels + 1)), 0, -1):
        columns = most * num_channels + len(settings.trend)
        if len(regression(values, most)[1]) >= share * columns + spare:
            return most
    return 0


def _varying(values: NDArray) -> NDArray:
    """Whether each channel varies by more than rounding."""
    mean = _means(values)
    size = np.sqrt(_means((values - mean) ** 2))
    return useful_columns(size[:, None], mean[:, None])[:, 0] & (size > 0.0)


def _means(values: NDArray) -> NDArray:
    """Mean of each channel, 0 where it has no value."""
    known = ~np.isnan(values)
    return np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _last_value(values: NDArray) -> SystemFit:
    """The last value for ever; its errors were the changes from step to step."""
    num_channels = values.shape[1]
    zeros, nothing = np.zeros(num_channels), Gram(np.zeros(()), np.zeros(0), np.zeros((0, 0)))
    changes = np.diff(values, axis=0)
    changes = changes[~np.isnan(changes).any(axis=1)]
    changes = changes if len(changes) else zeros[None]
    return SystemFit(np.eye(num_channels)[None], zeros, zeros, changes, 0.0, 0.0, 1.0, nothing)


def _model(
    parts: list[tuple[SystemFit, NDArray]], sums: tuple[SystemSums | None, ...] | str
) -> VARModel:
    """One model of all systems; fewer lags are filled up with zeros."""
    fits = [fit for fit, _ in parts]
    num_lags = max(len(fit.coefficients) for fit in fits)
    pads = [((0, num_lags - len(fit.coefficients)), (0, 0), (0, 0)) for fit in fits]
    coefficients = [np.pad(fit.coefficients, pad) for fit, pad in zip(fits, pads, strict=True)]
    return VARModel(
        np.stack(coefficients),
        np.stack([fit.intercept for fit in fits]),
        np.stack([fit.slope for fit in fits]),
        np.stack([centre for _, centre in parts]),
        np.stack([fit.covariance for fit in fits]),
        sums,
    )
