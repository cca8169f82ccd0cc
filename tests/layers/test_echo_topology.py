"""Topologies, noise and feedback of a reservoir: what their arguments say about it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.cells import largest_error

from forecast.layers import EchoState, EchoStateCell
from forecast.layers.topology import TOPOLOGIES, recur, recurrent_matrix

UNITS = 30


def recurrent_of(topology: str, units: int = UNITS, **arguments: Any) -> np.ndarray:
    cell = EchoStateCell(units, topology=topology, seed=3, dtype="float64", **arguments)
    cell.build((None, 2))
    return np.asarray(cell.recurrent_kernel)


def test_an_orthogonal_reservoir_is_a_scaled_rotation() -> None:
    weights = recurrent_of("orthogonal", spectral_radius=0.7)
    np.testing.assert_allclose(weights @ weights.T, 0.49 * np.eye(UNITS), atol=1e-12)
    assert (weights != 0).all()
    assert np.abs(np.linalg.eigvals(weights)).max() == pytest.approx(0.7)


def test_a_cycle_hears_the_unit_before_it() -> None:
    weights = recurrent_of("cycle", spectral_radius=0.7)
    assert weights.shape == (UNITS,)
    matrix = recurrent_matrix(weights)
    assert matrix[4, 5] == matrix[UNITS - 1, 0] == 0.7
    assert (matrix != 0).sum() == UNITS
    assert np.abs(np.linalg.eigvals(matrix)).max() == pytest.approx(0.7)


def test_a_delay_line_forgets_after_its_length() -> None:
    matrix = recurrent_matrix(recurrent_of("delay_line", spectral_radius=0.7))
    assert matrix[4, 5] == 0.7
    assert matrix[UNITS - 1, 0] == 0.0
    assert not np.linalg.matrix_power(matrix, UNITS).any()


@pytest.mark.parametrize("topology", TOPOLOGIES)
@given(units=st.integers(1, 9), rows=st.integers(1, 4))
def test_recur_is_the_product_with_the_matrix(topology: str, units: int, rows: int) -> None:
    weights = recurrent_of(topology, units, connectivity=0.5)
    weights = weights * np.random.default_rng(0).uniform(0.5, 2.0, weights.shape)
    states = np.random.default_rng(1).normal(size=(rows, units))
    np.testing.assert_allclose(recur(states, weights), states @ recurrent_matrix(weights))


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_equals_its_equation(topology: str) -> None:
    layer = EchoState(
        UNITS, leak_rate=0.3, topology=topology, bias_scaling=0.5, seed=1, dtype="float64",
        feedback_features=1, feedback_scaling=0.2, return_sequences=True,
    )  # fmt: skip
    inputs = np.random.default_rng(2).normal(size=(2, 6, 3))
    outputs = np.asarray(layer(inputs))
    kernel, weights, bias = (np.asarray(weight) for weight in layer.weights)
    state = np.zeros((2, UNITS))
    for step in range(6):
        u, y = inputs[:, step, :2], inputs[:, step, 2:]
        drive = u @ kernel[:2] + y @ kernel[2:] + state @ recurrent_matrix(weights) + bias
        state = 0.7 * state + 0.3 * np.tanh(drive)
        assert largest_error(outputs[:, step], state) < 1e-12


def test_feedback_has_weights_of_its_own() -> None:
    both = EchoStateCell(
        UNITS, input_scaling=0.1, feedback_features=2, feedback_scaling=3.0, seed=5
    )
    alone = EchoStateCell(UNITS, input_scaling=0.1, seed=5)
    both.build((None, 5))
    alone.build((None, 3))
    kernel = np.asarray(both.kernel)
    np.testing.assert_array_equal(kernel[:3], alone.kernel)
    assert 2.0 < np.abs(kernel[3:]).max() <= 3.0
    assert np.linalg.matrix_rank(kernel[3:]) == 2


def test_a_reservoir_can_be_driven_by_its_feedback_alone() -> None:
    layer = EchoState(UNITS, feedback_features=1, seed=0)
    layer.build((None, None, 1))
    assert np.asarray(layer.cell.kernel).all()


def test_too_few_features_for_the_feedback() -> None:
    with pytest.raises(ValueError, match=r"expected at least feedback_features=2 features"):
        EchoState(UNITS, feedback_features=2, seed=0).build((None, None, 1))


def noisy(**arguments: Any) -> np.ndarray:
    layer = EchoState(UNITS, noise=0.2, seed=4, return_sequences=True)
    return np.asarray(layer(np.ones((3, 8, 2), "float32"), **arguments))


def test_noise_is_seeded_and_in_training_only() -> None:
    quiet, first, again = noisy(), noisy(training=True), noisy(training=True)
    np.testing.assert_array_equal(quiet, noisy(training=False))
    np.testing.assert_array_equal(first, again)
    assert (first != quiet).all()
    assert len(np.unique(first[:, 0, 0])) == 3  # every row, unit and step has draws of its own
    assert abs(first[0, 0] - first[1, 0]).min() > 0


def test_noise_goes_on_from_call_to_call_and_has_its_size() -> None:
    layer = EchoState(UNITS, spectral_radius=0.0, bias_scaling=0.0, noise=0.01, seed=4,
                      return_sequences=True)  # fmt: skip
    silence = np.zeros((20, 50, 1), "float32")
    first, second = (np.asarray(layer(silence, training=True)) for _ in range(2))
    assert (first != second).any()
    assert first.std() == pytest.approx(0.01, rel=0.02)


def test_a_cell_in_the_loop_of_keras_draws_its_noise() -> None:
    cell = EchoStateCell(UNITS, noise=0.2, seed=4)
    loop = keras.layers.RNN(cell, return_sequences=True)
    outputs = np.asarray(loop(np.ones((2, 5, 2), "float32"), training=True))
    assert (outputs[0] != outputs[1]).all()


def test_reservoirs_above_one_another() -> None:
    inputs = keras.Input((None, 2))
    below = EchoState(UNITS, seed=0, leak_rate=0.9, return_sequences=True)(inputs)
    above = EchoState(UNITS, seed=1, leak_rate=0.1, return_sequences=True)(below)
    model = keras.Model(inputs, keras.layers.Concatenate()([below, above]))
    values = np.random.default_rng(3).normal(size=(2, 9, 2)).astype("float32")
    outputs = model.predict(values, verbose=0)
    assert outputs.shape == (2, 9, 2 * UNITS)
    changes = np.abs(np.diff(outputs, axis=1)).mean(axis=(0, 1))
    assert changes[:UNITS].mean() > 3 * changes[UNITS:].mean()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"topology": "ring"}, r"topology='ring': expected one of 'sparse', 'orthogonal', 'cycle'"),
        ({"noise": -0.1}, r"noise=-0.1: expected a finite number of at least 0"),
        ({"feedback_features": -1}, r"feedback_features=-1: expected an integer of at least 0"),
        ({"feedback_features": True}, r"feedback_features=True: expected an integer"),
        ({"feedback_scaling": np.inf}, r"feedback_scaling=inf: expected a finite number"),
    ],
)
@pytest.mark.parametrize("build", [EchoState, EchoStateCell])
def test_bad_arguments(build: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(UNITS, **arguments)
