"""Gradient descent on a network's correction, stopped by what it forecasts on its own."""

from __future__ import annotations

import gc
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from forecast.heads import Absolute
from forecast.models.body import Body
from forecast.models.checkpoint import Checkpoint
from forecast.models.curvature_steps import CurvatureSteps, fit_by_curvature
from forecast.models.gradient_steps import Adam, Nesterov
from forecast.models.guide import Guide
from forecast.models.learner import Learner, Loss
from forecast.models.learner_pool import LEARNERS, learner_form
from forecast.models.optimizers import HessianFree, Momentum
from forecast.models.stack import RecurrentStack
from forecast.models.teaching import Sequences
from forecast.models.training import Training
from forecast.models.walk import Walk
from forecast.progress import progress_bar

__all__ = ["descend", "following_gradients", "train"]

_ABSOLUTE: Loss = Absolute().loss


class Student(Learner):
    """Recurrent layers in training, from zero or carried states.

    Args:
        stack: the layers.
        loss: of outputs, targets and weights.
        num_carried: rows whose states are carried from batch to batch; 0 for zero states.
        walk: what is fed where the truth is left out; None feeds it throughout.
    """

    def __init__(
        self,
        stack: RecurrentStack,
        loss: Loss,
        num_carried: int = 0,
        walk: Walk | None = None,
    ) -> None:
        super().__init__(stack, loss, is_fed=walk is not None)
        self.walk = walk
        self.carried = [
            self.add_weight(shape=(num_carried, units), initializer="zeros", trainable=False)
            for units in stack.state_sizes
            if num_carried
        ]

    def call(self, inputs: dict[str, Any]) -> Any:
        """Outputs, `(batch, time, ...)`; of a walk as corrections of forecasts from the truth."""
        features, states = inputs["features"], self._states_before(inputs)
        if self.walk is not None:
            states = states or self.stack.zero_states(features)
            features, base, unit = self.walk(self.stack.weights, inputs, states, self.share)
        outputs, after = self.stack(features, inputs["mask"], states)
        for variable, state in zip(self.carried, after, strict=False):
            variable.assign(ops.stop_gradient(state))
        if self.walk is None:
            return outputs
        # The forecast from what was fed, said as a correction of the one from the truth.
        forecasts = base + unit * ops.cast(outputs, "float64")
        return ops.cast((forecasts - inputs["base"]) / inputs["unit"], "float32")

    def _states_before(self, inputs: dict[str, Any]) -> list[Any] | None:
        """The states of the batch before where a row goes on; None where none is carried."""
        if not self.carried:
            return None
        goes_on = 1.0 - ops.cast(inputs["begins"], "float32")[:, None]
        return [goes_on * ops.convert_to_tensor(variable) for variable in self.carried]


def descend(
    body: Body,
    sequences: Sequences,
    training: Training,
    check: Callable[[Body], float],
    loss: Loss = _ABSOLUTE,
    unit: float = 1.0,
    checkpoint: Checkpoint | None = None,
) -> tuple[Body, dict[str, list[float]]]:
    """Train the layers of `body`, which stays as it is.

    Args:
        body: the layers, with the weights to start from.
        sequences: batches; as many as there are planned steps.
        training: rates, limits and checks.
        check: score of layers in free running; smaller is better.
        loss: of outputs, targets and weights; their absolute error by default.
        unit: of the targets: what a correction of 1 in training is worth outside.
        checkpoint: where the training is kept, and taken up again; None for nowhere.

    Returns:
        The layers with the best weights; learning curves, and the number of steps of the plan
        under `num_steps`.

    Raises:
        ValueError: for a checkpoint of another training.
    """
    num_carried = sequences.batch_size if sequences.carries else 0
    walk = None if sequences.sampling is None else sequences.sampling.walk

    def made() -> Student:
        student = Student(body.trainable(), loss, num_carried, walk)
        if isinstance(training.optimizer, HessianFree):
            batch = sequences[0]
            student.optimizer = CurvatureSteps(training.optimizer, body.blueprint, loss, batch)
            return student
        return following_gradients(student, training)

    form = learner_form(Student, body, loss, training, sequences, num_carried, walk)
    with LEARNERS.lent(form, made) as student:
        student.begin(body.scaled(1.0 / unit), training, unit)
        return train(student, body, sequences, training, check, checkpoint)


def train(
    student: Learner,
    body: Any,
    batches: Any,
    training: Training,
    check: Callable[[Any], float],
    checkpoint: Checkpoint | None = None,
) -> tuple[Any, dict[str, list[float]]]:
    """Train the layers of a student, which start as those of `body`; see `descend`.

    Args:
        student: the layers in training, compiled, at the start of the training.
        body: the same layers on arrays; it stays as it is.
        batches: a `keras.utils.PyDataset` of as many batches as there are planned steps; `first`
            of it is set to the batch to go on from.
        training: rates, limits and checks.
        check: score of layers in free running; smaller is better.
        checkpoint: where the training is kept, and taken up again; None for nowhere.
    """
    guide = Guide(body, training, len(batches), check, student, checkpoint)
    batches.first = guide.course.step
    if not guide.course.is_finished:
        with progress_bar(len(batches)) as guide.advance:
            _fit(student, batches, guide)
    course = guide.course
    return course.best, course.history | {"num_steps": [float(course.num_steps)]}


def _fit(student: Learner, batches: Any, guide: Guide) -> None:
    try:
        if isinstance(student.optimizer, CurvatureSteps):
            fit_by_curvature(student, batches, guide)
        else:
            student.fit(_Lent(batches), epochs=1, shuffle=False, verbose=0, callbacks=[guide])
    except KeyboardInterrupt:
        student.is_reusable = False  # where it was broken off nobody knows
        guide.keep_after_interrupt()
        warnings.warn("interrupted; the best weights so far are kept", stacklevel=5)
    else:
        guide.finish()
    if guide.course.step < len(batches):
        # Keras' iterator over batches and its own generator hold each other. If it lived until the
        # process ends, TensorFlow would call Python too late and complain of it.
        gc.collect()


class _Lent(keras.utils.PyDataset):
    """Batches as long as a training holds them: TensorFlow never lets go of what it has read."""

    def __init__(self, batches: Any) -> None:
        super().__init__()
        self.batches: Any = weakref.proxy(batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Any:
        return self.batches[index]


def following_gradients(student: Any, training: Training) -> Any:
    """The student, compiled with Adam or with Nesterov's gradient (its momentum the guide sets)."""
    rate, clipped = training.rate.peak, {"clipnorm": training.clip_norm}
    optimizer: Any = Adam(rate, **clipped)
    if isinstance(training.optimizer, Momentum):
        peak = training.optimizer.peak
        optimizer = Nesterov(rate, momentum=peak, nesterov=True, **clipped)
    student.compile(optimizer=optimizer)
    optimizer.build(student.trainable_variables)
    return student
