"""One outer step of Hessian-free optimisation: direction, backtracking, line search, damping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.models.hessian_free.conjugate_gradients import conjugate_gradients
from forecast.models.hessian_free.problem import Problem

__all__ = ["Position", "Settings", "minimised"]

# Levenberg and Marquardt: the damping grows where the quadratic promised more than four times what
# came of it, and falls where at least three quarters came.
_POOR, _GOOD, _FACTOR = 0.25, 0.75, 2.0 / 3.0
# Armijo's rule: a step is taken once it brings this share of what its slope promises.
_SHARE, _SHORTER, _MOST_TRIES = 0.01, 0.8, 60


@dataclass(frozen=True)
class Settings:
    """How conjugate gradients are run.

    Args:
        max_iterations: most products with the Gauss-Newton matrix in a step.
        tolerance: progress at an iteration below which they end, as a share; see
            `conjugate_gradients`.
        decay: share of the last direction that they begin with.
        curvature: share of the rows of a batch that products are taken of, above 0; gradients and
            losses are of all.
    """

    max_iterations: int = 100
    tolerance: float = 5e-4
    decay: float = 0.95
    curvature: float = 1.0


@dataclass(frozen=True, eq=False)
class Position:
    """Where an optimisation stands.

    Args:
        weights: `(n,)`.
        direction: last solution of the conjugate gradients, where the next ones begin, `(n,)`.
        damping: lambda, above 0, or 0 for none at all.
        loss: at the weights, on the last batch; NaN before the first step.
        before: loss on it before the last step.
        norm: length of the gradient there.
    """

    weights: NDArray
    direction: NDArray
    damping: float
    loss: float = float("nan")
    before: float = float("nan")
    norm: float = float("nan")

    @staticmethod
    def at(weights: NDArray, damping: float) -> Position:
        """The beginning."""
        weights = np.asarray(weights, dtype=np.float64)
        return Position(weights, np.zeros_like(weights), damping)


def minimised(
    problem: Problem, position: Position, batch: Sequence[Any], settings: Settings
) -> Position:
    """The position after one outer step on a batch.

    The direction d lowers `q(d) = f + g'd + d'(G + lambda I)d / 2`, by conjugate gradients from
    a shorter last direction. Of their iterates the one of the smallest loss is taken, shortened
    until it lowers the loss. The damping lambda grows or falls by how well `q` foresaw that.

    Args:
        problem: loss, gradient, products.
        position: where to begin.
        batch: the batch, of all three.
        settings: of the conjugate gradients.

    Returns:
        The new position; where no step lowers the loss, the old weights with more damping.

    Source: Martens (2010), Deep learning via Hessian-free optimization, ICML; Martens and Sutskever
    (2011), Learning recurrent neural networks with Hessian-free optimization, ICML.
    """
    weights, damping = position.weights, position.damping
    loss, gradient = problem.gradient_at(weights, batch)
    norm = float(np.linalg.norm(gradient))
    if not (np.isfinite(loss) and np.isfinite(norm)):
        return replace(position, loss=loss, before=float("nan"), norm=norm)

    rows = ceil(settings.curvature * len(batch[0])) if batch else 0
    part = [each[:rows] for each in batch]

    def damped(vector: NDArray) -> NDArray:
        return problem.product_at(weights, vector, part) + damping * vector

    iterates = conjugate_gradients(
        damped, -gradient, settings.decay * position.direction, settings.max_iterations,
        settings.tolerance,
    )  # fmt: skip
    step, reached = _backtracked(problem, weights, batch, iterates)
    foreseen = gradient @ step + 0.5 * step @ problem.product_at(weights, step, part)
    newer = _adjusted(damping, (reached - loss) / min(foreseen, -np.finfo(np.float64).tiny))
    length, reached = _searched(problem, weights, batch, (loss, gradient @ step, step, reached))
    return Position(weights + length * step, iterates[-1], newer, reached, loss, norm)


def _backtracked(
    problem: Problem, weights: NDArray, batch: Sequence[Any], iterates: Sequence[NDArray]
) -> tuple[NDArray, float]:
    """The last iterate before which the loss does not fall any further, and the loss there."""
    best, least = iterates[-1], _loss_at(problem, weights + iterates[-1], batch)
    for iterate in reversed(iterates[:-1]):
        loss = _loss_at(problem, weights + iterate, batch)
        if loss < least:
            best, least = iterate, loss
        elif np.isfinite(least):
            break
    return best, least


def _loss_at(problem: Problem, weights: NDArray, batch: Sequence[Any]) -> float:
    """The loss, infinite where it is no number."""
    loss = problem.value_at(weights, batch)
    return np.inf if np.isnan(loss) else loss


def _adjusted(damping: float, ratio: float) -> float:
    """The next damping, by the share of the foreseen progress that came."""
    if ratio > _GOOD:
        return damping * _FACTOR
    return damping / _FACTOR if not ratio >= _POOR else damping


def _searched(
    problem: Problem, weights: NDArray, batch: Sequence[Any],
    along: tuple[float, float, NDArray, float],
) -> tuple[float, float]:  # fmt: skip
    """The first length of the step that lowers the loss enough, and the loss there; else 0."""
    loss, slope, step, reached = along
    length = 1.0
    for _ in range(_MOST_TRIES):
        if reached <= loss + _SHARE * length * min(slope, 0.0):
            return length, reached
        length *= _SHORTER
        reached = _loss_at(problem, weights + length * step, batch)
    return 0.0, loss
