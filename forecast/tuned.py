"""What a forecaster carries of the search that chose its settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Tuned", "search_seconds", "tunings"]


@dataclass(frozen=True)
class Tuned:
    """A search behind a forecaster: what it cost, and what it has seen.

    Args:
        seconds: time that it took, which belongs to the fit.
        until: time of the last step that it looked at, of any series; None where it was made in
            the backtest itself, before the first cutoff.
        series: id of that series.

    Example:
        >>> Tuned(12.5, until=100, series="a").seconds
        12.5
    """

    seconds: float
    until: Any = None
    series: Any = None


def tunings(forecaster: Any) -> Iterator[Tuned]:
    """The searches behind a forecaster and those that it is made of.

    Args:
        forecaster: with `get_params`; anything else has none.
    """
    own = getattr(forecaster, "tuned", None)
    if isinstance(own, Tuned):
        yield own
    if not hasattr(forecaster, "get_params"):
        return
    for value in forecaster.get_params(deep=False).values():
        for member in value if isinstance(value, list | tuple) else [value]:
            yield from tunings(member)


def search_seconds(forecaster: Any) -> float:
    """Seconds of all searches behind a forecaster."""
    return sum((one.seconds for one in tunings(forecaster)), start=0.0)
