"""Seconds and memory of drawing sample paths; for ours and the peer alike."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from closed_form_stream import peak_memory
from numpy.typing import NDArray
from windows_measure import fresh_peak

__all__ = ["Task", "measured", "report"]


@dataclass(frozen=True)
class Task:
    """What a contender is to do, as it travels to its process.

    Args:
        series: number of series.
        steps: steps of each.
        paths: sample paths of each.
        horizon: steps ahead.
        seed: of the series.
    """

    series: int = 200
    steps: int = 336
    paths: int = 100
    horizon: int = 24
    seed: int = 0

    def values(self) -> NDArray:
        """Hourly series of different level and size, with a daily wave and noise."""
        rng = np.random.default_rng(self.seed)
        shape = (self.series, 1)
        phase, level, size = rng.random(shape), rng.uniform(10, 30, shape), rng.uniform(1, 4, shape)
        wave = np.sin(2 * np.pi * (np.arange(self.steps) / 24 + phase))
        return level + size * (wave + 0.5 * rng.standard_normal((self.series, self.steps)))

    def text(self) -> str:
        """The task as an argument of a command."""
        return json.dumps(asdict(self))


def measured(call: Callable[[], Any]) -> dict[str, float]:
    """Seconds of a call, those of all cores together, and the memory that it takes beyond."""
    before, worked, began = fresh_peak(), time.process_time(), time.perf_counter()
    kept = call()
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    del kept
    extra = float(peak_memory() - before)
    return {"seconds": seconds, "core seconds": worked, "extra bytes": extra}


def report(prepare: Callable[[Task], Callable[[], Any]]) -> None:
    """Prepare the task of the command line; then a call for each line of the parent.

    A contender stays alive between its calls, so that two can take turns call by call.
    """
    call = prepare(Task(**json.loads(sys.argv[1])))
    print(json.dumps(measured(call)), flush=True)  # with what is compiled or started once
    for _ in sys.stdin:
        print(json.dumps(measured(call)), flush=True)
