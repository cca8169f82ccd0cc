"""Sample paths that are scored at each origin of a backtest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.checks import check_positive_integer, check_seed
from forecast.draws import series_key
from forecast.sampled import sampled

if TYPE_CHECKING:
    from forecast.backtesting.standing import Standing
    from forecast.fitting import Fitted
    from forecast.pipelines import Panel

__all__ = ["Sampling"]


@dataclass(frozen=True)
class Sampling:
    """How many sample paths are rolled out at each origin, and from which seed.

    Args:
        num_paths: paths for each series and origin, at least 1.
        seed: as for `sample`.

    Example:
        >>> Sampling(100).column("AR")
        'AR-crps'
    """

    num_paths: int
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers that `sample` would refuse."""
        check_positive_integer("num_paths", self.num_paths)
        check_seed(self.seed)

    def column(self, name: str) -> str:
        """Name of the column of a forecaster's scores."""
        return f"{name}-crps"

    def scores(self, fitted: Fitted, standing: Standing, panel: Panel, gap: int) -> NDArray:
        """CRPS of the paths at each step scored, in the unit of the series.

        Args:
            fitted: the fit.
            standing: where the paths begin.
            panel: the series, with the steps that follow.
            gap: steps ahead that are not scored.

        Returns:
            `(num_rows, horizon)`; NaN where a step has no value.
        """
        from forecast.evaluation.crps import continuous_ranked_probability_score

        horizon = standing.future.shape[1] - gap
        keys = series_key(panel.ids)[standing.rows]
        actual = engine.following(panel, standing.ends + gap, horizon, standing.rows)
        scores = np.empty(actual.shape)
        state, future = standing.state, standing.future
        for rows, paths in sampled(fitted, state, keys, future, self.num_paths, self.seed):
            found = continuous_ranked_probability_score(paths[:, :, gap:], actual[rows])
            scores[rows] = found
        return scores
