"""The layers of a network as pure functions of their weights, compiled once for all networks alike.

Two networks of the same form differ in their weights only. So one program serves every refit, every
copy and every state of training: it is traced for the form, and the weights are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import cached_property, lru_cache
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecast.models.blueprint import TRAINED, Blueprint
from forecast.models.compiled import compiled, fused, value_and_gradients
from forecast.models.stack import RecurrentStack

__all__ = ["Program", "program_of"]

# Forms whose programs are kept: a comparison has a few networks, in some sizes.
_MOST_PROGRAMS = 16
# Compiling a chunk takes a second: so much as some 10,000 steps of one row without it.
_LONG, _CHUNK, _FEW_ROWS = 16_384, 2_048, 4


class Program:
    """`encode` and `step` of layers of one form, for any weights, number of rows and of steps.

    Args:
        blueprint: the form; its seed does not matter.
    """

    def __init__(self, blueprint: Blueprint) -> None:
        """Build the layers, without weights of their own, and prepare the compiled functions."""
        self.stack = blueprint.stack(blank=True)
        self.num_features = blueprint.num_features
        self.state_sizes = self.stack.state_sizes
        self.num_last_states = self.stack.num_last_states
        self.weight_shapes = [tuple(weight.shape) for weight in self.stack.weights]
        self.states = [((None, units), "float32") for units in self.state_sizes]
        self.weights = [(shape, "float32") for shape in self.weight_shapes]
        features, mask = (None, None, blueprint.num_features), (None, None)
        beside = [*self.states, *self.weights]
        self.inputs = [(features, "float32"), (mask, "bool"), *beside]
        self.encode_any = compiled(self._encode, self.inputs)
        self.goes_on = type(blueprint) is Blueprint and blueprint.layer in TRAINED

    def encode(self, features: NDArray, mask: NDArray, *parts: Any) -> list[NDArray]:
        """Outputs after each step, then the states after the last one.

        A long history of few rows passes in chunks of one size, compiled as a whole: the loop over
        its steps then takes a tenth of the time.

        Args:
            features: `(rows, steps, num_features)`.
            mask: True where a step is valid, `(rows, steps)`.
            *parts: states, then weights.
        """
        num_rows, num_steps = mask.shape
        if not self.goes_on or num_rows > _FEW_ROWS or num_steps < _LONG:
            return self.encode_any(features, mask, *parts)
        states, weights = self.split(parts)
        outputs = []
        for start in range(0, num_steps, _CHUNK):
            steps = slice(start, start + _CHUNK)
            encode = self.encode_chunk if start + _CHUNK <= num_steps else self.encode_any
            found, *states = encode(features[:, steps], mask[:, steps], *states, *weights)
            outputs.append(found)
        return [np.concatenate(outputs, axis=1), *states]

    @cached_property
    def encode_chunk(self) -> Callable[..., list[Any]]:
        """`encode_any`, compiled for each size that it is called with."""
        return compiled(fused(self._encode), self.inputs)

    @cached_property
    def step(self) -> Callable[..., list[Any]]:
        """`pure_step` as a function of arrays."""
        features = (None, self.num_features)
        return compiled(self.pure_step, [(features, "float32"), *self.states, *self.weights])

    @contextmanager
    def of(self, weights: Sequence[Any]) -> Iterator[RecurrentStack]:
        """The layers with these weights, tensors in the order of `weight_shapes`, in a block."""
        mapping = list(zip(self.stack.weights, weights, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            yield self.stack

    def split(self, parts: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """States and weights of what follows the inputs of a compiled function."""
        count = len(self.state_sizes)
        return list(parts[:count]), list(parts[count:])

    @cached_property
    def gradient(self) -> Callable[..., list[Any]]:
        """Mean absolute error of the steps of a block, and its gradient for each weight.

        Of features after each step, mask, targets, importance of each step, states before the
        block, weights. The first step's forecast comes from these states.
        """
        sizes, features = (None, None), (None, None, self.num_features)
        material = [(features, "float32"), (sizes, "bool"), (sizes, "float32"), (sizes, "float32")]
        return compiled(self._gradient, [*material, *self.states, *self.weights])

    @cached_property
    def jacobian(self) -> Callable[..., list[Any]]:
        """All states after one step by all before it, `(rows, n, n)`.

        Of features `(rows, num_features)`, states before the step, weights.
        """
        features = (None, self.num_features)
        return compiled(self._jacobian, [(features, "float32"), *self.states, *self.weights])

    @cached_property
    def gates(self) -> Callable[..., list[Any]]:
        """Activities of the gates at one step, as `gate_names` tells; arguments of `jacobian`."""
        features = (None, self.num_features)
        return compiled(self._gates, [(features, "float32"), *self.states, *self.weights])

    @property
    def gate_names(self) -> list[list[str]]:
        """Names of the gates of each layer."""
        cells = [layer.cell for layer in self.stack.recurrent_layers]
        return [list(getattr(cell, "gate_names", ())) for cell in cells]

    def _jacobian(self, features: Any, *parts: Any) -> tuple[Any, ...]:
        states, weights = self.split(parts)
        count, num_rows = sum(self.state_sizes), ops.shape(features)[0]
        # A copy of each row for each entry of the new state: one way back gives all gradients.
        features, *states = (ops.repeat(part, count, axis=0) for part in (features, *states))
        wanted = ops.tile(ops.eye(count), (num_rows, 1))

        def entries(states: list[Any]) -> Any:
            _, *after = self.pure_step(features, *states, *weights)
            return ops.sum(wanted * ops.concatenate(after, axis=1))

        _, *found = value_and_gradients(entries, states)
        return (ops.reshape(ops.concatenate(found, axis=1), (num_rows, count, count)),)

    def _gates(self, features: Any, *parts: Any) -> tuple[Any, ...]:
        states, weights = self.split(parts)
        with self.of(weights) as stack:
            return tuple(stack.gates(features, states))

    def _gradient(
        self, features: Any, mask: Any, targets: Any, importance: Any, *parts: Any
    ) -> tuple[Any, ...]:
        states, weights = self.split(parts)

        def loss(weights: list[Any]) -> Any:
            with self.of(weights) as stack:
                outputs, _ = stack(features, mask, states)
                first = stack.read(states)
            corrections = ops.concatenate([first[:, None], outputs[:, :-1]], axis=1)
            total = ops.sum(importance * ops.abs(targets - corrections))
            return total / ops.maximum(ops.sum(importance), 1e-6)

        return value_and_gradients(loss, weights)

    def _encode(self, features: Any, mask: Any, *parts: Any) -> tuple[Any, ...]:
        return self._run(lambda stack, states: stack(features, mask, states), parts)

    def pure_step(self, features: Any, *parts: Any) -> tuple[Any, ...]:
        """`step` of tensors, for other compiled functions: outputs, then the states.

        Args:
            features: `(rows, num_features)`.
            *parts: states, then weights.
        """
        return self._run(lambda stack, states: stack.step(features, states), parts)

    def _run(
        self,
        function: Callable[[RecurrentStack, list[Any]], tuple[Any, list[Any]]],
        parts: Sequence[Any],
    ) -> tuple[Any, ...]:
        states, weights = self.split(parts)
        with self.of(weights) as stack:
            outputs, after = function(stack, states)
        return (outputs, *after)


def program_of(blueprint: Blueprint) -> Program:
    """The program of a form: the same object for all blueprints that differ in the seed only."""
    numbers = {entry.name: getattr(blueprint, entry.name) for entry in fields(blueprint)}
    numbers |= {"seed": 0, "options": tuple(sorted(blueprint.options.items()))}
    kind: Any = type(blueprint)
    return _program(kind, tuple(numbers.items()))


@lru_cache(maxsize=_MOST_PROGRAMS)
def _program(kind: Any, numbers: tuple[tuple[str, Any], ...]) -> Program:
    entries = dict(numbers)
    return Program(kind(**entries | {"options": dict(entries["options"])}))
