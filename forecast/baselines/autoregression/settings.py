"""What users say about an autoregression: its terms, and how it is estimated."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

from forecast.checks import check_share

__all__ = ["METHODS", "TRENDS", "Estimation", "Terms"]

TRENDS = ("n", "c", "t", "ct")
METHODS = ("ols", "ridge", "yule-walker", "absolute")


@dataclass(frozen=True)
class Terms:
    """What stands in the equation besides the lags (and the covariates given to `fit`).

    Args:
        trend: "n" none, "c" constant, "t" linear in time without a constant, "ct" both.
        seasonal: True adds a dummy for each phase of the season (the first left out beside a
            constant). Phases are counted from the first step of each series.
        seasonal_lags: k, at least 0: the lags m, 2m, ..., km of a season of m steps are added.

    Raises:
        ValueError: for a trend that is not known, or a value of another type.

    Example:
        >>> Terms(trend="ct", seasonal_lags=1)
        Terms(trend='ct', seasonal=False, seasonal_lags=1)
    """

    trend: str = "c"
    seasonal: bool = False
    seasonal_lags: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        _check_choice("trend", self.trend, TRENDS)
        if not isinstance(self.seasonal, bool):
            raise ValueError(f"`seasonal` must be True or False; got {self.seasonal!r}.")
        _check_count("seasonal_lags", self.seasonal_lags)


@dataclass(frozen=True)
class Estimation:
    """How the coefficients are estimated.

    Args:
        method: "ols" least squares; "ridge" least squares with a penalty on the coefficients of
            lags and covariates; "yule-walker" from the autocovariances, with a constant or
            nothing besides the lags; "absolute" least absolute deviations, which wild values
            move less (`sigma2` and the criteria are those of its squared residuals; a series of
            which gaps leave too few complete rows is fitted by least squares).
        ridge: penalty as a share of each column's variance (of what constant and terms leave of
            it), at least 0, for the method "ridge"; `Regression` takes its own as a share of the
            mean square. By generalised cross-validation, series by series, where None.
        hold_back: first steps of each series that are no targets, so that fits of several orders
            see the same rows; the longest lag where None or where that is more.

    Raises:
        ValueError: for an unknown method, or a ridge beside another method than "ridge".

    Example:
        >>> Estimation("ridge", ridge=0.01)
        Estimation(method='ridge', ridge=0.01, hold_back=None)
    """

    method: str = "ols"
    ridge: float | None = None
    hold_back: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        _check_choice("method", self.method, METHODS)
        if self.ridge is not None:
            check_share("ridge", self.ridge)
            if self.method != "ridge":
                raise ValueError(
                    f"`ridge` belongs to method='ridge'; got ridge={self.ridge!r} with method="
                    f"{self.method!r}. Leave `ridge` out, or take Estimation('ridge', ...)."
                )
        if self.hold_back is not None:
            _check_count("hold_back", self.hold_back)


def _check_choice(name: str, value: Any, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        listed = ", ".join(repr(entry) for entry in known)
        raise ValueError(f"`{name}` must be one of {listed}; got {value!r}.")


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 0:
        raise ValueError(f"`{name}` must be a whole number of at least 0; got {value!r}.")
