"""Central intervals: from past errors, from the model's equation, or from sample paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from forecast import engine
from forecast.adaptive import adaptive_width
from forecast.protocol import StateBatch
from forecast.sampled import sampled

if TYPE_CHECKING:
    from forecast.calibration import Calibration
    from forecast.fitting import Fitted

__all__ = ["KINDS", "check_intervals", "interval_limits", "kind_of_intervals", "path_limits"]

KINDS = ("conformal", "adaptive", "analytic", "paths")
# Of 500 paths the share beyond a limit of 95 % is known to within 1.4 points, twice its deviation.
_NUM_PATHS = 500


def check_intervals(intervals: Any) -> None:
    """Refuse anything but a known kind of interval.

    Example:
        >>> check_intervals("analytic")
    """
    if intervals not in KINDS:
        raise ValueError(
            f"`intervals` must be 'conformal', 'adaptive', 'analytic' or 'paths'; got "
            f"{intervals!r}."
        )


def kind_of_intervals(name: str, model: Any, intervals: Any) -> str:
    """The kind asked for, if a model can give it.

    Args:
        name: of the forecaster, for the message.
        model: its model.
        intervals: "conformal", "adaptive", "analytic" or "paths".

    Raises:
        ValueError: for an unknown kind, or an analytic one of a model without an equation for it.

    Example:
        >>> kind_of_intervals("Naive", object(), "adaptive")
        'adaptive'
    """
    check_intervals(intervals)
    if intervals == "analytic" and not hasattr(model, "deviations"):
        raise ValueError(
            f"intervals='analytic' needs a model with an equation for the spread of its errors, "
            f"such as AR or VAR, and {name} has none; use 'conformal' or 'adaptive'."
        )
    return intervals


def interval_limits(
    fitted: Fitted,
    state: StateBatch,
    points: NDArray,
    level: float,
    kind: str = "conformal",
    unlearned: NDArray | None = None,
) -> tuple[NDArray, NDArray]:
    """Both limits of the central interval at each step ahead, within the explosion guard.

    "conformal": `y +- scale * w`, w the order statistic of the scaled errors at past origins.
    "adaptive": the same, wider or narrower as the newest one-step errors of each series ask for.
    "analytic": `y +- z * s`, s the model's standard deviation of the forecast error and z the
    normal quantile; for a model that works in logarithms, in logarithms.

    Args:
        fitted: the fit; its model has a method `deviations` where the kind is "analytic".
        state: states that the forecasts start from, `num_rows` series.
        points: point forecasts, `(num_rows, horizon)`.
        level: percent, above 0 and below 100.
        kind: "conformal", "adaptive" or "analytic"; for "paths" see `path_limits`.
        unlearned: see `adaptive_width`; by default the model has learned from all steps.

    Returns:
        Lower and upper limits, each `(num_rows, horizon)`.
    """
    if kind == "analytic":
        low, high = _analytic(fitted.model, state, points, level)
    else:
        spread = _conformal(fitted.calibration, state, level, points.shape[1], kind, unlearned)
        low, high = points - spread, points + spread
    bounds = engine.bounds(state)
    return bounds.clip(low), bounds.clip(high)


def path_limits(
    fitted: Fitted, state: StateBatch, keys: NDArray, future: NDArray, levels: Sequence[float]
) -> list[tuple[NDArray, NDArray]]:
    """Both limits of central intervals as quantiles of sample paths.

    "paths": of those that `sample(num_paths=500)` gives, so of the distribution where the model has
    one, step after step, with each path fed its own draws.

    Args:
        fitted: the fit.
        state: states that the forecasts start from, `num_rows` series.
        keys: hash of the id of each, `(num_rows,)`.
        future: covariates of the steps ahead, `(num_rows, horizon, num_covariates)`.
        levels: percent, above 0 and below 100.

    Returns:
        Lower and upper limits of each level, each `(num_rows, horizon)`.
    """
    shares = [0.5 + side * level / 200.0 for level in levels for side in (-1, 1)]
    found = np.empty((len(shares), *future.shape[:2]))
    for rows, paths in sampled(fitted, state, keys, future, _NUM_PATHS):
        found[:, rows] = np.quantile(paths, shares, axis=1)
    return list(zip(found[::2], found[1::2], strict=True))


def _conformal(
    calibration: Calibration,
    state: StateBatch,
    level: float,
    horizon: int,
    kind: str,
    unlearned: NDArray | None,
) -> NDArray:
    if kind == "adaptive":
        width = adaptive_width(calibration, engine.scores(state), level, horizon, unlearned)
    else:
        width = calibration.half_width(level, horizon)
    return calibration.scale(state)[:, None] * width


def _analytic(model: Any, state: StateBatch, points: NDArray, level: float):
    spread = engine.deviations(model, state, points.shape[1])
    spread = spread * ndtri(0.5 + level / 200.0)
    middle = model.encode(points)
    return model.decode(middle - spread), model.decode(middle + spread)
