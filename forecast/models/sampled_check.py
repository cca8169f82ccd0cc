"""The score that stops the training of a distribution: the CRPS of paths in free running."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.calibration import mean_scaled_error
from forecast.denominators import seasonal_changes
from forecast.draws import Draws
from forecast.pipelines import Origins, Panel, evenly_spread
from forecast.protocol import Model

__all__ = ["sampled_check"]

# Paths of an origin, and origins that they are sampled from: some 2,000 paths a check.
_NUM_PATHS, _MOST_ORIGINS = 20, 100


def sampled_check(panel: Panel, origins: Origins, season: int) -> Callable[[Model], float]:
    """A score of models: the mean scaled CRPS of sample paths from some of the origins.

    The median running freely would not see the spread, and the loss not the feedback.

    Args:
        panel: the series, with the steps that follow the origins.
        origins: where paths begin.
        season: season of the MASE whose denominators scale the scores.
    """
    able = np.argwhere(origins.ends >= 0)
    chosen = able[evenly_spread(len(able), _MOST_ORIGINS)]
    ends = np.full_like(origins.ends, -1)
    ends[tuple(chosen.T)] = origins.ends[tuple(chosen.T)]
    rows = np.unique(chosen[:, 1])
    part, origins = panel.take(rows), replace(origins, ends=ends[:, rows])
    denominators = seasonal_changes(part, season)

    def check(model: Model) -> float:
        scores, series = [], []
        for stop in engine.walk(model, part, rows, origins, one_step=False):
            if len(stop.rows):
                scores.append(_scores(model, part, stop, origins.horizon))
                series.append(stop.rows)
        found = denominators[np.concatenate(series)]
        return mean_scaled_error(np.concatenate(scores), found)

    return check


def _scores(model: Model, panel: Panel, stop: engine.Stop, horizon: int) -> NDArray:
    """CRPS of the paths at each step ahead, `(num_rows, horizon)`, NaN where nothing came.

    Unbiased for few paths: `mean |x_i - y| - sum_(i<j) |x_i - x_j| / (m (m - 1))`.
    """
    keys = stop.rows.astype(np.uint64)
    pool = np.zeros((1, model.block_length))  # of one row: the steps of a block are independent
    draws = Draws(0, keys, stop.state.clock, pool, np.zeros(len(keys)))
    paths = engine.forecast(model, stop.state, horizon, draws, _NUM_PATHS, stop.future)
    actual = engine.following(panel, stop.ends, horizon, stop.rows)
    error = np.abs(paths - actual[:, None]).mean(axis=1)
    order = 2.0 * np.arange(1, _NUM_PATHS + 1) - _NUM_PATHS - 1.0
    apart = np.einsum("p,npt->nt", order, np.sort(paths, axis=1))
    return error - apart / (_NUM_PATHS * (_NUM_PATHS - 1))
