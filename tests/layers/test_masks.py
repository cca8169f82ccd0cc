"""Masks are exact: a row of a padded batch gets what it gets alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_material import FEATURES, LOOPS, ready, states_of
from oracles.cells import largest_error

# The inputs of the others have more axes or columns; their masks are in test_gradients.py.
CASES = [case for case in LOOPS if case not in ("ConvLSTM", "ClampedCell")]
# Their output is not the first state.
APART = ("SeriesCell", "DeepOutputCell")
PADDINGS = st.sampled_from(["right", "left", "both", "inside"])


def make(case: str, **loop: Any) -> Any:
    return ready(case, return_state=True, **loop)


def output_of(layer: Any, states: list[np.ndarray]) -> np.ndarray:
    """Return the output that belongs to states."""
    cell = layer.cell
    return np.asarray(cell.output_of(states) if hasattr(cell, "output_of") else states[0])


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
    state = states_of(layer, len(lengths))
    padded = np.where(mask[:, :, None], inputs, np.nan).astype("float32")
    outputs, *last = layer(padded, initial_state=state, mask=mask)
    for row, length in enumerate(lengths):
        own = [part[row : row + 1] for part in state]
        in_order = mask[row][::-1] if go_backwards else mask[row]
        held = output_of(layer, own)
        if length:
            alone, *own = layer(inputs[row : row + 1, mask[row]], initial_state=own)
            assert largest_error(outputs[row][in_order], alone[0]) < 1e-6
            before = int(np.argmax(in_order))
            after = 6 - int(np.argmax(in_order[::-1]))
            start = np.repeat(held, before, 0)
            np.testing.assert_allclose(outputs[row][:before], start, rtol=1e-6)
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
    state = states_of(layer, 2)
    output, *last = layer(np.ones((2, 3, FEATURES), "float32"), initial_state=state, mask=mask)
    for part, initial in zip(last, state, strict=True):
        np.testing.assert_array_equal(part[1], initial[1])
        assert largest_error(part[0], initial[0]) > 1e-3
    expected = np.broadcast_to(output_of(layer, state)[1], output[1].shape)
    np.testing.assert_allclose(output[1], expected, rtol=1e-6)
    assert case in APART or np.array_equal(expected, np.broadcast_to(state[0][1], expected.shape))


@pytest.mark.parametrize("case", CASES)
def test_last_output_is_the_last_of_the_sequence(case: str) -> None:
    sequences, last = make(case, return_sequences=True), make(case)
    mask = draw_mask([0, 2, 5], 5, "right")
    inputs = np.random.default_rng(5).normal(size=(3, 5, FEATURES)).astype("float32")
    np.testing.assert_array_equal(
        last(inputs, mask=mask)[0], np.asarray(sequences(inputs, mask=mask)[0])[:, -1]
    )


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("case", ["LSTM", "SeriesCell"])
def test_zero_output_for_mask(case: str, return_sequences: bool) -> None:
    layer = make(case, return_sequences=return_sequences, zero_output_for_mask=True)
    mask = np.array([[True, True, False]])
    output, *states = layer(np.ones((1, 3, FEATURES), "float32"), mask=mask)
    hidden = output_of(layer, states)
    if return_sequences:
        assert not np.asarray(output)[0, 2].any()
        np.testing.assert_array_equal(output[0, 1], hidden[0])
    else:
        np.testing.assert_array_equal(output, hidden)
