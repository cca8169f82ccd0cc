"""What every loop over time does: sequences, states, directions, precision."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from layer_material import (
    BATCH,
    LOOPS,
    MASK,
    STEPS,
    UNIT_CELLS,
    UNITS,
    inputs_of,
    ready,
    seeded,
    states_of,
)
from oracles.cells import largest_error

every_case = pytest.mark.parametrize("case", LOOPS)


@every_case
def test_sequences_and_states(case: str) -> None:
    inputs = inputs_of(case)
    full = ready(case, return_sequences=True, return_state=True)
    outputs, *states = full(inputs)
    assert tuple(outputs.shape[:2]) == (BATCH, STEPS)
    assert tuple(outputs.shape)[-1] == UNITS
    assert [tuple(state.shape) for state in states] == [s.shape for s in states_of(full)]
    np.testing.assert_array_equal(ready(case)(inputs), outputs[:, -1])
    shapes = full.compute_output_shape(inputs.shape)
    assert shapes == (tuple(outputs.shape), *(tuple(state.shape) for state in states))


@every_case
def test_the_state_carries_everything(case: str) -> None:
    layer = ready(case, return_sequences=True, return_state=True)
    inputs, start = inputs_of(case), states_of(layer)
    outputs, *last = layer(inputs, initial_state=start)
    head, *middle = layer(inputs[:, :2], initial_state=start)
    tail, *end = layer(inputs[:, 2:], initial_state=middle)
    assert largest_error(np.concatenate([head, tail], axis=1), outputs) < 1e-6
    for part, expected in zip(end, last, strict=True):
        assert largest_error(part, expected) < 1e-6


@every_case
def test_batch_equals_its_rows_alone(case: str) -> None:
    layer, inputs = ready(case), inputs_of(case)
    alone = np.concatenate([layer(inputs[row : row + 1]) for row in range(BATCH)])
    assert largest_error(layer(inputs), alone) < 1e-6


@every_case
def test_backwards_is_the_flipped_sequence(case: str) -> None:
    inputs = inputs_of(case)
    backwards = ready(case, return_sequences=True, go_backwards=True)
    forwards = ready(case, return_sequences=True)
    flipped = inputs[:, ::-1].copy()
    np.testing.assert_array_equal(backwards(inputs), forwards(flipped))
    assert largest_error(
        backwards(inputs, mask=MASK), forwards(flipped, mask=MASK[:, ::-1].copy())
    ) < 1e-6  # fmt: skip


@every_case
@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
def test_unrolled_equals_the_loop(case: str, mask: Any) -> None:
    loop, unrolled = (ready(case, return_sequences=True, unroll=unroll) for unroll in (False, True))
    inputs, start = inputs_of(case), states_of(loop)
    expected = loop(inputs, initial_state=start, mask=mask)
    assert largest_error(unrolled(inputs, initial_state=start, mask=mask), expected) < 1e-6


@every_case
def test_stateful_goes_on_where_it_stopped(case: str) -> None:
    stateful, plain, inputs = ready(case, stateful=True), ready(case), inputs_of(case)
    # Here the states are variables too: those that `ready` drew are forgotten.
    stateful.reset_state()
    plain.set_weights([weight for weight in stateful.get_weights()][: len(plain.weights)])
    stateful(inputs[:, :2])
    # A call without a valid step leaves the state alone.
    stateful(inputs, mask=np.zeros((BATCH, STEPS), bool))
    assert largest_error(stateful(inputs[:, 2:]), plain(inputs)) < 1e-6
    stateful.reset_state()
    assert largest_error(stateful(inputs), plain(inputs)) < 1e-6


@every_case
def test_float64(case: str) -> None:
    double, single = LOOPS[case](dtype="float64"), ready(case)
    inputs = inputs_of(case)
    double.build(inputs.shape)
    double.set_weights(single.get_weights())
    output = double(inputs.astype("float64"))
    assert output.dtype == "float64"
    assert {weight.dtype for weight in double.weights} == {"float64"}
    assert 0 < largest_error(single(inputs), output) < 1e-5


@every_case
def test_mixed_precision(case: str) -> None:
    mixed, single = LOOPS[case](dtype="mixed_bfloat16"), ready(case)
    inputs = inputs_of(case)
    mixed.build(inputs.shape)
    mixed.set_weights(single.get_weights())
    output = mixed(inputs, mask=MASK)
    assert keras.backend.standardize_dtype(output.dtype) == "bfloat16"
    assert {weight.dtype for weight in mixed.weights} == {"float32"}
    np.testing.assert_allclose(
        keras.ops.cast(output, "float32"), single(inputs, mask=MASK), atol=0.05
    )


@pytest.mark.parametrize("cell_class", UNIT_CELLS, ids=lambda item: item.__name__)
def test_cells_stack(cell_class: Any) -> None:
    inputs = inputs_of("LSTM")
    stack = keras.layers.RNN([seeded(cell_class), seeded(cell_class, units=UNITS + 2)])
    first = keras.layers.RNN(seeded(cell_class), return_sequences=True)
    second = keras.layers.RNN(seeded(cell_class, units=UNITS + 2))
    assert largest_error(stack(inputs), second(first(inputs))) < 1e-6
