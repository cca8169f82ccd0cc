"""Hessian-free optimisation: conjugate gradients, products and outer steps, each to an oracle."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray
from oracles.cells import draw_weights, run, simple_rnn_step, to_keras

from forecast.layers import SimpleRNN
from forecast.models.hessian_free import Position, Problem, Settings, minimised, problem_of
from forecast.models.hessian_free.conjugate_gradients import conjugate_gradients
from forecast.models.hessian_free.step import _adjusted

UNITS, FEATURES, STEPS, ROWS = 3, 2, 4, 5
SHAPES = [(FEATURES, UNITS), (UNITS, UNITS), (UNITS,)]


def positive_definite(size: int, seed: int) -> NDArray:
    """A matrix whose eigenvalues spread over four orders."""
    rng = np.random.default_rng(seed)
    vectors, _ = np.linalg.qr(rng.normal(size=(size, size)))
    return vectors * np.geomspace(1e-2, 1e2, size) @ vectors.T


def quadratic(matrix: NDArray, target: NDArray, start: float = 3.0) -> Problem:
    """`w'Aw / 2 - b'w + start` as the problem of a network."""
    return Problem(
        [target.shape],
        lambda weights: [0.5 * weights @ matrix @ weights - target @ weights + start],
        lambda weights: [
            0.5 * weights @ matrix @ weights - target @ weights + start, matrix @ weights - target,
        ],
        lambda vector, weights: [matrix @ vector],
    )  # fmt: skip


# Conjugate gradients ------------------------------------------------------------------------------


def test_conjugate_gradients_solve_a_system_from_any_start() -> None:
    matrix, rng = positive_definite(7, seed=1), np.random.default_rng(2)
    target, start = rng.normal(size=7), rng.normal(size=7)
    found = conjugate_gradients(matrix.__matmul__, target, start, 40, tolerance=0.0)
    np.testing.assert_allclose(found[-1], np.linalg.solve(matrix, target), rtol=1e-8)
    values = [0.5 * x @ matrix @ x - target @ x for x in found]
    assert np.diff(values).max() < 1e-9 * abs(values[-1]) and len(found) < 20


def test_conjugate_gradients_end_where_they_no_longer_pay() -> None:
    matrix, target = positive_definite(60, seed=3), np.random.default_rng(4).normal(size=60)
    calls = []

    def product(vector: NDArray) -> NDArray:
        calls.append(1)
        return matrix @ vector

    conjugate_gradients(product, target, np.zeros(60), 200, tolerance=1e-2)
    assert 10 < len(calls) < 60
    calls.clear()
    conjugate_gradients(product, target, np.zeros(60), 7, tolerance=0.0)
    assert len(calls) == 1 + 7
    assert np.array_equal(conjugate_gradients(product, np.zeros(60), np.zeros(60), 5, 0.0)[-1],
                          np.zeros(60))  # fmt: skip


# Products with the Gauss-Newton matrix ------------------------------------------------------------


@pytest.fixture(scope="module")
def network() -> Problem:
    """A tanh network in float64 with squared errors at every step."""
    layer = SimpleRNN(UNITS, return_sequences=True, dtype="float64")
    layer.build((None, STEPS, FEATURES))

    def outputs(weights, inputs, targets):
        with keras.StatelessScope(state_mapping=list(zip(layer.weights, weights, strict=True))):
            return layer(inputs)

    batch = [((None, STEPS, FEATURES), "float64"), ((None, STEPS, UNITS), "float64")]
    return problem_of(
        outputs, lambda z, inputs, targets: ops.mean(ops.square(z - targets)), SHAPES, batch,
        "float64",
    )  # fmt: skip


@pytest.fixture(scope="module")
def material() -> tuple[NDArray, list[NDArray]]:
    """Flat weights, and a batch."""
    rng = np.random.default_rng(5)
    parts = to_keras(draw_weights("h", FEATURES, UNITS, seed=6), "h")
    batch = [rng.normal(size=(ROWS, STEPS, FEATURES)), rng.normal(size=(ROWS, STEPS, UNITS))]
    return np.concatenate([part.ravel() for part in parts]), batch


def oracle_outputs(flat: NDArray, inputs: NDArray) -> NDArray:
    """All outputs in one vector, by the NumPy cell."""
    kernel, recurrent, bias = np.split(flat, np.cumsum([FEATURES * UNITS, UNITS * UNITS]))
    weights = {
        "W_h": kernel.reshape(FEATURES, UNITS).T, "U_h": recurrent.reshape(UNITS, UNITS).T,
        "b_h": bias,
    }  # fmt: skip
    return run(simple_rnn_step, inputs, (np.zeros((len(inputs), UNITS)),), weights)[0].ravel()


def test_products_and_gradient_are_those_of_the_explicit_matrix(network, material) -> None:
    flat, batch = material
    moves = 1e-6 * np.eye(len(flat))
    columns = [
        (oracle_outputs(flat + move, batch[0]) - oracle_outputs(flat - move, batch[0])) / 2e-6
        for move in moves
    ]
    jacobian, count = np.array(columns).T, ROWS * STEPS * UNITS
    matrix = 2.0 / count * jacobian.T @ jacobian
    found = np.array([network.product_at(flat, unit, batch) for unit in np.eye(len(flat))])
    np.testing.assert_allclose(found, matrix, rtol=1e-6, atol=1e-9)
    errors = oracle_outputs(flat, batch[0]) - batch[1].ravel()
    loss, gradient = network.gradient_at(flat, batch)
    assert loss == pytest.approx(np.mean(errors**2)) == network.value_at(flat, batch)
    np.testing.assert_allclose(gradient, 2.0 / count * jacobian.T @ errors, rtol=1e-6, atol=1e-9)


def test_steps_on_a_network_lower_its_loss_each_time(network, material) -> None:
    flat, batch = material
    position = Position.at(flat, damping=1.0)
    losses = [network.value_at(flat, batch)]
    for _ in range(8):
        position = minimised(network, position, batch, Settings(max_iterations=15))
        losses.append(position.loss)
        assert position.before == pytest.approx(losses[-2])
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.7 * losses[0]
    assert position.loss == pytest.approx(network.value_at(position.weights, batch))


# One outer step -----------------------------------------------------------------------------------


def test_a_quadratic_is_solved_in_one_step() -> None:
    matrix, target = positive_definite(6, seed=7), np.random.default_rng(8).normal(size=6)
    start = Position.at(np.random.default_rng(9).normal(size=6), damping=0.0)
    found = minimised(quadratic(matrix, target), start, [], Settings(100, 0.0))
    np.testing.assert_allclose(found.weights, np.linalg.solve(matrix, target), rtol=1e-7)
    assert found.damping == 0.0


def test_damping_falls_where_the_quadratic_is_right_and_grows_where_it_is_wrong() -> None:
    assert [_adjusted(3.0, ratio) for ratio in (0.9, 0.5, 0.1, -2.0)] == [2.0, 3.0, 4.5, 4.5]
    assert _adjusted(3.0, float("nan")) == 4.5
    matrix = positive_definite(4, seed=10)
    steeper = quadratic(matrix, np.ones(4))
    wrong = Problem(steeper.shapes, steeper.loss, steeper.gradient,
                    lambda vector, weights: [0.05 * matrix @ vector])  # fmt: skip
    start = Position.at(np.zeros(4), damping=1e-6)
    found = minimised(wrong, start, [], Settings(100, 0.0))  # foresees twenty times the step
    assert found.damping == pytest.approx(1.5e-6)
    assert found.loss < found.before  # the line search makes it shorter


def test_a_step_that_lowers_nothing_is_not_taken() -> None:
    upwards = Problem(
        [(2,)], lambda weights: [float(np.sum(weights**2))],
        lambda weights: [float(np.sum(weights**2)), -2.0 * weights],
        lambda vector, weights: [2.0 * vector],
    )  # fmt: skip
    start = Position.at(np.array([1.0, -2.0]), damping=1.0)
    found = minimised(upwards, start, [], Settings())
    np.testing.assert_array_equal(found.weights, start.weights)
    assert found.damping == 1.5 and found.loss == found.before == 5.0


def test_a_step_beyond_what_can_be_computed_is_made_shorter() -> None:
    def loss(weights: NDArray) -> list[float]:
        return [float(np.sum((weights - 3.0) ** 2)) if np.abs(weights).max() < 1.0 else np.nan]

    edge = Problem([(2,)], loss, lambda weights: [*loss(weights), 2.0 * (weights - 3.0)],
                   lambda vector, weights: [2.0 * vector])  # fmt: skip
    found = minimised(edge, Position.at(np.zeros(2), damping=1e-6), [], Settings(100, 0.0))
    assert 0.5 < found.weights.min() < 1.0 and found.loss < found.before
    assert found.damping == pytest.approx(1.5e-6)
