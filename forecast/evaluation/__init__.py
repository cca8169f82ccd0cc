"""Metrics, significance, and the scores of a backtest; nothing here imports a model."""

from forecast.evaluation.backtest import Backtest
from forecast.evaluation.calibration import calibration
from forecast.evaluation.calibration_picture import plot_calibration
from forecast.evaluation.comparison import Comparison
from forecast.evaluation.crps import continuous_ranked_probability_score
from forecast.evaluation.metrics import (
    coverage,
    mae,
    mase,
    mase_denominator,
    owa,
    rmse,
    smape,
)
from forecast.evaluation.naive2 import naive2
from forecast.evaluation.records import Material, Protocol, Run
from forecast.evaluation.render import render
from forecast.evaluation.report import write_report
from forecast.evaluation.significance import (
    DieboldMariano,
    Interval,
    diebold_mariano,
    holm,
    skill,
    skill_interval,
)

__all__ = [
    "Backtest",
    "Comparison",
    "DieboldMariano",
    "Interval",
    "Material",
    "Protocol",
    "Run",
    "calibration",
    "continuous_ranked_probability_score",
    "coverage",
    "diebold_mariano",
    "holm",
    "mae",
    "mase",
    "mase_denominator",
    "naive2",
    "owa",
    "plot_calibration",
    "render",
    "rmse",
    "skill",
    "skill_interval",
    "smape",
    "write_report",
]
