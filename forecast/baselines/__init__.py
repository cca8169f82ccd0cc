"""Baselines: naive, linear and classical forecasters, importable without TensorFlow."""

from forecast.baselines.algebra.streaming import LagFit, fit_lags, read_batches
from forecast.baselines.autoregression.forecaster import AR
from forecast.baselines.autoregression.settings import Estimation, Terms
from forecast.baselines.lag_selection import LagSelection
from forecast.baselines.markov.forecaster import HiddenMarkov
from forecast.baselines.naive_forecasters import Drift, Naive, SeasonalNaive
from forecast.baselines.pooled.fit import Design
from forecast.baselines.pooled.forecaster import PooledAR
from forecast.baselines.pooled.regression import Regression
from forecast.baselines.smoothing.forecasters import ETS, Naive2, Theta
from forecast.baselines.state_space.forecaster import LinearDynamicalSystem
from forecast.baselines.state_space.system import LinearSystem
from forecast.baselines.vector.forecaster import VAR

__all__ = [
    "AR",
    "ETS",
    "VAR",
    "Design",
    "Drift",
    "Estimation",
    "HiddenMarkov",
    "LagFit",
    "LagSelection",
    "LinearDynamicalSystem",
    "LinearSystem",
    "Naive",
    "Naive2",
    "PooledAR",
    "Regression",
    "SeasonalNaive",
    "Terms",
    "Theta",
    "fit_lags",
    "read_batches",
]
