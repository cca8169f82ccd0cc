"""Every layer inside models: functional, subclassed, fitted, saved, loaded, wrapped by Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from layer_material import BATCH, FEATURES, LOOPS, MASK, STEPS, inputs_of, ready, states_of
from oracles.cells import largest_error

every_case = pytest.mark.parametrize("case", LOOPS)
# The others are fitted in `make test-all`.
FITTED = ("SimpleRNN", "LSTM", "EchoState")
# Bidirectional and TimeDistributed of Keras take features alone, no clamps beside them.
WRAPPED = [case for case in LOOPS if case not in ("ClampedCell", "ConvLSTM")]


@keras.saving.register_keras_serializable(package="tests")
class Subclassed(keras.Model):
    """A layer under a mask that is passed on by hand, and a readout; `layer` is a config."""

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = keras.saving.deserialize_keras_object(layer)
        self.head = keras.layers.Dense(1)

    def call(self, inputs: Any, training: bool = False) -> Any:
        values, mask = inputs
        hidden = self.layer(values, mask=keras.ops.cast(mask, "bool"), training=training)
        return self.head(keras.ops.reshape(hidden, (-1, int(np.prod(hidden.shape[1:])))))

    def get_config(self) -> dict[str, Any]:
        layer = keras.saving.serialize_keras_object(self.layer)
        return {**super().get_config(), "layer": layer}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Subclassed:
        return cls(**config)


@every_case
def test_saved_functional_model(case: str, tmp_path: Path) -> None:
    layer = LOOPS[case](return_sequences=True, return_state=True)
    inputs, mask = keras.Input(inputs_of(case).shape[1:]), keras.Input((STEPS,), dtype="bool")
    states = [keras.Input(state.shape[1:]) for state in states_of(ready(case))]
    model = keras.Model([inputs, mask, *states], layer(inputs, initial_state=states, mask=mask))
    values = [inputs_of(case), MASK, *states_of(layer)]
    expected = model(values)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for actual, part in zip(loaded(values), expected, strict=True):
        np.testing.assert_array_equal(actual, part)
    predicted = model.predict(values, verbose=0)
    own = layer(values[0], initial_state=values[2:], mask=MASK)
    for actual, part in zip(predicted, own, strict=True):
        assert largest_error(actual, part) < 1e-6


@pytest.mark.parametrize("case", WRAPPED)
def test_wrapped_by_keras(case: str, tmp_path: Path) -> None:
    """One time axis within another, both directions; saved and loaded."""
    inputs = keras.Input((2, STEPS, FEATURES))
    both = keras.layers.Bidirectional(LOOPS[case](return_sequences=True))
    hidden = keras.layers.TimeDistributed(LOOPS[case]())(inputs)
    model = keras.Model(inputs, both(hidden))
    values = np.random.default_rng(0).normal(size=(BATCH, 2, STEPS, FEATURES)).astype("float32")
    expected = model(values)
    alone = [model.layers[1].layer(values[:, place]) for place in range(2)]
    assert largest_error(expected, both(np.stack(alone, axis=1))) < 1e-6
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        keras.saving.load_model(tmp_path / "model.keras")(values), expected
    )


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=[pytest.mark.long] * (c not in FITTED)) for c in LOOPS if " " not in c],
)
def test_fit_of_a_subclassed_model_learns(case: str, tmp_path: Path) -> None:
    """An epoch after another, under masks, NaN at masked steps; and what was learned is saved."""
    model = Subclassed(keras.saving.serialize_keras_object(LOOPS[case]()))
    inputs, mask = inputs_of(case, rows=8), np.resize(MASK, (8, STEPS))
    inputs[~mask] = np.nan
    target = np.random.default_rng(1).normal(size=(8, 1)).astype("float32")
    model.compile(keras.optimizers.Adam(0.05), "mse")
    losses = model.fit([inputs, mask], target, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < 0.9 * losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded([inputs, mask]), model([inputs, mask]))
