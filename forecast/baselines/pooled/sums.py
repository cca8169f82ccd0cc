"""What a pooled autoregression keeps of its rows, and how newer ones move its coefficients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.solver import solve_scaled
from forecast.baselines.pooled.regression import Regression, penalty_of

__all__ = ["PoolSums"]

_ARRAYS = ("information", "floors", "units", "centre", "denominators")


@dataclass(frozen=True, eq=False)
class PoolSums:
    """The information matrix of every step ahead, and how rows are weighed.

    `G_h = sum_i w_i x_i x_i'` with the weights of the last round of the fit. The moments need not
    be kept: `c_h = (G_h + R_h)(B_h - centre)` holds of the coefficients, R the ridge.

    Args:
        regression: loss and ridge; `metric_weights` says whether rows are weighed.
        information: G, `(block_length, num_columns, num_columns)`.
        floors: residuals below count as that size where errors are absolute, `(block_length,)`.
        units: what raw weights are divided by, `(block_length,)`.
        centre: what the ridge draws to, `(num_columns,)`.
        denominators: of the MASE, one a series of the fit; unused without metric weights.
        most: largest weight of a row in the fit; newer rows weigh no more.
    """

    regression: Regression
    information: NDArray
    floors: NDArray
    units: NDArray
    centre: NDArray
    denominators: NDArray
    most: float

    @property
    def is_absolute(self) -> bool:
        """Whether absolute errors are minimised, so that weights follow from residuals."""
        return self.regression.loss == "absolute"

    def copy(self) -> PoolSums:
        """Another one, to be changed in place."""
        return replace(self, information=self.information.copy())

    def moments(self, coefficients: NDArray) -> NDArray:
        """C of every step from its coefficients, both `(block_length, num_columns)`."""
        moves = coefficients - self.centre
        ridges = np.stack([penalty_of(np.diagonal(g), self.regression) for g in self.information])
        return np.einsum("hpq,hq->hp", self.information, moves) + ridges * moves

    def add(self, step: int, moments: NDArray, rows: tuple[NDArray, ...], own: NDArray) -> None:
        """Take rows of one step ahead into its information matrix and its moments, in place.

        Args:
            step: steps ahead, less one.
            moments: c, `(block_length, num_columns)`.
            rows: columns, targets and weights.
            own: coefficients whose residuals give the weights of absolute errors.
        """
        design, target, weights = rows
        if self.is_absolute:
            weights = weights / np.maximum(np.abs(target - design @ own), self.floors[step])
        else:
            weights = weights**2
        weighted = (design * (weights / self.units[step])[:, None]).T
        self.information[step] += weighted @ design
        moments[step] += weighted @ (target - design @ self.centre)

    def solve(self, step: int, moments: NDArray) -> NDArray:
        """`B_h = centre + (G_h + R_h)^-1 c_h`, `(num_columns,)`."""
        gram = self.information[step]
        penalty = penalty_of(np.diagonal(gram), self.regression)
        return self.centre + solve_scaled(gram, moments[step], penalty)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Settings for JSON, and arrays."""
        settings = {"regression": self.regression, "most": self.most}
        return settings, {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """What `to_saved` gave; refuses arrays that do not fit together."""
        arguments: dict[str, Any] = {**settings, **arrays}
        sums = cls(**arguments)
        steps, size = len(sums.information), len(sums.centre)
        fits = (
            sums.information.shape == (steps, size, size)
            and sums.floors.shape == sums.units.shape == (steps,)
            and sums.denominators.ndim == 1
            and isinstance(sums.regression, Regression)
        )
        if not fits:
            raise ValueError("the sums of a pooled autoregression do not fit together.")
        return sums
