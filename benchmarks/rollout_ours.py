"""Sample paths of our network; run by rollout.py in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from rollout_measure import Task, report


def prepared(task: Task) -> Callable[[], object]:
    """A network after a few batches; the call draws all paths of all series as a long frame."""
    import forecast as fc

    values = task.values()
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat([f"series {row}" for row in range(task.series)], task.steps),
            "ds": np.tile(pd.date_range("2020-01-01", periods=task.steps, freq="h"), task.series),
            "y": values.ravel(),
        }
    )
    training = fc.Training(num_steps=20)
    forecaster = fc.LSTMForecaster(units=40, num_layers=2, training=training, seed=task.seed)
    forecaster.fit(frame, 24)
    return lambda: forecaster.sample(task.horizon, num_paths=task.paths)


if __name__ == "__main__":
    report(prepared)
