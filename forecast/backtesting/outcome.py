"""What comes of a backtest beside the forecasts: what they cost, and from which fit they began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from forecast.backtesting.plan import Plan
from forecast.fitting import Fitted
from forecast.forecaster import Forecaster
from forecast.output import interval_names

__all__ = ["Outcome", "column_names", "learning_curves"]


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
    first: Fitted | None = None


def column_names(forecaster: Forecaster, plan: Plan) -> tuple[str, ...]:
    """The columns that a forecaster adds to the table of a backtest.

    Args:
        forecaster: the forecaster.
        plan: its levels and sample paths count.
    """
    name = forecaster.name
    limits = [limit for level in plan.levels for limit in interval_names(name, level)]
    scores = [] if plan.sampling is None else [plan.sampling.column(name)]
    return (name, *limits, *scores)


def learning_curves(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """The learning curves of the first fits: `model`, `step`, `loss`, `validation`; a row a check.

    A forecaster that holds several networks gives a curve for each, named by both.

    Args:
        outcomes: of a backtest; those without a curve are left out.
    """
    parts = [
        pd.DataFrame(
            {"model": name, "step": steps, "loss": history[f"{prefix}loss"],
             "validation": history[f"{prefix}free_running"]}
        )
        for outcome in outcomes
        if isinstance(outcome.first, Fitted)
        for history in [outcome.first.estimate.history]
        for prefix, steps in _checks(history)
        for name in [f"{outcome.name}.{prefix}".rstrip(".")]
    ]  # fmt: skip
    if not parts:
        return pd.DataFrame(columns=["model", "step", "loss", "validation"])
    return pd.concat(parts, ignore_index=True)


def _checks(history: Mapping[str, list[float]]) -> list[tuple[str, list[float]]]:
    """The prefix of each network within a history (Combine has one a member), and its steps."""
    names = [name for name in history if name == "step" or name.endswith(".step")]
    return [(name.removesuffix("step"), history[name]) for name in names]
