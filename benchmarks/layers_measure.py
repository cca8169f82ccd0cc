"""Seconds, compilation and memory of a recurrent layer; for ours and the peers alike."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Task", "report"]

Calls = Mapping[str, Callable[[], Any]]
# A contender answers after this long, so that a turn is more than one call.
_SECONDS_OF_A_TURN = 0.15
_GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}


@dataclass(frozen=True)
class Task:
    """One layer at one size, as it travels to a contender's process.

    Args:
        layer: "SimpleRNN", "LSTM" or "GRU".
        rows: sequences of a batch.
        steps: of each.
        features: of each step.
        units: of the layer.
    """

    layer: str
    rows: int
    steps: int
    features: int
    units: int

    def inputs(self) -> NDArray:
        """Random sequences `(rows, steps, features)`, the same for all contenders."""
        rng = np.random.default_rng(0)
        return rng.standard_normal((self.rows, self.steps, self.features), dtype=np.float32)

    def upstream(self) -> NDArray:
        """Random gradients of all outputs."""
        rng = np.random.default_rng(1)
        return rng.standard_normal((self.rows, self.steps, self.units), dtype=np.float32)

    def operations(self, way: str) -> float:
        """Floating point operations of the matrix products alone, of "inference" or "training".

        Training adds the products for the gradients of the hidden states and of the weights; none
        is asked for the inputs.
        """
        gates, places = _GATES[self.layer], self.rows * self.steps
        forward = 2.0 * places * gates * self.units * (self.features + self.units)
        back = 2.0 * places * gates * self.units * self.units
        return forward if way == "inference" else 2 * forward + back

    def text(self) -> str:
        """The task as an argument of a command."""
        return json.dumps(asdict(self))

    def label(self) -> str:
        """Batch x steps x features x units."""
        return f"{self.rows}x{self.steps}x{self.features}x{self.units}"


def peak_memory() -> int:
    """Most bytes that this process held at a time."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _first(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _median(call: Callable[[], Any]) -> float:
    """Median seconds of the calls of one turn."""
    seconds = [_first(call)]
    while sum(seconds) < _SECONDS_OF_A_TURN:
        seconds.append(_first(call))
    return float(np.median(seconds))


def report(prepare: Callable[[Task, str], Calls]) -> None:
    """Prepare the task of the command line; then a turn for each line of the parent.

    The first answer holds the seconds of each first call, all that is compiled included.
    """
    calls = prepare(Task(**json.loads(sys.argv[1])), sys.argv[2])
    before = peak_memory()
    first = {name: _first(call) for name, call in calls.items()}
    for call in calls.values():
        call()
    print(json.dumps({"first": first, "extra bytes": peak_memory() - before}), flush=True)
    for way in sys.stdin:
        print(json.dumps({"seconds": _median(calls[way.strip()])}), flush=True)
