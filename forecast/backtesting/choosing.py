"""Participants that are only settled once it is known what they may look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from forecast.backtesting.guests.guest import Participant
from forecast.backtesting.plan import Plan
from forecast.forecaster import Forecaster

__all__ = ["Chooses", "refuse_choosing", "settled"]


@runtime_checkable
class Chooses(Protocol):
    """What becomes a forecaster from what is known at the first origin, such as a search."""

    @property
    def name(self) -> str:
        """Name of the forecast columns."""
        ...

    def chosen(self, plan: Plan) -> Forecaster:
        """The forecaster for a plan, unfitted."""
        ...


def settled(participants: Sequence[Any], plan: Plan) -> list[Participant]:
    """The participants, those that choose by what they have chosen."""
    return [one.chosen(plan) if isinstance(one, Chooses) else one for one in participants]


def refuse_choosing(participants: Sequence[Any]) -> None:
    """Refuse what has nothing fitted to be used as it is.

    Raises:
        ValueError: naming it.
    """
    for one in participants:
        if isinstance(one, Chooses):
            raise ValueError(
                f"the search for {one.name} searches and fits in the backtest; leave "
                "use_fitted=False."
            )
