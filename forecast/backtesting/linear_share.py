"""How much of a network's forecast is its linear part, and how much the network's correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.backtesting.outcome import Outcome
from forecast.backtesting.plan import Plan
from forecast.fitting import Fitted
from forecast.pipelines import Origins, Panel, evenly_spread
from forecast.protocol import Model

__all__ = ["linear_shares"]

# Enough to tell a share of a few percent, at a cost that no one notices.
_MOST_SERIES, _MOST_ORIGINS = 100, 3
_NAMES = ("model", "linear %", "correction %", "MASE linear", "MASE corrected")


def linear_shares(
    outcomes: Sequence[Outcome], plan: Plan, denominators: Mapping[Any, float]
) -> pd.DataFrame:
    """Compare each network with its own linear part, both rolled out from the same origins.

    With f the network's forecast, l that of its linear part alone, y the newest value known and q
    the MASE denominator, means over series, origins and steps:

        `correction = mean(|f - l| / q) / (mean(|f - l| / q) + mean(|l - y| / q))`

    and the linear share is the rest. Measured with the fit before the first origin, at the last
    three origins, on at most 100 series that are spread evenly.

    Args:
        outcomes: of a backtest; those without a linear part (`highway` of the model) are left out.
        plan: what was run.
        denominators: q of each series by id.

    Returns:
        A row a network: model, both shares in percent, and the MASE, at these origins, of the
        linear part alone and of the network.
    """
    rows = [
        (outcome.name, *_share(outcome.first, linear, plan, denominators))
        for outcome in outcomes
        if isinstance(outcome.first, Fitted)
        and (linear := getattr(outcome.first.model, "highway", None)) is not None
    ]
    return pd.DataFrame(rows, columns=list(_NAMES))


def _share(
    fitted: Fitted, linear: Model, plan: Plan, denominators: Mapping[Any, float]
) -> tuple[float, float, float, float]:
    panel, origins = _looked_at(plan, fitted)
    forecasts = _rolled(fitted.model, fitted, panel, origins)
    alone = _rolled(linear, fitted, panel, origins)
    actual, newest = _around(panel, origins)
    scale = np.array([denominators.get(name, np.nan) for name in panel.ids])
    scale = np.where(scale > 0.0, scale, np.nan)[:, None]
    correction = _mean(np.abs(forecasts - alone) / scale)
    movement = _mean(np.abs(alone - newest) / scale)
    whole = correction + movement
    share = 100.0 * correction / whole if whole > 0.0 else 0.0
    before, after = (_mean(np.abs(actual - values) / scale) for values in (alone, forecasts))
    return 100.0 - share, share, before, after


def _looked_at(plan: Plan, fitted: Fitted) -> tuple[Panel, Origins]:
    """Some of the series, as the model sees them, and the last origins."""
    last = plan.origins.windows(slice(-_MOST_ORIGINS, None))
    able = np.flatnonzero((last.ends >= 0).any(axis=0))
    rows = able[evenly_spread(len(able), _MOST_SERIES)]
    ends = last.ends[:, rows]
    starts = None if last.starts is None else last.starts[:, rows]
    panel = fitted.encoding.apply(plan.reading.panel.take(rows))
    return panel, Origins(ends, last.horizon, last.step_size, starts, last.gap)


def _rolled(model: Model, fitted: Fitted, panel: Panel, origins: Origins) -> NDArray:
    """Point forecasts, `(num_windows, num_series, horizon)`, NaN where there is no origin."""
    shape = (origins.num_windows, panel.num_series, origins.horizon)
    rolled, series = np.full(shape, np.nan), fitted.positions(panel.ids)
    offset = fitted.offsets(panel, series)
    for stop in engine.walk(model, panel, series, origins, offset=offset):
        ahead = engine.forecast(model, stop.state, origins.steps_ahead, future=stop.future)
        rolled[stop.index, stop.rows] = ahead[:, 0, origins.gap :]
    return rolled


def _around(panel: Panel, origins: Origins) -> tuple[NDArray, NDArray]:
    """Values that follow each origin, and the newest one known there, as a last axis of one."""
    shape = (origins.num_windows, panel.num_series)
    newest = np.full((*shape, 1), np.nan)
    actual = np.full((*shape, origins.horizon), np.nan)
    for window, ends in enumerate(origins.ends):
        rows = np.flatnonzero(ends >= 0)
        actual[window, rows] = engine.following(
            panel, ends[rows] + origins.gap, origins.horizon, rows
        )
        for row in rows:
            known = panel.row(int(row))[: ends[row]]
            known = known[~np.isnan(known)]
            newest[window, row] = known[-1] if len(known) else np.nan
    return actual, newest


def _mean(values: NDArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
