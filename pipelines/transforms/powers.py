"""Logarithms and powers."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from ..panel import Panel
from .base import Transform, View

__all__ = ["BoxCox", "Log1p"]

# exp of more is infinite.
_LARGEST_LOGARITHM = 709.78
# Largest factor between x^lambda at the ends of a series and at its centre: powers beyond it lose
# digits that no inverse brings back.
_LARGEST_FACTOR = 1e4
_LAMBDAS = (-1.0, 2.0)
# Each golden section leaves 0.618 of the interval: 36 leave 1e-7 of it.
_GOLDEN, _SECTIONS = 0.6180339887498949, 36


@dataclass(frozen=True, repr=False)
class Log1p(Transform):
    """`z = log(1 + y)`, and back `y = exp(z) - 1`.

    For values above -1; counts and amounts of money are. A later value of -1 or below counts as
    missing: the model goes on with its own forecast, and `Pipeline.outside_domain_` says of which
    series.

    Example:
        >>> import forecast as fc
        >>> fc.Pipeline([fc.Log1p(), fc.AR()]).fit(fc.load_dataset("sunspots")).predict(2).shape
        (2, 3)
    """

    @property
    def per_series(self) -> bool:
        """Nothing is learned."""
        return False

    def fit(self, panel: Panel, season_length: int) -> dict[str, np.ndarray]:  # noqa: ARG002
        """See `Transform`."""
        _refuse_outside(panel, panel.values > -1.0, "Log1p needs values above -1")
        return {}

    def forward(self, values: np.ndarray, view: View) -> np.ndarray:  # noqa: ARG002
        """See `Transform`."""
        return np.log1p(np.where(values > -1.0, values, np.nan))

    def inverse(self, values: np.ndarray, view: View) -> np.ndarray:  # noqa: ARG002
        """See `Transform`; cut where the exponential would be infinite."""
        return np.expm1(np.minimum(values, _LARGEST_LOGARITHM))


@dataclass(frozen=True, repr=False)
class BoxCox(Transform):
    """`z = ((y / g)^lambda - 1) / lambda`; `log(y / g)` for lambda = 0.

    g is the geometric mean of the series: lambda is the same for any unit, and no digits are lost.
    A later value outside of the domain counts as missing. Inverses outside of the range of the
    equation are taken at its edge.

    Args:
        lambda_: the power, from -5 to 5; by default that of maximum likelihood for each series,
            between -1 and 2. Values must be positive (with a given positive lambda, not negative).

    Raises:
        ValueError: for a power that is no number from -5 to 5.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("co2").tail(300)
        >>> fc.Pipeline([fc.BoxCox(), fc.AR(lags=4)]).fit(df).predict(horizon=3).shape
        (3, 3)

    Source: Box and Cox (1964), "An analysis of transformations".
    """

    lambda_: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no power."""
        given = self.lambda_
        if given is None:
            return
        if isinstance(given, bool) or not isinstance(given, Real) or not abs(float(given)) <= 5.0:
            raise ValueError(f"`lambda_` must be a number from -5 to 5, or None; got {given!r}.")

    def fit(self, panel: Panel, season_length: int) -> dict[str, np.ndarray]:  # noqa: ARG002
        """See `Transform`."""
        zero = self.lambda_ is not None and self.lambda_ > 0.0
        needs = "BoxCox needs positive values" + (" or 0" if zero else "")
        _refuse_outside(panel, (panel.values > 0.0) | (zero & (panel.values == 0.0)), needs)
        positive = panel.values > 0.0
        codes, logarithms = panel.codes[positive], np.log(panel.values[positive])
        centre = _means(logarithms, codes, panel.num_series)
        if self.lambda_ is not None:
            power = np.full(panel.num_series, float(self.lambda_))
        else:
            power = _likeliest(logarithms - centre[codes], codes, panel.num_series)
        return {"power": power, "centre": centre}

    def forward(self, values: np.ndarray, view: View) -> np.ndarray:
        """See `Transform`."""
        power = view.column("power")
        inside = (values > 0.0) | ((values == 0.0) & (power > 0.0))
        logarithm = np.log(np.where(inside, values, np.nan)) - view.column("centre")
        safe = np.where(power == 0.0, 1.0, power)
        return np.where(power == 0.0, logarithm, np.expm1(safe * logarithm) / safe)

    def inverse(self, values: np.ndarray, view: View) -> np.ndarray:
        """See `Transform`."""
        power = view.column("power")
        safe = np.where(power == 0.0, 1.0, power)
        inside = np.maximum(safe * values, -1.0)
        logarithm = np.where(power == 0.0, values, np.log1p(inside) / safe)
        return np.exp(np.minimum(logarithm + view.column("centre"), _LARGEST_LOGARITHM))


def _likeliest(logarithms: np.ndarray, codes: np.ndarray, num_series: int) -> np.ndarray:
    """The powers of maximum likelihood, by golden section on all series at once.

    With logarithms l of mean 0 the likelihood of a power is `-n/2 log var(exp(power l) / power)`.

    Args:
        logarithms: less their mean in each series, (num_values,).
        codes: the series of each, (num_values,).
        num_series: number of series.

    Returns:
        float64 of shape (num_series,); 1 for a constant, which every power fits alike.
    """
    largest = np.full(num_series, 1e-10)
    smallest = -largest
    np.maximum.at(largest, codes, logarithms)
    np.minimum.at(smallest, codes, logarithms)
    constant = largest - smallest < 1e-9
    most = np.log(_LARGEST_FACTOR)
    low, high = np.maximum(_LAMBDAS[0], -most / largest), np.minimum(_LAMBDAS[1], -most / smallest)
    for _ in range(_SECTIONS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        better = _spreads(left, logarithms, codes) <= _spreads(right, logarithms, codes)
        low, high = np.where(better, low, left), np.where(better, right, high)
    return np.where(constant, 1.0, (low + high) / 2.0)


def _spreads(powers: np.ndarray, logarithms: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Variance of the transforms of each series, (num_series,)."""
    power = np.where(powers == 0.0, 1e-12, powers)[codes]
    transformed = np.expm1(power * logarithms) / power
    deviations = transformed - _means(transformed, codes, len(powers))[codes]
    return _means(deviations**2, codes, len(powers))


def _means(values: np.ndarray, codes: np.ndarray, num_series: int) -> np.ndarray:
    """Mean of the values of each series, (num_series,); 0 of none."""
    count = np.maximum(np.bincount(codes, minlength=num_series), 1)
    return np.bincount(codes, values, minlength=num_series) / count


def _refuse_outside(panel: Panel, inside: np.ndarray, needs: str) -> None:
    """Refuse a training panel with a value that has no transform."""
    odd = np.flatnonzero(~inside & ~np.isnan(panel.values))
    if len(odd):
        step = int(odd[0])
        series = int(panel.codes[step])
        time = panel.times(series)[step - int(panel.offsets[series])]
        others = f" ({len(odd)} such values in all)" if len(odd) > 1 else ""
        raise ValueError(
            f"{needs}; series {panel.ids[series]!r} has {panel.values[step]:g} at {time}{others}. "
            "Add a constant to the column, or take another transform, such as StandardScaler()."
        )
