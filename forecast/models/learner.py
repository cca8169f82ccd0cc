"""Layers in training, with the weighted loss of their head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from forecast.models.curvature_steps import CurvatureSteps
from forecast.models.training import Training

__all__ = ["Learner", "Loss"]

Loss = Callable[[Any, Any, Any], Any]


class Learner(keras.Model):
    """Layers in training, with the weighted loss of their head.

    Args:
        stack: the layers.
        loss: of outputs, targets and weights.
        is_fed: whether there is a share of truth that the layers are fed.
    """

    unit: float = 1.0
    """Of the targets: what a correction of 1 in training is worth outside."""
    is_reusable: bool = True
    """Whether the next training may begin with it: nobody sees it, no update was broken off."""

    def __init__(self, stack: Any, loss: Loss, is_fed: bool = False) -> None:
        super().__init__(autocast=False)  # a walk is in float64
        self.stack = stack
        self.head_loss = loss
        self.share = self._number("share") if is_fed else None
        self.carried: list[Any] = []

    def _number(self, name: str) -> Any:
        return self.add_weight(
            shape=(), initializer="ones", dtype="float64", trainable=False, name=name
        )

    def begin(self, start: Any, training: Training, unit: float) -> None:
        """Take the weights that a training begins with; all else is as new.

        Args:
            start: layers of the same form on arrays.
            training: how it will go.
            unit: of the targets.
        """
        self.stack.set_weights(list(start.weights))
        self.unit = unit
        self.is_reusable = not training.run.callbacks
        if not isinstance(self.optimizer, CurvatureSteps):
            self.optimizer.learning_rate = training.rate.peak

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True) -> Any:  # noqa: ARG002
        """`sum w l(f, y) / sum w`."""
        return self.head_loss(y_pred, y, sample_weight)

    @property
    def last_loss(self) -> float:
        """The loss of the last update."""
        if isinstance(self.optimizer, CurvatureSteps):
            return self.optimizer.loss
        return float(self.get_metrics_result()["loss"])
