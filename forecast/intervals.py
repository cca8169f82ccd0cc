"""Central intervals around point forecasts: from past errors, or from the model's equation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from scipy import stats

from forecast import engine
from forecast.adaptive import adaptive_width
from forecast.protocol import StateBatch

if TYPE_CHECKING:
    from forecast.calibration import Calibration
    from forecast.fitting import Fitted

__all__ = ["KINDS", "check_intervals", "interval_limits", "kind_of_intervals"]

KINDS = ("conformal", "adaptive", "analytic")


def check_intervals(intervals: Any) -> None:
    """Refuse anything but a known kind of interval.

    Example:
        >>> check_intervals("analytic")
    """
    if intervals not in KINDS:
        raise ValueError(
            f"`intervals` must be 'conformal', 'adaptive' or 'analytic'; got {intervals!r}."
        )


def kind_of_intervals(name: str, model: Any, intervals: Any) -> str:
    """The kind asked for, if a model can give it.

    Args:
        name: of the forecaster, for the message.
        model: its model.
        intervals: "conformal", "adaptive" or "analytic".

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
        kind: "conformal", "adaptive" or "analytic".
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
    spread = spread * stats.norm.ppf(0.5 + level / 200.0)
    middle = model.encode(points)
    return model.decode(middle - spread), model.decode(middle + spread)
