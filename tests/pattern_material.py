"""Data of which the answers are known, for the networks of the patterns."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import forecast as fc


def few(num_steps: int, rate: float) -> fc.Training:
    """A short training."""
    return fc.Training(num_steps=num_steps, learning_rate=rate, num_checks=3)


def answers(network: Any) -> np.ndarray:
    """What a network says of the series of its states: probabilities or numbers."""
    if hasattr(network, "predict_proba"):
        return network.predict_proba().to_numpy()[:, 2:].astype(float)
    return network.predict()[network.name].to_numpy()


def _joined(series: list[dict[str, Any]]) -> pd.DataFrame:
    frames = [pd.DataFrame({"unique_id": f"s{i:03d}", **one}) for i, one in enumerate(series)]
    return pd.concat(frames, ignore_index=True)


@cache
def persistent_frame() -> pd.DataFrame:
    """`y_t = phi y_{t-1} + e_t`, ragged and with gaps; the sign of phi is the label."""
    rng = np.random.default_rng(0)
    series = []
    for index in range(160):
        length, sign = int(rng.integers(18, 25)), 1 if rng.random() < 0.5 else -1
        y = np.zeros(length)
        for step in range(1, length):
            y[step] = 0.85 * sign * y[step - 1] + rng.normal()
        y[rng.integers(3, 15, size=index % 3)] = np.nan
        label = "slow" if sign > 0 else "quick"
        series.append({"ds": range(100 + index, 100 + index + length), "y": y, "label": label})
    return _joined(series)


@cache
def latched_frame() -> pd.DataFrame:
    """The first value, 2 or -2, is the state for ever; what follows is noise."""
    rng = np.random.default_rng(1)
    series = []
    for index in range(80):
        length, sign = int(rng.integers(16, 21)), 1 if index % 2 else -1
        y = rng.normal(size=length)
        y[0] = 2.0 * sign
        state = pd.Series(np.full(length, 1 if sign > 0 else 7), dtype=float)
        state[rng.integers(1, length, size=2)] = np.nan
        series.append({"ds": pd.date_range("2024-01-01", periods=length), "y": y, "state": state})
    return _joined(series)


@cache
def curves_frame() -> pd.DataFrame:
    """`size` times a falling or a rising curve, with a little noise."""
    rng = np.random.default_rng(2)
    steps, series = np.arange(12), []
    for _ in range(90):
        size, kind = rng.uniform(1.0, 3.0), rng.choice(["fad", "staple"])
        curve = 0.7**steps if kind == "fad" else 1.0 - 0.7**steps
        y = 10.0 * (0.3 * size + curve) + rng.normal(0.0, 0.1, len(steps))
        ds = pd.date_range("2024-01-01", periods=len(steps), freq="W")
        series.append({"ds": ds, "y": y, "size": size, "kind": kind})
    return _joined(series)


@cache
def seasonal_frame() -> pd.DataFrame:
    """A season of 6 steps on levels from 1 to 1,000, with noise in proportion."""
    rng = np.random.default_rng(3)
    series = []
    for _ in range(80):
        length, level = int(rng.integers(24, 31)), 10.0 ** rng.uniform(0.0, 3.0)
        steps = np.arange(length) + rng.integers(6)
        season = 1.0 + 0.5 * np.sin(2 * np.pi * steps / 6)
        y = level * (season + rng.normal(0.0, 0.05, length))
        series.append({"ds": range(length), "y": y})
    return _joined(series)
