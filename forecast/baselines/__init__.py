"""Baselines: naive, linear and classical forecasters, importable without TensorFlow."""

from forecast.baselines.autoregression.forecaster import AR
from forecast.baselines.autoregression.settings import Estimation, OrderSelection, Terms
from forecast.baselines.naive_forecasters import Drift, Naive, SeasonalNaive
from forecast.baselines.pooled.fit import Design
from forecast.baselines.pooled.forecaster import PooledAR
from forecast.baselines.pooled.regression import Regression
from forecast.baselines.smoothing.forecasters import ETS, Naive2, Theta
from forecast.baselines.vector.forecaster import VAR
from forecast.baselines.vector.order import LagSelection

__all__ = [
    "AR",
    "ETS",
    "VAR",
    "Design",
    "Drift",
    "Estimation",
    "LagSelection",
    "Naive",
    "Naive2",
    "OrderSelection",
    "PooledAR",
    "Regression",
    "SeasonalNaive",
    "Terms",
    "Theta",
]
