"""Gradient descent on a network's correction, stopped by what it forecasts on its own."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast.heads import Absolute
from forecast.models.body import Body
from forecast.models.stack import RecurrentStack
from forecast.models.teaching import Sequences
from forecast.models.training import WARMUP_STEPS, Training, learning_rate_at
from forecast.progress import progress_bar

__all__ = ["descend"]

# Checks without an improvement after which the training stops.
_PATIENCE = 4

Loss = Callable[[Any, Any, Any], Any]
_ABSOLUTE: Loss = Absolute().loss


class Student(keras.Model):
    """The layers from zero states, with the weighted loss of their head."""

    def __init__(self, stack: RecurrentStack, loss: Loss) -> None:
        super().__init__()
        self.stack = stack
        self.head_loss = loss

    def call(self, inputs: dict[str, Any]) -> Any:
        """Outputs, `(batch, time)` or `(batch, time, num_outputs)`."""
        features = inputs["features"]
        states = [ops.zeros((ops.shape(features)[0], units)) for units in self.stack.state_sizes]
        return self.stack(features, inputs["mask"], states)[0]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True) -> Any:  # noqa: ARG002
        """`sum w l(f, y) / sum w`."""
        return self.head_loss(y_pred, y, sample_weight)


class Guide(keras.callbacks.Callback):
    """Sets the learning rate, fixes the plan of steps, checks free running, keeps the best."""

    def __init__(
        self,
        body: Body,
        training: Training,
        num_steps: int,
        check: Callable[[Body], float],
        unit: float,
    ) -> None:
        super().__init__()
        self.unit = unit
        self.training = training
        self.num_steps = num_steps
        self.check = check
        self.history: dict[str, list[float]] = {"step": [], "loss": [], "free_running": []}
        self.best, self.best_score, self.stale = body, np.inf, 0
        self.losses: list[float] = []
        self.started = self.last_batch = time.perf_counter()
        self.step_seconds: list[float] = []
        self.check_seconds = 0.0
        self.advance: Callable[[str, int], None] = lambda description, units: None  # noqa: ARG005

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Score the untrained network: the linear forecast alone."""
        self._check(0)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Set the learning rate of the step."""
        rate = learning_rate_at(batch, self.num_steps, self.training.learning_rate)
        self.model.optimizer.learning_rate = rate
        self.model.reset_metrics()  # Keras would report the mean loss since the epoch began
        self.last_batch = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note the loss, fix the plan after the timing phase, check now and then."""
        self.step_seconds.append(time.perf_counter() - self.last_batch)
        loss = float(logs["loss"])
        self.losses.append(loss)
        if batch == 0:
            self.history["loss"][0] = loss  # the untrained network's, before the first update
        step = batch + 1
        self.advance(f"training, step {step}, loss {loss:.4f}", 1)
        if not np.isfinite(loss):
            warnings.warn("the loss diverged; the best weights so far are kept", stacklevel=2)
            self.model.stop_training = True
            return
        if step == WARMUP_STEPS:
            self._fix_plan()
        if step in self._check_steps() or step >= self.num_steps:
            self._check(step)
        if step >= self.num_steps or self.stale >= _PATIENCE:
            self.model.stop_training = True

    def _check_steps(self) -> set[int]:
        checks = np.linspace(WARMUP_STEPS, self.num_steps, self.training.num_checks + 1)[1:]
        return {int(step) for step in checks}

    def _fix_plan(self) -> None:
        """As many steps as `max_seconds` leaves room for, at the pace of the timing phase."""
        if self.training.max_seconds is None:
            return
        left = self.training.max_seconds - (time.perf_counter() - self.started)
        left -= self.check_seconds * self.training.num_checks
        pace = float(np.median(self.step_seconds[WARMUP_STEPS // 2 :]))
        self.num_steps = int(np.clip(step_count(left, pace), WARMUP_STEPS, self.num_steps))

    def _check(self, step: int) -> None:
        began = time.perf_counter()
        body = self.best.with_weights(self.model.stack.get_weights()).scaled(self.unit)
        score = self.check(body)
        self.check_seconds = time.perf_counter() - began
        self.history["step"].append(float(step))
        self.history["loss"].append(float(np.mean(self.losses)) if self.losses else np.nan)
        self.history["free_running"].append(score)
        self.losses = []
        if score < self.best_score:
            self.best, self.best_score, self.stale = body, score, 0
        else:
            self.stale += 1


def step_count(seconds: float, pace: float) -> int:
    """Steps that fit into the seconds left, after those of the timing phase."""
    return WARMUP_STEPS + int(max(seconds, 0.0) / max(pace, 1e-9))


def descend(
    body: Body,
    sequences: Sequences,
    training: Training,
    check: Callable[[Body], float],
    loss: Loss = _ABSOLUTE,
    unit: float = 1.0,
) -> tuple[Body, dict[str, list[float]]]:
    """Train the layers of `body`, which stays as it is.

    Args:
        body: the layers, with the weights to start from.
        sequences: batches; as many as there are planned steps.
        training: rates, limits and checks.
        check: score of layers in free running; smaller is better.
        loss: of outputs, targets and weights; their absolute error by default.
        unit: of the targets: what a correction of 1 in training is worth outside.

    Returns:
        The layers with the best weights; learning curves, and the number of steps of the plan
        under `num_steps`.
    """
    student = Student(body.scaled(1.0 / unit).trainable(), loss)
    optimizer = keras.optimizers.Adam(training.learning_rate, clipnorm=training.clip_norm)
    student.compile(optimizer=optimizer)
    guide = Guide(body, training, len(sequences), check, unit)
    with progress_bar(len(sequences)) as guide.advance:
        try:
            student.fit(sequences, epochs=1, shuffle=False, verbose=0, callbacks=[guide])
        except KeyboardInterrupt:
            warnings.warn("interrupted; the best weights so far are kept", stacklevel=2)
    return guide.best, guide.history | {"num_steps": [float(guide.num_steps)]}
