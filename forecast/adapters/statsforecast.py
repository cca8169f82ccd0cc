"""A model of statsforecast, one copy a series."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.pipelines import Frequency

__all__ = ["StatsForecastModel"]


class StatsForecastModel:
    """A model of statsforecast for `cross_validation` and `compare`: a copy of it for each series.

    Missing values are filled on the straight line between their neighbours, as most of these models
    take none. Intervals are the model's own.

    Args:
        model: such as `statsforecast.models.AutoETS(season_length=12)`; left as it is.
        alias: name of the forecast column; that of the model by default.
        role: place in a comparison: "naive", "classical", "network" or "other".

    Raises:
        TypeError: for what has no `fit` and `predict`.
    """

    def __init__(self, model: Any, alias: str | None = None, role: str = "classical") -> None:
        """Store the arguments."""
        for name in ("fit", "predict"):
            if not callable(getattr(model, name, None)):
                raise TypeError(
                    f"a model of statsforecast such as AutoETS(season_length=12) is expected; "
                    f"{model!r} has no method {name}."
                )
        self.model = model
        self.alias = alias or getattr(model, "alias", None) or type(model).__name__
        self.role = role

    def fit(
        self, df: pd.DataFrame, id_col: str = "unique_id", time_col: str = "ds",
        target_col: str = "y", freq: Any = None,
    ) -> Self:  # fmt: skip
        """Fit a copy of the model on each series of a long frame.

        Args:
            df: rows of all series, in the order of time.
            id_col: name of the id column.
            time_col: name of the time column.
            target_col: name of the value column.
            freq: distance between two steps, needed for intervals.
        """
        groups = df.groupby(id_col, sort=False)
        self.fitted_ = [
            copy.deepcopy(self.model).fit(_filled(rows[target_col].to_numpy(np.float64)))
            for _, rows in groups
        ]
        last = groups[time_col].last()
        self.names_, self.ids_ = (id_col, time_col), last.index
        self.ends_, self.freq_ = pd.Index(last.to_numpy()), freq
        if isinstance(df[time_col].dtype, pd.DatetimeTZDtype):
            self.ends_ = pd.DatetimeIndex(last)
        return self

    def predict(self, horizon: int, level: list[float] | None = None) -> Any:
        """Forecasts of each series.

        Args:
            horizon: steps ahead.
            level: percentages of intervals; none by default.

        Returns:
            Array `(num_series, horizon)`; with `level` a frame of id, time, forecasts and limits.
        """
        if not level:
            found = [one.predict(h=horizon) for one in self.fitted_]
            return np.stack([np.asarray(one["mean"], np.float64) for one in found])
        found = [one.predict(h=horizon, level=list(level)) for one in self.fitted_]
        frequency = Frequency(self.freq_)
        steps = np.tile(np.arange(1, horizon + 1), len(found))
        frame = pd.DataFrame(
            {
                self.names_[0]: self.ids_.repeat(horizon),
                self.names_[1]: frequency.shift(self.ends_.repeat(horizon), steps),
            }
        )
        for name in found[0]:
            if name == "mean" or name.startswith(("lo-", "hi-")):
                column = self.alias if name == "mean" else f"{self.alias}-{name}"
                frame[column] = np.concatenate([np.asarray(one[name]) for one in found])
        return frame


def _filled(values: NDArray) -> NDArray:
    """Missing values on the straight line between their neighbours."""
    known = np.flatnonzero(~np.isnan(values))
    if len(known) in (0, len(values)):
        return values
    return np.interp(np.arange(len(values)), known, values[known])
