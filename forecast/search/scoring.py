"""The score of a forecaster at rolling origins, origin after origin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.backtesting.plan import FEWEST_STEPS, Plan
from forecast.backtesting.run import emitted_by
from forecast.denominators import seasonal_changes
from forecast.forecaster import Forecaster
from forecast.pipelines import Reading, Split, default_season

__all__ = ["Scoring"]

# Enough to tell settings apart, few enough to try many.
_MOST_ORIGINS = 5


@dataclass(frozen=True, eq=False)
class Scoring:
    """Origins inside the data of a search, and what to divide errors by.

    Args:
        plan: data and origins.
        denominators: of the MASE of each series, fixed before its first origin, `(num_series,)`.
    """

    plan: Plan
    denominators: NDArray

    @staticmethod
    def laid(
        reading: Reading, horizon: int, split: Split, season_length: int | None = None
    ) -> Scoring:
        """The last origins of the data; 5 of them, or as many as fit, where the split says none.

        Args:
            reading: the data, all of which the search may see.
            horizon: steps scored at each origin.
            split: settings of the origins.
            season_length: of the MASE; found by default.

        Raises:
            ValueError: if no series varies before its first origin, or no origin fits.
        """
        origins = split.origins(reading.panel, horizon, FEWEST_STEPS)
        if split.n_windows is None and origins.num_windows > _MOST_ORIGINS:
            split = replace(split, n_windows=_MOST_ORIGINS)
            origins = split.origins(reading.panel, horizon, FEWEST_STEPS)
        plan = Plan(reading, origins, split)
        season = default_season(plan.training_part(), season_length).length
        panel = reading.panel
        changes = seasonal_changes(panel.head(origins.first_ends(panel.lengths)), season)
        if not (changes > 0).any():
            raise ValueError(
                "no series varies before its first origin, so there is nothing to scale errors by; "
                "give a longer history or fewer origins (n_windows)."
            )
        scoring_season = replace(plan, scoring_season=season)
        return Scoring(scoring_season, np.where(changes > 0, changes, np.nan))

    def running(self, forecaster: Forecaster) -> Iterator[float]:
        """MASE over the origins so far, after each of them.

        Args:
            forecaster: cloned and fitted before the first origin; closed forms before each.
        """
        scores: list[float] = []
        for window, emitted in enumerate(emitted_by(forecaster, self.plan)):
            scores.append(self._score(window, emitted.columns[forecaster.name]))
            known = [score for score in scores if not np.isnan(score)]
            yield float(np.mean(known)) if known else np.inf

    def _score(self, window: int, points: NDArray) -> float:
        """MASE of an origin: mean over steps, then over series."""
        origins, rows = self.plan.origins, self.plan.rows(window)
        first = origins.ends[window][rows] + origins.gap
        actual = engine.following(self.plan.reading.panel, first, origins.horizon, rows)
        return _mean(_mean_of_rows(np.abs(actual - points)) / self.denominators[rows])


def _mean_of_rows(errors: NDArray) -> NDArray:
    known = ~np.isnan(errors)
    total = np.where(known, errors, 0.0).sum(axis=1)
    return np.divide(total, known.sum(axis=1), out=np.full(len(errors), np.nan),
                     where=known.any(axis=1))  # fmt: skip


def _mean(values: NDArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
