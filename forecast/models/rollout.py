"""The rollout of a network in one compiled call: all rows, all paths, all steps.

What differs between two fits, two horizons or two batches is data: weights, coefficients, sizes. So
there is one trace for each form of layers, and a new horizon compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from keras import ops

from forecast.models.compiled import compiled, fused
from forecast.models.program import Program
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
        num_lanes: paths that the layers are always called with, blank ones among them, so that
            they can be compiled for this number; 0 for any number.
        shares_readout: whether one linear map of a `ReadBody` reads all rows.
    """

    exponent: float
    num_seasons: int
    is_scaled: bool
    num_lanes: int = 0
    shares_readout: bool = True

    @property
    def num_groups(self) -> int:
        """Groups of lags, see `forecast.models.lens.Lens`."""
        return 5 + 7 * self.num_seasons

    @property
    def num_features(self) -> int:
        """Features of the network."""
        return 5 + 3 * self.num_seasons


class CompiledRollout:
    """`run` rolls rows forward; it is traced once for all sizes.

    Its arguments, `n` rows of `m` paths: window `(n, window_length)`, oldest first; total and clock
    `(n,)`; span; the five arrays of `forecast.models.lens.Lens`; forecast of the next step `(n,)`;
    noise `(horizon, n, m)`; smallest and largest value `(n,)`; linear map of a `ReadBody`, of all
    rows or of each, or nothing; states of the layers, each `(n, units)`; their weights. It returns
    values, newest first, `(n, horizon, m)`, and how many of each row were moved into their bounds.

    Args:
        program: the layers.
        form: what else the trace depends on.
    """

    def __init__(self, program: Program, form: RolloutForm) -> None:
        """Trace it."""
        self.program = program
        self.form = form
        self.layers = fused(program.pure_step) if form.num_lanes else program.pure_step
        row, matrix, double = (None,), (None, None), "float64"
        groups = (form.num_groups, None)
        past = [(matrix, double), (row, double), (row, double), ((), "int32")]
        highway = [(groups, double), (matrix, double), ((None, groups[0]), double),
                   ((None, 2), double), ((None, 2), double)]  # fmt: skip
        feedback = [(row, double), ((None, None, None), double), (row, double), (row, double)]
        readout = row if form.shares_readout else matrix
        layers = [(readout, double), *program.states, *program.weights]
        self.run = compiled(self._run, [*past, *highway, *feedback, *layers])

    def _run(self, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        past, (groups, of_lags, of_groups, of_rest, scales) = tensors[:4], tensors[4:9]
        (upcoming, *feedback), (readout, *parts) = tensors[9:13], tensors[13:]
        form, span = self.form, past[-1]
        highway = Highway(groups, of_lags, of_groups, of_rest, scales, span, form.num_seasons,
                          form.is_scaled)  # fmt: skip
        cells, weights = self.program.split(parts)
        layers = _Layers(self.layers, weights, readout, form)
        return _Walk(form, highway, recent_of(*past), layers, feedback).values(upcoming, cells)


@dataclass(frozen=True, eq=False)
class _Layers:
    """The layers with their weights, for `n` rows of `m` paths.

    Args:
        pure_step: see `Program.pure_step`.
        weights: of the layers.
        readout: of a `ReadBody`, `(width + num_features + 1,)`, or one for each row, after
            `of_paths` for each lane; empty where the layers have one.
        form: of the rollout.
    """

    pure_step: Callable[..., tuple[Tensor, ...]]
    weights: Sequence[Tensor]
    readout: Tensor
    form: RolloutForm

    def of_paths(self, num_paths: Tensor) -> _Layers:
        """The same with the linear map of each row for each of its paths."""
        if self.form.shares_readout:
            return self
        return replace(self, readout=self._repeated(self.readout, num_paths))

    def begun(self, cells: Sequence[Tensor], num_paths: Tensor) -> list[Tensor]:
        """The state of each row for each of its paths, `(lanes, units)`."""
        return [self._repeated(cell, num_paths) for cell in cells]

    def __call__(
        self, features: Tensor, cells: Sequence[Tensor]
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Corrections in float64, `(n, m)`, from features `(n, m, num_features)`."""
        lanes = self._in_lanes(features)
        outputs, *cells = self.pure_step(lanes, *cells, *self.weights)
        num_rows, num_paths = ops.shape(features)[:2]
        read = self._read(ops.cast(outputs, "float64"), lanes)[: num_rows * num_paths]
        return ops.reshape(read, (num_rows, num_paths)), cells

    def _read(self, outputs: Tensor, features: Tensor) -> Tensor:
        """By the layers' own readout, or by the linear map of a `ReadBody`."""
        if len(outputs.shape) == 1:
            return outputs
        seen = ops.concatenate([outputs, ops.cast(features, "float64")], axis=1)
        if not self.form.shares_readout:
            return ops.sum(seen * self.readout[:, :-1], axis=1) + self.readout[:, -1]
        return ops.matmul(seen, self.readout[:-1, None])[:, 0] + self.readout[-1]

    def _repeated(self, values: Tensor, num_paths: Tensor) -> Tensor:
        """`(n, width)` as `(lanes, width)`, alike for all paths of a row."""
        return self._in_lanes(ops.repeat(values[:, None], num_paths, axis=1))

    def _in_lanes(self, values: Tensor) -> Tensor:
        """`(n, m, width)` as `(lanes, width)`, blank where there are more lanes than paths."""
        width = ops.shape(values)[2]
        lanes = ops.reshape(values, (-1, width))
        if not self.form.num_lanes:
            return lanes
        room = self.form.num_lanes - ops.shape(lanes)[0]
        return ops.concatenate([lanes, ops.zeros((room, width), dtype=values.dtype)])


class _Walk:
    """One rollout inside of a trace."""

    def __init__(
        self,
        form: RolloutForm,
        highway: Highway,
        recent: Recent,
        layers: _Layers,
        feedback: Sequence[Tensor],
    ) -> None:
        """Store all that stays the same from step to step."""
        self.form, self.highway, self.recent = form, highway, recent
        self.noise, low, high = feedback
        self.low, self.high = low[:, None], high[:, None]
        self.horizon, self.num_rows, self.num_paths = ops.shape(self.noise)
        self.layers = layers.of_paths(self.num_paths)
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
            *self.layers.begun(cells, self.num_paths),
        )
        _, own, _, moved, *_ = ops.while_loop(
            lambda step, *_: step < self.horizon, self._step, first
        )
        found = decoded(own + self.recent.reference[:, None, None], self.form.exponent)
        return ops.clip(found, self.low[:, None], self.high[:, None]), moved

    def _step(
        self, step: Tensor, own: Tensor, surplus: Tensor, moved: Tensor, *cells: Tensor
    ) -> tuple[Tensor, ...]:
        upcoming, cells = self._next(self._recent(step, own, surplus), cells)
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

    def _next(self, recent: Recent, cells: Sequence[Tensor]) -> tuple[Tensor, Any]:
        """Forecast of the next value less the reference, `(rows, paths)`, and the cells there."""
        inputs = tensor_inputs(self.highway, recent)
        features = ops.transpose(inputs.features, (0, 2, 1))
        corrections, cells = self.layers(features, cells)
        return inputs.base + inputs.unit * corrections, cells

    def _fed(self, upcoming: Tensor, step: Any) -> tuple[Tensor, Tensor]:
        """What is fed back, less the reference, and how many values of each row were moved."""
        emitted = decoded(upcoming, self.form.exponent) + self.noise[step]
        value = ops.clip(emitted, self.low, self.high)
        moved = ops.sum(ops.cast(value != emitted, "int64"), axis=1)
        return encoded(value, self.form.exponent) - self.recent.reference[:, None], moved


@lru_cache(maxsize=32)
def compiled_rollout(program: Program, form: RolloutForm) -> CompiledRollout:
    """The compiled rollout of layers and a form: the same object whenever both are the same."""
    return CompiledRollout(program, form)
