"""Series, panels and settings for the tests of the pooled autoregression."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.baselines.pooled.fit import Design, PooledSettings
from forecast.baselines.pooled.regression import Regression
from forecast.pipelines import read_frame

LAGS, SEASON, BLOCK = (1, 2, 3, 4, 5), 4, 3
DESIGN = Design(0.0, "none", "window", level_means=True, season_means=True)


def series(seed, length=120, level=50.0, missing=0.0):
    rng = np.random.default_rng(seed)
    values = level + 8 * np.sin(2 * np.pi * np.arange(length) / SEASON) + rng.normal(0, 2, length)
    values = values + rng.normal(0, 1, length).cumsum()
    gone = rng.random(length) < missing
    gone[[0, -1]] = False
    return np.where(gone, np.nan, values)


def frame_of(*parts):
    frames = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range("2024", periods=len(y)), "y": y})
        for i, y in enumerate(parts)
    ]
    return pd.concat(frames, ignore_index=True)


def panel_of(*parts):
    return read_frame(frame_of(*parts)).panel


def settings(lags=LAGS, max_rows=40_000, design=None, **regression):
    """Squared loss without a penalty, every series with the pool's coefficients, by default."""
    parts = {"ridge": 0.0, "shrinkage": np.inf, "metric_weights": True} | regression
    given = {**vars(DESIGN), **(design or {})}
    fitted = Regression(parts.pop("loss", "squared"), **parts)
    return PooledSettings(lags, (SEASON,), BLOCK, Design(**given), fitted, max_rows)
