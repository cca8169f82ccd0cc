"""What comes of a backtest beside the forecasts: what they cost, and from which fit they began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.backtesting.guests.guest import Participant
from forecast.backtesting.plan import Plan
from forecast.fitting import Fitted
from forecast.output import interval_names

if TYPE_CHECKING:
    from forecast.backtesting.guests.course import GuestFit

__all__ = ["Outcome", "column_names"]


@dataclass(eq=False)
class Outcome:
    """What a backtest has seen of one forecaster.

    Args:
        name: alias of the forecaster.
        columns: names of its columns: the forecasts, the limits of each level, the scores of
            sample paths.
        fit_seconds: time spent fitting, of all processes together.
        predict_seconds: time spent absorbing and forecasting, likewise.
        clipped: forecasts stopped by the explosion guard.
        first: the fit before the first origin.
    """

    name: str
    columns: tuple[str, ...] = ()
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    clipped: int = 0
    first: Fitted | GuestFit | None = None


def column_names(forecaster: Participant, plan: Plan) -> tuple[str, ...]:
    """The columns that a forecaster adds to the table of a backtest.

    Args:
        forecaster: the forecaster.
        plan: its levels and sample paths count.
    """
    name = forecaster.name
    limits = [limit for level in plan.levels for limit in interval_names(name, level)]
    scores = [] if plan.sampling is None else [plan.sampling.column(name)]
    return (name, *limits, *scores)
