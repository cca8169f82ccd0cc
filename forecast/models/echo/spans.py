"""Spans of a long series run side by side: a reservoir that forgets its start can begin anywhere.

A step of one row waits for the memory that holds the recurrent weights; a step of four rows waits
for it once. So a series is cut to spans, each of which begins a while before its place, from
nothing. Whether the start is forgotten by then is looked at, not believed: the state in which a
span arrives must be the one that the span before it has left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.models.echo.reservoir import Reservoir

__all__ = ["Forgetting", "run_in_spans"]

Run = Callable[[NDArray, NDArray], NDArray]

# Rows that a step is fast for at once.
_ROWS = 4


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
    run: Run, inputs: NDArray, states: NDArray, forgetting: Forgetting, out: NDArray
) -> bool:
    """Write the states after each step to `out`; False, and nothing written, if spans are no help.

    They are none for many rows, for few steps, and where the start is not forgotten in time.

    Args:
        run: states after each step of inputs, from given ones.
        inputs: `(rows, steps, features)`.
        states: before them, `(rows, units)`.
        forgetting: of the reservoir.
        out: `(rows, steps, units)`.
    """
    (num_rows, num_steps, _), lead = inputs.shape, forgetting.num_steps
    num_spans = _ROWS // num_rows
    if num_spans < 2 or lead is None or num_steps < lead * (num_spans + 1):
        return False
    length = -(-(num_steps - lead) // num_spans)
    missing = lead + num_spans * length - num_steps
    filled = np.pad(inputs, ((0, 0), (0, missing), (0, 0)))
    begins = length * np.arange(num_spans)
    spans = np.stack([filled[:, begin : begin + lead + length] for begin in begins])
    starts = np.concatenate([states[None], np.zeros((num_spans - 1, *states.shape), states.dtype)])
    after = run(spans.reshape(-1, *spans.shape[2:]), starts.reshape(-1, states.shape[1]))
    after = after.reshape(num_spans, num_rows, lead + length, -1)
    left, arrived = after[:-1, :, -1], after[1:, :, lead - 1]
    if np.abs(left - arrived).max() > forgetting.size:
        return False
    out[:, :lead] = after[0, :, :lead]
    for begin, span in zip(begins + lead, after[:, :, lead:], strict=True):
        place = out[:, begin : begin + length]
        place[:] = span[:, : place.shape[1]]
    return True
