"""A NeuralForecast with one model."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
import pandas as pd

__all__ = ["NeuralForecastModel"]


class NeuralForecastModel:
    """A `neuralforecast.NeuralForecast` of one model for `cross_validation` and `compare`.

    It is trained once, before the first cutoff, and given the newer rows to forecast from. Missing
    values are filled on the straight line between their neighbours.

    Args:
        source: such as `NeuralForecast(models=[LSTM(h=12, max_steps=200)], freq="MS")`; left as it
            is. The model's `h` must be the horizon (with the gap) of the backtest.
        alias: name of the forecast column; that of the model by default.

    Raises:
        TypeError: for what is no NeuralForecast.
        ValueError: if it has not exactly one model.
    """

    role = "network"
    closed_form = False

    def __init__(self, source: Any, alias: str | None = None) -> None:
        """Store the arguments."""
        models = getattr(source, "models", None)
        if models is None or not callable(getattr(source, "predict", None)):
            raise TypeError(
                f"a NeuralForecast(models=[...], freq=...) is expected; got {source!r}."
            )
        if len(models) != 1:
            raise ValueError(f"a NeuralForecast of one model is expected; it has {len(models)}.")
        self.source = source
        self.alias = alias or getattr(models[0], "alias", None) or type(models[0]).__name__

    def fit(
        self, df: pd.DataFrame, id_col: str = "unique_id", time_col: str = "ds",
        target_col: str = "y",
    ) -> Self:  # fmt: skip
        """Train a copy on a long frame.

        Args:
            df: rows of all series, in the order of time.
            id_col: name of the id column.
            time_col: name of the time column.
            target_col: name of the value column.
        """
        self.names_ = {"id_col": id_col, "time_col": time_col, "target_col": target_col}
        self.rows_ = df
        self.fitted_ = copy.deepcopy(self.source)
        self.fitted_.fit(df=self._filled(), **self.names_)
        return self

    def update(self, df: pd.DataFrame) -> Self:
        """Add newer rows to those that are forecast from; nothing is trained.

        Args:
            df: rows as of `fit`.
        """
        self.rows_ = pd.concat([self.rows_, df], ignore_index=True)
        return self

    def predict(self, horizon: int) -> pd.DataFrame:
        """Forecasts after the last row of each series.

        Args:
            horizon: steps ahead.

        Raises:
            ValueError: if the model forecasts fewer steps.
        """
        found = self.fitted_.predict(df=self._filled()).reset_index(drop=False)
        own, time = self.names_["id_col"], self.names_["time_col"]
        points = [
            name
            for name in found.columns
            if name not in (own, time, "index") and "-lo-" not in name and "-hi-" not in name
        ]
        median = [name for name in points if name.endswith("-median")]
        kept = found[[own, time, (median or points)[0]]].rename(
            columns={(median or points)[0]: self.alias}
        )
        counts = kept.groupby(own).size()
        if counts.min() < horizon:
            raise ValueError(
                f"{self.alias} forecasts h = {counts.min()} steps, {horizon} are needed: make the "
                f"model with h={horizon}."
            )
        return kept.groupby(own, sort=False).head(horizon)

    def _filled(self) -> pd.DataFrame:
        """All rows so far without gaps."""
        own, target = self.names_["id_col"], self.names_["target_col"]
        filled = self.rows_.groupby(own, sort=False)[target].transform(
            lambda values: values.interpolate(limit_direction="both")
        )
        frame = self.rows_.assign(**{target: filled.astype(np.float64)})
        return frame.sort_values([own, self.names_["time_col"]], ignore_index=True)
