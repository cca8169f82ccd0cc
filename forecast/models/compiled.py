"""Compiled functions of arrays; the only file that knows which backend Keras runs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

__all__ = ["compiled"]

Signature = Sequence[tuple[tuple[int | None, ...], str]]


def compiled(
    function: Callable[..., tuple[Any, ...]], signature: Signature
) -> Callable[..., list[NDArray]]:
    """A function of tensors as a function of arrays, traced once for all sizes.

    Args:
        function: takes tensors, returns a tuple of tensors.
        signature: shape (None where any size may come) and dtype of each argument.

    Returns:
        A function of arrays that returns a list of arrays.
    """
    traced = _trace(function, signature)

    def call(*arrays: NDArray) -> list[NDArray]:
        cast = [
            np.asarray(array, dtype=dtype)
            for array, (_, dtype) in zip(arrays, signature, strict=True)
        ]
        return [np.asarray(result) for result in traced(*cast)]

    return call


def _trace(function: Callable[..., Any], signature: Signature) -> Callable[..., Any]:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        specs = [tf.TensorSpec(shape, dtype) for shape, dtype in signature]
        traced = tf.function(function, input_signature=specs, autograph=False)
        concrete = traced.get_concrete_function()
        return lambda *arrays: concrete(*map(tf.constant, arrays))
    # Elsewhere as it is: a jitted closure would keep the weights of its first call.
    return function
