"""The loop of a reservoir on TensorFlow, compiled by XLA for a few numbers of steps.

First derivatives go through it. What is stored for them cannot leave compiled code, so the way back
begins with the loop once more.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import tensorflow as tf

from forecast.layers.echo_state_cell import echo_step, project

__all__ = ["run"]

# A number of steps is filled up to one of a few, four between two powers of two, and cut to pieces
# of the largest: to compile one takes half a second. The steps that were added are never run.
_LEAST, _MOST = 128, 16_384


def run(inputs: Any, state: Any, mask: Any, weights: tuple[Any, Any, Any, Any]) -> Any:
    """States after each step, shape (batch, steps, units).

    Args:
        inputs: shape (batch, steps, features), or with the noise of the units beside them; the
            number of steps is known.
        state: before the first step, shape (batch, units).
        mask: bool, shape (batch, steps), False where a row stands still; or None.
        weights: kernel, recurrent kernel, bias and leak rate.
    """
    weights = tuple(tf.convert_to_tensor(weight, inputs.dtype) for weight in weights)
    inputs = _swapped(inputs)
    mask = None if mask is None else _swapped(mask)
    parts = []
    for start in range(0, inputs.shape[0], _MOST):
        part = slice(start, start + _MOST)
        states = _piece(inputs[part], state, None if mask is None else mask[part], weights)
        parts.append(states)
        state = states[-1]
    return _swapped(parts[0] if len(parts) == 1 else tf.concat(parts, axis=0))


def _piece(inputs: Any, state: Any, mask: Any, weights: tuple[Any, ...]) -> Any:
    """`run` with the steps first, for at most `_MOST` of them."""
    num_steps = inputs.shape[0]
    length = _compiled_length(num_steps)
    masked = None if mask is None else _filled(mask, length)
    states = _differentiable(tf.constant(num_steps), masked)
    return states(_filled(inputs, length), state, *weights)[:num_steps]


def _compiled_length(num_steps: int) -> int:
    """The number of steps that is compiled for these: a quarter more at most."""
    unit = max(_LEAST, 2 ** ((num_steps - 1).bit_length() - 3))
    return -(-num_steps // unit) * unit


def _swapped(values: Any) -> Any:
    """Steps first of what has rows first, and the other way round."""
    return tf.experimental.numpy.swapaxes(values, 0, 1)


def _filled(values: Any, length: int) -> Any:
    """The values (steps, ...) with zeros after them."""
    return tf.pad(values, [[0, length - values.shape[0]], *[[0, 0]] * (len(values.shape) - 1)])


def _differentiable(*unchanged: Any) -> Any:
    """The compiled loop with its compiled gradient."""

    @tf.custom_gradient
    def states(*arguments: Any) -> tuple[Any, Any]:
        forward, backward = _compiled()
        # Of what a tape watches, the compiled loop would hand out all that its own gradient needs.
        given = map(tf.stop_gradient, arguments)
        return forward(*unchanged, *given), lambda gradient: backward(
            gradient, *unchanged, *arguments
        )

    return states


@lru_cache(maxsize=1)
def _compiled() -> tuple[Any, Any]:
    """The loop and its gradient; a shape is compiled when it first comes."""
    return tuple(
        tf.function(function, jit_compile=True, autograph=False) for function in (_loop, _gradients)
    )


def _gradients(gradient: Any, num_steps: Any, mask: Any, *arguments: Any) -> list[Any]:
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        states = _loop(num_steps, mask, *arguments)
    return tape.gradient(states, arguments, gradient)


def _loop(
    num_steps: Any,
    mask: Any,
    inputs: Any,
    state: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    leak_rate: Any,
) -> Any:
    """States after the first `num_steps` of the steps; zeros after them."""
    length = inputs.shape[0]
    given = _unstacked(inputs)
    valid = None if mask is None else _unstacked(mask)
    outputs = tf.TensorArray(inputs.dtype, length, element_shape=state.shape)

    def body(step: Any, state: Any, outputs: Any) -> tuple[Any, Any, Any]:
        # Projected here: what all steps would take is more than a cache holds.
        drive = project(given.read(step), kernel)
        after = echo_step(drive, state, recurrent_kernel, bias, leak_rate)
        if valid is not None:
            after = tf.where(valid.read(step)[:, None], after, state)
        return step + 1, after, outputs.write(step, after)

    *_, outputs = tf.while_loop(
        lambda step, *_: step < num_steps, body, (0, state, outputs), maximum_iterations=length
    )
    return outputs.stack()


def _unstacked(values: Any) -> Any:
    """One element for each step, of values (steps, ...)."""
    array = tf.TensorArray(values.dtype, values.shape[0], element_shape=values.shape[1:])
    return array.unstack(values)
