"""Gradient descent on a window network, stopped by what it forecasts on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from forecast.models.checkpoint import Checkpoint
from forecast.models.descent import following_gradients, train
from forecast.models.learner import Learner
from forecast.models.learner_pool import LEARNERS, learner_form
from forecast.models.training import Training
from forecast.models.windowed.body import WindowBody
from forecast.models.windowed.lesson import WindowSequences

__all__ = ["WindowStudent", "descend_windows"]


class WindowStudent(Learner):
    """The layers of a window network in training, fed a share of the truth where they can be."""

    def call(self, inputs: dict[str, Any]) -> Any:
        """Corrections in the unit of the targets, `(batch, num_steps)`."""
        window = inputs["features"], inputs["mask"], inputs["ahead"]
        if self.share is None:
            return self.stack(*window)
        forced = inputs["draws"] < ops.cast(self.share, "float32")
        return self.stack(*window, inputs["truth"], forced)


def descend_windows(
    body: WindowBody,
    sequences: WindowSequences,
    training: Training,
    check: Callable[[Any], float],
    loss: Callable[[Any, Any, Any], Any],
    unit: float = 1.0,
    checkpoint: Checkpoint | None = None,
) -> tuple[WindowBody, dict[str, list[float]]]:
    """Train layers, see `forecast.models.descent.descend`."""
    is_fed = sequences.is_fed

    def made() -> WindowStudent:
        return following_gradients(WindowStudent(body.trainable(), loss, is_fed), training)

    form = learner_form(WindowStudent, body, loss, training, sequences, is_fed)
    with LEARNERS.lent(form, made) as student:
        student.begin(body, training, unit)
        return train(student, body, sequences, training, check, checkpoint)
