"""Origins that pooled regressions learn from: which they are, and how they weigh."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.past import Past
from forecast.baselines.pooled.features import View
from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.pooled.weights import metric_weights
from forecast.denominators import seasonal_changes
from forecast.pipelines import Panel

__all__ = ["Samples", "coprime_stride", "take_samples"]

# Products in one round of fitting all steps: about a second on two cores.
_MOST_PRODUCTS = 2.5e10


@dataclass(frozen=True, eq=False)
class Samples:
    """Origins with what was seen at each and what followed.

    Args:
        view: the pasts, `n` rows.
        targets: deviations from the level over the scale, `(n, block_length)`; NaN where unknown.
        future: covariates of these steps, `(n, block_length, num_covariates)`.
        weights: weight of each origin in the loss, `(n,)`, at least 0.
        series: series of each origin, `(n,)`, non-decreasing.
        denominators: of each series' MASE, `(num_series,)`; none where origins weigh the same.
    """

    view: View
    targets: NDArray
    future: NDArray
    weights: NDArray
    series: NDArray
    denominators: NDArray


def take_samples(
    panel: Panel, model: PooledARModel, budget: tuple[int, int], weighted: bool
) -> Samples:
    """Origins of all series, every k-th counted from each series' end.

    Args:
        panel: training series.
        model: says what is seen of a past; its coefficients do not matter.
        budget: origins wanted at most, and regressions that will be solved on them.
        weighted: weigh each by what its errors cost in MASE.
    """
    seasons = model.features.seasons
    season = seasons[0] if seasons else 1
    stride = _stride(panel, model, *budget)
    every = [_origins(int(n), model.features.span, stride) for n in panel.lengths]
    pasts, targets, futures = [], [], []
    for index, origins in enumerate(every):
        encoded = model.encode(panel.row(index))
        filled = _fill_causally(encoded, season)
        past = _pasts(filled, origins, model.window_length, index)
        pasts.append(past.beside(_memories(panel, index, model)[origins]))
        targets.append(_following(encoded, origins, model.block_length))
        covariates = panel.covariates.future[panel.offsets[index] : panel.offsets[index + 1]]
        futures.append(_following(covariates, origins, model.block_length))
    past = _join(pasts)
    view, series = model.features.view(past), past.series
    # A step out of a flat past is 1e9 such scales: it must not outweigh all the rest.
    weights, denominators = np.where(view.is_flat, 0.0, 1.0), np.zeros(0)
    if weighted:
        slope, denominators = (
            model.power.slope(view.level) * view.scale,
            seasonal_changes(panel, season),
        )
        weights = metric_weights(slope, denominators[series])
    scaled = (np.concatenate(targets) - view.level[:, None]) / view.scale[:, None]
    known = np.nan_to_num(np.concatenate(futures))
    return Samples(view, scaled, known, weights, series, denominators)


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


def _stride(panel: Panel, model: PooledARModel, max_rows: int, num_solves: int) -> int:
    """Distance between origins: all rows if they are few, never in step with a season."""
    features = model.features
    rows = sum(len(_origins(int(n), features.span, 1)) for n in panel.lengths)
    num_columns = features.num_columns + len(model.covariate_centres)
    most = min(max_rows, _affordable_rows(num_columns, num_solves))
    return coprime_stride(-(-rows // most), features.seasons)


def _affordable_rows(num_columns: int, num_solves: int) -> int:
    """Rows whose Gram matrices of all regressions stay within the budget; at least ten a column."""
    return int(max(10 * num_columns, _MOST_PRODUCTS / (num_columns**2 * num_solves)))


def _origins(length: int, span: int, stride: int) -> NDArray:
    """Numbers of steps known at each origin, oldest first; a short series starts half-way."""
    first = max(1, min(span, length // 2))
    return np.arange(length - 1, first - 1, -stride)[::-1]


def _pasts(values: NDArray, origins: NDArray, window_length: int, index: int) -> Past:
    padded = np.concatenate([np.full(window_length, np.nan), values])
    windows = padded[origins[:, None] + np.arange(window_length)]
    totals = np.concatenate([[0.0], np.cumsum(values)])[origins]
    sizes = np.concatenate([[0.0], np.cumsum(np.abs(values))])[origins]
    first = np.full(len(origins), values[0] if len(values) else np.nan)
    return Past(windows, totals, sizes, origins, first, np.full(len(origins), index))


def _memories(panel: Panel, index: int, model: PooledARModel) -> NDArray:
    """Memory of past covariates before each step of a series, and after its last one."""
    if model.memory is None:
        return np.zeros((int(panel.lengths[index]) + 1, 0))
    covariates = panel.covariates.past[panel.offsets[index] : panel.offsets[index + 1]]
    return model.memory.along(model.memory.blank(1), covariates[None])[0]


def _following(values: NDArray, origins: NDArray, num_steps: int) -> NDArray:
    padded = np.concatenate([values, np.full((num_steps, *values.shape[1:]), np.nan)])
    return padded[origins[:, None] + np.arange(num_steps)]


def _join(pasts: list[Past]) -> Past:
    fields = ("window", "total", "size", "clock", "first", "series", "offset", "covariates")
    return Past(*(np.concatenate([getattr(past, name) for past in pasts]) for name in fields))


def _fill_causally(values: NDArray, season: int) -> NDArray:
    """Gaps replaced by the value one season before, or by the last value."""
    filled = values.copy()
    for step in np.flatnonzero(np.isnan(values)):
        before = filled[step - season] if step >= season else np.nan
        filled[step] = filled[step - 1] if np.isnan(before) and step else before
    return filled
