"""The echo-state readout: ridge on reservoir states and inputs, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.absolute import weighted_gram
from forecast.baselines.learning import MOST_NUMBERS
from forecast.baselines.pooled.regression import PoolFit, Regression, fit_pool
from forecast.baselines.pooled.samples import coprime_stride
from forecast.models.body import Body
from forecast.models.teaching import Lesson

__all__ = ["Readout", "fit_readout"]

_PENALTIES = (1e-4, 1e-2, 1.0, 100.0)
_MOST_ROWS = 20_000
# Share of each series' steps, its last ones, on which the penalty is chosen.
_HELD_OUT = 0.2
# Gain over "no correction" that a readout must show there: below, it is as likely noise.
_LEAST_GAIN = 0.002


@dataclass(frozen=True, eq=False)
class Readout:
    """A linear map that reads a reservoir.

    Args:
        coefficients: of the states, the inputs and a constant, `(num_columns,)`.
        penalty: the ridge chosen, infinite for no correction at all.
        information: X'WX of all rows with the penalty on its diagonal,
            `(num_columns, num_columns)`; None without a correction, or of too many numbers.
    """

    coefficients: NDArray
    penalty: float
    information: NDArray | None = None


def fit_readout(body: Body, lesson: Lesson, seasons: tuple[int, ...]) -> Readout:
    """The readout with the best penalty.

    Args:
        body: the reservoir.
        lesson: inputs, targets and weights of every step.
        seasons: season lengths; the steps taken are never in phase with one.

    """
    stride = coprime_stride(int((lesson.weights > 0).sum()) // _MOST_ROWS, seasons)
    design, target, weights, late = _rows(body, lesson, stride)
    penalty = _choose_penalty(design, target, weights, late)
    if np.isinf(penalty):
        return Readout(np.zeros(design.shape[1]), penalty)
    fit = _fit(design, target, weights, penalty)
    if design.shape[1] ** 2 > MOST_NUMBERS:
        return Readout(fit.coefficients, penalty)
    # Each row that was taken stands for as many as were left out between two.
    information = stride * _information(design, fit.weights, penalty)
    return Readout(fit.coefficients, penalty, information)


def _choose_penalty(design: NDArray, target: NDArray, weights: NDArray, late: NDArray) -> float:
    """The penalty with the smallest weighted absolute error on the late rows."""
    if not (late & (weights > 0)).any() or (~late).sum() < 2 * design.shape[1]:
        return np.inf
    candidates = {np.inf: np.average(np.abs(target[late]), weights=weights[late])}
    candidates[np.inf] *= 1.0 - _LEAST_GAIN
    for penalty in _PENALTIES:
        fit = _fit(design[~late], target[~late], weights[~late], penalty)
        errors = np.abs(target[late] - design[late] @ fit.coefficients)
        candidates[penalty] = np.average(errors, weights=weights[late])
    return min(candidates, key=lambda penalty: candidates[penalty])


def _fit(design: NDArray, target: NDArray, weights: NDArray, penalty: float) -> PoolFit:
    regression = Regression("absolute", penalty)
    centre = np.zeros(design.shape[1])
    return fit_pool(design, target, weights, regression, centre)


def _information(design: NDArray, weights: NDArray, penalty: float) -> NDArray:
    """What the normal equations of the fit say of its coefficients."""
    gram, _ = weighted_gram(design, np.zeros(len(design)), weights)
    diagonal = penalty * np.diagonal(gram)
    return gram + np.diag(np.append(diagonal[:-1], 0.0))


def _rows(body: Body, lesson: Lesson, stride: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Every k-th taught step: states, inputs and a constant; targets; weights; lateness."""
    num_series, num_steps = lesson.targets.shape
    taught = lesson.weights > 0
    taught[:, np.arange(num_steps) % stride != 0] = False
    valid = np.arange(num_steps) < lesson.lengths[:, None]
    parts = []
    chunk = max(1, 2_000_000 // (num_steps * 64))
    for start in range(0, num_series, chunk):
        rows = slice(start, min(start + chunk, num_series))
        states = body.initial_state(len(lesson.lengths[rows]))
        outputs, _ = body.encode(lesson.features[rows], valid[rows], states)
        parts.append(outputs[taught[rows]])
    inputs = lesson.features[taught].astype(np.float64)
    design = np.concatenate([np.concatenate(parts), inputs, np.ones((len(inputs), 1))], axis=1)
    late = np.arange(num_steps) >= (1.0 - _HELD_OUT) * lesson.lengths[:, None]
    return design, lesson.targets[taught], lesson.weights[taught], late[taught]
