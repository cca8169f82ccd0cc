"""Teaching signals: targets for some hidden units, at some steps."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from layer_material import BATCH, FEATURES, STEPS, UNITS, inputs_of

from forecast.layers import SimpleRNN, TeachingSignal


def draw(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return targets, half of them NaN and one row with none at all, and predictions."""
    rng = np.random.default_rng(seed)
    target, hidden = rng.normal(size=(2, BATCH, STEPS, UNITS))
    target[rng.random(target.shape) < 0.5] = np.nan
    target[-1] = np.nan
    return target, hidden


def expected(target: np.ndarray, hidden: np.ndarray, weights: Any, last_steps: Any) -> float:
    """The formula, row by row and step by step."""
    weights = np.broadcast_to(weights, target.shape)
    total = share = 0.0
    for row in range(BATCH):
        taught = [t for t in range(STEPS) if not np.isnan(target[row, t]).all()]
        for t in taught if last_steps is None else taught[-last_steps:]:
            for unit in np.flatnonzero(~np.isnan(target[row, t])):
                weight = weights[row, t, unit]
                total += weight * (hidden[row, t, unit] - target[row, t, unit]) ** 2
                share += weight
    return total / share


@pytest.mark.parametrize("last_steps", [None, 1, 3])
@pytest.mark.parametrize("shape", [(), (UNITS,), (STEPS, 1), (STEPS, UNITS)])
def test_is_the_formula(shape: tuple[int, ...], last_steps: int | None) -> None:
    target, hidden = draw()
    weights = np.random.default_rng(1).uniform(0.1, 2, shape)
    loss = TeachingSignal(last_steps=last_steps, weights=weights if shape else None)
    wanted = expected(target, hidden, weights if shape else 1.0, last_steps)
    assert float(loss(target, hidden)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("shape", [(BATCH,), (BATCH, STEPS)])
def test_sample_weights(shape: tuple[int, ...]) -> None:
    target, hidden = draw(1)
    weights = np.random.default_rng(2).uniform(0.1, 2, shape)
    wide = weights.reshape(*shape, *(1,) * (3 - len(shape)))
    actual = float(TeachingSignal()(target, hidden, sample_weight=weights))
    assert actual == pytest.approx(expected(target, hidden, wide, None), rel=1e-5)


def test_free_units_have_no_gradient() -> None:
    import tensorflow as tf

    target, hidden = draw()
    values = tf.constant(hidden, "float32")
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = TeachingSignal(last_steps=2)(target, values)
    gradient = np.asarray(tape.gradient(loss, values))
    assert not gradient[np.isnan(target)].any()
    assert (np.abs(gradient).max(axis=2) > 0).sum(axis=1).tolist() == [2, 2, 0]


def test_no_target_at_all_is_no_loss() -> None:
    assert float(TeachingSignal()(np.full((2, 3, 1), np.nan), np.ones((2, 3, 1)))) == 0


def test_teaches_an_attractor_to_hidden_units(tmp_path: Any) -> None:
    """Desired activity of two of four units at the last steps, beside the loss of a readout."""
    inputs = keras.Input((STEPS, FEATURES))
    hidden = SimpleRNN(UNITS, return_sequences=True)(inputs)
    model = keras.Model(inputs, [hidden, keras.layers.Dense(1)(hidden[:, -1])])
    target = np.full((8, STEPS, UNITS), np.nan, "float32")
    target[:, :, :2] = [0.4, -0.6]
    model.compile(keras.optimizers.Adam(0.03), [TeachingSignal(last_steps=2), "mse"])
    readout = np.zeros((8, 1), "float32")
    history = model.fit(inputs_of("LSTM", rows=8), [target, readout], epochs=60, verbose=0)
    assert history.history["loss"][-1] < 0.1 * history.history["loss"][0]
    taught = model.predict(inputs_of("LSTM", rows=8), verbose=0)[0][:, -2:, :2]
    assert np.abs(taught - [0.4, -0.6]).mean() < 0.15
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.loss[0].get_config() == TeachingSignal(last_steps=2).get_config()


def test_config_and_refusals() -> None:
    loss = TeachingSignal(last_steps=2, weights=[[1.0, 0.0]])
    again = TeachingSignal.from_config(loss.get_config())
    assert again.get_config() == loss.get_config()
    assert loss.get_config()["weights"] == [[1.0, 0.0]]
    with pytest.raises(ValueError, match="last_steps=0: expected at least 1"):
        TeachingSignal(last_steps=0)
    with pytest.raises(ValueError, match="expected numbers of at least 0"):
        TeachingSignal(weights=[-1.0])
