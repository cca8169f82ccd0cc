"""The rollout of a network in one compiled call: all rows, all paths, all steps.

What differs between two fits, two horizons or two batches is data: weights, coefficients, sizes. So
there is one trace for each form of layers, and a new horizon compiles nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from keras import ops

from forecast.models.compiled import compiled
from forecast.models.program import Program
from forecast.models.sorted_spread import SortedSpread
from forecast.models.tensor_inputs import Highway, Recent, recent_of, tensor_inputs
from forecast.models.tensor_power import decoded, encoded

__all__ = ["CompiledRollout", "RolloutForm", "compiled_rollout"]

Tensor = Any


@dataclass(frozen=True)
class RolloutForm:
    """What a trace depends on, besides the layers.

    Args:
        exponent: of the power transform.
        num_seasons: seasons of the highway.
        is_scaled: whether the highway's constant is in the unit of the window.
        num_bits: `2**num_bits` is above the highway's span.
    """

    exponent: float
    num_seasons: int
    is_scaled: bool
    num_bits: int

    @property
    def num_groups(self) -> int:
        """Groups of lags, see `forecast.models.lens.Lens`."""
        return 5 + 7 * self.num_seasons


class CompiledRollout:
    """`run(window, total, clock, span, highway, upcoming, noise, low, high, readout, cells, weights)`.

    It returns values, `(rows, horizon, paths)`, newest first, and how many of each row were moved
    into their bounds. See `_run` for the arguments.

    Args:
        program: the layers.
        form: what else the trace depends on.
    """

    def __init__(self, program: Program, form: RolloutForm) -> None:
        """Trace it."""
        self.program = program
        self.form = form
        row, matrix, double = (None,), (None, None), "float64"
        groups = (form.num_groups, None)
        past = [(matrix, double), (row, double), (row, double), ((), "int32")]
        highway = [(groups, double), (matrix, double), ((None, groups[0]), double),
                   ((None, 2), double)]  # fmt: skip
        feedback = [(row, double), ((None, None, None), double), (row, double), (row, double)]
        layers = [(row, double), *program.states, *program.weights]
        self.run = compiled(self._run, [*past, *highway, *feedback, *layers])

    def _run(
        self,
        window: Tensor,
        total: Tensor,
        clock: Tensor,
        span: Tensor,
        groups: Tensor,
        of_lags: Tensor,
        of_groups: Tensor,
        of_rest: Tensor,
        upcoming: Tensor,
        noise: Tensor,
        low: Tensor,
        high: Tensor,
        readout: Tensor,
        *parts: Tensor,
    ) -> tuple[Tensor, Tensor]:
        cells, weights = self.program.split(parts)
        recent = recent_of(window, total, clock, span)
        form = self.form
        highway = Highway(groups, of_lags, of_groups, of_rest, span, form.num_seasons,
                          form.is_scaled)  # fmt: skip
        with self.program.of(weights) as stack:
            walk = _Walk(form, highway, recent, stack, readout, (noise, low, high))
            return walk.values(upcoming, cells)


class _Walk:
    """One rollout inside of a trace."""

    def __init__(
        self,
        form: RolloutForm,
        highway: Highway,
        recent: Recent,
        stack: Any,
        readout: Tensor,
        feedback: tuple[Tensor, Tensor, Tensor],
    ) -> None:
        """Store all that stays the same from step to step."""
        self.form, self.highway, self.recent = form, highway, recent
        self.stack, self.readout = stack, readout
        self.noise, low, high = feedback
        self.low, self.high = low[:, None], high[:, None]
        self.horizon, self.num_rows, self.num_paths = ops.shape(self.noise)
        self.spread = SortedSpread(recent, highway.span, form.num_bits)
        ahead = ops.zeros((self.num_rows, self.horizon), dtype="float64")
        self.shared = ops.concatenate([ahead, recent.shared], axis=1)
        self.known = ops.concatenate([ahead, recent.known], axis=1)

    def values(self, upcoming: Tensor, cells: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Values newest first, `(rows, horizon, paths)`, and how many of each row were moved."""
        blank = ops.zeros((self.num_rows, self.num_paths), dtype="float64")
        own, moved = self._fed(blank + upcoming[:, None], 0)
        first = (
            ops.ones((), dtype="int32"),
            own[:, None][:, : ops.minimum(self.horizon, 1)],  # a length that is known when it runs
            blank + self.recent.surplus + own,
            moved,
            *(self._of_paths(cell) for cell in cells),
        )
        _, own, _, moved, *_ = ops.while_loop(
            lambda step, *_: step < self.horizon, self._step, first
        )
        found = decoded(own + self.recent.reference[:, None, None], self.form.exponent)
        return ops.clip(found, self.low[:, None], self.high[:, None]), moved

    def _step(
        self, step: Tensor, own: Tensor, surplus: Tensor, moved: Tensor, *cells: Tensor
    ) -> tuple[Tensor, ...]:
        upcoming, cells = self._next(self._recent(step, own, surplus), step, cells)
        value, count = self._fed(upcoming + self.recent.reference[:, None], step)
        own = ops.concatenate([value[:, None], own], axis=1)
        return (step + 1, own, surplus + value, moved + count, *cells)

    def _recent(self, step: Tensor, own: Tensor, surplus: Tensor) -> Recent:
        """What is known after `step` values of each path's own."""
        first, length = self.horizon - step, ops.shape(self.recent.shared)[1]
        shared = self.shared[:, first : first + length]
        known = self.known[:, first : first + length]
        clock = self.recent.clock + ops.cast(step, "float64")
        return Recent(shared, known, own, surplus, clock, self.recent.reference)

    def _next(self, recent: Recent, step: Tensor, cells: Sequence[Tensor]) -> tuple[Tensor, Any]:
        """Forecast of the next value less the reference, `(rows, paths)`, and the cells there."""
        inputs = tensor_inputs(self.highway, recent, lambda level: self.spread(step, level))
        features = ops.transpose(inputs.features, (0, 2, 1))
        features = ops.reshape(features, (-1, self.highway_width))
        outputs, cells = self.stack.step(features, list(cells))
        corrections = ops.reshape(self._read(outputs, features), ops.shape(inputs.base))
        return inputs.base + inputs.unit * corrections, cells

    @property
    def highway_width(self) -> int:
        """Number of features."""
        return 5 + 3 * self.form.num_seasons

    def _read(self, outputs: Tensor, features: Tensor) -> Tensor:
        """Corrections in float64: of the layers' own readout, or by the linear map of a `ReadBody`."""
        outputs = ops.cast(outputs, "float64")
        if self.stack.readout is not None:
            return outputs
        seen = ops.concatenate([outputs, ops.cast(features, "float64")], axis=1)
        return ops.matmul(seen, self.readout[:-1, None])[:, 0] + self.readout[-1]

    def _fed(self, upcoming: Tensor, step: Any) -> tuple[Tensor, Tensor]:
        """What is fed back, less the reference, and how many values of each row were moved."""
        emitted = decoded(upcoming, self.form.exponent) + self.noise[step]
        value = ops.clip(emitted, self.low, self.high)
        moved = ops.sum(ops.cast(value != emitted, "int64"), axis=1)
        return encoded(value, self.form.exponent) - self.recent.reference[:, None], moved

    def _of_paths(self, cell: Tensor) -> Tensor:
        """The state of each row for each of its paths, `(rows * paths, units)`."""
        units = cell.shape[1]
        beside = ops.zeros((self.num_rows, self.num_paths, units), dtype=cell.dtype)
        return ops.reshape(cell[:, None] + beside, (-1, units))


@lru_cache(maxsize=32)
def compiled_rollout(program: Program, form: RolloutForm) -> CompiledRollout:
    """The compiled rollout of layers and a form: the same object whenever both are the same."""
    return CompiledRollout(program, form)
