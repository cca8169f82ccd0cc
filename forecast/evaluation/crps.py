"""The continuous ranked probability score of sample paths, and of quantiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecast.evaluation.metrics import Array, quantile_loss

__all__ = ["continuous_ranked_probability_score", "crps_from_quantiles"]


def continuous_ranked_probability_score(paths: ArrayLike, actual: ArrayLike) -> Array:
    """CRPS of sample paths at each step, ``E|X - y| - E|X - X'| / 2``, in the unit of the series.

    The second mean runs over the M (M - 1) pairs of two different paths (Ferro's fair score), not
    over all M^2: its expectation is the score of the law that the paths are drawn from, whatever
    their number, while the score of the M points themselves is too large by ``E|X - X'| / 2M``.
    So a single score may be a little below 0. One path alone, or equal ones, give the absolute
    error.

    Args:
        paths: (rows, paths, horizon) sample paths, one or more a row.
        actual: (rows, horizon) what came, NaN where nothing was observed.

    Returns:
        (rows, horizon) scores, 0 at best, NaN where the actual is NaN.

    Raises:
        ValueError: no path, or shapes that do not belong together.

    Example:
        >>> continuous_ranked_probability_score([[[1.0], [3.0]]], [[2.0]])
        array([[0.]])

    Source:
        Gneiting and Raftery (2007), Strictly proper scoring rules, JASA 102; Ferro (2014), Fair
        scores for ensemble forecasts, QJRMS 140.
    """
    drawn, values = np.asarray(paths, np.float64), np.asarray(actual, np.float64)
    _check_shapes(drawn, values)
    distance = np.abs(drawn - values[:, None]).mean(axis=1)
    return distance - 0.5 * _mean_difference(drawn)


def crps_from_quantiles(quantiles: ArrayLike, levels: ArrayLike, actual: ArrayLike) -> Array:
    """CRPS from quantiles, ``2 int QL_q dq`` as a sum, in the unit of the series.

    ``2 sum_i w_i QL_i``, w_i the share of (0, 1) that lies nearer to level i than to another. With
    levels ``(i - 1/2) / n`` all weights are 1/n. Few levels give a coarse score: compare only
    forecasts that have the same ones.

    Args:
        quantiles: (..., levels) forecasts of the quantiles.
        levels: (levels,) their shares, above 0 and below 1, ascending.
        actual: (...) what came, NaN where nothing was observed.

    Returns:
        (...) scores, 0 at best, NaN where the actual is NaN.

    Raises:
        ValueError: levels that do not ascend or belong to the quantiles, or lie outside (0, 1).

    Example:
        >>> crps_from_quantiles([[1.0, 3.0]], [0.25, 0.75], [2.0])
        array([0.5])

    Source:
        Laio and Tamea (2007), Hydrology and Earth System Sciences 11.
    """
    shares, drawn = np.asarray(levels, np.float64), np.asarray(quantiles, np.float64)
    values = np.asarray(actual, np.float64)
    if drawn.shape != (*values.shape, len(shares)) or np.any(np.diff(shares) <= 0.0):
        raise ValueError(
            f"quantiles of shape {drawn.shape}, levels {shares.tolist()} and actual values of "
            f"shape {values.shape} do not belong together; (..., levels), ascending levels and "
            "(...) are expected"
        )
    middles = np.concatenate([[0.0], (shares[1:] + shares[:-1]) / 2.0, [1.0]])
    return 2.0 * quantile_loss(values[..., None], drawn, shares) @ np.diff(middles)


def _mean_difference(paths: Array) -> Array:
    """Mean of |x_i - x_j| over i != j, ``2 sum_i (2 i - M - 1) x_(i) / (M (M - 1))``."""
    number = paths.shape[1]
    ordered = np.sort(paths, axis=1)
    ordered -= ordered[:, number // 2, None].copy()  # no digits are lost far away from zero
    ranks = 2.0 * np.arange(1, number + 1) - number - 1.0
    return 2.0 * np.einsum("i,rih->rh", ranks, ordered) / max(number * (number - 1), 1)


def _check_shapes(paths: Array, actual: Array) -> None:
    if paths.ndim != 3 or actual.shape != (paths.shape[0], paths.shape[2]):
        raise ValueError(
            f"paths of shape {paths.shape} and actual values of shape {actual.shape} do not belong "
            "together; (rows, paths, horizon) and (rows, horizon) are expected"
        )
    if not paths.shape[1]:
        raise ValueError(f"paths of shape {paths.shape} have no path; give at least one a row")
