"""Differences, ordinary and seasonal."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from ..panel import Panel
from .base import Transform, View

__all__ = ["Difference", "SeasonalDifference"]


class _Differencing(Transform):
    """`z[t] = y[t] - y[t-m]`, m the memory; 0 leaves the values as they are."""

    linear: ClassVar[bool] = True

    @property
    def per_series(self) -> bool:
        """Nothing is learned."""
        return False

    def fit(self, panel: Panel, season_length: int) -> dict[str, np.ndarray]:  # noqa: ARG002
        """See `Transform`."""
        return {}

    def forward(self, values: np.ndarray, view: View) -> np.ndarray:
        """See `Transform`."""
        joined = np.concatenate([view.past, values], axis=-1)
        return values - joined[..., : values.shape[-1]] if view.past.shape[-1] else values

    def inverse(self, values: np.ndarray, view: View) -> np.ndarray:
        """See `Transform`; one lag after the other, each on those before."""
        lag, steps = view.past.shape[-1], values.shape[-1]
        if not lag:
            return values
        before, found = view.past, []
        for start in range(0, steps, lag):
            part = values[..., start : start + lag]
            before = before[..., : part.shape[-1]] + part
            found.append(before)
        return np.concatenate(found, axis=-1)


@dataclass(frozen=True, repr=False)
class Difference(_Differencing):
    """`z[t] = y[t] - y[t-lag]`, and back `y[t] = y[t-lag] + z[t]`.

    The last `lag` values are kept in the state. A series of fewer than `lag + 2` values is left as
    it is (`fell_back_`).

    Args:
        lag: steps back, at least 1.

    Raises:
        ValueError: for a lag below 1.

    Example:
        >>> import forecast as fc
        >>> fc.Pipeline([fc.Difference(), fc.AR(lags=2)]).name
        'Difference+AR'
    """

    lag: int = 1

    def __post_init__(self) -> None:
        """Refuse what is no number of steps."""
        _check_steps("lag", self.lag, 1)

    def memory(self, season_length: int) -> int:  # noqa: ARG002
        """See `Transform`."""
        return int(self.lag)


@dataclass(frozen=True, repr=False)
class SeasonalDifference(_Differencing):
    """`z[t] = y[t] - y[t-m]`, m the season, and back `y[t] = y[t-m] + z[t]`.

    The last season is kept in the state. A series of fewer than `m + 2` values is left as it is
    (`fell_back_`).

    Args:
        season_length: m, at least 2; by default the season of the training series. Without one
            nothing is changed.

    Raises:
        ValueError: for a season below 2.

    Example:
        >>> import forecast as fc
        >>> fc.Pipeline([fc.SeasonalDifference(11), fc.AR(lags=2)]).name
        'SeasonalDifference+AR'
    """

    season_length: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no season."""
        if self.season_length is not None:
            _check_steps("season_length", self.season_length, 2)

    def memory(self, season_length: int) -> int:
        """See `Transform`."""
        found = season_length if self.season_length is None else int(self.season_length)
        return found if found > 1 else 0


def _check_steps(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"`{name}` must be a whole number of at least {least}; got {value!r}.")
