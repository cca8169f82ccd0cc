"""What the readout of an echo-state network is to learn, and the reservoirs' walk along it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.models.echo.bank import MANY_STEPS, MOST_HELD, Bank, blocks
from forecast.models.echo.memory import EchoMemory
from forecast.models.echo.view import View

__all__ = ["EchoLesson", "EchoWalk"]

# Steps at the end of each series on which the penalty is chosen, as a share of all.
_HELD_OUT = 0.2


@dataclass(frozen=True, eq=False)
class EchoLesson:
    """What a readout is to learn.

    Args:
        inputs: of every step, `(rows, steps, num_inputs)`; any finite number where there is none.
        targets: what is to be read after each step, `(rows, steps, num_targets)`.
        taught: steps that are learned from, `(rows, steps)`.
    """

    inputs: NDArray
    targets: NDArray
    taught: NDArray

    def take(self, rows: slice) -> EchoLesson:
        """The lesson of some rows."""
        return EchoLesson(self.inputs[rows], self.targets[rows], self.taught[rows])

    @property
    def late(self) -> NDArray:
        """Which of the taught steps are the last ones of their row, `(rows, steps)`."""
        passed = np.cumsum(self.taught, axis=1)
        return self.taught & (passed > (1.0 - _HELD_OUT) * passed[:, -1:])


class EchoWalk:
    """The reservoirs run along a lesson, once, a block of steps at a time.

    Args:
        bank: the reservoirs.
        view: columns of the readout.
        lesson: inputs and targets.
        noise: standard deviation of what is added to the drive of each unit.
        seed: of the noise.
    """

    def __init__(self, bank: Bank, view: View, lesson: EchoLesson, noise: float, seed: int) -> None:
        """Stand before the first step."""
        self._bank, self._view, self._lesson = bank, view, lesson
        self._noise, self._seed = noise, seed
        self._ends: list[EchoMemory] = []

    @property
    def dtype(self) -> np.dtype:
        """Of the rows."""
        return self._bank.dtype

    @property
    def memory(self) -> EchoMemory:
        """Where every row stands after its last step, once all blocks have passed."""
        return EchoMemory.joined(self._ends)

    def __iter__(self) -> Iterator[tuple[NDArray, NDArray]]:
        """Taught rows, columns without the constant beside targets, and which of them are late."""
        num_columns = self._bank.units + self._view.width
        at_once = max(1, MOST_HELD // (num_columns * MANY_STEPS))
        for start in range(0, len(self._lesson.inputs), at_once):
            yield from self._along(self._lesson.take(slice(start, start + at_once)), start)

    def _along(self, part: EchoLesson, first: int) -> Iterator[tuple[NDArray, NDArray]]:
        """The blocks of some rows, the first of which is number `first`."""
        (num_rows, num_steps), late = part.taught.shape, part.late
        memory = EchoMemory.initial(self._bank, self._view, num_rows)
        for begin, end in blocks(num_rows, num_steps, self._bank.units):
            inputs = part.inputs[:, begin:end].astype(self.dtype)
            drawn = self._drawn(inputs, first, begin)
            rows = self._rows(inputs, part.targets[:, begin:end], memory, drawn)
            recent = self._view.remembered(memory.recent, inputs)
            memory = EchoMemory(rows[:, -1, : self._bank.units].copy(), recent)
            chosen, is_late = part.taught[:, begin:end], late[:, begin:end]
            first_taught = np.argmax(chosen.any(axis=0))  # a washout is not even copied
            rows, is_late, chosen = (each[:, first_taught:] for each in (rows, is_late, chosen))
            yield _flat(rows, chosen), _flat(is_late, chosen)
        self._ends.append(memory)

    def _rows(
        self, inputs: NDArray, targets: NDArray, memory: EchoMemory, drawn: NDArray | None
    ) -> NDArray:
        """Columns without the constant beside targets, of a block after `memory`."""
        units, width = self._bank.units, self._view.width
        shape = (*inputs.shape[:2], units + width + targets.shape[2])
        rows = np.empty(shape, dtype=self.dtype)
        self._bank.run(inputs, memory.states, drawn, out=rows[:, :, :units])
        self._view.fill(rows[:, :, units : units + width], inputs, memory.recent)
        rows[:, :, units + width :] = targets
        return rows

    def _drawn(self, inputs: NDArray, first: int, begin: int) -> NDArray | None:
        """The noise of a block."""
        if not self._noise:
            return None
        generator, dtype = np.random.default_rng((self._seed, first, begin)), self._bank.dtype
        shape = (*inputs.shape[:2], self._bank.units)
        return self._noise * generator.standard_normal(shape, dtype=dtype)


def _flat(values: NDArray, chosen: NDArray) -> NDArray:
    """The chosen ones of `(rows, steps, ...)`, one after the other; not copied where all are."""
    return values.reshape(-1, *values.shape[2:]) if chosen.all() else values[chosen]
