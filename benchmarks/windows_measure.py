"""Seconds and memory of an epoch or of a preparation; for ours and the peers alike."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from closed_form_stream import peak_memory
from numpy.typing import NDArray

__all__ = ["Task", "frame_of", "fresh_peak", "measured_epoch", "measured_preparation", "report"]

Epoch = Callable[[NDArray, "Task"], Iterator[int]]
Preparation = Callable[[pd.DataFrame], object]


@dataclass(frozen=True)
class Task:
    """What a contender is to do, as it travels to its process.

    Args:
        contender: name of the contender.
        values: file of the series, (series, steps).
        context: steps of a context.
        horizon: steps of the targets.
        batch: windows in a batch.
        batches: batches to time after the first; None for the whole epoch.
        shuffled: whether the order of windows, or of rows, is random.
        rows: rows of the long frame.
        series: series of the long frame.
        seed: of what is random.
    """

    contender: str
    values: str = ""
    context: int = 168
    horizon: int = 48
    batch: int = 256
    batches: int | None = None
    shuffled: bool = False
    rows: int = 1_000_000
    series: int = 10_000
    seed: int = 0

    @property
    def window(self) -> int:
        """Steps of a context and its targets."""
        return self.context + self.horizon

    def text(self) -> str:
        """The task as an argument of a command."""
        return json.dumps(asdict(self))


def measured_epoch(epoch: Epoch, task: Task) -> dict[str, Any]:
    """Build the source of windows and walk through its batches.

    Args:
        epoch: builds the source from the series and yields the windows of each batch.
        task: what to do.

    Returns:
        Seconds until the first batch is there and those of the others, the windows of both, and
        the largest memory beyond the series and what was there before.
    """
    values = np.load(task.values)
    for _ in zip(range(3), epoch(values[:8].copy(), task), strict=False):
        pass  # what is loaded, compiled or started once
    before = fresh_peak()
    began = time.perf_counter()
    batches = epoch(values, task)
    first = next(batches)
    built = time.perf_counter()
    windows = number = 0
    while number != task.batches and (rows := next(batches, None)) is not None:
        windows, number = windows + rows, number + 1
    seconds = time.perf_counter() - built
    return {
        "seconds to the first batch": built - began,
        "seconds of the others": seconds,
        "windows in the first batch": first,
        "windows in the others": windows,
        "batches": number + 1,
        "extra bytes": peak_memory() - before,
        "times the series": (peak_memory() - before) / values.nbytes,
    }


def measured_preparation(prepare: Preparation, task: Task) -> dict[str, Any]:
    """Seconds (the fastest of three calls) and memory of what is made of a long frame."""
    frame = frame_of(task)
    prepare(frame_of(Task("", rows=2000, series=20, seed=task.seed)))
    before, seconds = fresh_peak(), []
    for _ in range(3):
        began = time.perf_counter()
        kept = prepare(frame)
        seconds.append(time.perf_counter() - began)
        del kept
    size = int(frame.memory_usage(deep=True).sum())
    extra = peak_memory() - before
    return {"seconds": min(seconds), "extra bytes": extra, "times the frame": extra / size}


def frame_of(task: Task) -> pd.DataFrame:
    """A long frame of hourly series with text as ids; its rows in random order if shuffled."""
    rng = np.random.default_rng(task.seed)
    steps = task.rows // task.series
    names = pd.Series([f"series {number}" for number in range(task.series)])
    frame = pd.DataFrame(
        {
            "unique_id": names.repeat(steps).to_numpy(),
            "ds": np.tile(pd.date_range("2020-01-01", periods=steps, freq="h"), task.series),
            "y": rng.normal(size=task.series * steps),
        }
    )
    frame["unique_id"] = frame["unique_id"].astype(names.dtype)
    return frame.sample(frac=1, random_state=task.seed, ignore_index=True) if (
        task.shuffled) else frame  # fmt: skip


def report(epochs: dict[str, Epoch], preparations: dict[str, Preparation]) -> None:
    """Do the task of the command line; print what was measured."""
    task = Task(**json.loads(sys.argv[1]))
    if task.contender in epochs:
        result = measured_epoch(epochs[task.contender], task)
    else:
        result = measured_preparation(preparations[task.contender], task)
    print(json.dumps(result))


def fresh_peak() -> int:
    """Memory now; the largest that is counted from here on, where the system can forget."""
    reset, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    if not reset.exists():
        return peak_memory()
    reset.write_text("5")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return 1024 * int(line.split()[1])
