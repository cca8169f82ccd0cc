"""Temporal convolution and causal transformer: their equations, masks, reach and configs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from layer_material import PUBLIC
from oracles import causal as oracle
from oracles.cells import largest_error, randomise

from forecast import layers
from forecast.layers.causal_layer import CausalLayer

ROWS, STEPS, FEATURES, WIDTH = 3, 14, 3, 4
CASES: dict[str, Callable[..., Any]] = {
    "block": lambda **options: layers.TemporalConvolutionBlock(WIDTH, 3, 2, seed=1, **options),
    "convolution": lambda **options: layers.TemporalConvolution(
        WIDTH, 2, (1, 3, 2), seed=1, **options
    ),
    "attention block": lambda **options: layers.CausalTransformerBlock(
        2, 2, 5, intermediate_dim=7, seed=1, **options
    ),
    "transformer": lambda **options: layers.CausalTransformer(
        WIDTH, 2, 2, 4, intermediate_dim=7, seed=1, **options
    ),
}
REACH = {"block": 9, "convolution": 13, "attention block": 5, "transformer": 7}
every_case = pytest.mark.parametrize("case", CASES)


def material(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(ROWS, STEPS, FEATURES))


def ready(case: str, **options: Any) -> Any:
    """A built layer in float64 with random weights, biases and norms too."""
    layer = CASES[case](dtype="float64", **options)
    layer.build((None, None, FEATURES))
    randomise(layer, seed=2)
    return layer


def by_name(layer: Any) -> dict[str, list[np.ndarray]]:
    """The weights of every part of a block."""
    parts: dict[str, list[np.ndarray]] = {}
    for weight in layer.weights:
        name = "attention" if "attention" in weight.path else weight.path.split("/")[-2]
        parts.setdefault(name, []).append(np.asarray(weight))
    return parts


def test_every_causal_layer_is_a_case() -> None:
    found = {item for item in PUBLIC if issubclass(item, CausalLayer)}
    assert {type(make()) for make in CASES.values()} == found


# Equations ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("features", [FEATURES, WIDTH], ids=["widened", "same width"])
def test_convolution_block_equals_its_equation(features: int) -> None:
    inputs = np.random.default_rng(3).normal(size=(ROWS, STEPS, features))
    block = CASES["block"](dtype="float64")
    block.build(inputs.shape)
    randomise(block, seed=2)
    weights = block.get_weights()
    assert len(weights) == (5 if features != WIDTH else 4)
    expected = [oracle.convolution_block(row, weights, dilation=2) for row in inputs]
    assert largest_error(block(inputs), expected) < 1e-12


def test_convolution_is_block_after_block() -> None:
    layer, values = ready("convolution"), material()
    for block, dilation in zip(layer.blocks, (1, 3, 2), strict=True):
        values = np.stack(
            [oracle.convolution_block(row, block.get_weights(), dilation) for row in values]
        )
    assert largest_error(layer(material()), values) < 1e-12


def test_transformer_equals_its_equation() -> None:
    layer, values = ready("transformer"), material()
    kernel, bias = layer.projection.get_weights()
    values = values @ kernel + bias
    for block in layer.blocks:
        values = np.stack([oracle.transformer_block(row, by_name(block), 4) for row in values])
    expected = oracle.normed(values, *layer.norm.get_weights())
    # TensorFlow rounds the root of 2 in its gelu to float32.
    assert largest_error(layer(material()), expected) < 1e-8


def test_seeded_kernels_differ_from_each_other_and_come_again() -> None:
    for case in CASES:
        first, second = CASES[case](), CASES[case]()
        for layer in (first, second):
            layer.build((None, None, WIDTH))
        kernels = [weight for weight in first.get_weights() if weight.any() and weight.ndim > 1]
        alike = [np.array_equal(one, other) for place, one in enumerate(kernels)
                 for other in kernels[:place] if one.shape == other.shape]  # fmt: skip
        assert alike, case
        assert not any(alike), case
        for one, again in zip(first.get_weights(), second.get_weights(), strict=True):
            np.testing.assert_array_equal(one, again)


# What an output depends on ------------------------------------------------------------------------


@every_case
def test_an_output_depends_on_its_receptive_field_and_on_nothing_later(case: str) -> None:
    """The steps with a gradient are the last `receptive_field` ones, the first of them too."""
    import tensorflow as tf

    layer, at = ready(case), STEPS - 1
    inputs = tf.constant(material())
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)[:, at - 1] @ np.random.default_rng(5).normal(size=(
            layer.compute_output_shape(inputs.shape)[-1], 1))  # fmt: skip
    touched = np.abs(tape.gradient(outputs, inputs)).max(axis=(0, 2)) > 0
    first = at - layer.receptive_field
    assert layer.receptive_field == REACH[case]
    assert not touched[:first].any()
    assert touched[first]
    assert not touched[at:].any()


@every_case
def test_changes_of_later_steps_change_no_output_before(case: str) -> None:
    layer, inputs, changed = ready(case), material(), material()
    changed[:, 8:] = 1e3
    np.testing.assert_array_equal(
        np.asarray(layer(changed))[:, :8], np.asarray(layer(inputs))[:, :8]
    )


@every_case
def test_what_comes_before_the_receptive_field_can_be_left_out(case: str) -> None:
    layer, inputs = ready(case), material()
    reach = layer.receptive_field
    window = np.asarray(layer(inputs[:, -reach:]))[:, -1]
    assert largest_error(window, np.asarray(layer(inputs))[:, -1]) < 1e-12


# Masks --------------------------------------------------------------------------------------------


@every_case
def test_a_masked_row_gets_what_it_gets_alone(case: str) -> None:
    """Right and left padding and gaps, NaN under the mask; a masked step holds the one before."""
    layer, inputs = ready(case), material()
    mask = np.random.default_rng(6).random((ROWS, STEPS)) < 0.6
    mask[0] = np.arange(STEPS) < 9
    mask[1, :4] = False
    outputs = np.asarray(layer(np.where(mask[:, :, None], inputs, np.nan), mask=mask))
    for row in range(ROWS):
        alone = np.asarray(layer(inputs[row : row + 1, mask[row]]))[0]
        assert largest_error(outputs[row, mask[row]], alone) < 1e-12
        held = np.concatenate([np.zeros((1, alone.shape[1])), alone])[np.cumsum(mask[row])]
        assert largest_error(outputs[row], held) < 1e-12


@every_case
def test_gradients_are_finite_and_zero_at_masked_steps(case: str) -> None:
    import tensorflow as tf

    layer, mask = ready(case), np.arange(STEPS) < np.array([[9], [4], [STEPS]])
    inputs = tf.constant(np.where(mask[:, :, None], material(), np.nan))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        total = tf.reduce_sum(tf.square(layer(inputs, mask=mask)))
    gradients = tape.gradient(total, [inputs, *(weight.value for weight in layer.weights)])
    assert all(np.isfinite(np.asarray(gradient)).all() for gradient in gradients)
    assert not np.asarray(gradients[0])[~mask].any()


# Configs ------------------------------------------------------------------------------------------

OTHER: dict[str, dict[str, Any]] = {
    "block": {"filters": 5, "kernel_size": 2, "dilation_rate": 3, "activation": "tanh"},
    "convolution": {"filters": 5, "kernel_size": 3, "dilations": (2,), "activation": "tanh"},
    "attention block": {"num_heads": 3, "key_dim": 4, "sliding_window": 2, "intermediate_dim": 5},
    "transformer": {"units": 8, "num_blocks": 3, "num_heads": 1, "sliding_window": 2,
                    "intermediate_dim": 5},
}  # fmt: skip


@every_case
def test_every_argument_survives_the_round_trip_and_matters(case: str) -> None:
    config = CASES[case]().get_config()
    others = {**OTHER[case], "dropout": 0.4, "seed": 5}
    assert set(others) == set(config) - {"name", "dtype", "trainable"}
    inputs = material().astype("float32")
    standard = np.asarray(CASES[case]()(inputs, training=True))
    for change in [{name: value} for name, value in others.items()] + [others]:
        changed = type(CASES[case]()).from_config({**config, **change})
        saved = keras.saving.serialize_keras_object(changed)
        again = keras.saving.deserialize_keras_object(saved)
        assert again.get_config() == changed.get_config()
        values = np.asarray(changed(inputs, training=True))
        assert values.shape != standard.shape or not np.array_equal(values, standard), change
    np.testing.assert_array_equal(again(inputs, training=True), values)


@every_case
def test_saved_model_with_a_mask(case: str, tmp_path: Any) -> None:
    inputs, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    model = keras.Model([inputs, mask], CASES[case]()(inputs, mask=mask))
    values = [material().astype("float32"), np.arange(STEPS) < np.array([[9], [4], [STEPS]])]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(values), model(values))


@every_case
def test_a_window_carried_over_blocks_gives_what_the_layer_gives(case: str) -> None:
    """Under a mask too; the contracts of `Window` itself are those of all loops."""
    network = ready(case)
    window = layers.Window(network, return_sequences=True, return_state=True)
    mask = np.random.default_rng(7).random((ROWS, STEPS)) < 0.7
    found, states = [], None
    for start, stop in ((0, 3), (3, 4), (4, STEPS)):
        part = material()[:, start:stop]
        outputs, *states = window(part, initial_state=states, mask=mask[:, start:stop])
        found.append(outputs)
    expected = network(material(), mask=mask)
    assert largest_error(np.concatenate(found, axis=1), expected) < 1e-12


# Refusals -----------------------------------------------------------------------------------------


@every_case
@pytest.mark.parametrize("options", [{}, {"go_backwards": True}, {"zero_output_for_mask": True}])
def test_no_window_is_an_empty_one(case: str, options: dict[str, bool]) -> None:
    """From no state the network is spared the window, and gives the same."""
    window = layers.Window(ready(case), return_sequences=True, return_state=True, **options)
    sequences = material()
    window.build(sequences.shape)
    mask = np.random.default_rng(3).uniform(size=(ROWS, STEPS)) > 0.3
    mask[0, :4], mask[1] = False, True
    for own in (mask, None):
        empty = window.cell.get_initial_state(ROWS)
        expected = window(sequences, initial_state=empty, mask=own)
        for found, wanted in zip(window(sequences, mask=own), expected, strict=True):
            assert largest_error(found, wanted) < 1e-12
    last = layers.Window(window.cell.network, **options)
    assert largest_error(last(sequences, mask=mask), window(sequences, mask=mask)[1]) < 1e-12


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.TemporalConvolutionBlock(0), "filters=0: expected an integer of at least"),
        (lambda: layers.TemporalConvolution(3, kernel_size=2.5), r"kernel_size=2.5: expected"),
        (lambda: layers.TemporalConvolution(3, dilations=()), "no dilations: expected one for"),
        (lambda: layers.TemporalConvolution(3, dropout=1.0), "dropout=1.0: expected"),
        (lambda: layers.TemporalConvolution(3, seed=-1), "seed=-1: expected"),
        (lambda: layers.CausalTransformer(6, num_heads=2), "units=6: .*such as units=8"),
        (lambda: layers.CausalTransformer(8, num_blocks=True), "num_blocks=True: expected"),
        (lambda: layers.CausalTransformerBlock(2, 3, 4), "key_dim=3: expected an even number"),
        (lambda: layers.CausalTransformerBlock(2, 4, 0), "sliding_window=0: expected"),
        (lambda: layers.Window(layers.LSTMCell(3)), "expected a causal layer of forecast.layers"),
        (lambda: layers.WindowCell(layers.TemporalConvolution(3, 1)), "at least 2 steps"),
    ],
)  # fmt: skip
def test_refusals(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
