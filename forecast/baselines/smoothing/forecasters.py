"""Classical forecasters of one series at a time: Naive2, Theta and exponential smoothing."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.smoothing.adjustment import num_values
from forecast.baselines.smoothing.ets import FORMS
from forecast.baselines.smoothing.ets_fit import Choices, Material
from forecast.baselines.smoothing.theta import FEWEST_VALUES, estimate_naive2, estimate_theta
from forecast.checks import check_positive_integer
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster

__all__ = ["ETS", "Naive2", "Theta"]


class Naive2(Forecaster):
    """The last value of the seasonally adjusted series, with the season put back.

    `y[t+h] = y[t] / s[t] * s[t+h]`, s the multiplicative indices of a classical decomposition,
    where M4's autocorrelation test finds a season; additive where a value is negative; the last
    value elsewhere. It is the benchmark that M4's overall weighted average divides by.

    Args:
        season_length: m, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import pandas as pd
        >>> df = pd.DataFrame({"unique_id": "a", "ds": range(20), "y": [1.0, 3, 2, 6] * 5})
        >>> Naive2(season_length=4).fit(df).predict(horizon=4)["Naive2"].round(6).tolist()
        [1.0, 3.0, 2.0, 6.0]

    Source: Makridakis, Spiliotis, Assimakopoulos (2020), "The M4 Competition".
    """

    role: ClassVar[str] = "naive"
    takes_new_series: ClassVar[bool] = False

    def __init__(self, season_length: int | None = None, alias: str | None = None) -> None:
        """Store the arguments."""
        check_positive_integer("season_length", season_length, optional=True)
        self.season_length = season_length
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        model, short, seasonal = estimate_naive2(task.panel, task.season.length)
        choices = f"last value, {_adjusted_words(task.season.length, seasonal)}"
        return Estimate.closed_form(model, choices, short)


class Theta(Forecaster):
    """The Theta method on the seasonally adjusted series (as Naive2 adjusts it).

    The mean of a straight line and of the smoothed series of twice its curvature, which is simple
    exponential smoothing with half of the line's slope b as a drift:

    `l[t] = l[t-1] + b/2 + alpha (x[t] - l[t-1])`, `x[t+h] = l[t] + (h - 1) b/2`, l[1] = x[1] + b/2

    b is the least-squares slope, alpha the one of the least squared one-step errors of simple
    exponential smoothing. `fell_back_` names the series too short for the test of a season, which
    are forecast without one, and below five values by the last.

    Args:
        season_length: m, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import forecast as fc
        >>> Theta().fit(fc.load_dataset("co2")).predict(horizon=3).shape
        (3, 3)

    Source: Assimakopoulos, Nikolopoulos (2000), "The theta model"; Hyndman, Billah (2003),
    "Unmasking the Theta method".
    """

    role: ClassVar[str] = "classical"
    point: ClassVar[str] = "mean"
    takes_new_series: ClassVar[bool] = False

    def __init__(self, season_length: int | None = None, alias: str | None = None) -> None:
        """Store the arguments."""
        check_positive_integer("season_length", season_length, optional=True)
        self.season_length = season_length
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        model, short, seasonal = estimate_theta(task.panel, task.season.length)
        used = np.flatnonzero(num_values(task.panel) >= FEWEST_VALUES)
        alpha = np.median(model.smoothing[used, 0]) if len(used) else 1.0
        which = "alpha" if task.panel.num_series == 1 else "median alpha"
        words = _adjusted_words(task.season.length, seasonal)
        return Estimate.closed_form(model, f"{which} {alpha:.2g}, {words}", short)


class ETS(Forecaster):
    """Exponential smoothing with additive errors, of the form with the lowest AICc.

    Level, damped trend and season are corrected by each error; see `SmoothingModel`. Parameters
    are estimated by statsmodels, once in a comparison (and once before the origins of intervals
    and weights); states go on at every cutoff. `fell_back_` names the series too short for a
    season, which are smoothed without one, and below five values forecast by the last. On a panel
    of more than 200 series they are estimated on that many, evenly spread; the others share the
    medians of the form chosen most often (with a season where Naive2's test finds one), each with
    its own start.

    Args:
        model: one form for all: "A" for the error, "N", "A" or "Ad" (none, additive, damped) for
            the trend, "N", "A" or "M" for the season, such as "AAdM"; by default the one of the
            lowest AICc, without undamped trends on series of less than 100 values. A series that
            is too short for its season, or not positive where that multiplies, goes without. A
            season longer than 24 steps is taken out by fixed indices.
        season_length: m, at least 1; from the frequency and the data by default.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import forecast as fc
        >>> ETS(model="AAdN").fit(fc.load_dataset("sunspots")).predict(horizon=3).shape
        (3, 3)

    Source: Hyndman, Koehler, Ord, Snyder (2008), "Forecasting with Exponential Smoothing".
    """

    role: ClassVar[str] = "classical"
    point: ClassVar[str] = "mean"
    takes_new_series: ClassVar[bool] = False

    def __init__(
        self,
        model: str | None = None,
        season_length: int | None = None,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        if model is not None and model not in FORMS:
            raise ValueError(f"`model` must be one of {', '.join(FORMS)}, or None; got {model!r}.")
        check_positive_integer("season_length", season_length, optional=True)
        self.model = model
        self.season_length = season_length
        self.alias = alias

    def _estimate(self, task: Task) -> Estimate:
        material = Material.of(task.panel, task.season.length)
        whole = material if task.ahead is None else Material.of(task.ahead[0], task.season.length)
        if task.settled is not None:
            chosen = Choices.from_settled(task.settled)
        else:  # on all of the training part: what lies before its last origins may be too short
            chosen = Choices.estimate(whole, self.model)
        # Errors at the origins ahead are honest only where parameters have not seen them.
        used = chosen if task.ahead is None else chosen.estimated_on(material)
        model, short = material.model(used.of(material)), material.too_short(self.model)
        return Estimate.closed_form(model, used.words(material), short, chosen.to_settled())


def _adjusted_words(season_length: int, seasonal: NDArray) -> str:
    """Which series have a season."""
    count = int(seasonal.sum())
    if season_length == 1 or not count:
        return "no season"
    if count == len(seasonal):
        return f"season {season_length}"
    return f"season {season_length} on {count} of {len(seasonal)} series"
