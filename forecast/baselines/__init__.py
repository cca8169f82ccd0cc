"""Naive forecasts and linear autoregressions, in NumPy and SciPy only."""

from forecast.baselines.forecasters import AR, Drift, Naive, PooledAR, SeasonalNaive

__all__ = ["AR", "Drift", "Naive", "PooledAR", "SeasonalNaive"]
