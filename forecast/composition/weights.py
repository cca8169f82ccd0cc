"""Weights of the members of a combination, from their errors before the cutoff."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from forecast import engine
from forecast.calibration import mean_scaled_error
from forecast.denominators import seasonal_changes
from forecast.pipelines import Origins, Panel
from forecast.protocol import Model

__all__ = [
    "inverse_error_weights",
    "simplex_weights",
    "stacking_weights",
    "validation_weights",
]

# Between equal weights (0) and the best member alone (infinite). Fixed: on 192 panels of 1 to 80
# series from training parts (hospital, tourism, NN5, M4 weekly) 4 was near the best power, and
# better than one chosen on each panel, a regression over the simplex or the best member alone.
_POWER = 4
# A MASE counts as at least this share of the largest: a perfect member has no inverse.
_SMALLEST = 1e-3
# Pull of stacked weights towards equal ones, and the error, as a share of the mean one, below which
# absolute errors count as squares.
_STIFFNESS, _SMOOTHING = 0.2, 1e-3


def validation_weights(
    models: Sequence[tuple[Model, Panel]], origins: Origins, season: int
) -> NDArray:
    """Weights from free-running errors at origins that the models were fitted before.

    Args:
        models: the members, at least one, fitted before the first origin; each with the series as
            it sees them, and the steps that follow.
        origins: where to forecast from.
        season: season of the MASE.

    Returns:
        `(num_models,)`, summing to 1; equal where nothing can be scored.
    """
    return inverse_error_weights(*_errors(models, origins, season))


def stacking_weights(
    models: Sequence[tuple[Model, Panel]], origins: Origins, season: int
) -> NDArray:
    """`min_w mean |sum_i w_i e_i| / q + rho L |w - 1/k|^2` over the simplex, at the same origins.

    e_i are the free-running errors of member i, q the MASE denominator, L the first term at equal
    weights: weights are drawn towards equal ones, and may be 0.

    Args:
        models: as of `validation_weights`.
        origins: where to forecast from.
        season: season of the MASE.

    Returns:
        `(num_models,)`, at least 0 and summing to 1; equal where nothing can be scored.
    """
    return simplex_weights(*_errors(models, origins, season))


def _errors(
    models: Sequence[tuple[Model, Panel]], origins: Origins, season: int
) -> tuple[NDArray, NDArray]:
    """Free-running errors of each member, and the MASE denominator of each origin."""
    errors, rows, panel = [], np.empty(0, dtype=np.int64), models[0][1]
    for model, panel in models:
        every = np.arange(panel.num_series)
        stops = list(engine.walk(model, panel, every, origins, one_step=False))
        rows, found, _ = engine.errors_at(model, panel, stops, origins.horizon)
        errors.append(found)
    return np.stack(errors), seasonal_changes(panel, season)[rows]


def simplex_weights(errors: NDArray, denominators: NDArray) -> NDArray:
    """The weights of `stacking_weights`, from errors.

    Args:
        errors: actual less forecast of each member, `(num_models, num_origins, horizon)`; NaN
            where the value is missing.
        denominators: q of each origin's series, `(num_origins,)`.

    Returns:
        `(num_models,)`, at least 0 and summing to 1.

    Example:
        >>> errors = np.array([[[1.0, -1.0]], [[-1.0, 1.0]], [[3.0, 3.0]]])
        >>> simplex_weights(errors, np.array([1.0])).round(2) + 0.0
        array([0.5, 0.5, 0. ])
    """
    equal = np.full(len(errors), 1.0 / len(errors))
    known = np.isfinite(errors).all(axis=0) & (denominators > 0)[:, None]
    if not known.any():
        return equal
    scale = np.broadcast_to(denominators[:, None], known.shape)[known]
    scaled = errors[:, known] / scale
    level = float(np.abs(equal @ scaled).mean())
    if not level:
        return equal
    scaled = scaled / level

    def objective(weights: NDArray) -> tuple[float, NDArray]:
        total = weights @ scaled
        size = np.sqrt(np.square(total) + _SMOOTHING**2)
        gradient = scaled @ (total / size) / len(total)
        apart = weights - equal
        return size.mean() + _STIFFNESS * apart @ apart, gradient + 2.0 * _STIFFNESS * apart

    total = {"type": "eq", "fun": lambda weights: weights.sum() - 1.0,
             "jac": lambda weights: np.ones_like(weights)}  # fmt: skip
    bounds = [(0.0, 1.0)] * len(errors)
    found = minimize(objective, equal, jac=True, bounds=bounds, constraints=total, method="SLSQP")
    weights = np.clip(found.x, 0.0, None)
    return weights / weights.sum()


def inverse_error_weights(errors: NDArray, denominators: NDArray) -> NDArray:
    """`w_i = MASE_i^-4 / sum_j MASE_j^-4`: twice the error, a sixteenth of the weight.

    Args:
        errors: actual less forecast of each member, `(num_models, num_origins, horizon)`; NaN
            where the value is missing.
        denominators: q of each origin's series, `(num_origins,)`.

    Returns:
        `(num_models,)`, above 0 and summing to 1; equal where no member can be scored.

    Example:
        >>> errors = np.array([[[1.0, 1.0]], [[2.0, 2.0]]])
        >>> inverse_error_weights(errors, np.array([1.0])).round(3)
        array([0.941, 0.059])
    """
    scores = np.array([mean_scaled_error(own, denominators) for own in errors])
    if not np.isfinite(scores).all() or not scores.any():
        return np.full(len(errors), 1.0 / len(errors))
    inverse = np.maximum(scores / scores.max(), _SMALLEST) ** -float(_POWER)
    return inverse / inverse.sum()
