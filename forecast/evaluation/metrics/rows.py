"""What a statistic sees: actual values, and the forecasts of one model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from forecast.evaluation.metrics.averaging import Array
from forecast.evaluation.names import CRPS
from forecast.output import interval_names

__all__ = ["ForecastRows"]


@dataclass(frozen=True, eq=False)
class ForecastRows:
    """Actual values and the forecasts of one model, a row a step.

    Args:
        model: name of the model.
        actual: (rows,) actual values, NaN where nothing was observed.
        columns: name to (rows,) numbers: point forecasts, ends of intervals, CRPS.
        levels: levels of intervals in percent, ascending.
        scale: (rows,) MASE denominator of each row's series, or None where it is unknown.
        squared_scale: (rows,) RMSSE denominator, or None.

    Example:
        >>> rows = ForecastRows("AR", np.array([1.0]), {"AR": np.array([2.0])})
        >>> rows.forecast
        array([2.])
    """

    model: str
    actual: Array
    columns: Mapping[str, Array]
    levels: tuple[float, ...] = ()
    scale: Array | None = None
    squared_scale: Array | None = None

    @property
    def forecast(self) -> Array:
        """(rows,) point forecasts."""
        return self.columns[self.model]

    def of(self, model: str) -> ForecastRows:
        """The same rows with the forecasts of another model.

        Raises:
            ValueError: there is no such column.
        """
        if model not in self.columns:
            raise ValueError(
                f"there is no column {model!r}, which a relative score divides by; it is the "
                "forecaster fc.Naive2() for the OWA"
            )
        return replace(self, model=model)

    def interval(self, level: float) -> tuple[Array, Array]:
        """(rows,) lower and upper ends; NaN where the model has no such interval."""
        low, high = interval_names(self.model, level)
        return self._column(low), self._column(high)

    @property
    def quantiles(self) -> dict[float, Array]:
        """Share to (rows,) quantile, ascending: the point forecast (0.5), ends of intervals."""
        found = {0.5: self.forecast}
        for level in self.levels:
            low, high = self.interval(level)
            found |= {0.5 - level / 200.0: low, 0.5 + level / 200.0: high}
        return dict(sorted(found.items()))

    @property
    def crps(self) -> Array:
        """(rows,) CRPS of sample paths; NaN where the model has none."""
        return self._column(self.model + CRPS)

    def scales(self, squared: bool = False) -> Array:
        """(rows,) MASE denominators, or those of RMSSE.

        Raises:
            ValueError: they are unknown.
        """
        known = self.squared_scale if squared else self.scale
        if known is None:
            raise ValueError(
                "a scaled score needs the data before the first cutoff: give train_df=, the frame "
                "that the forecasters were fitted on (rows after the first cutoff are not used)"
            )
        return known

    def _column(self, name: str) -> Array:
        return self.columns.get(name, np.full(len(self.actual), np.nan))
