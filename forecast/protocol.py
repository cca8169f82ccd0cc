"""The roles that every forecaster's model plays, and the state that passes between them.

A forecaster is a state that absorbs what was observed and can be rolled forward. A `Model` holds
learned parameters and three pure functions on states: `init_state`, `observe` and `rollout`. All
that users touch (predict, sample, update, backtests, bundles) is written once on top of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Block

__all__ = [
    "Absorbs",
    "Block",
    "Drawing",
    "Feedback",
    "Learns",
    "Model",
    "Observes",
    "StateBatch",
    "Static",
    "can_learn",
    "num_channels",
    "uses_clock",
]

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class StateBatch:
    """The states of several series: named arrays with one row a series, a clock and a count.

    Args:
        arrays: what the model remembers, each of shape `(num_rows, ...)`.
        clock: steps that passed since each series began, `(num_rows,)`; padding does not count,
            a step without a value does.
        count: steps among these that had a value, `(num_rows,)`.

    Example:
        >>> import numpy as np
        >>> state = StateBatch({"last": np.array([1.0, 2.0])}, np.array([5, 6]), np.array([5, 4]))
        >>> state.take([1]).arrays["last"]
        array([2.])
    """

    arrays: Mapping[str, NDArray]
    clock: IntArray
    count: IntArray

    @property
    def num_rows(self) -> int:
        """Number of series held."""
        return len(self.clock)

    def take(self, rows) -> StateBatch:
        """A copy of the states of `rows`, in that order (a row may be asked for repeatedly)."""
        rows = np.asarray(rows, dtype=np.intp)
        arrays = {name: array[rows] for name, array in self.arrays.items()}
        return StateBatch(arrays, self.clock[rows], self.count[rows])

    def put(self, rows, other: StateBatch) -> StateBatch:
        """A new batch in which `rows` hold the states of `other`; this one is left unchanged."""
        rows = np.asarray(rows, dtype=np.intp)
        everything = np.array_equal(rows, np.arange(self.num_rows))

        def replaced(old: NDArray, new: NDArray) -> NDArray:
            if everything and old.shape == new.shape:
                return new.astype(old.dtype, copy=False)
            copy = old.copy()
            copy[rows] = new
            return copy

        arrays = {name: replaced(old, other.arrays[name]) for name, old in self.arrays.items()}
        return StateBatch(
            arrays, replaced(self.clock, other.clock), replaced(self.count, other.count)
        )

    def join(self, other: StateBatch) -> StateBatch:
        """A new batch with the rows of `other` after the rows of this one."""
        arrays = {
            name: np.concatenate([array, other.arrays[name]]) for name, array in self.arrays.items()
        }
        clock = np.concatenate([self.clock, other.clock])
        return StateBatch(arrays, clock, np.concatenate([self.count, other.count]))

    def select(self, prefix: str) -> StateBatch:
        """The arrays whose name starts with `prefix`, named without it."""
        arrays = {
            name.removeprefix(prefix): array
            for name, array in self.arrays.items()
            if name.startswith(prefix)
        }
        return StateBatch(arrays, self.clock, self.count)

    def advance(self, arrays: Mapping[str, NDArray], block: Block) -> StateBatch:
        """The state after `block`: new arrays, the clock past every valid step of the block."""
        clock = self.clock + block.valid.sum(axis=1)
        return StateBatch(arrays, clock, self.count + block.observed.sum(axis=1))


@dataclass(frozen=True, eq=False)
class Static:
    """What is known of a series before its first step.

    Args:
        series: position of each row among the series that the model was fitted on, `(num_rows,)`;
            -1 for a series that only a global model can take.
        offset: steps from the first step that the model learned from to the first step of this
            history, negative where the history begins earlier, `(num_rows,)`; 0 by default. Models
            with `uses_clock` count trends and seasons from there.
    """

    series: IntArray
    offset: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        """Give no offset its shape."""
        if not len(self.offset):
            object.__setattr__(self, "offset", np.zeros(len(self.series), dtype=np.int64))


class Feedback(Protocol):
    """Turns what a model emits during a rollout into the values that it is fed back."""

    @property
    def num_paths(self) -> int:
        """Paths rolled forward for each row."""
        ...

    def __call__(self, emitted: FloatArray, step: int) -> FloatArray:
        """Values for steps `step`, `step + 1`, ... of the horizon.

        Args:
            emitted: what the model forecasts next, `(num_rows, num_paths, block_length)`.
            step: steps ahead, counted from 0, of the first of them.

        Returns:
            Array of the shape of `emitted`.
        """
        ...


@runtime_checkable
class Drawing(Protocol):
    """A feedback for models that draw from a distribution of their own."""

    def uniforms(self, step: int) -> FloatArray | None:
        """Uniform numbers in [0, 1) for the block that begins at a step ahead.

        Returns:
            `(num_rows, num_paths, block_length)`, drawn together within a block; None where no
            paths are sampled, and the point forecast is fed back.
        """
        ...

    def bounded(self, values: FloatArray) -> FloatArray:
        """Draws, `(num_rows, num_paths, num_steps)`, within the bounds of their rows."""
        ...


class Observes(Protocol):
    """The first two roles of a model: begin and absorb."""

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """The state of `num_rows` series before their first step."""
        ...

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, FloatArray]:
        """Absorb a block of steps.

        `valid=False` is padding: state and clock stand still. `observed=False` is a step that
        exists without a value: the clock moves on and the model is fed its own forecast.

        Args:
            state: states of `num_rows` series; not changed.
            block: `values`, `observed`, `valid`, each `(num_rows, num_steps)`, and `covariates`,
                `(num_rows, num_steps, num_covariates)`.

        Returns:
            The new state, and the one-step-ahead forecast of every step made before that step was
            seen, `(num_rows, num_steps)`; NaN where there was no history yet.
        """
        ...


class Model(Observes, Protocol):
    """Learned parameters and the three roles, never merged: begin, absorb, roll forward."""

    block_length: int

    def rollout(
        self, state: StateBatch, horizon: int, feedback: Feedback, future: FloatArray
    ) -> FloatArray:
        """Roll forward freely, fed with what `feedback` makes of the model's own output.

        Args:
            state: states of `num_rows` series; not changed.
            horizon: steps ahead, at least 1.
            feedback: adds the draws of each path and keeps values within bounds.
            future: covariates of these steps, `(num_rows, horizon, num_covariates)`; a model
                without a use for covariates ignores them.

        Returns:
            Values, `(num_rows, num_paths, horizon)`.
        """
        ...


@runtime_checkable
class Absorbs(Protocol):
    """A model that can absorb without working out its one-step forecasts."""

    def absorb(self, state: StateBatch, block: Block) -> StateBatch:
        """The state of `observe` alone."""
        ...


@runtime_checkable
class Learns(Protocol):
    """A model whose parameters newer steps can move, without the older ones at hand."""

    def learn(self, state: StateBatch, block: Block) -> Model:
        """The model after learning from a block of steps; this one is left unchanged.

        Args:
            state: states before the block.
            block: newer steps, as for `observe`.

        Raises:
            ValueError: where this fit cannot learn; says why and what can.
        """
        ...


def can_learn(model: Model) -> bool:
    """Whether newer steps can move parameters of the model: its attribute, or if it `Learns`.

    An autoregression that chose a naive forecast has none, nor has a combination of such.
    """
    return getattr(model, "can_learn", isinstance(model, Learns))


def num_channels(model: Model) -> int:
    """Consecutive rows that are channels of one system: the model's attribute, or 1.

    A joint model is given the rows of whole systems, the channels of each in order.
    """
    return getattr(model, "num_channels", 1)


def uses_clock(model: Model) -> bool:
    """Whether forecasts depend on the time since the training began: an attribute, or False.

    So do trends and seasons that are counted in steps; `Static.offset` then tells a history that
    begins elsewhere where it stands.
    """
    return getattr(model, "uses_clock", False)
