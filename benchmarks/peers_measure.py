"""What a contender of the peers' benchmark is to do, and how its seconds are taken."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import pandas as pd

__all__ = ["Predict", "Prepare", "Task", "report", "shortest"]

Predict = Callable[[pd.DataFrame | None], tuple[pd.DataFrame, str]]
"""Takes histories, `unique_id`, `ds`, `y`, or None for the rows that were learned from. Gives the
forecasts from their ends, `unique_id`, `ds`, `forecast`, and in words what was chosen or done."""


@dataclass(frozen=True)
class Task:
    """What a contender is to do, as it travels to its process. The held part does not travel.

    Args:
        contender: its name.
        panel: name of the data set.
        train: Parquet file of the rows to learn from: `unique_id`, `ds`, `y`.
        forecasts: Parquet file to write.
        horizon: steps ahead.
        season: steps of a season by the rules of the panel's score, 1 for none.
        freq: pandas' name of the frequency.
        max_seconds: of training.
        cap_seconds: after which series that are not done yet get the seasonal naive forecast.
        cores: processes or threads.
        seed: of what is random.
        histories: Parquet file of what lies before each of several origins; None for one origin,
            which is the end of the rows to learn from.
    """

    contender: str
    panel: str
    train: str
    forecasts: str
    horizon: int
    season: int
    freq: str
    max_seconds: float
    cap_seconds: float
    cores: int = 2
    seed: int = 0
    histories: str | None = None

    def text(self) -> str:
        """The task as an argument of a command."""
        return json.dumps(asdict(self))


Prepare = Callable[[Task], Callable[[pd.DataFrame], Predict]]
"""Imports what is needed; returns what fits a frame."""


def shortest(frame: pd.DataFrame) -> int:
    """Steps of the shortest series."""
    return int(frame.groupby("unique_id").size().min())


def report(contenders: dict[str, Prepare]) -> None:
    """Fit and forecast with the contender of the command line; print what was measured.

    Imports are in no time: what counts runs from the frame in memory to the fitted model, and from
    there to the frame of forecasts.
    """
    task = Task(**json.loads(sys.argv[1]))
    fit = contenders[task.contender](task)
    frame, histories = (
        None if path is None else pd.read_parquet(path).astype({"unique_id": object})
        for path in (task.train, task.histories)
    )
    began = time.perf_counter()
    predict = fit(frame)
    fitted = time.perf_counter()
    forecasts, choices = predict(histories)
    done = time.perf_counter()
    forecasts[["unique_id", "ds", "forecast"]].to_parquet(task.forecasts)
    print(json.dumps({"fit s": fitted - began, "predict s": done - fitted, "choices": choices}))
