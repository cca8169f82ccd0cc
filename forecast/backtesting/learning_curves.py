"""Learning curves of the networks of a backtest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from forecast.backtesting.outcome import Outcome
from forecast.fitting import Fitted

__all__ = ["learning_curves"]


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
