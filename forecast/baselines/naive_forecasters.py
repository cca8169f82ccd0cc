"""The naive family as forecasters."""

from __future__ import annotations

from typing import ClassVar

from forecast.baselines.naive import DriftModel, NaiveModel, SeasonalNaiveModel
from forecast.checks import check_positive_integer
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster

__all__ = ["Drift", "Naive", "SeasonalNaive"]


class Naive(Forecaster):
    """The last value for ever: `y[t+h] = y[t]`.

    Args:
        alias: name of the forecast column; the class by default.

    Example:
        >>> import pandas as pd
        >>> df = pd.DataFrame({"unique_id": "a", "ds": range(8), "y": [1.0, 5, 2, 4, 3, 6, 8, 7]})
        >>> Naive().fit(df).predict(horizon=2)["Naive"].tolist()
        [7.0, 7.0]
    """

    role: ClassVar[str] = "naive"

    def __init__(self, alias: str | None = None) -> None:
        """Store the arguments."""
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:  # noqa: ARG002 (nothing to learn)
        return Estimate.closed_form(NaiveModel(), "last value")


class Drift(Forecaster):
    """The last value plus the mean change so far: `y[t+h] = y[t] + h (y[t] - y[1]) / (t - 1)`.

    Args:
        alias: name of the forecast column; the class by default.
    """

    role: ClassVar[str] = "naive"

    def __init__(self, alias: str | None = None) -> None:
        """Store the arguments."""
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:  # noqa: ARG002 (nothing to learn)
        return Estimate.closed_form(DriftModel(), "mean change since the start")


class SeasonalNaive(Forecaster):
    """The last season for ever: `y[t+h] = y[t+h-m*ceil(h/m)]`.

    Args:
        season_length: m, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.
    """

    role: ClassVar[str] = "naive"

    def __init__(self, season_length: int | None = None, alias: str | None = None) -> None:
        """Store the arguments."""
        check_positive_integer("season_length", season_length, optional=True)
        self.season_length = season_length
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        length = task.season.length
        return Estimate.closed_form(SeasonalNaiveModel(length), f"season {length}")
