"""Models of statsforecast, a model a series; run by peers.py in the peers' environment."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from functools import partial
from multiprocessing import TimeoutError, get_context
from multiprocessing.pool import Pool
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from peers_measure import Predict, Task, report

# R's auto.arima approximates while it searches where a fit is slow; by default statsforecast does
# not, and one series of M4 hourly takes minutes.
SLOW_STEPS, SLOW_SEASON = 150, 12


def settings(model: str, season: int, num_steps: int) -> dict[str, Any]:
    """What a model is told: its season, and AutoARIMA when to approximate."""
    told: dict[str, Any] = {"season_length": season}
    if model == "AutoARIMA":
        told["approximation"] = num_steps > SLOW_STEPS or season > SLOW_SEASON
    return told


def one(model: str, season: int, horizon: int, job: tuple[int, NDArray]) -> tuple[int, NDArray]:
    """The forecast of a series, and the number of the series."""
    from statsforecast import models

    warnings.simplefilter("ignore")
    number, values = job
    fitted = getattr(models, model)(**settings(model, season, len(values)))
    return number, fitted.forecast(y=values, h=horizon)["mean"]


def many(
    model: str, task: Task, series: list[NDArray], pool: Pool, until: float
) -> dict[int, NDArray]:  # fmt: skip
    """Forecasts of the series that are done in time, by their number.

    Args:
        model: class of statsforecast.
        task: season, horizon, seed.
        series: values of each.
        pool: processes; they are ended.
        until: `time.monotonic()` at which they are.
    """
    # In random order, so that the series that are done stand for all.
    order = np.random.default_rng(task.seed).permutation(len(series))
    work = partial(one, model, task.season, task.horizon)
    found: dict[int, NDArray] = {}
    with pool:
        results = pool.imap_unordered(work, [(int(place), series[place]) for place in order])
        while len(found) < len(series):
            try:
                number, forecast = results.next(timeout=max(until - time.monotonic(), 0.0))
            except TimeoutError:
                break
            found[number] = forecast
    return found


def started(task: Task) -> Pool:
    """Processes of one thread that have imported what they need."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    pool = get_context("spawn").Pool(task.cores)
    jobs = [(number, np.arange(9.0)) for number in range(2 * task.cores)]
    pool.map(partial(one, "SeasonalNaive", 1, 1), jobs, chunksize=1)
    return pool


def prepared(model: str, task: Task) -> Callable[[pd.DataFrame], Predict]:
    """A model that runs up to the cap; the series that are left get the seasonal naive forecast."""
    pool = started(task)

    def fit(frame: pd.DataFrame) -> Predict:
        until = time.monotonic() + task.cap_seconds
        groups = dict(list(frame.groupby("unique_id", sort=False)))
        series = [group["y"].to_numpy(np.float64) for group in groups.values()]
        found = many(model, task, series, pool, until)
        left = [number for number in range(len(series)) if number not in found]
        for number in left:
            job = (number, series[number])
            found[number] = one("SeasonalNaive", task.season, task.horizon, job)[1]
        words = f"season {task.season}; {len(series) - len(left)} of {len(series)} series in time"
        words += ", the others by seasonal naive" if left else ""
        return lambda: (rows_of(groups, found, task), words)

    return fit


def rows_of(groups: dict[str, pd.DataFrame], found: dict[int, NDArray], task: Task) -> pd.DataFrame:
    """The forecasts as a long frame."""
    frames = []
    for number, (name, group) in enumerate(groups.items()):
        times = pd.date_range(group["ds"].iloc[-1], periods=task.horizon + 1, freq=task.freq)[1:]
        rows = {"unique_id": name, "ds": times, "forecast": found[number]}
        frames.append(pd.DataFrame(rows))
    return pd.concat(frames, ignore_index=True)


if __name__ == "__main__":
    names = ("AutoETS", "AutoARIMA", "AutoTheta")
    report({f"statsforecast {name}": partial(prepared, name) for name in names})
