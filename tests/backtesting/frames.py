"""Series for tests of backtests: of unequal length, with gaps, covariates and channels."""

from __future__ import annotations

import numpy as np
import pandas as pd


def series(name: str, steps: int, seed: int, gaps: float = 0.0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    season = 5 * np.sin(2 * np.pi * (np.arange(steps) + seed) / 7)
    values = 30 + season + 0.3 * np.cumsum(generator.standard_normal(steps))
    values[generator.random(steps) < gaps] = np.nan
    values[-1] = 31.0
    return pd.DataFrame(
        {
            "unique_id": name,
            "ds": pd.date_range("2022-01-01", periods=steps),
            "y": values,
            "z": values[::-1] + generator.standard_normal(steps),
            "price": generator.uniform(1, 2, steps),
        }
    )


def ragged(gaps: float = 0.0) -> pd.DataFrame:
    """Three series, one of them too short for the first origins."""
    parts = [series("b", 90, 1, gaps), series("a", 120, 2, gaps), series("c", 48, 3, gaps)]
    return pd.concat(parts, ignore_index=True)
