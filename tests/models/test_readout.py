"""The echo-state readout: an independent ridge, memory of the inputs, and nothing from noise."""

from __future__ import annotations

import numpy as np
import pytest
from models.material import body_of
from numpy.typing import NDArray
from oracles import cells

from forecast.baselines.pooled import regression
from forecast.baselines.pooled.samples import coprime_stride
from forecast.models import readout
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody
from forecast.models.readout import fit_readout
from forecast.models.teaching import Lesson

FEATURES, UNITS = 2, 20


def reservoir(units: int = UNITS) -> Body:
    options = {"leak_rate": 0.9, "spectral_radius": 0.8, "input_scaling": 0.3}
    return Body(Blueprint("EchoState", units, 1, FEATURES, seed=2, options=options))


def fitted(body: Body, lesson: Lesson) -> tuple[NDArray, float]:
    """Coefficients and penalty of a fit without seasons."""
    found = fit_readout(body, lesson, ())
    return found.coefficients, found.penalty


def lesson_of(num_series: int, num_steps: int, seed: int, targets: NDArray | None = None) -> Lesson:
    """Random inputs; random targets by default; uneven weights; the last series is shorter."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0.0, 1.0, (num_series, num_steps, FEATURES)).astype(np.float32)
    lengths = np.full(num_series, num_steps)
    lengths[-1] = num_steps - num_steps // 4
    valid = np.arange(num_steps) < lengths[:, None]
    weights = np.where(valid, rng.uniform(0.5, 1.5, valid.shape), 0.0)
    weights[:, :5] = 0.0
    noise = rng.standard_normal(valid.shape)
    return Lesson(features, np.where(valid, noise, 0.0), weights, lengths)


def echo_lesson(num_series: int, num_steps: int, seed: int) -> Lesson:
    """Targets that are a linear function of inputs one and two steps ago."""
    lesson = lesson_of(num_series, num_steps, seed)
    inputs = lesson.features[..., 0].astype(float)
    targets = np.zeros(inputs.shape)
    targets[:, 2:] = 0.7 * inputs[:, :-2] - 0.4 * inputs[:, 1:-1] + 0.2
    return Lesson(lesson.features, targets, lesson.weights, lesson.lengths)


def oracle_states(body: Body, lesson: Lesson) -> NDArray:
    """The reservoir by its equation, `(num_series, num_steps, units)`."""
    kernel, recurrent, bias = (weight.astype(float) for weight in body.weights)
    weights = {"W_h": kernel.T, "U_h": recurrent.T, "b_h": bias}
    weights["leak_rate"] = np.array(body.blueprint.options["leak_rate"])
    start = (np.zeros((len(lesson.lengths), len(bias))),)
    return cells.run(cells.echo_state_step, lesson.features.astype(float), start, weights)[0]


def ridge(design: NDArray, target: NDArray, weights: NDArray, penalty: float) -> NDArray:
    """Weighted ridge as one least squares problem with rows of zeros for the penalty.

    Minimises `sum w_i^2 (y_i - x_i B)^2 + penalty * sum_j q_j B_j^2`, q_j the weighted sum of
    squares of column j; the last column is free.
    """
    root = weights[:, None] * design
    size = np.sqrt(penalty * (root**2).sum(axis=0))
    size[-1] = 0.0
    system = np.concatenate([root, np.diag(size)])
    return np.linalg.lstsq(system, np.append(weights * target, np.zeros(len(size))))[0]


@pytest.mark.parametrize("most_rows", [20_000, 150])
def test_coefficients_equal_an_independent_weighted_ridge(
    most_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regression, "_COLD", regression._SQUARED)
    monkeypatch.setattr(readout, "_MOST_ROWS", most_rows)
    body, lesson = reservoir(), echo_lesson(6, 80, seed=1)
    found, penalty = fitted(body, lesson)
    taught = lesson.weights > 0
    stride = max(1, int(taught.sum()) // most_rows)
    taught[:, np.arange(80) % stride != 0] = False
    inputs = lesson.features[taught].astype(float)
    states = oracle_states(body, lesson)[taught]
    design = np.concatenate([states, inputs, np.ones((len(inputs), 1))], axis=1)
    expected = ridge(design, lesson.targets[taught], lesson.weights[taught], penalty)
    assert np.isfinite(penalty) and found.shape == (UNITS + FEATURES + 1,)
    # The states are float32, and columns of a reservoir are nearly dependent.
    np.testing.assert_allclose(design @ found, design @ expected, rtol=1e-3, atol=1e-3)


def test_the_penalty_is_the_best_on_the_last_fifth_of_each_series(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(regression, "_COLD", regression._SQUARED)
    body, lesson = reservoir(), echo_lesson(2, 60, seed=3)
    noise = np.random.default_rng(0).normal(0.0, 1.0, lesson.targets.shape)
    noisy = Lesson(lesson.features, lesson.targets + noise, lesson.weights, lesson.lengths)
    _, penalty = fitted(body, noisy)
    taught = lesson.weights > 0
    late = (np.arange(60) >= 0.8 * lesson.lengths[:, None])[taught]
    design = np.concatenate(
        [oracle_states(body, lesson), lesson.features, np.ones((2, 60, 1))], axis=2
    )[taught]
    target, weights = noisy.targets[taught], lesson.weights[taught]
    scores = {np.inf: 0.998 * np.average(np.abs(target[late]), weights=weights[late])}
    for candidate in (1e-4, 1e-2, 1.0, 100.0):
        coefficients = ridge(design[~late], target[~late], weights[~late], candidate)
        errors = np.abs(target[late] - design[late] @ coefficients)
        scores[candidate] = np.average(errors, weights=weights[late])
    assert penalty == min(scores, key=lambda candidate: scores[candidate])
    assert 1e-4 < penalty < np.inf  # the noise asks for more than the smallest penalty


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_is_learned_from_noise(seed: int) -> None:
    coefficients, penalty = fitted(reservoir(), lesson_of(4, 100, seed))
    assert penalty == np.inf
    np.testing.assert_array_equal(coefficients, np.zeros(UNITS + FEATURES + 1))


def test_a_delayed_input_is_remembered_on_series_never_seen() -> None:
    body = reservoir(60)
    coefficients, penalty = fitted(body, echo_lesson(10, 100, seed=4))
    assert penalty <= 1e-2
    unseen = echo_lesson(3, 100, seed=5)
    valid = np.arange(100) < unseen.lengths[:, None]
    read = ReadBody(body, coefficients)
    corrections, _ = read.encode(unseen.features, valid, read.initial_state(3))
    known = unseen.weights > 0
    missed = np.abs(unseen.targets - corrections)[known].mean()
    assert missed < 0.1 * np.abs(unseen.targets[known]).mean()


def test_too_few_steps_give_no_correction() -> None:
    coefficients, penalty = fitted(reservoir(), echo_lesson(1, 30, seed=6))
    assert penalty == np.inf and not coefficients.any()


def test_a_lesson_without_weights_gives_no_correction() -> None:
    lesson = lesson_of(2, 50, seed=7)
    empty = Lesson(lesson.features, lesson.targets, 0.0 * lesson.weights, lesson.lengths)
    coefficients, penalty = fitted(reservoir(), empty)
    assert penalty == np.inf and not coefficients.any()


def test_the_reservoir_is_left_as_it_was() -> None:
    body = body_of("EchoState", FEATURES, units=UNITS, num_layers=1)
    before = body.weights
    fitted(body, echo_lesson(4, 100, seed=8))
    for left, right in zip(before, body.weights, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("stride", range(30))
def test_thinned_steps_visit_every_phase_of_every_season(stride: int) -> None:
    taken = np.arange(0, 20_000, coprime_stride(stride, (24, 168)))
    assert len(np.unique(taken % 168)) == 168
