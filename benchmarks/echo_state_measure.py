"""One reservoir for all contenders, and the seconds of a run; NumPy only."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["AHEAD", "RIDGE", "WASHOUT", "Task", "report"]

AHEAD, RIDGE, WASHOUT = 24, 1e-4, 100


@dataclass(frozen=True)
class Task:
    """What a contender is to do, as it travels to its process.

    Args:
        topology: "sparse" or "cycle".
        series: sequences that are run at once, or one after the other where that cannot be.
        steps: steps of each.
        units: size of the reservoir; a tenth of the weights of a sparse one is not zero.
        seed: of weights and inputs.
        is_fit: whether a readout is fitted one step ahead and 24 steps are forecast, fed back; else
            the reservoir is only run.
    """

    topology: str = "sparse"
    series: int = 1
    steps: int = 10_000
    units: int = 500
    seed: int = 0
    is_fit: bool = False

    def weights(self) -> tuple[NDArray, NDArray, NDArray]:
        """Input weights (units, 1), recurrent weights (units, units), bias (units,)."""
        rng = np.random.default_rng(self.seed)
        if self.topology == "cycle":
            recurrent = 0.9 * np.roll(np.eye(self.units), 1, axis=0)
        else:
            recurrent = rng.normal(size=(self.units, self.units))
            recurrent *= rng.random(recurrent.shape) < 0.1
            recurrent *= 0.9 / np.abs(np.linalg.eigvals(recurrent)).max()
        return rng.uniform(-1, 1, (self.units, 1)), recurrent, rng.uniform(-0.1, 0.1, self.units)

    def inputs(self) -> NDArray:
        """Normal draws, `(series, steps, 1)`; for a fit noisy waves."""
        shape = (self.series, self.steps, 1)
        noise = np.random.default_rng(self.seed + 1).normal(size=shape)
        if not self.is_fit:
            return noise
        phase = np.arange(self.series)[:, None] + 0.2 * np.arange(self.steps)
        return np.sin(phase)[:, :, None] + 0.1 * noise

    def text(self) -> str:
        """The task as an argument of a command."""
        return json.dumps(asdict(self))


def report(prepare: Callable[[Task], Callable[[], NDArray]]) -> None:
    """Prepare the task of the command line; then a call for each line of the parent."""
    call = prepare(Task(**json.loads(sys.argv[1])))
    print(json.dumps(_measured(call)), flush=True)  # with what is compiled or started once
    for _ in sys.stdin:
        print(json.dumps(_measured(call)), flush=True)


def _measured(call: Callable[[], NDArray]) -> dict[str, float]:
    """Seconds of a call, by the clock and of all its threads, and the mean size of the last states
    or forecasts, by which contenders can be compared."""
    began, worked = time.perf_counter(), time.process_time()
    states = call()
    worked, seconds = time.process_time() - worked, time.perf_counter() - began
    size = float(np.abs(states[:, -1]).mean())
    return {"seconds": seconds, "cpu seconds": worked, "mean size": size}
