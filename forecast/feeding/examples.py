"""A batch of windows as Keras takes it: inputs, targets and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from forecast.pipelines import BatchSource, WindowBatch

__all__ = ["Inputs", "checked_inputs", "keras_example"]

Inputs = str | Sequence[str]
Example = tuple[Any, NDArray, NDArray]


def keras_example(batch: WindowBatch, inputs: Inputs) -> Example:
    """Inputs, targets and weights for `fit`.

    Args:
        batch: the windows.
        inputs: one name for an array, several for a dict by name. "values" and "observed" get an
            axis of channels, (rows, context, channels), float32.

    Returns:
        Inputs; targets (rows, horizon, channels) or, at every step, (rows, context, horizon,
        channels), without the axis of the horizon where that is 1; weights like the targets, less
        the axis of channels, over which Keras' losses take the mean: a step counts if all its
        channels are there.

    Example:
        >>> import pandas as pd
        >>> from forecast.pipelines import Windows
        >>> frame = pd.DataFrame({"a": range(6)}, index=pd.date_range("2024", periods=6))
        >>> batch = Windows.of_frame(frame, context_length=3, horizon=2).gather([0, 1])
        >>> x, y, weight = keras_example(batch, "values")
        >>> x.shape, y.shape, weight.shape
        ((2, 3, 1), (2, 2, 1), (2, 2))
    """
    has_channels = batch.values.ndim == 3
    targets = batch.targets if has_channels else batch.targets[..., None]
    weights = batch.weights.min(axis=-1) if has_channels else batch.weights
    if batch.targets.ndim > batch.values.ndim and targets.shape[2] == 1:
        targets, weights = targets[:, :, 0], weights[:, :, 0]
    if isinstance(inputs, str):
        return _input(batch, inputs), targets, weights
    return {name: _input(batch, name) for name in inputs}, targets, weights


def _input(batch: WindowBatch, name: str) -> NDArray:
    """One input in the shape and type that layers take."""
    array = batch.inputs[name]
    if name in ("values", "observed"):
        array = array.astype(batch.values.dtype, copy=False)
        return array if array.ndim == 3 else array[..., None]
    if name == "past_observed":
        return array.astype(batch.values.dtype)
    if name == "valid" and not array[:, 0].all():
        # A row without any step breaks cuDNN's layers: it gets one, which weighs nothing.
        array = array.copy()
        array[:, 0] = True
    return array


def checked_inputs(source: BatchSource, inputs: Inputs) -> tuple[str, ...]:
    """The names of the inputs, after a look whether they tell the model what it must know.

    Raises:
        TypeError: if the source gives no batches.
        ValueError: for a name that the batches do not have, or if gaps or padding would be read
            as zeros.
    """
    if not isinstance(source, BatchSource):
        raise TypeError(
            f"source must be Batches, LengthBuckets or Streams; got {type(source).__name__}. Cut "
            "windows into batches first: Batches(windows, batch_size=64, seed=0)."
        )
    names = (inputs,) if isinstance(inputs, str) else tuple(inputs)
    present = tuple(source.batch(0).inputs)
    wrong = [name for name in names if name not in present]
    if wrong or not names:
        raise ValueError(
            f"inputs {wrong or '()'} are not in the batches; choose from {', '.join(present)}."
        )
    if "values" in names and "observed" not in names and source.has_gaps:
        raise ValueError(
            "the series have steps without a value, which 'values' alone would show as 0. Name "
            "their mask, inputs=('values', 'observed'), or fill the gaps before."
        )
    if "values" in names and "valid" not in names and source.is_padded:
        raise ValueError(
            "some rows are padded, which 'values' alone would show as 0. Name the mask, "
            "inputs=('values', 'valid'), and give it to the layers: LSTM(...)(values, mask=valid)."
        )
    return names
