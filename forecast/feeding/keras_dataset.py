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
    Python's global generator; batches with a carried state (`Streams`) refuse that, and worker
    processes, among which it would not be seen.

    Args:
        source: `Batches`, `LengthBuckets` or `Streams`.
        inputs: one name for an array, several for a dict by name; see `WindowBatch.inputs`.
        **workers: `workers`, `use_multiprocessing` and `max_queue_size` of a PyDataset.

    Raises:
        TypeError: if the source gives no batches, as `Windows` do not.
        ValueError: for inputs that the batches do not have or that hide gaps or padding; for a
            carried state with `use_multiprocessing`.

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
        if source.is_ordered and self.use_multiprocessing:
            raise ValueError(
                "a carried state needs its batches in order, which no process sees among several. "
                "Leave use_multiprocessing out; threads, workers=2, are enough."
            )
        self.source = source
        self.inputs = inputs
        self.epoch = 0
        self._is_running = False
        self._asked: list[int] = []

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self.source)

    def __getitem__(self, number: int) -> Example:
        """Batch `number` of the epoch that runs; a negative one counts from the end."""
        number = range(len(self))[number]
        self._refuse_jump(number)
        self._asked.append(number)
        return keras_example(self.source.batch(number, self.epoch), self.inputs)

    def on_epoch_begin(self) -> None:
        """Note that an epoch runs: Keras also ends one that never began."""
        self._is_running = True

    def on_epoch_end(self) -> None:
        """Go on to the order of the next epoch, if the last batch of this one was asked for."""
        # Batches that only showed their shape are no epoch; of those that worker processes gather,
        # nothing is known here.
        self.epoch += self._is_running and (
            self.use_multiprocessing or len(self) - 1 in self._asked
        )
        self._is_running = False
        self._asked.clear()

    def _refuse_jump(self, number: int) -> None:
        """Refuse batches out of order where a state is carried."""
        # Threads take the numbers in turn; all but one may have taken theirs and not be here yet.
        if self.source.is_ordered and number >= len(self._asked) + max(1, self.workers):
            last = self._asked[-1] if self._asked else -1
            raise ValueError(
                f"batch {number} was asked for after batch {last}, but a carried state needs "
                "them in order: call fit(..., shuffle=False)."
            )
