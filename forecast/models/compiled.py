"""Compiled functions of arrays; the only file that knows which backend Keras runs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

__all__ = ["compiled", "gauss_newton_product", "tensor", "value_and_gradients"]

Signature = Sequence[tuple[tuple[int | None, ...], str]]


def compiled(
    function: Callable[..., tuple[Any, ...]], signature: Signature
) -> Callable[..., list[NDArray]]:
    """A function of tensors as a function of arrays, traced once for all sizes.

    Args:
        function: takes tensors, returns a tuple of tensors.
        signature: shape (None where any size may come) and dtype of each argument.

    Returns:
        A function of arrays, or of what `tensor` made of them, that returns a list of arrays.
    """
    traced = _trace(function, signature)

    def call(*arrays: Any) -> list[NDArray]:
        cast = [
            array if keras.ops.is_tensor(array) else np.asarray(array, dtype=dtype)
            for array, (_, dtype) in zip(arrays, signature, strict=True)
        ]
        return [np.asarray(result) for result in traced(*cast)]

    return call


def tensor(array: NDArray) -> Any:
    """The array as a tensor of the backend, to be given to compiled functions many times."""
    return keras.ops.convert_to_tensor(array)


def value_and_gradients(function: Callable[[list[Any]], Any], at: list[Any]) -> tuple[Any, ...]:
    """A number that is computed of tensors, and its gradient for each of them; inside `compiled`.

    Raises:
        NotImplementedError: on a backend other than TensorFlow and JAX.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(at)
            value = function(at)
        return (value, *tape.gradient(value, at, unconnected_gradients="zero"))
    if backend == "jax":
        import jax

        value, gradients = jax.value_and_grad(function)(at)
        return (value, *gradients)
    raise NotImplementedError(
        f"networks learn from newer rows on the backends tensorflow and jax; Keras runs on "
        f"{backend!r} here. Call update(df) without learn=True."
    )


def gauss_newton_product(
    outputs: Callable[[list[Any]], Any],
    loss: Callable[[Any], Any],
    at: list[Any],
    vector: list[Any],
) -> tuple[Any, ...]:
    """`J' H J v` by derivatives backwards only; inside `compiled`.

    `J'u` is linear in u, so its own derivative by u, backwards once more, is `J v`. H is the second
    derivative of the loss by the outputs.

    Args:
        outputs: a tensor z of the weights; J is its derivative.
        loss: a number of z.
        at: weights.
        vector: v, a part for each weight.

    Raises:
        NotImplementedError: on a backend other than TensorFlow and JAX.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _tensorflow_product(outputs, loss, at, vector)
    if backend == "jax":
        import jax

        found, back = jax.vjp(outputs, at)
        (along,) = jax.vjp(lambda u: back(u)[0], keras.ops.zeros_like(found))[1](vector)
        (curved,) = jax.vjp(jax.grad(loss), found)[1](along)
        return tuple(back(curved)[0])
    raise NotImplementedError(
        f"second-order training runs on the backends tensorflow and jax; Keras runs on {backend!r}."
    )


def _tensorflow_product(
    outputs: Callable[[list[Any]], Any],
    loss: Callable[[Any], Any],
    at: list[Any],
    vector: list[Any],
) -> tuple[Any, ...]:
    import tensorflow as tf

    options: dict[str, Any] = {"persistent": True, "watch_accessed_variables": False}
    with tf.GradientTape(**options) as outer:
        with tf.GradientTape(**options) as tape:
            tape.watch(at)
            found = outputs(at)
        unit = tf.ones_like(found)
        outer.watch(unit)
        pulled = tape.gradient(found, at, unit, unconnected_gradients="zero")
    along = outer.gradient(pulled, unit, vector, unconnected_gradients="zero")
    with tf.GradientTape(watch_accessed_variables=False) as second:
        second.watch(found)
        with tf.GradientTape(watch_accessed_variables=False) as first:
            first.watch(found)
            number = loss(found)
        slope = first.gradient(number, found)
    curved = second.gradient(slope, found, along, unconnected_gradients="zero")
    return tuple(tape.gradient(found, at, curved, unconnected_gradients="zero"))


def fused(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled as a whole for each size that it is called with, inside of a trace.

    Worth its second of compiling only for a size that comes again and again.
    """
    if not is_traced():
        return function
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)


def is_traced() -> bool:
    """Whether compiled functions are traced once for all sizes; elsewhere they run as they are."""
    return keras.backend.backend() == "tensorflow"


def _trace(function: Callable[..., Any], signature: Signature) -> Callable[..., Any]:
    if is_traced():
        import tensorflow as tf

        specs = [tf.TensorSpec(shape, dtype) for shape, dtype in signature]
        traced = tf.function(function, input_signature=specs, autograph=False)
        concrete = traced.get_concrete_function()
        return lambda *arrays: concrete(*map(tf.convert_to_tensor, arrays))
    # Elsewhere as it is: a jitted function is compiled anew for every size.
    return function
