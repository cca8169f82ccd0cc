"""A forecaster of this library; run by peers.py in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from forecasters import made
from panels import PANELS
from peers_measure import Predict, Task, report

__all__ = ["OURS"]

OURS = ("SeasonalNaive", "Naive2", "Theta", "ETS", "AR", "PooledAR", "Combine", "ESN", "LSTM")


def prepared(task: Task) -> Callable[[pd.DataFrame], Predict]:
    """The forecaster with its defaults; only those that are trained have a limit of seconds."""
    forecaster = made(task.contender, PANELS[task.panel], task.seed, task.max_seconds)

    def fit(frame: pd.DataFrame) -> Predict:
        forecaster.fit(frame, horizon=task.horizon)
        return predict

    def predict() -> tuple[pd.DataFrame, str]:
        made = forecaster.predict(horizon=task.horizon)
        return made.rename(columns={forecaster.name: "forecast"}), forecaster.choices_

    return fit


if __name__ == "__main__":
    report(dict.fromkeys(OURS, prepared))
