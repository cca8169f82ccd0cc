"""What a contender of the backtest benchmark is to do, and how its time is taken."""

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

__all__ = ["Backtest", "Task", "report"]

Backtest = Callable[[], int | tuple[int, int]]
"""Runs a backtest; returns how many forecasts there are, and the bytes of a frame it made."""


@dataclass(frozen=True)
class Task:
    """What a contender is to do, as it travels to its process.

    Args:
        contender: name of the contender.
        values: file of the series, (series, steps).
        windows: origins.
        stride: steps between origins.
        horizon: steps ahead.
        layers: recurrent layers.
        units: units of each.
        training_steps: steps of gradient descent.
        series: series that take part, the first ones; all by default.
        seed: of what is random.
    """

    contender: str
    values: str
    windows: int = 50
    stride: int = 10
    horizon: int = 24
    layers: int = 2
    units: int = 40
    training_steps: int = 8
    series: int | None = None
    seed: int = 0

    def text(self) -> str:
        """The task as an argument of a command."""
        return json.dumps(asdict(self))

    def loaded(self) -> NDArray:
        """The series."""
        return np.load(self.values)[: self.series]

    def first_origin(self, num_steps: int) -> int:
        """Steps known at the first origin."""
        return num_steps - self.horizon - (self.windows - 1) * self.stride


def report(contenders: dict[str, Callable[[Task], tuple[Backtest, Backtest]]]) -> None:
    """Prepare the contender of the command line, run it, print what was measured."""
    task = Task(**json.loads(sys.argv[1]))
    warm, whole = contenders[task.contender](task)
    warm()  # what is loaded, compiled or started once
    began = time.perf_counter()
    found: Any = whole()
    seconds = time.perf_counter() - began
    count, size = found if isinstance(found, tuple) else (found, 0)
    result = {"seconds": seconds, "forecasts": count, "frame bytes": size,
              "peak bytes": peak_memory()}  # fmt: skip
    print(json.dumps(result))
