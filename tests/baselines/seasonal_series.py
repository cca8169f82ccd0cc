"""Short seasonal series to test classical forecasters on."""

from __future__ import annotations

import numpy as np
import pandas as pd

SEASON = 6
PATTERN = np.array([1.0, -2.0, 3.0, 0.5, 1.5, -4.0])


def frame_of(**series: np.ndarray) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"unique_id": name, "ds": np.arange(len(y)), "y": y})
        for name, y in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


def seasonal(steps: int, level: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, 0.5, steps)
    return level + 0.1 * np.arange(steps) + np.resize(PATTERN, steps) + noise
