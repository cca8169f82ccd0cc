"""What a search has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.figures import new_figure
from forecast.forecaster import Forecaster

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SearchResult"]


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search has found.

    Args:
        best_forecaster: unfitted, with the settings of the lowest score; it carries the seconds of
            the search, which count as its fit in a comparison.
        best_params: these settings; none where the forecaster was best as it was.
        best_score: MASE over all origins.
        trials: a row a trial: `trial`, `state` ("scored", "pruned" or "refused"), `score` over the
            origins reached, their number `origins`, `seconds`, the settings (None in the first:
            the forecaster as it was), and the `reason` of a refusal.
        search_seconds: time that all trials took.
        is_complete: False where the search was stopped before its last trial.
    """

    best_forecaster: Forecaster
    best_params: dict[str, Any]
    best_score: float
    trials: pd.DataFrame
    search_seconds: float
    is_complete: bool = True

    def __repr__(self) -> str:
        """The best settings and what they were chosen from."""
        num, given = len(self.trials), self.trials["score"].iloc[0]
        return (
            f"{self.best_forecaster!r}: MASE {self.best_score:.4g} ({given:.4g} as it was), best "
            f"of {num} trials in {self.search_seconds:.1f} s"
            + ("" if self.is_complete else ", stopped early")
        )

    def plot(self) -> Figure:
        """Scores of the trials in their order, and the best so far (needs matplotlib)."""
        figure = new_figure(7.0, 3.5)
        axes = figure.subplots()
        scored = self.trials[self.trials["state"] == "scored"]
        pruned = self.trials[self.trials["state"] == "pruned"]
        axes.plot(scored["trial"], scored["score"], "o", label="scored")
        axes.plot(pruned["trial"], pruned["score"], "x", color="0.6", label="pruned")
        best = np.minimum.accumulate(scored["score"])
        axes.step(scored["trial"], best, where="post", color="0.2", label="best so far")
        axes.set(xlabel="trial", ylabel="MASE at the origins of the search")
        axes.legend()
        return figure
