"""Batches of windows for Keras on any backend."""

from __future__ import annotations

from typing import Any

import keras

from forecast.feeding.examples import Example, Inputs, checked_inputs, keras_example
from forecast.pipelines import BatchSource

__all__ = ["WindowDataset"]


class WindowDataset(keras.utils.PyDataset):
    """Batches for ``model.fit(dataset, shuffle=False)``, on TensorFlow, JAX or PyTorch.

    A seeded source is shuffled anew in each epoch by itself: with ``shuffle=False`` the order is
    that of the seed. Keras' own default, ``shuffle=True``, mixes the batches once more with
    Python's global generator; batches with a carried state (`Streams`) refuse that.

    Args:
        source: `Batches`, `LengthBuckets` or `Streams`.
        inputs: one name for an array, several for a dict by name; see `WindowBatch.inputs`.
        **workers: `workers`, `use_multiprocessing` and `max_queue_size` of a PyDataset.

    Raises:
        ValueError: for inputs that the batches do not have or that hide gaps or padding.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from forecast.pipelines import Batches, Windows
        >>> frame = pd.DataFrame({"a": np.arange(9.0)}, index=pd.date_range("2024", periods=9))
        >>> windows = Windows.of_frame(frame, context_length=4, horizon=2)
        >>> inputs, targets, weights = WindowDataset(Batches(windows, batch_size=3, seed=0))[0]
        >>> inputs.shape, targets.shape
        ((3, 4, 1), (3, 2, 1))
    """

    def __init__(self, source: BatchSource, inputs: Inputs = "values", **workers: Any) -> None:
        super().__init__(**workers)
        checked_inputs(source, inputs)
        self.source = source
        self.inputs = inputs
        self.epoch = 0
        self._last = -1
        self._is_over = False

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self.source)

    def __getitem__(self, number: int) -> Example:
        """Batch `number` of the epoch that runs."""
        self._refuse_jump(number)
        self._is_over |= number == len(self) - 1
        return keras_example(self.source.batch(number, self.epoch), self.inputs)

    def on_epoch_end(self) -> None:
        """Go on to the order of the next epoch, if this one was more than a look at its start."""
        # Keras begins and ends an epoch to see the shapes of the first batches.
        self.epoch += self._is_over
        self._is_over = False

    def _refuse_jump(self, number: int) -> None:
        """Refuse batches out of order where a state is carried; several workers may overtake."""
        if self.source.is_ordered and number > self._last + 1 and self.workers <= 1:
            raise ValueError(
                f"batch {number} was asked for after batch {self._last}, but a carried state needs "
                "them in order: call fit(..., shuffle=False)."
            )
        self._last = number
