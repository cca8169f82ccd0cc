"""Masks are exact: a row of a padded batch gets what it gets alone."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.cells import largest_error, randomise

from forecast.layers import GRU, LSTM, EchoState, SimpleRNN

FEATURES, UNITS = 2, 4
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "SimpleRNN": (SimpleRNN, {}),
    "LSTM": (LSTM, {}),
    "GRU": (GRU, {}),
    "GRU reset after": (GRU, {"reset_after": True}),
    "EchoState": (EchoState, {"seed": 0, "leak_rate": 0.4}),
}
PADDINGS = st.sampled_from(["right", "left", "both", "inside"])


def make(case: str, **loop: Any) -> Any:
    layer_class, arguments = CASES[case]
    layer = layer_class(UNITS, return_state=True, **arguments, **loop)
    layer.build((None, None, FEATURES))
    randomise(layer, seed=1)
    return layer


def draw_state(layer: Any, rows: int) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [rng.normal(size=(rows, UNITS)).astype("float32") for _ in layer.state_size]


def draw_mask(lengths: list[int], steps: int, padding: str) -> np.ndarray:
    """Return a mask with `lengths[i]` unmasked steps in row i."""
    mask = np.zeros((len(lengths), steps), bool)
    for row, length in enumerate(lengths):
        free = steps - length
        start = {"right": 0, "left": free, "both": free // 2, "inside": 0}[padding]
        mask[row, start : start + length] = True
    if padding == "inside":
        mask = np.random.default_rng(3).permuted(mask, axis=1)
    return mask


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("case", CASES)
@settings(max_examples=4)
@given(lengths=st.lists(st.integers(0, 6), min_size=1, max_size=4), padding=PADDINGS)
def test_row_equals_the_row_alone(
    case: str, go_backwards: bool, lengths: list[int], padding: str
) -> None:
    layer = make(case, return_sequences=True, go_backwards=go_backwards)
    mask = draw_mask(lengths, 6, padding)
    inputs = np.random.default_rng(4).normal(size=(*mask.shape, FEATURES)).astype("float32")
    state = draw_state(layer, len(lengths))
    padded = np.where(mask[:, :, None], inputs, np.nan).astype("float32")
    outputs, *last = layer(padded, initial_state=state, mask=mask)
    for row, length in enumerate(lengths):
        own = [part[row : row + 1] for part in state]
        in_order = mask[row][::-1] if go_backwards else mask[row]
        held = own[0]
        if length:
            alone, *own = layer(inputs[row : row + 1, mask[row]], initial_state=own)
            assert largest_error(outputs[row][in_order], alone[0]) < 1e-6
            before = int(np.argmax(in_order))
            after = 6 - int(np.argmax(in_order[::-1]))
            np.testing.assert_array_equal(outputs[row][:before], np.repeat(held, before, 0))
            np.testing.assert_array_equal(
                outputs[row][after:], np.repeat(outputs[row][after - 1][None], 6 - after, 0)
            )
        for part, expected in zip(last, own, strict=True):
            assert largest_error(part[row : row + 1], expected) < 1e-6


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_fully_padded_row_returns_its_initial_state(
    case: str, return_sequences: bool, unroll: bool
) -> None:
    layer = make(case, return_sequences=return_sequences, unroll=unroll)
    mask = np.array([[True] * 3, [False] * 3])
    state = draw_state(layer, 2)
    output, *last = layer(np.ones((2, 3, FEATURES), "float32"), initial_state=state, mask=mask)
    for part, initial in zip(last, state, strict=True):
        np.testing.assert_array_equal(part[1], initial[1])
        assert largest_error(part[0], initial[0]) > 1e-3
    expected = np.broadcast_to(state[0][1], output[1].shape)
    np.testing.assert_array_equal(output[1], expected)


@pytest.mark.parametrize("case", CASES)
def test_last_output_is_the_last_of_the_sequence(case: str) -> None:
    sequences, last = make(case, return_sequences=True), make(case)
    mask = draw_mask([0, 2, 5], 5, "right")
    inputs = np.random.default_rng(5).normal(size=(3, 5, FEATURES)).astype("float32")
    np.testing.assert_array_equal(
        last(inputs, mask=mask)[0], np.asarray(sequences(inputs, mask=mask)[0])[:, -1]
    )


@pytest.mark.parametrize("return_sequences", [False, True])
def test_zero_output_for_mask(return_sequences: bool) -> None:
    layer = make("LSTM", return_sequences=return_sequences, zero_output_for_mask=True)
    mask = np.array([[True, True, False]])
    output, hidden, _ = layer(np.ones((1, 3, FEATURES), "float32"), mask=mask)
    if return_sequences:
        assert not np.asarray(output)[0, 2].any()
        np.testing.assert_array_equal(output[0, 1], hidden[0])
    else:
        np.testing.assert_array_equal(output, hidden)


@pytest.mark.parametrize("case", CASES)
def test_masked_steps_have_no_gradient_even_where_they_are_nan(case: str) -> None:
    layer = make(case, return_sequences=True)
    mask = draw_mask([3, 5, 0], 5, "left")
    inputs = np.random.default_rng(6).normal(size=(3, 5, FEATURES))
    inputs = tf.constant(np.where(mask[:, :, None], inputs, np.nan), "float32")
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(tf.square(layer(inputs, mask=mask)[0]))
    sources = [inputs, *[weight.value for weight in layer.trainable_weights]]
    gradients = [np.asarray(gradient) for gradient in tape.gradient(loss, sources)]
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert not gradients[0][~mask].any()
    assert gradients[0][mask].all()


@pytest.mark.parametrize("case", CASES)
def test_mask_in_a_compiled_functional_model(case: str) -> None:
    layer = make(case, return_sequences=True)
    inputs, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    model = keras.Model([inputs, mask], layer(inputs, mask=mask)[0])
    values = np.random.default_rng(7).normal(size=(3, 6, FEATURES)).astype("float32")
    flags = draw_mask([2, 6, 4], 6, "right")
    actual = model.predict([values, flags], verbose=0)
    assert largest_error(actual, layer(values, mask=flags)[0]) < 1e-6
