"""Our windows, and those of Keras; run by windows.py in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from windows_measure import Task, report

from forecast.pipelines import Batches, Frequency, Panel, Windows


def source_of(values: NDArray, task: Task) -> Batches:
    """Batches of a panel of series of equal length."""
    count, steps = values.shape
    starts, ids = pd.Index(np.zeros(count, dtype=np.int64)), np.arange(count).astype(object)
    offsets = np.arange(count + 1) * steps
    panel = Panel(ids, values.reshape(-1), offsets, starts, Frequency(1))
    windows = Windows(panel, task.context, task.horizon)
    return Batches(windows, task.batch, seed=task.seed if task.shuffled else None)


def ours(values: NDArray, task: Task) -> Iterator[int]:
    """Batches of NumPy arrays, masks and weights included."""
    for batch in source_of(values, task).epoch(0):
        yield len(batch.values)


def ours_in_tensorflow(values: NDArray, task: Task) -> Iterator[int]:
    """The same through tf.data, as Keras' fit takes them."""
    from forecast.feeding import tf_dataset

    for inputs, _, _ in tf_dataset(source_of(values, task)):
        yield len(inputs)


def keras_windows(values: NDArray, task: Task) -> Iterator[int]:
    """Keras: one data set over all series end to end.

    A data set for each of 10,000 series, put one behind the other, takes far longer to build. The
    targets are whether a window lies in one series: a window across two is gathered, and weighs 0.
    """
    import keras

    count, steps = values.shape
    flat = values.reshape(-1).astype(np.float32)
    inside = np.tile(np.arange(steps) <= steps - task.window, count).astype(np.float32)
    data = keras.utils.timeseries_dataset_from_array(
        flat, inside[: len(flat) - task.window + 1], sequence_length=task.window,
        batch_size=task.batch, shuffle=task.shuffled, seed=task.seed,
    )  # fmt: skip
    for _, weights in data.map(lambda rows, weights: (_split(rows, task), weights)):
        yield int(np.count_nonzero(weights))


def keras_side_by_side(values: NDArray, task: Task) -> Iterator[int]:
    """Keras where all series have the same times: one data set with a column for each series.

    A window holds all series; cut into batches, a batch has neighbours at the same time, also
    where the order of times is random.
    """
    import keras
    import tensorflow as tf

    data = keras.utils.timeseries_dataset_from_array(
        values.T.astype(np.float32), None, sequence_length=task.window, batch_size=None,
        shuffle=task.shuffled, seed=task.seed,
    )  # fmt: skip
    data = data.map(tf.transpose).rebatch(task.batch).map(lambda rows: _split(rows, task))
    for contexts, _ in data:
        yield len(contexts)


def _split(rows: Any, task: Task) -> tuple[Any, Any]:
    """Context and targets, as the WindowGenerator of TensorFlow's tutorial splits them."""
    return rows[:, : task.context], rows[:, task.context :]


def read(frame: pd.DataFrame) -> object:
    """A long frame to a panel, its frequency given as the peer is given it."""
    from forecast.pipelines import read_frame

    return read_frame(frame, freq="h")


def read_and_infer(frame: pd.DataFrame) -> object:
    """A long frame to a panel, its frequency inferred."""
    from forecast.pipelines import read_frame

    return read_frame(frame)


if __name__ == "__main__":
    report(
        {
            "ours": ours,
            "ours, tf.data": ours_in_tensorflow,
            "keras, end to end": keras_windows,
            "keras, side by side": keras_side_by_side,
        },
        {"read_frame, freq given": read, "read_frame, freq inferred": read_and_infer},
    )
