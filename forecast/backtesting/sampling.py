"""Sample paths that are scored at each origin of a backtest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.checks import check_positive_integer, check_seed
from forecast.draws import series_key
from forecast.protocol import num_channels

if TYPE_CHECKING:
    from forecast.backtesting.standing import Standing
    from forecast.fitting import Fitted
    from forecast.pipelines import Panel

__all__ = ["Sampling"]

# Paths rolled out at once: what they take does not grow with the series or the origins.
_MOST_PATHS = 8192


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

        ahead = standing.future.shape[1]
        keys = series_key(panel.ids)[standing.rows]
        scores = np.empty((len(keys), ahead - gap))
        for part in self._parts(len(keys), num_channels(fitted.model)):
            some = standing.take(part)
            draws = fitted.calibration.draws(some.state, keys[part], self.seed)
            paths = engine.forecast(
                fitted.model, some.state, ahead, draws, self.num_paths, some.future
            )[:, :, gap:]
            actual = engine.following(panel, some.ends + gap, ahead - gap, some.rows)
            scores[part] = continuous_ranked_probability_score(paths, actual)
        return scores

    def _parts(self, num_rows: int, channels: int) -> Iterator[slice]:
        """Rows in groups of whole systems, so few that their paths take little memory."""
        size = max(_MOST_PATHS // (self.num_paths * channels), 1) * channels
        for first in range(0, num_rows, size):
            yield slice(first, first + size)
