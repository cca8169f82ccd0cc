"""What a network sees, as sums over the newest values: the arrays behind `tensor_inputs`.

A highway's lags and means, and a network's features, are all means over some of the newest values.
So a few arrays say everything, and one compiled function serves every fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.pooled.features import CYCLES, Features
from forecast.models.highway_model import HighwayModel

__all__ = ["Lens", "lag_groups"]


@dataclass(frozen=True)
class Lens:
    """A highway's view of the newest values, newest first: column `l - 1` is lag `l`.

    Groups of lags, in this order: the span; lags 1 and 2; three spans; around the same season, for
    each season; two spans; the last 1, 2, 3 and 8 cycles, for each season. The first four and those
    around the seasons are what the network sees; two and three spans and the cycles enter the
    highway.

    Args:
        highway: the linear forecaster inside the network.
    """

    highway: HighwayModel

    @property
    def is_whole(self) -> bool:
        """Whether these arrays say all that the highway sees: no covariates, no causal scale."""
        plain = self.highway.memory is None and not self.highway.num_future_covariates
        return plain and self.highway.features.scale != "causal"

    @cached_property
    def groups(self) -> NDArray:
        """1 where a lag belongs to a group, else 0; `(num_groups, window_length)`."""
        return lag_groups(self.highway.features)

    def coefficients(self, series: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Coefficients of the highway, one step ahead, and the scale of each series.

        Args:
            series: position of each row among the fitted series, -1 for a new one, `(n,)`.

        Returns:
            Of the lags, `(n, window_length)`; of the groups, `(n, num_groups)`; of the mean of
            everything and of the constant, `(n, 2)`; and `HighwayModel.scales_of`, `(n, 2)`.
        """
        sets = series + 1 if len(self.highway.coefficients) > 1 else np.zeros_like(series)
        of_lags, of_groups, of_rest = (of_set[sets] for of_set in self._sets)
        return of_lags, of_groups, of_rest, self.highway.scales_of(series)

    @cached_property
    def _sets(self) -> tuple[NDArray, NDArray, NDArray]:
        features, columns = self.highway.features, self.highway.coefficients[:, 0]
        num_sets, num_lags = len(columns), len(features.lags)
        lags = np.zeros((num_sets, features.window_length))
        lags[:, np.array(features.lags) - 1] = columns[:, :num_lags]
        groups, rest = np.zeros((num_sets, len(self.groups))), np.zeros((num_sets, 2))
        rest[:, 1] = columns[:, -1]
        if features.level_means:
            two, three, everything = columns[:, num_lags : num_lags + 3].T
            groups[:, self._two_spans], groups[:, 3], rest[:, 0] = two, three, everything
        if features.season_means:
            first = num_lags + 3 * features.level_means
            groups[:, self._two_spans + 1 :] = columns[:, first:-1]
        return lags, groups, rest

    @property
    def _two_spans(self) -> int:
        """Position of the group of two spans."""
        return 4 + 3 * len(self.highway.features.seasons)


def lag_groups(features: Features) -> NDArray:
    """See `Lens.groups`: they depend on what a highway sees, not on its coefficients."""
    lags = [_up_to(features.span), [1], [2], _up_to(3 * features.span)]
    for season in features.seasons:
        lags += [[season + 1], [season], [season - 1]]
    lags += [_up_to(2 * features.span), *_cycles(features)]
    return np.stack([_marked(group, features.window_length) for group in lags])


def _cycles(features: Features) -> list[list[int]]:
    return [
        [season * cycle for cycle in range(1, cycles + 1)]
        for season in features.seasons
        for cycles in CYCLES
    ]


def _up_to(lag: int) -> list[int]:
    return list(range(1, lag + 1))


def _marked(lags: list[int], window_length: int) -> NDArray:
    """1 at these lags, those beyond the window left out, `(window_length,)`."""
    return np.isin(np.arange(1, window_length + 1), lags).astype(np.float64)
