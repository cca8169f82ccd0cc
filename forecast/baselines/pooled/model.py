"""The strong linear forecaster: one direct regression per step ahead, pooled over all series."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.features import Features, View
from forecast.baselines.solver import absolute_weights, one_thread, solve_gram
from forecast.baselines.window import Past, WindowModel

__all__ = ["PooledARModel", "Regression", "Samples", "fit_step", "shrink_to_pool"]


@dataclass(frozen=True)
class Regression:
    """How the regressions are fitted.

    Args:
        ridge: penalty as a share of each column's variance, at least 0.
        shrinkage: kappa, the number of pooled rows that a series' own rows are weighed against.
        reweightings: rounds of reweighting towards least absolute deviations; 0 is least squares.
    """

    ridge: float
    shrinkage: float
    reweightings: int


@dataclass(frozen=True, eq=False)
class Samples:
    """Origins with what was seen at each and what followed.

    Args:
        view: the pasts, `n` rows.
        targets: deviations from the level over the scale, `(n, block_length)`; NaN where unknown.
        weights: weight of each origin in the loss, `(n,)`, at least 0.
        series: series of each origin, `(n,)`, non-decreasing.
    """

    view: View
    targets: NDArray
    weights: NDArray
    series: NDArray


class PooledARModel(WindowModel):
    """`y[t+h] = level + scale * (x[t,h] B_h)`, x the lags and means of `Features`.

    Args:
        features: the columns.
        coefficients: B, `(1 + num_series, block_length, num_columns)`: the pool's, then each
            series'; or `(1, ...)` where all share the pool's.
        logarithm: the window holds `log(1 + y)`.
    """

    saved_settings: ClassVar[tuple[str, ...]] = ("logarithm",)
    saved_arrays: ClassVar[tuple[str, ...]] = ("coefficients",)

    def __init__(self, features: Features, coefficients: NDArray, logarithm: bool) -> None:
        """Store the fit."""
        super().__init__(features.window_length, coefficients.shape[1])
        self.features = features
        self.coefficients = coefficients
        self.logarithm = logarithm

    def encode(self, values: NDArray) -> NDArray:
        """See `WindowModel`; a value below 0 that comes later counts as 0 in a logarithm."""
        return np.log1p(np.maximum(values, 0.0)) if self.logarithm else values

    def decode(self, values: NDArray) -> NDArray:
        """See `WindowModel`; far beyond any history the exponential is cut, not infinite."""
        return np.expm1(np.minimum(values, 600.0)) if self.logarithm else values

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """See `WindowModel`."""
        settings, arrays = super().to_saved()
        return {**settings, "features": asdict(self.features)}, arrays

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """See `WindowModel`."""
        features = Features(**settings["features"])
        return super().from_saved({**settings, "features": features}, arrays)

    def emit(self, past: Past, num_steps: int) -> NDArray:
        """See `WindowModel`."""
        view = self.features.view(past)
        own = past.series + 1 if len(self.coefficients) > 1 else np.zeros_like(past.series)
        designs = (self.features.design(view, step + 1) for step in range(num_steps))
        steps = [
            np.einsum("np,np->n", design, self.coefficients[own, step])
            for step, design in enumerate(designs)
        ]
        return view.level[:, None] + view.scale[:, None] * np.stack(steps, axis=1)


def fit_step(
    design: NDArray,
    target: NDArray,
    weights: NDArray,
    regression: Regression,
    start: NDArray | None,
) -> tuple[NDArray, NDArray]:
    """Weighted ridge, reweighted towards `min_B sum_i w_i |y_i - x_i B|`.

    Args:
        design: X, `(n, num_columns)`; the last column is the constant, which is not penalised.
        target: y, `(n,)`.
        weights: w, `(n,)`.
        regression: ridge and number of reweightings.
        start: coefficients to begin from, `(num_columns,)`; None begins with least squares.

    Returns:
        B, `(num_columns,)`, and the weights of the last round, `(n,)`, of mean 1.
    """
    if start is None or not regression.reweightings:
        current = weights**2
    else:
        current = absolute_weights(target - design @ start, weights)
    for remaining in range(regression.reweightings, -1, -1):
        current = current / max(current.mean(), 1e-300)
        gram, moment = _gram(design, target, current)
        penalty = regression.ridge * np.diag(gram)
        penalty[-1] = 0.0
        coefficients = solve_gram(gram, moment, penalty)
        if remaining:
            current = absolute_weights(target - design @ coefficients, weights)
    return coefficients, current


def shrink_to_pool(
    samples: Samples,
    design: NDArray,
    step: int,
    fit: tuple[NDArray, NDArray],
    regression: Regression,
    num_series: int,
) -> NDArray:
    """Each series' coefficients, drawn towards the pool's.

    `B_i = B + (G_i + kappa G)^-1 (c_i - G_i B)`, G the pool's Gram matrix per row.

    Args:
        samples: all origins.
        design: X of the step, `(n, num_columns)`.
        step: column of `samples.targets`.
        fit: the pool's B and the final weights of the rows with a known target (0 elsewhere).
        regression: kappa.
        num_series: number of series.

    Returns:
        `(num_series, num_columns)`.
    """
    pooled, weights = fit
    residual = np.where(weights > 0, np.nan_to_num(samples.targets[:, step]) - design @ pooled, 0.0)
    root = np.sqrt(weights)
    gram, _ = _gram(design, residual, weights)
    prior = regression.shrinkage / max(weights.sum(), 1e-300) * gram
    prior[np.diag_indices_from(prior)] *= 1.0 + regression.ridge
    factor = _whitener(prior)
    white = (design * root[:, None]) @ factor
    starts = np.searchsorted(samples.series, np.arange(num_series + 1))
    moves = np.zeros((num_series, len(pooled)))
    with one_thread():
        for index in np.flatnonzero(np.diff(starts)):
            rows = slice(starts[index], starts[index + 1])
            moves[index] = _unit_ridge(white[rows], root[rows] * residual[rows])
    return pooled + moves @ factor.T


def _whitener(gram: NDArray) -> NDArray:
    """F with `F F' = G^-1` on the columns that vary, 0 on the others."""
    values, vectors = np.linalg.eigh(gram)
    usable = values > 1e-12 * values[-1]
    return vectors * np.where(usable, 1.0 / np.sqrt(np.where(usable, values, 1.0)), 0.0)


def _unit_ridge(design: NDArray, target: NDArray) -> NDArray:
    """`(X'X + I)^-1 X'y` by the smaller of the two equivalent systems."""
    num_rows, num_columns = design.shape
    if num_rows < num_columns:
        system = design @ design.T
        system[np.diag_indices(num_rows)] += 1.0
        return design.T @ np.linalg.solve(system, target)
    system = design.T @ design
    system[np.diag_indices(num_columns)] += 1.0
    return np.linalg.solve(system, design.T @ target)


def _gram(design: NDArray, target: NDArray, weights: NDArray) -> tuple[NDArray, NDArray]:
    """X'WX and X'Wy."""
    root = np.sqrt(weights)
    weighted = design * root[:, None]
    return weighted.T @ weighted, weighted.T @ (root * target)
