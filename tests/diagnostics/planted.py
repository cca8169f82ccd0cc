"""Forecasters that look at what they must not see, and a frame to find them out."""

from __future__ import annotations

import numpy as np
import pandas as pd

import forecast as fc

HORIZON, SEASON = 4, 7


def frame_of(num_series: int = 3, steps: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    parts = []
    for index in range(num_series):
        length = steps - 5 * index
        values = 20 + np.arange(length) % SEASON * 3.0 + rng.normal(size=length)
        times = pd.date_range("2024-01-01", periods=length, freq="D")
        parts.append(pd.DataFrame({"unique_id": f"s{index}", "ds": times, "y": values}))
    return pd.concat(parts, ignore_index=True)


class Mean(fc.Naive):
    """A forecaster of one number, whatever the data."""

    def __init__(self, number: float = 0.0, alias: str | None = None) -> None:
        self.number, self.alias = float(number), alias

    def _estimate(self, task):
        estimate = super()._estimate(task)
        number, model = self.number, estimate.model

        class Constant:
            block_length = model.block_length
            init_state, observe = model.init_state, model.observe

            def rollout(self, state, horizon, feedback, future):
                values = np.full((state.num_rows, feedback.num_paths, horizon), number)
                feedback(values, 0)  # beyond the bounds of the history too: nothing hides a leak
                return values

        return type(estimate)(Constant(), "", estimate.fell_back, {})
