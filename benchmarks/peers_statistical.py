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
from peers_labels import name_of
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


def called(model: str, season: int, values: NDArray) -> Any:
    """A model that is not fitted yet."""
    from statsforecast import models

    warnings.simplefilter("ignore")
    return getattr(models, model)(**settings(model, season, len(values)))


def one(model: str, season: int, horizon: int, job: tuple[int, NDArray]) -> tuple[int, NDArray]:
    """The forecast of a series, and the number of the series."""
    number, values = job
    return number, called(model, season, values).forecast(y=values, h=horizon)["mean"]


def fitted(model: str, season: int, job: tuple[int, NDArray]) -> tuple[int, Any]:
    """The model fitted to a series, and the number of the series."""
    number, values = job
    return number, called(model, season, values).fit(values)


def onward(horizon: int, job: tuple[int, tuple[Any, NDArray]]) -> tuple[int, NDArray]:
    """The forecast of a fitted model from the end of a history, and the number of the history."""
    warnings.simplefilter("ignore")
    number, (model, values) = job
    return number, model.forward(y=values, h=horizon)["mean"]


def many(
    work: Callable[[Any], tuple[int, Any]], jobs: dict[int, Any], seed: int, pool: Pool,
    until: float,
) -> dict[int, Any]:  # fmt: skip
    """Results of the jobs that are done in time, by their number.

    Args:
        work: takes a number and a job.
        jobs: by number.
        seed: of the order.
        pool: processes.
        until: `time.monotonic()` after which nothing is waited for.
    """
    # In random order, so that the series that are done stand for all.
    order = np.random.default_rng(seed).permutation(list(jobs)).tolist()
    found: dict[int, Any] = {}
    results = pool.imap_unordered(work, [(number, jobs[number]) for number in order])
    while len(found) < len(jobs):
        try:
            number, result = results.next(timeout=max(until - time.monotonic(), 0.0))
        except TimeoutError:
            break
        found[number] = result
    return found


def started(task: Task) -> Pool:
    """Processes of one thread that have imported what they need."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    pool = get_context("spawn").Pool(task.cores)
    jobs = [(number, np.arange(9.0)) for number in range(2 * task.cores)]
    pool.map(partial(one, "SeasonalNaive", 1, 1), jobs, chunksize=1)
    return pool


def prepared(model: str, task: Task) -> Callable[[pd.DataFrame], Predict]:
    """A model that runs up to the cap; what is left gets the seasonal naive forecast.

    From several origins the fitted models forecast by `forward`, which estimates nothing, within
    the same cap.
    """
    pool = started(task)

    def fit(frame: pd.DataFrame) -> Predict:
        until = time.monotonic() + task.cap_seconds
        series = values_of(frame)
        numbered = dict(enumerate(series.values()))
        if task.histories is None:
            with pool:
                work = partial(one, model, task.season, task.horizon)
                found = many(work, numbered, task.seed, pool, until)
            words = said(len(found), len(series), "series", task)
            made = completed(frame, found, task)
            return lambda _: (made, words)
        done = many(partial(fitted, model, task.season), numbered, task.seed, pool, until)
        models = {name: done[number] for number, name in enumerate(series) if number in done}

        def predict(histories: pd.DataFrame) -> tuple[pd.DataFrame, str]:
            past = values_of(histories)
            jobs = {
                number: (models[name_of(label)], values)
                for number, (label, values) in enumerate(past.items())
                if name_of(label) in models
            }
            with pool:
                found = many(partial(onward, task.horizon), jobs, task.seed, pool, until)
            words = said(len(found), len(past), "histories", task)
            return completed(histories, found, task), words

        return predict

    return fit


def values_of(frame: pd.DataFrame) -> dict[str, NDArray]:
    """The values of each series, by its name."""
    groups = frame.groupby("unique_id", sort=False)["y"]
    return {name: values.to_numpy(np.float64) for name, values in groups}


def said(num_done: int, num_all: int, what: str, task: Task) -> str:
    """What was done, in words."""
    words = f"season {task.season}; {num_done} of {num_all} {what} in time"
    return words + (", the others by seasonal naive" if num_done < num_all else "")


def completed(frame: pd.DataFrame, found: dict[int, NDArray], task: Task) -> pd.DataFrame:
    """The forecasts as a long frame, those that are not found by seasonal naive."""
    frames = []
    for number, (name, group) in enumerate(frame.groupby("unique_id", sort=False)):
        if number in found:
            values = found[number]
        else:
            job = number, group["y"].to_numpy(np.float64)
            values = one("SeasonalNaive", task.season, task.horizon, job)[1]
        times = pd.date_range(group["ds"].iloc[-1], periods=task.horizon + 1, freq=task.freq)[1:]
        frames.append(pd.DataFrame({"unique_id": name, "ds": times, "forecast": values}))
    return pd.concat(frames, ignore_index=True)


if __name__ == "__main__":
    names = ("AutoETS", "AutoARIMA", "AutoTheta")
    report({f"statsforecast {name}": partial(prepared, name) for name in names})
