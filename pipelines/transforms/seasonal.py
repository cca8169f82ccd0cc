"""The season taken out of each series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..panel import Panel
from .base import Transform, View
from .differences import _check_steps

__all__ = ["STLDeseasonalizer"]

# Cycles of the seasonal component whose mean is the table: it may change slowly, the last count.
_LAST_CYCLES = 3
# Loess ten times in a window, as in R's stl: down to a fourth of the time, within 0.3 % of it.
_JUMPS, _WINDOWS = 10, ("seasonal", "trend", "low_pass")


@dataclass(frozen=True, repr=False)
class STLDeseasonalizer(Transform):
    """`z[t] = y[t] - s[phase of t]`, s the mean of the last three cycles of STL's component.

    The decomposition by loess runs over the training part once. The table stays as it is from then
    on: nothing later is looked at. A series of fewer than two seasons of values is left as it is
    (`fell_back_`); without a season nothing is changed.

    Args:
        season_length: steps in a season, at least 2; by default that of the training series.
        robust: weights that keep outliers out of the season.

    Raises:
        ValueError: for a season below 2, or `robust` that is no truth value.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("co2").tail(300)
        >>> fc.Pipeline([fc.STLDeseasonalizer(52), fc.AR(lags=4)]).fit(df).predict(3).shape
        (3, 3)

    Source: Cleveland et al. (1990), "STL: A seasonal-trend decomposition procedure based on
    loess", Journal of Official Statistics 6.
    """

    season_length: int | None = None
    robust: bool = False
    uses_clock: ClassVar[bool] = True
    linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse settings of other kinds."""
        if self.season_length is not None:
            _check_steps("season_length", self.season_length, 2)
        if not isinstance(self.robust, bool):
            raise ValueError(f"`robust` must be True or False; got {self.robust!r}.")

    def suits(self, panel: Panel, season_length: int) -> np.ndarray:
        """See `Transform`; two seasons of values are needed."""
        period = self._period(season_length)
        known = [np.sum(~np.isnan(panel.row(i))) for i in range(panel.num_series)]
        return np.array(known) >= (2 * period if period > 1 else 0)

    def fit(self, panel: Panel, season_length: int) -> dict[str, np.ndarray]:
        """See `Transform`."""
        period = self._period(season_length)
        table = np.zeros((panel.num_series, period))
        if period > 1:
            for i in np.flatnonzero(self.suits(panel, season_length)).tolist():
                table[i] = self._phase_means(panel.row(i), period)
        return {"season": table}

    def forward(self, values: np.ndarray, view: View) -> np.ndarray:
        """See `Transform`."""
        return values - view.by_phase("season")

    def inverse(self, values: np.ndarray, view: View) -> np.ndarray:
        """See `Transform`."""
        return values + view.by_phase("season")

    def _period(self, season_length: int) -> int:
        return season_length if self.season_length is None else int(self.season_length)

    def _phase_means(self, values: np.ndarray, period: int) -> np.ndarray:
        """The seasonal component of one series by phase from its first step, (period,)."""
        size = np.nanmax(np.abs(values))
        known = ~np.isnan(values)
        if np.nanmin(values) == np.nanmax(values):
            return np.zeros(period)
        steps = np.arange(len(values))
        whole = np.interp(steps, steps[known], values[known] / size)
        component = self._component(whole, period)
        last = steps[-_LAST_CYCLES * period :]
        total = np.bincount(last % period, component[last], minlength=period)
        return size * total / np.bincount(last % period, minlength=period)

    def _component(self, values: np.ndarray, period: int) -> np.ndarray:
        """The seasonal component, (steps,): loess at every tenth of a window, lines between."""
        from statsmodels.tsa.seasonal import STL

        windows = STL(values, period=period).config
        jumps = {f"{name}_jump": -(-windows[name] // _JUMPS) for name in _WINDOWS}
        return STL(values, period=period, robust=self.robust, **jumps).fit().seasonal
