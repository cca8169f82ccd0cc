"""Metrics, significance, and the scores of a backtest; nothing here imports a model."""

from forecast.evaluation.backtest import Backtest
from forecast.evaluation.calibration import calibration
from forecast.evaluation.calibration_picture import plot_calibration
from forecast.evaluation.comparison import Comparison
from forecast.evaluation.crps import continuous_ranked_probability_score, crps_from_quantiles
from forecast.evaluation.metrics import (
    coverage,
    interval_score,
    mae,
    mase,
    mase_denominator,
    msis,
    nd,
    nrmse,
    owa,
    pinball,
    rmse,
    rmsse,
    rmsse_denominator,
    smape,
    weighted_quantile_loss,
)
from forecast.evaluation.metrics.metric import Aggregation, Metric, Ratio, Relative
from forecast.evaluation.metrics.rows import ForecastRows
from forecast.evaluation.naive2 import naive2
from forecast.evaluation.records import Material, Protocol, Run
from forecast.evaluation.render import render
from forecast.evaluation.report import write_report
from forecast.evaluation.scoring import score
from forecast.evaluation.significance import (
    DieboldMariano,
    EqualAccuracy,
    Interval,
    OriginsThatFit,
    PairedTest,
    diebold_mariano,
    equal_accuracy,
    holm,
    model_confidence_set,
    origins_that_fit,
    paired_test,
    sign_flip_p_value,
    skill,
    skill_interval,
)
from forecast.evaluation.significance_report import Significance

__all__ = [
    "Aggregation",
    "Backtest",
    "Comparison",
    "DieboldMariano",
    "EqualAccuracy",
    "ForecastRows",
    "Interval",
    "Material",
    "Metric",
    "OriginsThatFit",
    "PairedTest",
    "Protocol",
    "Ratio",
    "Relative",
    "Run",
    "Significance",
    "calibration",
    "continuous_ranked_probability_score",
    "coverage",
    "crps_from_quantiles",
    "diebold_mariano",
    "equal_accuracy",
    "holm",
    "interval_score",
    "mae",
    "mase",
    "mase_denominator",
    "model_confidence_set",
    "msis",
    "naive2",
    "nd",
    "nrmse",
    "origins_that_fit",
    "owa",
    "paired_test",
    "pinball",
    "plot_calibration",
    "render",
    "rmse",
    "rmsse",
    "rmsse_denominator",
    "score",
    "sign_flip_p_value",
    "skill",
    "skill_interval",
    "smape",
    "weighted_quantile_loss",
    "write_report",
]
