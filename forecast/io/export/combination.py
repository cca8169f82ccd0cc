"""A combination in tensors: its members' states side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from forecast.baselines.power import Power
from forecast.composition.combination import CombinedModel
from forecast.io.export.record import RANGE, ranged
from forecast.io.export.rolling import rolled
from forecast.io.export.served import ServedModel, StateArray, Tensors, learned
from forecast.protocol import StateBatch

__all__ = ["ServedCombination"]

_COMMON = ("clock", "series")


class ServedCombination(ServedModel):
    """See `CombinedModel`: the median or a weighted sum of its members' forecasts.

    Args:
        model: the model.
        members: its members in tensors.
    """

    def __init__(self, model: CombinedModel, members: Sequence[ServedModel]) -> None:
        """Store the parts."""
        super().__init__(Power(1.0), model.block_length)
        self._members = list(members)
        self._weights = None if model.weights is None else learned(model.weights)

    def state_arrays(self) -> dict[str, StateArray]:
        """See `ServedModel`; clock and series are the same for all members."""
        arrays = dict(RANGE)
        for index, member in enumerate(self._members):
            arrays |= _beside(index, member, member.state_arrays())
        return arrays

    def of_state(self, state: StateBatch) -> dict[str, NDArray]:
        """See `ServedModel`."""
        arrays = {name: state.arrays[name] for name in RANGE}
        for index, member in enumerate(self._members):
            own = StateBatch(state.select(f"member{index}.").arrays, state.clock, state.count)
            arrays |= _beside(index, member, member.of_state(own))
        return arrays

    def emit(self, state: Tensors, num_steps: int) -> Any:
        """See `ServedModel`; within the block every member is fed its own output."""
        return self._combine([rolled(*part, num_steps) for part in self._parts(state)])

    def one_step(self, state: Tensors) -> Any:
        """See `ServedModel`."""
        return self._combine([member.one_step(own) for member, own in self._parts(state)])

    def observe(self, state: Tensors, values: Any) -> dict[str, Any]:
        """See `ServedModel`; at a step without a value each member does what it does alone."""
        after = {**state, **ranged(state, values)}
        for index, (member, own) in enumerate(self._parts(state)):
            after |= _beside(index, member, member.observe(own, member.encode(values)))
        return after

    def feed(self, state: Tensors, values: Any) -> dict[str, Any]:
        """See `ServedModel`; every member takes them as observed, the range stays as it is."""
        columns = tf.transpose(values)

        def move(step: Any, now: Tensors) -> tuple[Any, Tensors]:
            after = self.observe(now, columns[step])
            return step + 1, {name: after[name] for name in now}

        start = (tf.constant(0), dict(state))
        _, after = tf.while_loop(lambda step, _: step < tf.shape(columns)[0], move, start)
        return {**after, **{name: state[name] for name in RANGE}}

    def _parts(self, state: Tensors) -> list[tuple[ServedModel, dict[str, Any]]]:
        """Each member with its own state, bounded by the range of this one."""
        common = {name: state[name] for name in (*_COMMON, *RANGE) if name in state}
        return [
            (member, common | _own(state, _prefix(index)))
            for index, member in enumerate(self._members)
        ]

    def _combine(self, forecasts: list[Any]) -> Any:
        stacked = tf.stack(forecasts)
        if self._weights is not None:
            return tf.tensordot(self._weights, stacked, axes=1)
        ordered, count = tf.sort(stacked, axis=0), len(forecasts)
        median = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2.0
        unknown = tf.reduce_any(tf.math.is_nan(stacked), axis=0)
        return tf.where(unknown, tf.constant(float("nan"), tf.float64), median)


def _prefix(index: int) -> str:
    return f"member{index}_"


def _beside(index: int, member: ServedModel, arrays: Tensors) -> dict[str, Any]:
    """The arrays of a member by their names in the combination."""
    return {
        name if name in _COMMON else _prefix(index) + name: arrays[name]
        for name in member.state_arrays()
    }


def _own(state: Tensors, prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)
    }
