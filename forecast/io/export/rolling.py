"""Rolling a model forward on its own output, in tensors."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from forecast.io.export.record import guarded
from forecast.io.export.served import ServedModel, Tensors

__all__ = ["rolled"]


def rolled(served: ServedModel, state: Tensors, num_steps: Any) -> Any:
    """Forecasts within the guard, block after block, `(num_rows, num_steps)`.

    Args:
        served: the model.
        state: where to forecast from, its record included.
        num_steps: at least 1, a number or a tensor.
    """
    length = served.block_length
    if isinstance(num_steps, int) and num_steps <= length:
        return guarded(state, served.decode(served.emit(state, num_steps)))
    num_blocks = (num_steps + length - 1) // length

    def move(block: Any, values: Any, now: Tensors) -> tuple[Any, Any, Tensors]:
        emitted = guarded(state, served.decode(served.emit(now, length)))
        after = served.feed(now, served.encode(emitted))
        return block + 1, values.write(block, emitted), {name: after[name] for name in now}

    blocks = tf.TensorArray(tf.float64, num_blocks, element_shape=(None, length))
    start = (tf.constant(0), blocks, dict(state))
    _, blocks, _ = tf.while_loop(lambda block, *_: block < num_blocks, move, start)
    by_row = tf.transpose(blocks.stack(), [1, 0, 2])
    num_rows = tf.shape(state["clock"])[0]
    return tf.reshape(by_row, [num_rows, num_blocks * length])[:, :num_steps]
