"""A few gradient steps on newer rows, from the states that a network stands in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.models.newer import NewerSteps
from forecast.models.program import Program

__all__ = ["descended"]

# Steps of a stretch: the gradient goes back to its beginning, not beyond.
_TRUNCATION = 32
# Weights move by at most this much for each step of time. In shares of the loss: where forecasts
# are good already, a move that a poor network needs would undo them.
_RATE = 4e-3
_MOST_LOSS = 1.0
_MOST_NORM = 1.0
_NUM_STEPS = 3


def descended(
    program: Program, weights: Sequence[NDArray], steps: NewerSteps, states: Sequence[NDArray]
) -> list[NDArray]:
    """The weights after learning from newer steps, stretch after stretch.

    `W <- W - r n min(L, 1) g / max(|g|, 1)`, L the mean absolute error on a stretch of n <= 32
    steps, g its gradient, both from the states carried into it: r n in three parts, each from where
    the last one led. A part that does not lower L ends them and is not taken. What a first step of
    a block teaches is the readout alone, since the state before it is given. There is no
    randomness and no memory of earlier gradients in it.

    Args:
        program: compiled functions of the layers.
        weights: all weights, in its order.
        steps: newer steps.
        states: states before them.
    """
    weights, states = list(weights), list(states)
    for stretch in steps.chunks(_TRUNCATION):
        if stretch.weights.any():
            weights = _descended(program, weights, stretch, states)
        _, *states = program.encode(stretch.features, stretch.valid, *states, *weights)
    return weights


def _descended(
    program: Program, weights: list[NDArray], steps: NewerSteps, states: list[NDArray]
) -> list[NDArray]:
    """The best of the weights on the way down."""
    rate = _RATE * int(steps.weights.any(axis=0).sum()) / _NUM_STEPS
    material = steps.features, steps.valid, steps.targets, steps.weights
    best, least = weights, np.inf
    for _ in range(_NUM_STEPS + 1):
        loss, *gradients = program.gradient(*material, *states, *weights)
        if not loss < least or not all(np.isfinite(part).all() for part in gradients):
            break
        best, least = weights, float(loss)
        norm = np.sqrt(sum(float(np.square(part, dtype=float).sum()) for part in gradients))
        size = np.float32(rate * min(least, _MOST_LOSS) / max(norm, _MOST_NORM))
        weights = [old - size * part for old, part in zip(weights, gradients, strict=True)]
    return best
