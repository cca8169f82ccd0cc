"""Our backtest of a recurrent network; run by backtest.py in a process of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from backtest_measure import Backtest, Task, report


def frame_of(task: Task) -> pd.DataFrame:
    """The series as a long hourly frame with text as ids."""
    values = task.loaded()
    count, steps = values.shape
    names = pd.Series([f"series {number}" for number in range(count)])
    return pd.DataFrame({
        "unique_id": names.repeat(steps).reset_index(drop=True),
        "ds": np.tile(pd.date_range("2020-01-01", periods=steps, freq="h"), count),
        "y": values.ravel(),
    })  # fmt: skip


def fitted(task: Task, frame: pd.DataFrame) -> Any:
    """The network after a few batches of the steps before the first origin."""
    import forecast as fc

    first = task.first_origin(frame.groupby("unique_id").size().max())
    known = frame[frame.groupby("unique_id").cumcount() < first]
    training = fc.Training(num_steps=task.training_steps)
    network = fc.LSTMForecaster(
        num_layers=task.layers, units=task.units, training=training, seed=task.seed
    )
    return network.fit(known, horizon=task.horizon)


def whole(task: Task) -> tuple[Backtest, Backtest]:
    """`cross_validation`, from the frame of the series to the frame of forecasts."""
    import forecast as fc

    frame = frame_of(task)
    network = fitted(task, frame)

    def run(windows: int) -> tuple[int, int]:
        found = fc.cross_validation(
            network, frame, task.horizon, n_windows=windows, step_size=task.stride, refit=False,
            use_fitted=True,
        )  # fmt: skip
        return len(found), int(found.memory_usage(deep=True).sum())

    return lambda: run(1)[0], lambda: run(task.windows)


def forecasts_alone(task: Task) -> tuple[Backtest, Backtest]:
    """The same without a frame at the end: each origin is forgotten when it was forecast."""
    from forecast.backtesting.course import Course
    from forecast.backtesting.plan import make_plan
    from forecast.pipelines import Columns, Split

    frame = frame_of(task)
    network = fitted(task, frame)

    def run(windows: int) -> int:
        split = Split(windows, task.stride, 0, None, "series")
        plan = make_plan(frame, Columns(), task.horizon, split, refit=False)
        course = Course.laid(network, plan, network.fitted_)
        emitted = course.walked(0, network.fitted_)
        return sum(values.size for one in emitted for values in one.columns.values())

    return lambda: run(1), lambda: run(task.windows)


if __name__ == "__main__":
    report({"ours": whole, "ours, no frame": forecasts_alone})
