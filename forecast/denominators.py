"""The scale of MASE: how much each series changes from one season to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Panel

__all__ = ["seasonal_changes"]


def seasonal_changes(panel: Panel, season: int) -> NDArray:
    """Mean of `|y[t] - y[t-m]|` over the observed pairs of each series, `(num_series,)`.

    0 for a constant series, and for one without a pair.

    Args:
        panel: the series.
        season: m, at least 1.
    """
    return np.array([_change(panel.row(index), season) for index in range(panel.num_series)])


def _change(values: NDArray, season: int) -> float:
    changes = np.abs(values[season:] - values[:-season]) if len(values) > season else np.empty(0)
    known = changes[~np.isnan(changes)]
    return float(known.mean()) if len(known) else 0.0
