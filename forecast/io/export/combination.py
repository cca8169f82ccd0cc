"""A combination in tensors: its members' states side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from forecast.baselines.power import Power
from forecast.composition.combination import CombinedModel
from forecast.io.export.rolling import rolled
from forecast.io.export.served import ServedModel, StateArray, Tensors, learned
from forecast.protocol import StateBatch

__all__ = ["ServedCombination"]

_SHARED = ("clock", "series", "minimum", "maximum")


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
        """See `ServedModel`; members share what is the same for all."""
        arrays = {}
        for index, member in enumerate(self._members):
            for name, array in member.state_arrays().items():
                arrays[name if name in _SHARED else _prefix(index) + name] = array
        return arrays

    def of_state(self, state: StateBatch) -> dict[str, NDArray]:
        """See `ServedModel`."""
        arrays = {}
        for index, member in enumerate(self._members):
            for name, array in member.of_state(state.select(f"member{index}.")).items():
                arrays[name if name in _SHARED else _prefix(index) + name] = array
        return arrays

    def emit(self, state: Tensors, num_steps: int) -> Any:
        """See `ServedModel`; within the block every member is fed its own output."""
        return self._combine([rolled(*part, num_steps) for part in self._parts(state)])

    def one_step(self, state: Tensors) -> Any:
        """See `ServedModel`."""
        return self._combine([member.one_step(own) for member, own in self._parts(state)])

    def observe(self, state: Tensors, values: Any) -> dict[str, Any]:
        """See `ServedModel`; at a step without a value each member does what it does alone."""
        after = dict(state)
        for index, (member, own) in enumerate(self._parts(state)):
            for name, array in member.observe(own, member.encode(values)).items():
                after[name if name in _SHARED else _prefix(index) + name] = array
        return after

    def feed(self, state: Tensors, values: Any) -> dict[str, Any]:
        """See `ServedModel`; every member takes them as observed."""
        columns = tf.transpose(values)

        def move(step: Any, now: Tensors) -> tuple[Any, Tensors]:
            after = self.observe(now, columns[step])
            return step + 1, {name: after[name] for name in now}

        more = tf.shape(columns)[0]
        start = (tf.constant(0), dict(state))
        return tf.while_loop(lambda step, _: step < more, move, start)[1]

    def _parts(self, state: Tensors) -> list[tuple[ServedModel, dict[str, Any]]]:
        """Each member with its own state."""
        shared = {name: state[name] for name in _SHARED if name in state}
        return [
            (member, shared | _own(state, _prefix(index)))
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


def _own(state: Tensors, prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)
    }
