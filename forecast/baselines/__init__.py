"""Baselines: the naive family and linear autoregressions, importable without TensorFlow."""

from forecast.baselines.ar_forecaster import AR
from forecast.baselines.naive_forecasters import Drift, Naive, SeasonalNaive
from forecast.baselines.pooled_forecaster import PooledAR

__all__ = ["AR", "Drift", "Naive", "PooledAR", "SeasonalNaive"]
