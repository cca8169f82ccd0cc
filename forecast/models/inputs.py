"""What a network sees of a past, and the linear forecast that it corrects.

The highway is the pooled autoregression, one step ahead. The network is fed with what the highway
sees, in the scale of the last lags or of the series, and its output is a correction of the
highway's forecast in that unit. Both are functions of the same window, so training, serving and
free running see the same inputs by construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.window import Past, along
from forecast.models.highway_model import HighwayModel

__all__ = [
    "LARGEST_INPUT",
    "Inputs",
    "input_width",
    "inputs_along",
    "read_inputs",
]

# Inputs beyond this many deviations are cut: a network must not see the extremes of a burst.
LARGEST_INPUT = 8.0


@dataclass(frozen=True, eq=False)
class Inputs:
    """The view of a network on `n` pasts, in their scale (`HighwayModel`).

    Args:
        features: what the network is fed, float32 `(n, num_features)`.
        base: the highway's forecast of the next step, `(n,)`; of several, `(n, num_steps)`.
        unit: size of a correction of 1, `(n,)`; positive.
    """

    features: NDArray
    base: NDArray
    unit: NDArray


def input_width(highway: HighwayModel) -> int:
    """Number of features of `read_inputs`."""
    return 3 + 2 + 3 * len(highway.features.seasons)


def read_inputs(highway: HighwayModel, past: Past, num_steps: int = 1) -> Inputs:
    """Features, linear forecast and unit of each past.

    The features are deviations from the level of the past: the two newest values, the
    forecast of the highway, the values one season before the target and around it, and the level
    of a longer past and of the whole.

    Args:
        highway: the linear forecaster inside the network.
        past: `n` pasts.
        num_steps: steps that the highway forecasts, at most its block length.
    """
    settings = highway.features
    level, unit = highway.scale_of(past)
    base = highway.emit(past, num_steps, np.empty((len(past.clock), num_steps, 0)))
    columns = [base[:, 0], past.last, _lag(past, 2), _long_level(past, settings.span, level)]
    columns.append(past.total / np.maximum(past.clock, 1))
    for season in settings.seasons:
        columns += [_lag(past, season + 1), _lag(past, season), _lag(past, season - 1)]
    deviations = (np.stack(columns, axis=1) - level[:, None]) / unit[:, None]
    features = np.clip(np.nan_to_num(deviations), -LARGEST_INPUT, LARGEST_INPUT)
    return Inputs(features.astype(np.float32), base[:, 0] if num_steps == 1 else base, unit)


def inputs_along(
    highway: HighwayModel, past: Past, values: NDArray, num_steps: int = 1
) -> Iterator[tuple[NDArray, Inputs]]:
    """Inputs after each step of `values`, `(num_rows, num_steps)`, some steps at a time."""
    later = np.concatenate([values, np.full((len(values), 1), np.nan)], axis=1)
    for steps, pasts in along(past.append(later[:, :1]), later[:, 1:]):
        yield steps, read_inputs(highway, pasts, num_steps)


def _lag(past: Past, lag: int) -> NDArray:
    """The value `lag` steps before the next one; NaN outside the window."""
    if not 1 <= lag <= past.window.shape[1]:
        return np.full(len(past.clock), np.nan)
    return past.window[:, -lag]


def _long_level(past: Past, span: int, otherwise: NDArray) -> NDArray:
    """Mean of the last three times `span` values."""
    values = past.window[:, -3 * span :]
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), otherwise)
