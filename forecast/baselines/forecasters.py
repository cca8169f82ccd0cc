"""The baselines as forecasters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.ar import estimate_ar
from forecast.baselines.naive import DriftModel, NaiveModel, SeasonalNaiveModel
from forecast.baselines.pooled_ar import Regression
from forecast.baselines.pooled_fit import PooledSettings, estimate_pooled
from forecast.checks import check_positive_integer, check_share
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.pipelines import Panel, Season

__all__ = ["AR", "Drift", "Naive", "PooledAR", "SeasonalNaive"]


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


class AR(Forecaster):
    """Autoregression of each series on its own lags, by least squares, forecast recursively.

    `y[t+1] = b + sum_k a_k y[t+1-lag_k]`

    Args:
        lags: a number p (lags 1..p) or a list of 1-based lags; by default one season and a step,
            with the neighbours of a longer season, cut to what the series' length supports.
        ridge: penalty as a share of the variance, at least 0.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import forecast as fc
        >>> AR(lags=9).fit(fc.load_dataset("sunspots")).predict(horizon=3).shape
        (3, 3)
    """

    role: ClassVar[str] = "linear"
    takes_new_series: ClassVar[bool] = False

    def __init__(
        self,
        lags: int | Iterable[int] | None = None,
        ridge: float = 1e-6,
        season_length: int | None = None,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        _lag_array(lags)
        check_share("ridge", ridge)
        check_positive_integer("season_length", season_length, optional=True)
        self.lags = lags
        self.ridge = ridge
        self.season_length = season_length
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        lags = _lag_array(self.lags)
        lags = _default_lags(task.panel, task.season) if lags is None else lags
        model, fell_back = estimate_ar(task.panel, lags, self.ridge)
        return Estimate.closed_form(model, f"lags {_ranges(lags)}", fell_back)


class PooledAR(Forecaster):
    """The strong linear forecaster: one direct regression per step ahead, shared by all series.

    `y[t+h] = level + scale * (x[t,h] B_h)`: x holds the last `lags` values, the means of the same
    season over 1, 2, 3 and 8 cycles and longer level means, all less the mean level of the last
    `lags`; in logarithms where no series has a negative value. Origins are weighted by what their
    errors cost in MASE, `sum_i w_i |e_i|` is minimised by reweighting, and each series'
    coefficients are drawn towards the pool's.

    Args:
        lags: L, newest values used; from the seasons by default.
        block_length: steps with a regression of their own; by default the horizon that `fit`,
            `compare` or `cross_validation` names, else two seasons. A longer horizon feeds
            blocks back.
        shrinkage: kappa, rows of the pool that a series' own rows are weighed against; above 0,
            `float("inf")` gives all series the same coefficients.
        ridge: penalty as a share of each column's variance, at least 0.
        season_length: steps in a season, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.
    """

    role: ClassVar[str] = "linear"

    def __init__(
        self,
        lags: int | None = None,
        block_length: int | None = None,
        shrinkage: float = 100.0,
        ridge: float = 1e-3,
        season_length: int | None = None,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        check_positive_integer("lags", lags, optional=True)
        check_positive_integer("block_length", block_length, optional=True)
        check_share("shrinkage", shrinkage, low=1e-9)
        check_share("ridge", ridge)
        check_positive_integer("season_length", season_length, optional=True)
        self.lags = lags
        self.block_length = block_length
        self.shrinkage = shrinkage
        self.ridge = ridge
        self.season_length = season_length
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        seasons = seasons_of(task.season)
        settings = PooledSettings(
            num_lags=self.lags or default_num_lags(task.panel, seasons),
            seasons=seasons,
            block_length=self.block_length or task.horizon,
            regression=Regression(self.ridge, self.shrinkage, reweightings=6),
        )
        model = estimate_pooled(task.panel, settings)
        scale = "logarithm" if model.logarithm else "relative to the level"
        choices = f"lags 1-{model.features.num_lags}, {model.block_length} steps direct, {scale}"
        return Estimate.closed_form(model, choices)


def seasons_of(season: Season) -> tuple[int, ...]:
    """The seasons longer than a step, shortest first."""
    lengths = (season.length, season.long or 1)
    return tuple(length for length in lengths if length > 1)


def default_num_lags(panel: Panel, seasons: tuple[int, ...]) -> int:
    """The longest season (two of it if that is short), at most a third of a typical series."""
    wanted = max(seasons, default=12)
    wanted = 2 * wanted if wanted <= 24 else wanted
    return int(np.clip(np.median(panel.lengths) // 3, 1, wanted))


def _default_lags(panel: Panel, season: Season) -> NDArray:
    """Lags 1 to m + 1, and m' - 1 to m' + 1 of a longer season m'; cut where series are short.

    Without a season, 12 (n / 100)^(1/4) lags (Schwert's rule).
    """
    typical = float(np.median(panel.lengths))
    num_lags = season.length + 1 if season.length > 1 else int(12 * (typical / 100) ** 0.25)
    num_lags = int(np.clip(typical // 4, 1, max(num_lags, 1)))
    lags = np.arange(1, num_lags + 1)
    if season.long and season.long + 1 <= typical // 3:
        lags = np.union1d(lags, [season.long - 1, season.long, season.long + 1])
    return lags


def _lag_array(lags: Any) -> NDArray | None:
    """Lags as given, as an increasing array."""
    if lags is None:
        return None
    if isinstance(lags, Iterator):
        raise ValueError(f"`lags` must be a number or a list; got a {type(lags).__name__}.")
    listed = list(lags) if isinstance(lags, Iterable) else None
    if listed is not None and not listed:
        raise ValueError("`lags` is empty; give a number p for lags 1 to p, or a list of lags.")
    for lag in [lags] if listed is None else listed:
        check_positive_integer("lags", lag)
    return np.arange(1, lags + 1) if listed is None else np.unique(listed)


def _ranges(lags: NDArray) -> str:
    """Lags in words.

    Example:
        >>> _ranges(np.array([1, 2, 3, 12]))
        '1-3, 12'
    """
    runs = np.split(lags, np.flatnonzero(np.diff(lags) > 1) + 1)
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
