"""A layer of ours, or of stock Keras, run by layers.py in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from layers_measure import Task, report


def prepared(task: Task, contender: str) -> dict[str, Callable[[], Any]]:
    """Inference, and a training step: gradients of all weights, given those of the outputs."""
    import keras
    import tensorflow as tf

    from forecast import layers

    module = layers if contender == "ours" else keras.layers
    options = {"reset_after": True} if task.layer == "GRU" else {}
    layer = getattr(module, task.layer)(task.units, return_sequences=True, **options)
    inputs, upstream = tf.constant(task.inputs()), tf.constant(task.upstream())
    layer.build(inputs.shape)
    weights = [weight.value for weight in layer.trainable_variables]
    compiled = {"autograph": False, "jit_compile": contender == "keras XLA"}

    @tf.function(**compiled)
    def inference(inputs: Any) -> Any:
        return layer(inputs)

    @tf.function(**compiled)
    def training(inputs: Any, upstream: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = layer(inputs, training=True)
        return tape.gradient(outputs, weights, upstream)

    return {
        "inference": lambda: inference(inputs).numpy(),
        "training": lambda: [part.numpy() for part in training(inputs, upstream)],
    }


if __name__ == "__main__":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    report(prepared)
