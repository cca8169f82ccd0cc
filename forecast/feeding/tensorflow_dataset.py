"""Batches of windows as a tf.data pipeline; the one file of this room that needs TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from forecast.feeding.examples import Example, Inputs, checked_inputs, keras_example
from forecast.pipelines import Batches, BatchSource

__all__ = ["tf_dataset"]

# A call of Python out of tf.data takes as long as a batch: so many bytes are gathered at once.
_BYTES_AT_ONCE = 1 << 22
# Their second axis is no step of the context, so it never varies.
_WITHOUT_STEPS = ("static_covariates", "begins")


def tf_dataset(source: BatchSource, inputs: Inputs = "values") -> tf.data.Dataset:
    """A tf.data pipeline of batches for ``model.fit``, gathered while the model trains.

    Each pass over the data set is the next epoch of the source, in the order of its seed; a new
    data set begins with epoch 0 again.

    Args:
        source: `Batches`, `LengthBuckets` or `Streams`.
        inputs: one name for an array, several for a dict by name; see `WindowBatch.inputs`.

    Returns:
        Data set of (inputs, targets, weights); see `keras_example` for their shapes.

    Raises:
        TypeError: if the source gives no batches, as `Windows` do not.
        ValueError: for inputs that the batches do not have or that hide gaps or padding.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from forecast.pipelines import Batches, Windows
        >>> frame = pd.DataFrame({"a": np.arange(9.0)}, index=pd.date_range("2024", periods=9))
        >>> windows = Windows.of_frame(frame, context_length=4, horizon=2)
        >>> data = tf_dataset(Batches(windows, batch_size=2, seed=0))
        >>> [tuple(inputs.shape) for inputs, targets, weights in data]
        [(2, 4, 1), (2, 4, 1)]
    """
    checked_inputs(source, inputs)
    pieces = _pieces(source, inputs)
    epochs = count()
    number = tf.TensorSpec((), tf.int64)
    passes = tf.data.Dataset.from_generator(lambda: iter([next(epochs)]), output_signature=number)
    gather = _gather(pieces, inputs)

    def one_pass(epoch: tf.Tensor) -> tf.data.Dataset:
        numbers = tf.data.Dataset.range(len(pieces))
        data = numbers.map(partial(gather, epoch), tf.data.AUTOTUNE, deterministic=True)
        if not isinstance(source, Batches):
            return data
        return data.rebatch(source.batch_size, drop_remainder=source.num_rows is not None)

    data = passes.flat_map(one_pass)
    data = data.apply(tf.data.experimental.assert_cardinality(len(source)))
    return data.prefetch(tf.data.AUTOTUNE)


def _pieces(source: BatchSource, inputs: Inputs) -> BatchSource:
    """What is gathered at once: windows of several batches, or a batch of what is no window."""
    if not isinstance(source, Batches):
        return source
    example = tf.nest.flatten(keras_example(source.batch(0), inputs))
    size = sum(array.nbytes for array in example)
    return source.joined(min(len(source), max(1, _BYTES_AT_ONCE // size)))


def _gather(source: BatchSource, inputs: Inputs) -> Callable[[tf.Tensor, tf.Tensor], Any]:
    """The function of epoch and number that gathers a batch, as tensors."""
    signature = _signature(source, keras_example(source.batch(0), inputs))
    specs = tf.nest.flatten(signature)
    types = [spec.dtype for spec in specs]

    def arrays(epoch: NDArray, number: NDArray) -> list[NDArray]:
        return tf.nest.flatten(keras_example(source.batch(int(number), int(epoch)), inputs))

    def tensors(epoch: tf.Tensor, number: tf.Tensor) -> Any:
        flat = tf.numpy_function(arrays, [epoch, number], types, stateful=False)
        shaped = [tf.ensure_shape(a, spec.shape) for a, spec in zip(flat, specs, strict=True)]
        return tf.nest.pack_sequence_as(signature, shaped)

    return tensors


def _signature(source: BatchSource, example: Example) -> Any:
    """Shapes and types of all batches, like those of one."""

    def spec(array: NDArray, name: str = "") -> tf.TensorSpec:
        shape = [source.num_rows, *array.shape[1:]]
        if source.width is None and name not in _WITHOUT_STEPS:
            shape[1] = None
        return tf.TensorSpec(shape, array.dtype)

    inputs, targets, weights = example
    if isinstance(inputs, dict):
        return {name: spec(a, name) for name, a in inputs.items()}, spec(targets), spec(weights)
    return spec(inputs), spec(targets), spec(weights)
