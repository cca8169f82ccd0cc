"""Losses of a fitted forecaster at each origin and series of a panel: what tests are made on."""

from __future__ import annotations

import numpy as np
from panels import Panel, Parts
from scores import matrices, naive2_scores, values_of, windows

from forecast.evaluation import mase_denominator, smape
from forecast.forecaster import Forecaster

__all__ = ["losses_of"]


def losses_of(forecaster: Forecaster, panel: Panel, parts: Parts, part: str) -> np.ndarray:
    """`(num_origins, num_series)`, whose mean is the measure of the panel.

    Of the OWA, a series' loss is the mean of its sMAPE and its MASE, each over the mean of Naive2.
    """
    if panel.num_windows == 1:
        forecasts = forecaster.predict(horizon=panel.horizon)
        actual, made = matrices(parts.held, forecasts, forecaster.name, panel.horizon)
        return _of_one_origin(actual, made, panel, parts, part)[None]
    scales = _scales(panel, parts)
    found = []
    for actual, made in windows(forecaster, panel, parts):
        errors = actual - made
        squared = panel.measure == "MSE"
        found.append(np.square(errors).mean(2) if squared else np.abs(errors).mean(2) / scales)
    return np.concatenate(found)


def _of_one_origin(
    actual: np.ndarray, made: np.ndarray, panel: Panel, parts: Parts, part: str
) -> np.ndarray:
    scaled = np.abs(actual - made).mean(axis=1) / _scales(panel, parts)
    if panel.measure != "OWA":
        return scaled
    shares = np.array([float(smape(*pair)) for pair in zip(actual, made, strict=True)])
    of_naive = naive2_scores(actual, values_of(parts.known), panel, part)
    return 0.5 * (shares / of_naive[0] + scaled / of_naive[1])


def _scales(panel: Panel, parts: Parts) -> np.ndarray:
    """MASE denominators; NaN for a series without change, which then does not count."""
    scales = np.array([mase_denominator(past, panel.season) for past in values_of(parts.known)])
    return np.where(scales > 0, scales, np.nan)
