"""What happens between the updates of a training: rates, plan, checks, savings, callbacks."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from forecast.models.body import Body
from forecast.models.callback_states import changed_states, recall, states_of
from forecast.models.checkpoint import Checkpoint
from forecast.models.course import Course
from forecast.models.optimizers import HessianFree, Momentum
from forecast.models.schedules import TIMING_STEPS
from forecast.models.training import Training

__all__ = ["Guide"]


class Guide(keras.callbacks.Callback):
    """Sets rate and share of truth, fixes the plan, checks free running, keeps the best.

    Args:
        body: the layers as they start.
        training: rates, limits and checks.
        num_steps: updates, before any limit of time.
        check: score of layers in free running; smaller is better.
        student: the layers in training.
        checkpoint: where the training is kept, and taken up again.
    """

    def __init__(
        self, body: Body, training: Training, num_steps: int, check: Callable[[Body], float],
        student: Any, checkpoint: Checkpoint | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.training, self.check, self.checkpoint = training, check, checkpoint
        self.course = Course(body, num_steps)
        if checkpoint is not None:
            self.course = checkpoint.restored(self.course, student)
        self.first = self.course.step
        self.started = self.last_batch = time.perf_counter()
        self.step_seconds: list[float] = []
        self.check_seconds = 0.0
        self.begun: dict[str, dict[str, Any]] = {}
        self.advance: Callable[[str, int], None] = lambda description, units: None  # noqa: ARG005
        self.users = keras.callbacks.CallbackList(
            list(training.run.callbacks), model=student, verbose=0, epochs=training.num_checks,
            steps=-(-num_steps // training.num_checks),
        )  # fmt: skip

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Score the untrained network: the linear forecast alone."""
        self.users.on_train_begin()
        self.begun = states_of(self.training.run.callbacks)
        if self.course.step == 0:
            self._check()
            self._tell(self.users.on_epoch_begin, self._epoch)
            return
        scale = self.course.rate_scale
        self._tell(self.users.on_epoch_begin, self._epoch)
        self.course.rate_scale = scale  # what it changed was noted when the epoch began
        recall(self.training.run.callbacks, self.course.callbacks)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Set the learning rate of the step, and its share of truth."""
        step, optimizer = self.first + batch, self.training.optimizer
        rate, share = self._settings(step)
        self.model.optimizer.learning_rate = rate
        if isinstance(optimizer, Momentum):
            momentum = optimizer.at(step, self.course.num_steps)
            self.model.optimizer.present_momentum.assign(momentum)
        if self.model.share is not None:
            self.model.share.assign(share)
        self.model.reset_metrics()  # Keras would report the mean loss since the epoch began
        self.users.on_train_batch_begin(self.first + batch)
        self.last_batch = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note the loss, fix the plan after the timing phase, check and save now and then."""
        self.step_seconds.append(time.perf_counter() - self.last_batch)
        loss = float(logs["loss"])
        self._note(loss)
        self.advance(f"training, step {self.course.step}, loss {loss:.4f}", 1)
        self.users.on_train_batch_end(self.first + batch, {"loss": loss})
        if np.isfinite(loss):
            self._after_update()
            return
        warnings.warn("the loss diverged; the best weights so far are kept", stacklevel=2)
        self.model.stop_training = True

    def _after_update(self) -> None:
        """What is due at this step: the plan, a check, the end, a saving."""
        course, run = self.course, self.training.run
        if course.step == TIMING_STEPS:
            self._fix_plan()
        if self._is_checked():
            self._check()
            self._tell(self.users.on_epoch_end, self._epoch - 1, self._logs())
            self._tell(self.users.on_epoch_begin, self._epoch)
        if course.step >= course.num_steps or course.stale >= run.patience:
            self.model.stop_training = True
        if course.step >= TIMING_STEPS and course.step % run.save_every == 0:
            self._save()

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Tell the user's callbacks."""
        self.users.on_train_end(self._logs())

    def finish(self) -> None:
        """Keep the end: the same fit, asked for again, ends there at once."""
        self.course.is_finished = True
        self._save()

    def keep_after_interrupt(self) -> None:
        """Save, where all that belongs to the last update has been done; else the file stays."""
        if int(self.model.optimizer.iterations) == self.course.step + 1:
            self._note(self.model.last_loss)
        checked = self.course.history["step"][-1:] == [self.course.step]
        if self.course.step > TIMING_STEPS and (checked or not self._is_checked()):
            self._save()

    @property
    def _epoch(self) -> int:
        """Checks made, without that of the untrained network."""
        return max(len(self.course.history["step"]) - 1, 0)

    def _tell(self, event: Callable[..., None], *arguments: Any) -> None:
        """Tell the callbacks; one that sets the learning rate moves all later rates alike."""
        before = float(self.model.optimizer.learning_rate)
        event(*arguments)
        if before > 0:  # neither none nor NaN, as where steps find their own length
            self.course.rate_scale *= float(self.model.optimizer.learning_rate) / before

    def _settings(self, step: int) -> tuple[float, float]:
        """Learning rate (NaN where steps find their own length), share of truth of an update."""
        forcing, num_steps = self.training.forcing, self.course.num_steps
        share = 1.0 if forcing is None else forcing.at(step, num_steps)
        if isinstance(self.training.optimizer, HessianFree):
            return float("nan"), share
        return self.course.rate_scale * self.training.rate.at(step, num_steps), share

    def _logs(self) -> dict[str, float]:
        """The last check in the words of Keras."""
        history = self.course.history
        names = ("loss", "learning_rate", "teacher_forcing")
        if not history["step"]:
            return {}
        last = {name: history[name][-1] for name in names}
        return last | {"val_loss": history["free_running"][-1]}

    def _note(self, loss: float) -> None:
        self.course.note_update(loss, float(self.model.optimizer.gradient_norm))

    def _is_checked(self) -> bool:
        """Whether a check is due at this step."""
        steps = np.linspace(TIMING_STEPS, self.course.num_steps, self.training.num_checks + 1)[1:]
        step = self.course.step
        return step in {int(due) for due in steps} or step >= self.course.num_steps

    def _fix_plan(self) -> None:
        """As many steps as `max_seconds` leaves room for, at the pace of the timing phase."""
        if self.training.max_seconds is None:
            return
        left = self.training.max_seconds - (time.perf_counter() - self.started)
        left -= self.check_seconds * self.training.num_checks
        pace = float(np.median(self.step_seconds[TIMING_STEPS // 2 :]))
        wanted = TIMING_STEPS + int(max(left, 0.0) / max(pace, 1e-9))
        self.course.num_steps = int(np.clip(wanted, TIMING_STEPS, self.course.num_steps))

    def _check(self) -> None:
        began = time.perf_counter()
        body = self.course.best.with_weights(self.model.stack.get_weights())
        body = body.scaled(self.model.unit)
        score = self.check(body)
        self.check_seconds = time.perf_counter() - began
        settings = self._settings(max(self.course.step - 1, 0))
        self.course.note_check(body, score, *settings)

    def _save(self) -> None:
        if self.checkpoint is not None:
            self.course.callbacks = changed_states(self.training.run.callbacks, self.begun)
            self.checkpoint.save(self.course, self.model)
