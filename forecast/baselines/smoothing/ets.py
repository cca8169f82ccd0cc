"""ETS of one series: its forms, its start, and smoothing estimated by statsmodels."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.smoothing.adjustment import unit_of
from forecast.pipelines.calendar.season import seasonal_indices

__all__ = [
    "FORMS",
    "LAST_VALUE",
    "LONGEST_SEASON",
    "Form",
    "Smoothing",
    "candidates",
    "choose",
    "fewest_values",
    "start",
    "statsmodels_ets",
]

LONGEST_SEASON = 24
"""A longer season is taken out by fixed indices: it has too many states to correct."""
_SPARE_VALUES = 5
_MOST_CYCLES = 5
_LARGEST_UNIT = 1e50
# A trend that is never damped is tried on longer series only: on short ones it runs away.
_LONG = 100


@dataclass(frozen=True)
class Form:
    """Error additive, with or without a trend, damped or not, and a season.

    Args:
        name: as it is written, such as "AAdM": error, trend, season.
        trend: whether there is a trend.
        damped: whether the trend is damped.
        season: "add", "mul" or None.
    """

    name: str
    trend: bool
    damped: bool
    season: str | None

    def fits(self, values: NDArray, num_values: int, season_length: int) -> bool:
        """Whether a series has enough values for it, all positive where the season multiplies.

        Args:
            values: the series, gaps bridged.
            num_values: values among them that were observed.
            season_length: m; 1 is none.
        """
        if self.season is None:
            return True
        longest = 1 < season_length <= LONGEST_SEASON
        enough = num_values >= fewest_values(season_length)
        return longest and enough and (self.season == "add" or bool(values.min() > 0.0))

    def num_parameters(self, season_length: int) -> int:
        """Parameters as R counts them: smoothing, start states and the variance."""
        seasonal = 1 + season_length if self.season else 0
        return 3 + 2 * self.trend + self.damped + seasonal


FORMS = {
    form.name: form
    for form in (
        Form("ANN", False, False, None),
        Form("AAN", True, False, None),
        Form("AAdN", True, True, None),
        Form("ANA", False, False, "add"),
        Form("AAA", True, False, "add"),
        Form("AAdA", True, True, "add"),
        Form("ANM", False, False, "mul"),
        Form("AAM", True, False, "mul"),
        Form("AAdM", True, True, "mul"),
    )
}


def fewest_values(season_length: int) -> int:
    """Values that a season needs: to be corrected, or for the test that precedes fixed indices.

    Example:
        >>> fewest_values(12), fewest_values(52)
        (29, 156)
    """
    if season_length > LONGEST_SEASON:
        return 3 * season_length
    return 2 * season_length + _SPARE_VALUES


def candidates(num_values: int) -> list[str]:
    """Forms that are tried on a series of so many values.

    Example:
        >>> candidates(60)
        ['ANN', 'AAdN', 'ANA', 'AAdA', 'ANM', 'AAdM']
    """
    return [
        form.name for form in FORMS.values() if form.damped >= form.trend or num_values >= _LONG
    ]


@dataclass(frozen=True)
class Smoothing:
    """A form with its parameters.

    Args:
        form: name of the form.
        values: alpha, beta, gamma, phi, as `SmoothingModel` takes them.
    """

    form: str
    values: tuple[float, ...]

    def without_season(self) -> Smoothing:
        """The same for a history too short for the season."""
        alpha, beta, _, phi = self.values
        return Smoothing(self.form[:-1] + "N", (alpha, beta, 0.0, phi))


LAST_VALUE = Smoothing("ANN", (1.0, 0.0, 0.0, 1.0))


def start(values: NDArray, form: Form, season_length: int) -> tuple[float, float, NDArray]:
    """Level, trend and season before the first step.

    The season is that of a classical decomposition of the first five cycles; level and trend are
    the line through the first ten steps, or two seasons, without it.

    Args:
        values: the series, gaps bridged.
        form: what it is to be smoothed by.
        season_length: m; 1 is none.

    Returns:
        Level, trend (0 without one), and season by phase, `(season_length,)`.

    Source: Hyndman, Koehler, Ord, Snyder (2008), section 2.6.1.
    """
    season = np.zeros(season_length)
    adjusted = values
    if form.season:
        cycles = min(_MOST_CYCLES, len(values) // season_length)
        multiplicative = form.season == "mul"
        season = seasonal_indices(values[: cycles * season_length], season_length, multiplicative)
        repeated = np.resize(season, len(values))
        adjusted = values / repeated if multiplicative else values - repeated
    early = adjusted[: max(10, 2 * season_length)]
    if not form.trend:
        return float(early.mean()), 0.0, season
    slope, level = np.polyfit(np.arange(1, len(early) + 1), early, 1)
    return float(level), float(slope), season


def choose(values: NDArray, num_values: int, season_length: int, names: Iterable[str]) -> Smoothing:
    """The form of the lowest AICc among those that fit, found in two steps, with its parameters.

    Args:
        values: the series, gaps bridged, at least five.
        num_values: values among them that were observed.
        season_length: m; 1 is none.
        names: forms to choose from; where none of them fits, the same without a season.
    """
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        return LAST_VALUE
    forms = [FORMS[name] for name in names]
    fitting = [form for form in forms if form.fits(values, num_values, season_length)]
    fitting = fitting or [FORMS[form.name[:-1] + "N"] for form in forms[:1]]
    found: list[tuple[float, Smoothing]] = [(float("inf"), LAST_VALUE)]
    # The season is chosen without a trend where that is possible, and a trend then tried on it.
    for trend in (False, True):
        tried = [form for form in fitting if form.trend == trend]
        season = FORMS[min(found, key=_criterion)[1].form].season
        if len(found) > 1:
            tried = [form for form in tried if form.season == season]
        found += [_estimate(values, num_values, form, season_length) for form in tried]
    return min(found, key=_criterion)[1]


def _criterion(pair: tuple[float, Smoothing]) -> float:
    return pair[0]


def _estimate(
    values: NDArray, num_values: int, form: Form, season_length: int
) -> tuple[float, Smoothing]:
    """AICc, of values in a unit that all forms share, and parameters of a form."""
    values = _in_range(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: AICc judges what was reached
        model = statsmodels_ets(values, form, season_length)
        parameters = model.fit(disp=False, return_params=True)
        likelihood = float(model.loglike(parameters))
    named = dict(zip(model.param_names, map(float, parameters), strict=True))
    alpha, gamma = named["smoothing_level"], named.get("smoothing_seasonal", 0.0)
    smoothing = (
        alpha,
        named.get("smoothing_trend", 0.0),
        gamma / (1.0 - alpha) if gamma else 0.0,  # what is left after the level's correction
        named.get("damping_trend", 1.0),
    )
    count = form.num_parameters(season_length)
    room = num_values - count - 1
    usable = room > 0 and np.isfinite([likelihood, *smoothing]).all()
    criterion = 2.0 * (count - likelihood) + 2.0 * count * (count + 1) / max(room, 1)
    return (criterion if usable else float("inf")), Smoothing(form.name, smoothing)


def _in_range(values: NDArray) -> NDArray:
    """The values, in another unit where their squares would leave the range of float64."""
    unit = unit_of(values[None])[0, 0]
    return values if 1.0 / _LARGEST_UNIT < unit < _LARGEST_UNIT else values / unit


def statsmodels_ets(values: NDArray, form: Form, season_length: int) -> Any:
    """The form in statsmodels, with the start that we give it.

    Args:
        values: the series, gaps bridged.
        form: the form.
        season_length: m; 1 is none.
    """
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    level, trend, season = start(values, form, season_length)
    return ETSModel(
        values,
        error="add",
        trend="add" if form.trend else None,
        damped_trend=form.damped,
        seasonal=form.season,
        seasonal_periods=season_length if form.season else None,
        initialization_method="known",
        initial_level=level,
        initial_trend=trend if form.trend else None,
        initial_seasonal=season if form.season else None,
    )
