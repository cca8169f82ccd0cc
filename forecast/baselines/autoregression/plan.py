"""What is to be fitted: the lags of each series, the terms, the unit of the values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.autoregression.settings import Estimation
from forecast.baselines.autoregression.terms import Deterministic
from forecast.baselines.power import Power
from forecast.pipelines import Panel

__all__ = ["ARPlan", "differenced", "in_logarithms", "undifferenced"]


@dataclass(frozen=True, eq=False)
class ARPlan:
    """One configuration for a panel.

    Args:
        lags: 1-based lags, increasing, of all series together.
        deterministic: terms besides the lags.
        estimation: method, ridge, rows held back.
        used: lags that each series has, `(num_series, num_lags)`; None for all of them.
        logarithm: the equation is in `log(1 + y)`.
        difference: m, the equation is in `y[t] - y[t-m]`; 0 for none.
        rounds: most rounds of expectation and maximisation for series with many gaps.
        horizon: steps ahead that matter: how far a root may lie beyond 1 (see `allowed_root`).
    """

    lags: NDArray
    deterministic: Deterministic = field(default_factory=Deterministic)
    estimation: Estimation = field(default_factory=Estimation)
    used: NDArray | None = None
    logarithm: bool = False
    difference: int = 0
    rounds: int = 12
    horizon: int = 1

    def groups(self, num_series: int) -> Iterator[tuple[NDArray, NDArray]]:
        """Positions of the lags and of the series that have just these lags."""
        if self.used is None:
            yield np.arange(len(self.lags)), np.arange(num_series)
            return
        patterns, which = np.unique(self.used, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            yield np.flatnonzero(pattern), np.flatnonzero(which.ravel() == number)


def in_logarithms(panel: Panel) -> Panel:
    """The panel of `log(1 + y)`."""
    return replace(panel, values=Power(0.0).encode(panel.values))


def differenced(panel: Panel, period: int) -> Panel:
    """The panel of `y[t] - y[t - period]`, without the first `period` steps of each series."""
    lengths = np.maximum(panel.lengths - period, 0)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    skip = np.repeat(panel.offsets[:-1] - offsets[:-1], lengths)
    before = np.arange(offsets[-1]) + skip
    values = panel.values[before + period] - panel.values[before]
    return Panel(panel.ids, values, offsets, panel.starts, panel.frequency)


def undifferenced(lags: NDArray, slopes: NDArray, period: int) -> tuple[NDArray, NDArray]:
    """Lags and coefficients of the values, from those of the differences.

    `(1 - B^m) y[t] = sum_k a_k (1 - B^m) y[t-k]`, multiplied out.

    Args:
        lags: 1-based lags, increasing.
        slopes: a of each series, `(num_series, num_lags)`.
        period: m; 0 where nothing was differenced.
    """
    if not period:
        return lags, slopes
    every = np.unique(np.concatenate([lags, lags + period, [period]]))
    coefficients = np.zeros((len(slopes), len(every)))
    coefficients[:, np.searchsorted(every, period)] = 1.0
    coefficients[:, np.searchsorted(every, lags)] += slopes
    coefficients[:, np.searchsorted(every, lags + period)] -= slopes
    return every, coefficients
