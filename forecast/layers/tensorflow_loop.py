"""A recurrence over time on TensorFlow, forwards and backwards; both are plain functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from forecast.layers.recurrences import Recurrence

__all__ = ["Loop"]

Tensors = tuple[Any, ...]


@dataclass(frozen=True)
class Loop:
    """The loop, with its derivative by hand.

    Forwards, a step is a product and a few functions of its result. Backwards, only the gradients
    of the states are carried and those of the products written down; the gradients of the weights
    are one product after the loop.

    Args:
        recurrence: the step.
        has_sequences: whether the states after all steps are asked for, not only the last.
        is_fused: whether a compiler joins what a step computes; factors are then cheap inside of
            the loop, and otherwise cheaper after it, for all steps at once.
    """

    recurrence: Recurrence
    has_sequences: bool
    is_fused: bool

    def forward(
        self, inputs: Any, mask: Any, states: Tensors, weights: Tensors, keep: bool
    ) -> tuple[Any, Tensors, Tensors]:
        """Run over time.

        Args:
            inputs: `(rows, steps, features)`.
            mask: bool, `(rows, steps)`, or None.
            states: each `(rows, units)`.
            weights: as `pack` gives them.
            keep: whether `backward` will be called.

        Returns:
            Outputs `(rows, steps, units)`, None unless sequences are asked for; the last states;
            what `backward` needs, stacked over time: hidden states, `kept`, factors.
        """
        steps = tf.shape(inputs)[1]
        read = _reader(inputs, mask)

        def body(index: Any, states: Tensors, arrays: Tensors) -> tuple[Any, Tensors, Tensors]:
            current, valid = read(index)
            after, values = self.recurrence.step(current, states, weights)
            after = after if valid is None else _chosen(valid, after, states)
            record = self._record(states, after, values) if keep else after
            arrays = tuple(array.write(index, part) for array, part in zip(arrays, record))  # noqa: B905
            return index + 1, after, arrays

        widths = self._widths if keep else (1,) * self.has_sequences
        _, last, arrays = _loop(body, steps, states, widths)
        stacks = tuple(array.stack() for array in arrays)
        outputs = _swapped(stacks[0]) if self.has_sequences else None
        return outputs, last, self._kept(states, stacks) if keep else ()

    def backward(
        self,
        inputs: Any,
        mask: Any,
        states: Tensors,
        weights: Tensors,
        kept: Tensors,
        outputs_gradient: Any,
        last_gradients: Tensors,
    ) -> tuple[Any, Tensors, Tensors]:
        """Gradients of the inputs, the states before the first step and the weights.

        Args:
            inputs: as in `forward`, like mask, states and weights.
            mask: see there.
            states: see there.
            weights: see there.
            kept: what `forward` kept.
            outputs_gradient: that of its outputs; None unless sequences are asked for.
            last_gradients: those of the last states.
        """
        steps = tf.shape(inputs)[1]
        count = 1 + self.recurrence.num_kept
        parts = [_unstacked(steps, part) for part in kept[count:]]
        given = None if outputs_gradient is None else _unstacked(steps, _swapped(outputs_gradient))
        valid = None if mask is None else _unstacked(steps, _over_time(mask, states[0].dtype))

        def body(index: Any, gradients: Tensors, arrays: Tensors) -> tuple[Any, Tensors, Tensors]:
            step = steps - 1 - index
            hidden, *others = gradients
            hidden = hidden if given is None else hidden + given.read(step)
            is_valid = None if valid is None else valid.read(step)
            gradients, passed = _shared((hidden, *others), is_valid)
            factors = tuple(part.read(step) for part in parts)
            before, deltas = self.recurrence.back(gradients, factors, weights)
            arrays = tuple(map(lambda array, delta: array.write(step, delta), arrays, deltas))
            return index + 1, _sum(before, passed), arrays

        widths = [weight.shape[1] // states[0].shape[1] for weight in weights]
        _, first, arrays = _loop(body, steps, last_gradients, widths)
        deltas = tuple(array.stack() for array in arrays)
        operands = self._operands(inputs, states[0], kept[:count])
        of_weights = tuple(map(_of_weights, operands, deltas))
        return self._of_inputs(inputs, weights, deltas), first, of_weights

    def _record(self, before: Tensors, after: Tensors, values: Tensors) -> Tensors:
        if not self.is_fused:
            return (*after, *values)
        return (
            after[0],
            *self.recurrence.kept(values),
            *self.recurrence.factors(before, after, values),
        )

    @property
    def _widths(self) -> tuple[int, ...]:
        recurrence = self.recurrence
        if self.is_fused:
            return (1,) * (1 + recurrence.num_kept + recurrence.num_factors)
        return (1,) * recurrence.num_states + recurrence.value_widths

    def _kept(self, states: Tensors, stacks: Tensors) -> Tensors:
        if self.is_fused:
            return stacks
        after, values = stacks[: len(states)], stacks[len(states) :]
        before = tuple(map(_delayed, states, after))
        factors = self.recurrence.factors(before, after, values)
        return (after[0], *self.recurrence.kept(values), *factors)

    def _operands(self, inputs: Any, first: Any, kept: Tensors) -> Tensors:
        vectors = self.recurrence.operands(_delayed(first, kept[0]), kept[1:])
        inputs = _swapped(inputs)
        return tuple(tf.concat([inputs, vector], axis=-1) for vector in vectors)

    @staticmethod
    def _of_inputs(inputs: Any, weights: Tensors, deltas: Tensors) -> Any:
        """The gradient of the inputs: their part of each product's."""
        features = inputs.shape[-1]
        parts = [
            tf.tensordot(delta, weight[:features], [[2], [1]])
            for delta, weight in zip(deltas, weights, strict=True)
        ]
        return _swapped(tf.add_n(parts))


