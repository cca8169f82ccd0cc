"""Accuracy metrics: a pointwise statistic and an aggregation, as in GluonTS' ``ev``."""

from forecast.evaluation.metrics.averaging import Array, Axis, mean, total
from forecast.evaluation.metrics.denominators import mase_denominator, rmsse_denominator
from forecast.evaluation.metrics.point import mae, mase, nd, nrmse, owa, rmse, rmsse, smape
from forecast.evaluation.metrics.pointwise import (
    absolute_error,
    covered,
    quantile_loss,
    scaled,
    squared_error,
    symmetric_percentage_error,
    winkler_score,
)
from forecast.evaluation.metrics.quantile import (
    coverage,
    interval_score,
    msis,
    pinball,
    weighted_quantile_loss,
)

__all__ = [
    "Array",
    "Axis",
    "absolute_error",
    "coverage",
    "covered",
    "interval_score",
    "mae",
    "mase",
    "mase_denominator",
    "mean",
    "msis",
    "nd",
    "nrmse",
    "owa",
    "pinball",
    "quantile_loss",
    "rmse",
    "rmsse",
    "rmsse_denominator",
    "scaled",
    "smape",
    "squared_error",
    "symmetric_percentage_error",
    "total",
    "weighted_quantile_loss",
    "winkler_score",
]
