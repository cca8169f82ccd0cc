"""Autoregression of each series on its own lags."""
