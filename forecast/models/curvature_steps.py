"""Hessian-free steps on the layers of a network in training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecast.models.blueprint import Blueprint
from forecast.models.hessian_free import Position, Problem, minimised, problem_of
from forecast.models.hessian_free.problem import flattened
from forecast.models.optimizers import HessianFree
from forecast.models.program import program_of

__all__ = ["CurvatureSteps", "fit_by_curvature"]

Material = tuple[dict[str, NDArray], NDArray, NDArray]


class CurvatureSteps:
    """Stands where a student has its optimizer; its variables are what a checkpoint keeps.

    Args:
        optimizer: its settings.
        blueprint: form of the layers.
        loss: of outputs, targets and weights.
        material: a batch, for its shapes.
    """

    def __init__(
        self, optimizer: HessianFree, blueprint: Blueprint, loss: Callable[..., Any],
        material: Material,
    ) -> None:  # fmt: skip
        self.settings = optimizer.settings
        self.problem = _problem(blueprint, loss, material)
        size = sum(int(np.prod(shape)) for shape in self.problem.shapes)
        self.damping = _variable(optimizer.damping)
        self.direction = _variable(np.zeros(size))
        self.iterations = _variable(0)
        self.gradient_norm = self.loss = float("nan")

    @property
    def variables(self) -> list[keras.Variable]:
        """Damping, last direction, and the number of updates made."""
        return [self.damping, self.direction, self.iterations]

    def update(self, stack: Any, material: Material) -> float:
        """Move the weights of the layers; the loss on the batch before.

        Args:
            stack: the layers.
            material: inputs, targets and weights of a batch.
        """
        inputs, *rest = material
        batch = [inputs["features"], inputs["mask"], *rest]
        here = Position(
            flattened(stack.get_weights()), np.asarray(self.direction), float(self.damping)
        )
        there = minimised(self.problem, here, batch, self.settings)
        self.gradient_norm, self.loss = there.norm, there.before
        if np.isfinite(there.before):
            stack.set_weights(self.problem.parts(there.weights))
            self.damping.assign(there.damping)
            self.direction.assign(there.direction)
        self.iterations.assign(int(self.iterations) + 1)
        return self.loss


def fit_by_curvature(student: Any, sequences: Any, guide: Any) -> None:
    """What `keras.Model.fit` does with a student and its guide, one batch after the other."""
    guide.set_model(student)
    student.stop_training = False
    guide.on_train_begin()
    for index in range(len(sequences)):
        guide.on_train_batch_begin(index)
        loss = student.optimizer.update(student.stack, sequences[index])
        guide.on_train_batch_end(index, {"loss": loss})
        if student.stop_training:
            break
    guide.on_train_end()


def _problem(blueprint: Blueprint, loss: Callable[..., Any], material: Material) -> Problem:
    """The loss of layers that start from zero states."""
    program = program_of(blueprint)

    def outputs(weights: list[Any], features: Any, mask: Any, *_: Any) -> Any:
        num_rows = ops.shape(features)[0]
        states = [ops.zeros((num_rows, units)) for units in program.state_sizes]
        with program.of(weights) as stack:
            return stack(features, mask, states)[0]

    inputs, *rest = material
    parts = [inputs["features"], inputs["mask"], *rest]
    signature = [((None, *part.shape[1:]), part.dtype.name) for part in parts]
    return problem_of(
        outputs, lambda raw, features, mask, *known: loss(raw, *known),  # noqa: ARG005
        program.weight_shapes, signature,
    )  # fmt: skip


def _variable(value: Any) -> keras.Variable:
    return keras.Variable(np.asarray(value), dtype="float64", trainable=False)
