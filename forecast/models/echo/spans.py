"""Spans of a long series run side by side: a reservoir that forgets its start can begin anywhere.

A step of one row waits for the memory that holds the recurrent weights; a step of four rows waits
for it once, and two threads wait at the same time. So a series is cut to spans, each of which
begins a while before its place, from nothing. Whether the start is forgotten by then is looked at,
not believed: the state in which a span arrives must be the one that the span before it has left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.threads import map_threads
from forecast.models.echo.reservoir import Reservoir

__all__ = ["Forgetting", "run_in_spans"]

Run = Callable[[NDArray, NDArray], NDArray]

# Rows that a step is fast for at once, and threads. Both are fixed: the number of cores changes no
# result.
_ROWS, _THREADS = 4, 2


@dataclass(frozen=True)
class Forgetting:
    """How fast differences between two states of a reservoir pass away, if as in a linear one.

    A step leaves `1 - a (1 - r)` of them, a the leak rate and r the spectral radius.

    Args:
        rate: `a (1 - r)`, the share that passes away at each step.
        precision: relative error of a rounding.

    Example:
        >>> Forgetting.of(Reservoir(leak_rate=0.3), np.dtype("float32")).num_steps
        409
    """

    rate: float
    precision: float

    @classmethod
    def of(cls, settings: Reservoir, dtype: np.dtype) -> Forgetting:
        """That of a reservoir whose states are of `dtype`."""
        rate = settings.leak_rate * (1.0 - settings.spectral_radius)
        return cls(rate, float(np.finfo(dtype).eps))

    @property
    def size(self) -> float:
        """What is left of a difference for good: the rounding errors of all steps, summed."""
        return self.precision / self.rate

    @property
    def num_steps(self) -> int | None:
        """Steps after which a difference of 1 is of this size; None if it never is."""
        if self.rate <= self.precision:
            return None
        return int(np.ceil(np.log(self.size) / np.log1p(-min(self.rate, 1.0 - self.precision))))


def run_in_spans(
    run: Run, inputs: NDArray, states: NDArray, forgetting: Forgetting
) -> NDArray | None:
    """States after each step, `(rows, steps, units)`; None where spans are no help.

    They are none for many rows, for few steps, and where the start is not forgotten in time.

    Args:
        run: states after each step of inputs, from given ones.
        inputs: `(rows, steps, features)`.
        states: before them, `(rows, units)`.
        forgetting: of the reservoir.
    """
    (num_rows, num_steps, _), lead = inputs.shape, forgetting.num_steps
    num_spans = 0 if lead is None else _num_spans(num_rows, num_steps, lead)
    if not num_spans:
        return None
    length = -(-(num_steps - lead) // num_spans)
    missing = lead + num_spans * length - num_steps
    filled = np.pad(inputs, ((0, 0), (0, missing), (0, 0)))
    spans = np.stack([filled[:, at : at + lead + length] for at in length * np.arange(num_spans)])
    starts = np.concatenate([states[None], np.zeros((num_spans - 1, *states.shape), states.dtype)])
    halves = zip(np.split(spans, _THREADS), np.split(starts, _THREADS), strict=True)
    after = list(chain.from_iterable(map_threads(lambda half: _as_rows(run, *half), halves)))
    for earlier, later in pairwise(after):
        if np.abs(earlier[:, -1] - later[:, lead - 1]).max() > forgetting.size:
            return None
    found = np.concatenate([after[0], *(each[:, lead:] for each in after[1:])], axis=1)
    return found[:, :num_steps]


def _num_spans(num_rows: int, num_steps: int, lead: int) -> int:
    """The most whose beginnings are short beside them, a multiple of the threads; 0 for none."""
    most = min(_THREADS * (_ROWS // num_rows), num_steps // lead - 1)
    return max(most, 0) // _THREADS * _THREADS


def _as_rows(run: Run, spans: NDArray, states: NDArray) -> NDArray:
    """States after each step of spans `(spans, rows, steps, features)`, all rows run at once."""
    after = run(spans.reshape(-1, *spans.shape[2:]), states.reshape(-1, states.shape[2]))
    return after.reshape(*spans.shape[:3], -1)
