"""Windows on their way into Keras: a tf.data pipeline, or a PyDataset for any backend.

A data frame becomes a model's training data in four lines; the last trains it. What the TensorFlow
tutorial's ``WindowGenerator`` calls input_width is ``context_length``, label_width is ``horizon``;
its split into single-step and multi-step classes is not needed.

Example:
    >>> import forecast as fc, keras
    >>> df = fc.load_dataset("co2").tail(300)
    >>> windows = fc.Windows.of_frame(df, context_length=52, horizon=4)
    >>> train = fc.tf_dataset(fc.Batches(windows, batch_size=64, seed=0))
    >>> model = keras.Sequential([keras.layers.LSTM(8), keras.layers.Dense(4),
    ...                           keras.layers.Reshape((4, 1))])
    >>> model.compile("adam", "mae")
    >>> history = model.fit(train, epochs=1, shuffle=False, verbose=0)

A state that layers carry from batch to batch goes on from series to series unless it is reset
where series begin. With ``together=True`` they begin together, and a callback does:

    >>> streams = fc.Streams(windows.panel, chunk_length=50, batch_size=1, together=True)
    >>> lstm = keras.layers.LSTM(8, return_sequences=True, stateful=True)
    >>> def reset(number, logs=None):
    ...     if streams[number].inputs["begins"].any():
    ...         lstm.reset_state()
    >>> model = keras.Sequential([keras.Input((50, 1), batch_size=1), lstm, keras.layers.Dense(1)])
    >>> model.compile("adam", "mae")
    >>> callback = keras.callbacks.LambdaCallback(on_train_batch_begin=reset)
    >>> train = fc.tf_dataset(streams)
    >>> history = model.fit(train, callbacks=[callback], shuffle=False, verbose=0)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["WindowDataset", "keras_example", "tf_dataset"]

_HOMES = {
    "WindowDataset": "keras_dataset",
    "keras_example": "examples",
    "tf_dataset": "tensorflow_dataset",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used: only one of them needs TensorFlow."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
