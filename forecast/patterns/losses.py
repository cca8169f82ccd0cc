"""Losses of labels: of one for a whole series, and of one for each step."""

from __future__ import annotations

from typing import Any

from keras import ops

__all__ = ["log_loss_of_series", "log_loss_of_steps"]


def log_loss_of_series(outputs: Any, labels: Any, weights: Any) -> Any:
    """`-mean_i log p_i(label_i)`, with `p = softmax(sum_t w_t out_t)`.

    Args:
        outputs: `(batch, time, num_classes)`.
        labels: positions of classes, `(batch,)`.
        weights: of the steps of each series, with the sum 1, `(batch, time)`: 1 at the last step,
            or alike at all.
    """
    evidence = ops.sum(outputs * weights[..., None], axis=1)
    losses = ops.sparse_categorical_crossentropy(labels, evidence, from_logits=True)
    return ops.mean(losses)


def log_loss_of_steps(outputs: Any, labels: Any, weights: Any) -> Any:
    """`-sum w log p(label) / sum w`, with `p_t = softmax(out_t)`.

    Args:
        outputs: `(batch, time, num_classes)`.
        labels: positions of classes, `(batch, time)`; any where the weight is 0.
        weights: 0 where there is no label, `(batch, time)`.
    """
    losses = ops.sparse_categorical_crossentropy(labels, outputs, from_logits=True)
    return ops.sum(losses * weights) / ops.maximum(ops.sum(weights), 1e-6)
