"""Free running of networks by compiled rollouts: some rows at a time, on all cores."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Prepared
from forecast.models.body import Body, ReadBody
from forecast.models.compiled import is_traced, tensor
from forecast.models.highway_model import HighwayModel
from forecast.models.lens import Lens
from forecast.models.rollout import RolloutForm, compiled_rollout
from forecast.protocol import StateBatch

__all__ = ["Preparable", "is_compiled", "rolled"]

# Paths of a call. Where there are two calls of the larger number, fewer calls cost less; else what
# the layers work on stays in the cache of a core.
_NUM_LANES, _WIDE_LANES = 2048, 10_240
# Steps of all paths that are not worth a trace, which takes a second: a walk takes some hundredths.
_FEW_STEPS = 500
# Steps of all paths from which layers compiled for that number of paths pay.
_MANY_STEPS = 200_000


@runtime_checkable
class Preparable(Protocol):
    """A feedback that can be given as arrays before the rollout."""

    @property
    def num_paths(self) -> int:
        """Paths rolled forward for each row."""
        ...

    def prepared(self, horizon: int, rows: slice) -> Prepared:
        """What is added at each step to the rows' paths, and their bounds."""
        ...

    def count_clipped(self, clipped: NDArray) -> None:
        """Note how many values of each row were moved into their bounds, `(num_rows,)`."""
        ...


def is_compiled(highway: HighwayModel, num_steps: int) -> bool:
    """Whether a rollout is compiled; by its size alone, so that one call is as the other.

    Arrays must say all that the network sees, and one trace serve all sizes.

    Args:
        highway: the linear forecaster inside the network.
        num_steps: steps of the layers, of all paths together.
    """
    return num_steps > _FEW_STEPS and is_traced() and Lens(highway).is_whole


def rolled(
    highway: HighwayModel,
    body: Body | ReadBody,
    state: StateBatch,
    cells: Sequence[NDArray],
    horizon: int,
    feedback: Preparable,
) -> NDArray:
    """Roll forward freely, `(num_rows, num_paths, horizon)`.

    Args:
        highway: the linear forecaster inside the network.
        body: the layers.
        state: states of `num_rows` series, with the window and sums of the highway.
        cells: states of the layers, each `(num_rows, units)`.
        horizon: steps ahead.
        feedback: draws and bounds; told how many values were clipped.
    """
    call = _Call(highway, body, state, cells, horizon, feedback)
    chunks = list(_chunks(state.num_rows, feedback.num_paths))
    values = np.empty((state.num_rows, feedback.num_paths, horizon))
    moved = np.empty(state.num_rows, dtype=np.int64)

    def work(rows: slice) -> None:
        newest_first, moved[rows] = call(rows)
        values[rows] = newest_first[:, ::-1].swapaxes(1, 2)

    with ThreadPoolExecutor(min(len(chunks), os.cpu_count() or 1)) as threads:
        list(threads.map(work, chunks))  # raises what a thread has raised
    feedback.count_clipped(moved)
    return values


class _Call:
    """The arguments of a compiled rollout, some rows at a time; as of `rolled`."""

    def __init__(
        self,
        highway: HighwayModel,
        body: Body | ReadBody,
        state: StateBatch,
        cells: Sequence[NDArray],
        horizon: int,
        feedback: Preparable,
    ) -> None:
        """Find the compiled function, and what is the same for all rows."""
        features, lens = highway.features, Lens(highway)
        self.state, self.horizon, self.feedback = state, horizon, feedback
        layers, self.readout = _parts(body.of_series(state.arrays["series"]))
        num_steps = state.num_rows * feedback.num_paths * horizon
        lanes = _num_lanes(state.num_rows, feedback.num_paths)
        form = RolloutForm(
            exponent=highway.power.exponent,
            num_seasons=len(features.seasons),
            is_scaled=features.scale == "window",
            num_lanes=lanes if num_steps >= _MANY_STEPS else 0,
            shares_readout=self.readout.ndim == 1,
        )
        self.run = compiled_rollout(layers.program, form).run
        arrays = state.arrays
        self.past = (arrays["window"], arrays["total"], state.clock)
        self.span, self.groups = features.span, tensor(lens.groups)
        self.coefficients = lens.coefficients(arrays["series"])
        self.cells, self.weights = cells, layers.tensors

    def __call__(self, rows: slice) -> list[NDArray]:
        """Values of the rows, newest first, and how many of each were moved."""
        fed = self.feedback.prepared(self.horizon, rows)
        past = (array[rows] for array in self.past)
        of_rows = (array[rows] for array in self.coefficients)
        upcoming, noise = self.state.arrays["forecast"][rows], np.moveaxis(fed.noise, 2, 0)
        cells = (cell[rows] for cell in self.cells)
        readout = self.readout if self.readout.ndim == 1 else self.readout[rows]
        return self.run(*past, self.span, self.groups, *of_rows, upcoming, noise, fed.low, fed.high,
                        readout, *cells, *self.weights)  # fmt: skip


def _parts(body: Body | ReadBody) -> tuple[Body, NDArray]:
    """The layers, and the linear map or maps that read them; empty where they have a readout."""
    if isinstance(body, ReadBody):
        return body.body, body.coefficients
    return body, np.zeros(0)


def _chunks(num_rows: int, num_paths: int) -> Iterator[slice]:
    size = _num_lanes(num_rows, num_paths) // num_paths
    for start in range(0, num_rows, size):
        yield slice(start, min(start + size, num_rows))


def _num_lanes(num_rows: int, num_paths: int) -> int:
    """Paths of a call; at least those of a row, as a power of two."""
    lanes = _WIDE_LANES if num_rows * num_paths > 1.5 * _WIDE_LANES else _NUM_LANES
    return max(lanes, 2 ** (num_paths - 1).bit_length())
