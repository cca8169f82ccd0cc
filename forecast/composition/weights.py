"""Weights of the members of a combination, from their errors before the cutoff."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.calibration import mean_scaled_error
from forecast.denominators import seasonal_changes
from forecast.pipelines import Origins, Panel
from forecast.protocol import Model

__all__ = ["inverse_error_weights", "validation_weights"]

# Between equal weights (0) and the best member alone (infinite). Fixed: on 192 panels of 1 to 80
# series from training parts (hospital, tourism, NN5, M4 weekly) 4 was near the best power, and
# better than one chosen on each panel, a regression over the simplex or the best member alone.
_POWER = 4
# A MASE counts as at least this share of the largest: a perfect member has no inverse.
_SMALLEST = 1e-3


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
    errors, rows, panel = [], np.empty(0, dtype=np.int64), models[0][1]
    for model, panel in models:
        stops = list(engine.walk(model, panel, np.arange(panel.num_series), origins))
        rows, found, _ = engine.errors_at(model, panel, stops, origins.horizon)
        errors.append(found)
    return inverse_error_weights(np.stack(errors), seasonal_changes(panel, season)[rows])


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
