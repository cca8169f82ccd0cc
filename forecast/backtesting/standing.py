"""Series that stand at origins, ready to be forecast from there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.engine import Stop
from forecast.protocol import StateBatch

__all__ = ["Standing", "grouped"]


@dataclass(frozen=True, eq=False)
class Standing:
    """Series at one or several origins, a row for each series of each origin.

    Args:
        rows: positions of the series in the panel, `(num_rows,)`.
        ends: steps of each known here, `(num_rows,)`.
        state: states after these steps.
        future: covariates of the steps to forecast, `(num_rows, steps_ahead, num_covariates)`.
        sizes: rows of each origin.
    """

    rows: NDArray
    ends: NDArray
    state: StateBatch
    future: NDArray
    sizes: tuple[int, ...]

    @staticmethod
    def of_stop(stop: Stop) -> Standing:
        """The series at one origin; what was walked over on the way is let go."""
        return Standing(stop.rows, stop.ends, stop.state, stop.future, (len(stop.rows),))

    @staticmethod
    def together(parts: Sequence[Standing]) -> Standing:
        """The series of several origins, origin after origin."""
        if len(parts) == 1:
            return parts[0]
        return Standing(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.ends for part in parts]),
            _joined([part.state for part in parts]),
            np.concatenate([part.future for part in parts]),
            tuple(size for part in parts for size in part.sizes),
        )

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def take(self, rows: Any) -> Standing:
        """Some of the rows, as if they stood at one origin."""
        chosen = np.arange(self.num_rows)[rows]
        state, future = self.state.take(chosen), self.future[chosen]
        return Standing(self.rows[chosen], self.ends[chosen], state, future, (len(chosen),))


def grouped(stops: Iterable[Stop], most_rows: int) -> Iterator[Standing]:
    """The stops of a walk in groups of neighbours, each of at most `most_rows` rows or one stop.

    A call of a network costs more than its numbers where it has few rows; states of one group
    are in memory at a time.
    """
    waiting: list[Standing] = []
    for stop in stops:
        standing = Standing.of_stop(stop)
        held = sum(one.num_rows for one in waiting)
        if waiting and held + standing.num_rows > most_rows:
            yield Standing.together(waiting)
            waiting = []
        waiting.append(standing)
    if waiting:
        yield Standing.together(waiting)


def _joined(states: Sequence[StateBatch]) -> StateBatch:
    """The rows of several batches, batch after batch."""
    arrays = {
        name: np.concatenate([state.arrays[name] for state in states]) for name in states[0].arrays
    }
    clock = np.concatenate([state.clock for state in states])
    return StateBatch(arrays, clock, np.concatenate([state.count for state in states]))
