"""Central intervals around point forecasts: from past errors, or from the model's equation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from scipy import stats

from forecast import engine
from forecast.protocol import StateBatch

if TYPE_CHECKING:
    from forecast.fitting import Fitted

__all__ = ["KINDS", "check_intervals", "interval_limits"]

KINDS = ("conformal", "analytic")


def check_intervals(intervals: Any) -> None:
    """Refuse anything but a known kind of interval.

    Example:
        >>> check_intervals("analytic")
    """
    if intervals not in KINDS:
        raise ValueError(f"`intervals` must be 'conformal' or 'analytic'; got {intervals!r}.")


def interval_limits(
    fitted: Fitted, state: StateBatch, points: NDArray, level: float, kind: str = "conformal"
) -> tuple[NDArray, NDArray]:
    """Both limits of the central interval at each step ahead, within the explosion guard.

    "conformal": `y +- scale * w`, w the order statistic of the scaled errors at past origins.
    "analytic": `y +- z * s`, s the model's standard deviation of the forecast error and z the
    normal quantile; for a model that works in logarithms, in logarithms.

    Args:
        fitted: the fit; its model has a method `deviations` where the kind is "analytic".
        state: states that the forecasts start from, `num_rows` series.
        points: point forecasts, `(num_rows, horizon)`.
        level: percent, above 0 and below 100.
        kind: "conformal" or "analytic".

    Returns:
        Lower and upper limits, each `(num_rows, horizon)`.
    """
    if kind == "analytic":
        low, high = _analytic(fitted.model, state, points, level)
    else:
        calibration = fitted.calibration
        width = calibration.half_width(level, points.shape[1])
        spread = calibration.scale(state)[:, None] * width
        low, high = points - spread, points + spread
    bounds = engine.bounds(state)
    return bounds.clip(low), bounds.clip(high)


def _analytic(model: Any, state: StateBatch, points: NDArray, level: float):
    spread = engine.deviations(model, state, points.shape[1])
    spread = spread * stats.norm.ppf(0.5 + level / 200.0)
    middle = model.encode(points)
    return model.decode(middle - spread), model.decode(middle + spread)