def _loop(body: Callable[..., Any], steps: Any, states: Tensors, widths: Any) -> Any:
    """Index, states and arrays after all steps; widths of the arrays are in units."""
    units, dtype = states[0].shape[-1], states[0].dtype
    shapes = [(states[0].shape[0], width * units) for width in widths]
    arrays = tuple(tf.TensorArray(dtype, steps, element_shape=shape) for shape in shapes)
    return tf.while_loop(
        lambda index, *_: index < steps, body, (0, states, arrays), maximum_iterations=steps
    )


def _unstacked(steps: Any, values: Any) -> tf.TensorArray:
    return tf.TensorArray(values.dtype, steps, element_shape=values.shape[1:]).unstack(values)


def _swapped(values: Any) -> Any:
    """Rows and steps exchanged."""
    return tf.transpose(values, [1, 0, 2])


def _over_time(mask: Any, dtype: Any) -> Any:
    """The mask as `(steps, rows, 1)`."""
    return tf.cast(tf.transpose(mask)[:, :, None], dtype)


def _reader(inputs: Any, mask: Any) -> Callable[[Any], tuple[Any, Any]]:
    """Inputs and mask of a step; the mask is None where there is none."""
    steps = tf.shape(inputs)[1]
    values = _unstacked(steps, _swapped(inputs))
    if mask is None:
        return lambda index: (values.read(index), None)
    valid = _unstacked(steps, _over_time(mask, tf.bool))
    return lambda index: (values.read(index), valid.read(index))


def _chosen(valid: Any, after: Tensors, before: Tensors) -> Tensors:
    """The states after a step in valid rows; they stand still in others."""
    return tuple(map(lambda new, old: tf.where(valid, new, old), after, before))


def _shared(gradients: Tensors, valid: Any) -> tuple[Tensors, Tensors | None]:
    """Gradients that go through the step, and those that pass it by where the states stood."""
    if valid is None:
        return gradients, None
    through = tuple(gradient * valid for gradient in gradients)
    return through, tuple(map(tf.subtract, gradients, through))


def _sum(gradients: Tensors, passed: Tensors | None) -> Tensors:
    return gradients if passed is None else tuple(map(tf.add, gradients, passed))


def _delayed(first: Any, stack: Any) -> Any:
    """States before the steps, of the states after them."""
    return tf.concat([first[None], stack], axis=0)[:-1]


def _of_weights(operand: Any, delta: Any) -> Any:
    """The gradient of a product's weights, summed over steps and rows."""
    flat = [tf.reshape(part, (-1, part.shape[-1])) for part in (operand, delta)]
    return tf.matmul(*flat, transpose_a=True)
