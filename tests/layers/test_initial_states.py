"""Initial states: zero, learned, given for all units or for some; units that stay clamped."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from layer_material import BATCH, FEATURES, STEPS, UNITS, inputs_of, ready, states_of
from oracles import cells as oracle
from oracles.cells import largest_error

from forecast import layers
from forecast.layers import InitialState

INPUTS = inputs_of("LSTM")
SIZES = [UNITS, UNITS]


def arrays(states: Any) -> list[np.ndarray]:
    return [np.asarray(state) for state in states]


def partly(values: list[np.ndarray], seed: int = 3) -> list[np.ndarray]:
    """Return values of which some are NaN: other units in every row."""
    rng = np.random.default_rng(seed)
    return [np.where(rng.random(v.shape) < 0.5, v, np.nan).astype("float32") for v in values]


def test_zero_is_what_the_layer_starts_from() -> None:
    layer = ready("LSTM")
    start = InitialState(layer.state_size)
    assert not any(state.any() for state in arrays(start(INPUTS)))
    assert start.weights == []
    np.testing.assert_array_equal(layer(INPUTS, initial_state=start(INPUTS)), layer(INPUTS))


@pytest.mark.parametrize("learned", [False, True])
def test_given_units_take_the_place_of_the_others(learned: bool) -> None:
    start = InitialState(SIZES, learned=learned, initializer="ones")
    values = states_of(ready("LSTM"))
    for actual, expected in zip(arrays(start(INPUTS, given=values)), values, strict=True):
        np.testing.assert_array_equal(actual, expected)
    given = partly(values)
    for actual, part in zip(arrays(start(INPUTS, given=given)), given, strict=True):
        np.testing.assert_array_equal(actual, np.where(np.isnan(part), float(learned), part))


def test_learned_state_is_learned_and_saved(tmp_path: Any) -> None:
    """A network without inputs can only learn where to start from."""
    inputs, given = keras.Input((STEPS, FEATURES)), [keras.Input((UNITS,)) for _ in SIZES]
    states = InitialState(SIZES, learned=True, name="start")(inputs, given=given)
    layer = layers.LSTM(
        UNITS, kernel_initializer="zeros", trainable=False,
        recurrent_initializer=keras.initializers.Orthogonal(seed=1),
    )  # fmt: skip
    model = keras.Model([inputs, *given], layer(inputs, initial_state=states))
    assert [weight.path for weight in model.trainable_weights] == ["start/state_0", "start/state_1"]
    model.compile(keras.optimizers.Adam(0.1), "mse")
    free = [np.full((BATCH, UNITS), np.nan, "float32") for _ in SIZES]
    target = np.tile(np.linspace(-0.3, 0.3, UNITS), (BATCH, 1))
    batch = [INPUTS, *free]

    def loss() -> float:
        return float(np.square(np.asarray(model(batch)) - target).mean())

    before, steps = loss(), 80
    model.fit(*([np.concatenate([part] * steps) for part in parts] for parts in (batch, [target])),
              batch_size=BATCH, verbose=0)  # fmt: skip
    assert loss() < 0.1 * before
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    values = [INPUTS, *partly(states_of(layer))]
    np.testing.assert_array_equal(loaded(values), model(values))


def test_gradient_of_a_learned_state_stops_at_given_units() -> None:
    """The gradient to b is the one to the initial state, of the units that are free alone."""
    import tensorflow as tf

    layer, start = ready("LSTM"), InitialState(SIZES, learned=True)
    given = partly(states_of(layer))
    start(INPUTS)
    with tf.GradientTape() as tape:
        states = start(INPUTS, given=given)
        loss = tf.reduce_sum(tf.square(layer(INPUTS, initial_state=states)))
    sources = [*states, *[weight.value for weight in start.trainable_weights]]
    *at_states, first, second = arrays(tape.gradient(loss, sources))
    for gradient, state_gradient, part in zip((first, second), at_states, given, strict=True):
        free = np.where(np.isnan(part), state_gradient, 0).sum(axis=0)
        assert largest_error(gradient, free) < 1e-6


def test_wrong_number_of_states() -> None:
    with pytest.raises(ValueError, match="given holds 1 states: expected 2, of "):
        InitialState(SIZES)(INPUTS, given=np.zeros((BATCH, UNITS)))


# Clamped units ------------------------------------------------------------------------------------


def clamp_run(clamps: np.ndarray, num_states: int = 1) -> tuple[list[np.ndarray], Any]:
    """Return the outputs and states of a clamped LSTM in float64, and the oracle's weights."""
    cell = layers.ClampedCell(layers.LSTMCell(UNITS, dtype="float64"), num_states)
    layer = layers.RNN(cell, return_sequences=True, return_state=True)
    inputs = np.concatenate([INPUTS.astype("float64"), clamps], axis=-1)
    layer.build(inputs.shape)
    weights = oracle.draw_weights("ifco", FEATURES, UNITS, seed=2)
    layer.set_weights(oracle.to_keras(weights, "ifco"))
    return arrays(layer(inputs)), weights


@pytest.mark.parametrize("num_states", [1, 2])
def test_clamped_units_are_overwritten_at_every_step(num_states: int) -> None:
    rng = np.random.default_rng(4)
    clamps = rng.normal(size=(BATCH, STEPS, num_states * UNITS))
    clamps[rng.random(clamps.shape) < 0.5] = np.nan
    (outputs, *states), weights = clamp_run(clamps, num_states)
    for row in range(BATCH):
        state = (np.zeros(UNITS), np.zeros(UNITS))
        for place in range(STEPS):
            state = oracle.lstm_step(INPUTS[row, place].astype("float64"), state, weights)
            given = np.split(clamps[row, place], num_states)
            clamped = [np.where(np.isnan(g), s, g) for g, s in zip(given, state, strict=False)]
            state = (*clamped, *state[num_states:])
            np.testing.assert_allclose(outputs[row, place], state[0], rtol=1e-11, atol=1e-13)
        for actual, expected in zip(states, state, strict=True):
            np.testing.assert_allclose(actual[row], expected, rtol=1e-11, atol=1e-13)


def test_without_clamps_it_is_the_cell_alone() -> None:
    (outputs, *_), weights = clamp_run(np.full((BATCH, STEPS, UNITS), np.nan))
    start = (np.zeros((BATCH, UNITS)),) * 2
    expected, _ = oracle.run(oracle.lstm_step, INPUTS.astype("float64"), start, weights)
    assert largest_error(outputs, expected) < 1e-12


def test_clamped_cell_refuses() -> None:
    with pytest.raises(ValueError, match="num_states=3: expected an integer from 1 to 2"):
        layers.ClampedCell(layers.LSTMCell(3), num_states=3)
    with pytest.raises(ValueError, match="inputs of 3 columns: expected the features and, after"):
        layers.RNN(layers.ClampedCell(layers.LSTMCell(3)))(np.zeros((1, 2, 3)))
