"""Dropout: the masks of Keras for the same seed, one for all steps; the oracle with the masks."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from layer_material import BATCH, FEATURES, MASK, UNITS, inputs_of, states_of, values_and_gradients
from oracles import cells as oracle
from oracles.cells import largest_error, randomise

from forecast import layers

RATES = [(0.4, 0.0), (0.0, 0.3), (0.4, 0.3)]
NAMES: list[tuple[str, dict[str, Any]]] = [
    ("SimpleRNN", {}),
    ("LSTM", {}),
    ("GRU", {"reset_after": False}),
    ("GRU", {"reset_after": True}),
]
every_rate = pytest.mark.parametrize("rates", RATES, ids=str)
# Outside of training the rates do not matter.
MODES = [*((rates, True) for rates in RATES), (RATES[-1], False)]
every_layer = pytest.mark.parametrize(("name", "arguments"), NAMES, ids=str)


def make(module: Any, name: str, rates: tuple[float, float], **arguments: Any) -> Any:
    chosen = {"dropout": rates[0], "recurrent_dropout": rates[1], "seed": 5, **arguments}
    layer = getattr(module, name)(UNITS, return_sequences=True, return_state=True, **chosen)
    layer.build(inputs_of(name).shape)
    randomise(layer, seed=1)
    return layer


@every_layer
@pytest.mark.parametrize(("rates", "training"), MODES, ids=str)
def test_equals_stock_keras_with_the_same_seed(
    name: str, arguments: dict[str, Any], rates: tuple[float, float], training: bool
) -> None:
    """Values and gradients; a second call has other masks, and there they are equal again."""
    ours, stock = (make(module, name, rates, **arguments) for module in (layers, keras.layers))
    previous = None
    for _ in range(2):
        pair = [
            values_and_gradients(layer, inputs_of(name), states_of(ours), training=training)
            for layer in (ours, stock)
        ]
        for actual, expected in zip(*pair, strict=True):
            assert largest_error(actual, expected) < 1e-5
        assert previous is None or training == (largest_error(pair[0][0], previous) > 1e-3)
        previous = pair[0][0]


def gate_masks(masks: Any, num_gates: int, width: int) -> list[np.ndarray]:
    """Return what Keras drew as one mask (rows, width) for every gate."""
    if masks is None:
        return [np.ones((BATCH, width))] * num_gates
    if isinstance(masks, list):
        return [np.asarray(mask, "float64") for mask in masks]
    return [np.asarray(masks, "float64")] * num_gates


ORACLES: dict[str, tuple[Any, str, str, str, int]] = {
    "SimpleRNN": (oracle.simple_rnn_step, "h", "", "", 1),
    "LSTM": (oracle.lstm_step, "ifco", "", "", 2),
    "GRU": (oracle.gru_step, "zrh", "z", "", 1),
    "GRU reset after": (oracle.gru_reset_after_step, "zrh", "z", "zrh", 1),
}


@pytest.mark.parametrize("case", ORACLES)
@every_rate
@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
def test_equals_the_oracle_with_the_mask_read_out(
    case: str, rates: tuple[float, float], mask: Any
) -> None:
    """A mask on what a gate hears is a mask on the columns of its weights, row by row."""
    step, gates, turned, extra, num_states = ORACLES[case]
    name = case.split()[0]
    arguments = {"reset_after": True} if extra else {}
    layer = make(layers, name, rates, dtype="float64", **arguments)
    weights = oracle.draw_weights(gates, FEATURES, UNITS, seed=2, extra=extra)
    layer.set_weights(oracle.to_keras(weights, gates, turned, extra))
    inputs = inputs_of(name).astype("float64")
    if mask is not None:
        inputs[~mask] = np.nan
    state = states_of(layer)[:num_states]
    drawn = [
        gate_masks(layer.cell.get_dropout_mask(inputs[:, 0]), len(gates), FEATURES),
        gate_masks(layer.cell.get_recurrent_dropout_mask(state[0]), len(gates), UNITS),
    ]
    outputs, *_ = layer(inputs, initial_state=state, mask=mask, training=True)
    for row in range(BATCH):
        dropped = dict(weights)
        for place, gate in enumerate(gates):
            for letter, masks in zip("WU", drawn, strict=True):
                dropped[f"{letter}_{gate}"] = weights[f"{letter}_{gate}"] * masks[place][row]
        valid = slice(None) if mask is None else mask[row]
        if mask is not None and not mask[row].any():
            continue
        own = [part[row : row + 1] for part in state]
        expected, _ = oracle.run(step, inputs[row : row + 1, valid], tuple(own), dropped)
        assert largest_error(np.asarray(outputs)[row][valid], expected[0]) < 1e-12


@every_layer
def test_keep_rate_and_scale(name: str, arguments: dict[str, Any]) -> None:
    """A share 1 - p is kept and multiplied by 1 / (1 - p)."""
    cell = getattr(layers, f"{name}Cell")(4, dropout=0.3, recurrent_dropout=0.4, seed=1)
    for masks, rate in [
        (cell.get_dropout_mask(np.ones((200, 50), "float32")), 0.3),
        (cell.get_recurrent_dropout_mask(np.ones((200, 50), "float32")), 0.4),
    ]:
        drawn = [np.asarray(mask) for mask in (masks if isinstance(masks, list) else [masks])]
        assert len(drawn) == cell.num_gates
        for mask in drawn:
            np.testing.assert_allclose(np.unique(mask), [0, 1 / (1 - rate)], rtol=1e-6)
            assert (mask > 0).mean() == pytest.approx(1 - rate, abs=0.02)
        assert all((drawn[0] != other).any() for other in drawn[1:])


@pytest.mark.parametrize("wrap", ["RNN", "stacked", "clamped", "deep", "Bidirectional"])
def test_in_a_compiled_model_every_wrapper_draws_one_mask_a_sequence(wrap: str) -> None:
    """A linear unit with weight 1 copies its first input: the copies of a sequence are alike."""
    ones = {"kernel_initializer": "ones", "recurrent_initializer": "zeros", "use_bias": False}
    cell = layers.SimpleRNNCell(1, activation=None, dropout=0.5, seed=3, **ones)
    deep = layers.DeepOutputCell(
        cell, [keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")], output_size=1
    )
    loop = {"return_sequences": True}
    layer = {
        "RNN": lambda: keras.layers.RNN(cell, **loop),
        "stacked": lambda: keras.layers.RNN(
            [layers.SimpleRNNCell(1, activation=None, **ones), cell], **loop
        ),
        "clamped": lambda: layers.RNN(layers.ClampedCell(cell), **loop),
        "deep": lambda: layers.RNN([deep], **loop),
        "Bidirectional": lambda: keras.layers.Bidirectional(layers.RNN(cell, **loop)),
    }[wrap]()
    inputs = np.ones((64, 5, 1), "float32")
    if wrap == "clamped":
        inputs = np.concatenate([inputs, np.full_like(inputs, np.nan)], axis=-1)
    model = keras.Sequential([layer])
    model.compile("sgd", "mse")
    assert (model.predict(inputs, verbose=0) == 1).all()
    first, second = (np.asarray(layer(inputs, training=True)) for _ in range(2))
    assert set(np.unique(first)) == {0.0, 2.0}
    assert (first == first[:, :1]).all()
    assert 16 < (first[:, 0, 0] > 0).sum() < 48
    assert (first != second).any()
    model.fit(inputs, np.zeros((64, 5, first.shape[-1]), "float32"), verbose=0)


def test_a_sequence_later_has_other_masks_of_another_batch_size() -> None:
    layer = layers.LSTM(3, dropout=0.5, recurrent_dropout=0.5, seed=1)
    for rows in (2, 5):
        assert tuple(layer(np.ones((rows, 4, 2), "float32"), training=True).shape) == (rows, 3)


def test_without_dropout_nothing_is_drawn_and_nothing_is_saved() -> None:
    """So the weights that a seed gives, and files of older versions, stay as they are."""
    layer = layers.LSTM(3)
    layer.build((None, 4, 2))
    assert layer.non_trainable_variables == []
    assert len(layers.LSTM(3, dropout=0.1).cell.variables) == 1


@pytest.mark.parametrize("item", [layers.LSTM, layers.GRUCell, layers.SimpleRNN])
@pytest.mark.parametrize("name", ["dropout", "recurrent_dropout"])
@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan"), True])
def test_bad_rate(item: Any, name: str, rate: float) -> None:
    with pytest.raises(ValueError, match=rf"^{name}=.*: expected a number of at least 0 and below"):
        item(3, **{name: rate})
