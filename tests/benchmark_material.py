"""Made-up files in the layout of the public panels, for the tests of the accuracy benchmark."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, which import their neighbours

from panels import PANELS, Panel  # noqa: E402

HOURLY, WEEKLY = PANELS["m4_hourly"], PANELS["m4_weekly"]
SMALL = Panel("a.parquet", horizon=4, season=3, measure="MASE", target=1.0, freq="D")


def daily(length: int, seed: int, period: int = 24) -> np.ndarray:
    """A season, a trend and noise: positive, and different for every seed."""
    step = np.arange(length)
    noise = np.random.default_rng(seed).normal(size=length)
    return 50 + 3 * seed + 0.02 * step + 9 * np.sin(2 * np.pi * step / period) ** 3 + noise


def counted(lengths: dict[str, int], num_test: int, period: int = 24) -> pd.DataFrame:
    """A file whose steps are counted from 0, the last of every series called test."""
    frames = [
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": np.arange(length, dtype=np.int32),
                "y": daily(length, seed, period),
                "split": ["train"] * (length - num_test) + ["test"] * num_test,
            }
        )
        for seed, (name, length) in enumerate(lengths.items())
    ]
    return pd.concat(frames, ignore_index=True).astype(
        {"unique_id": "category", "split": "category"}
    )


def named_splits(sizes: dict[str, int], names=("b", "a")) -> pd.DataFrame:
    """A file of hourly times whose source names train, val and test."""
    split = np.repeat(list(sizes), list(sizes.values()))
    frames = [
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": pd.date_range("2016-07-01", periods=len(split), freq="h"),
                "y": daily(len(split), seed + 1) * (10 * seed - 3),
                "split": split,
            }
        )
        for seed, name in enumerate(names)
    ]
    return pd.concat(frames, ignore_index=True)


def write(folder: Path, panel: Panel, frame: pd.DataFrame) -> Path:
    path = folder / panel.file
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path)
    return folder
