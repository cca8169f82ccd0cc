"""What holds for every layer and every cell of `forecast.layers`, found by introspection."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from oracles.cells import largest_error, randomise

from forecast import layers

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
PUBLIC: list[Any] = [getattr(layers, name) for name in layers.__all__]
LAYERS = [item for item in PUBLIC if issubclass(item, keras.layers.RNN)]
CELLS = [
    item
    for item in PUBLIC
    if issubclass(item, keras.layers.Layer) and not issubclass(item, keras.layers.RNN)
]
INPUTS = np.random.default_rng(0).normal(size=(BATCH, STEPS, FEATURES)).astype("float32")

every_layer = pytest.mark.parametrize("layer_class", LAYERS, ids=lambda item: item.__name__)
every_cell = pytest.mark.parametrize("cell_class", CELLS, ids=lambda item: item.__name__)

# For every constructor argument a value other than the default; the weights or the outputs change.
OTHER_VALUES: dict[str, Any] = {
    "units": UNITS + 1,
    "activation": "softsign",
    "recurrent_activation": "hard_sigmoid",
    "use_bias": False,
    "kernel_initializer": keras.initializers.RandomUniform(seed=7),
    "recurrent_initializer": keras.initializers.Identity(),
    "bias_initializer": keras.initializers.RandomUniform(seed=7),
    "unit_forget_bias": False,
    "reset_after": True,
    "leak_rate": 0.5,
    "spectral_radius": 0.5,
    "input_scaling": 0.5,
    "connectivity": 1.0,
    "bias_scaling": 0.5,
    "seed": 12,
    "topology": "cycle",
    "noise": 0.1,
    "feedback_features": 2,
    "feedback_scaling": 0.5,
}


def own_arguments(item: Any) -> list[str]:
    """Return the names of the constructor's own arguments."""
    parameters = inspect.signature(item.__init__).parameters.values()
    return [p.name for p in parameters if p.name != "self" and p.kind is not p.VAR_KEYWORD]


def seeded(item: Any, **arguments: Any) -> Any:
    """Return an instance that draws the same weights every time."""
    names = own_arguments(item)
    defaults: dict[str, Any] = {"units": UNITS, "seed": 11, "feedback_features": 1}
    for position, name in enumerate(("kernel_initializer", "recurrent_initializer")):
        defaults[name] = keras.initializers.GlorotUniform(seed=position)
    chosen = {name: value for name, value in defaults.items() if name in names}
    return item(**{**chosen, **arguments})


def outputs_of(item: Any) -> list[np.ndarray]:
    """Return what a layer, or a cell in Keras' own loop, makes of the inputs; and its weights."""
    loop = item if isinstance(item, keras.layers.RNN) else keras.layers.RNN(item)
    in_both_modes = [np.asarray(loop(INPUTS, training=training)) for training in (False, True)]
    return [*in_both_modes, *item.get_weights()]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def states_of(layer: Any, rows: int = BATCH) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=(rows, size)).astype("float32") for size in layer.state_size]


def test_introspection_finds_the_layers_and_the_cells() -> None:
    assert {item.__name__ for item in LAYERS} >= {"SimpleRNN", "LSTM", "GRU", "EchoState"}
    assert {f"{item.__name__}Cell" for item in LAYERS} == {item.__name__ for item in CELLS}


@pytest.mark.parametrize("item", PUBLIC, ids=lambda item: item.__name__)
def test_registered_and_documented(item: Any) -> None:
    registered = keras.saving.get_registered_name(item)
    assert registered == f"keras_forecast>{item.__name__}"
    assert item.__doc__ is not None
    for section in ("Args:", "Example:", "Source:", "Raises:"):
        assert section in item.__doc__
    for name in own_arguments(item):
        assert f"        {name}: " in item.__doc__


@every_layer
def test_layer_takes_the_arguments_of_its_cell(layer_class: Any) -> None:
    cell_class = type(seeded(layer_class).cell)
    assert cell_class.__name__ == f"{layer_class.__name__}Cell"
    signatures = [inspect.signature(item.__init__) for item in (layer_class, cell_class)]
    assert signatures[0].parameters == signatures[1].parameters


@pytest.mark.parametrize("item", LAYERS + CELLS, ids=lambda item: item.__name__)
def test_config_holds_the_constructor_arguments_and_nothing_else(item: Any) -> None:
    config = seeded(item).get_config()
    loop = inspect.signature(keras.layers.RNN.__init__).parameters
    shared = {"name", "dtype", "trainable"}
    if item in LAYERS:
        shared |= {name for name in loop if name not in ("self", "cell", "kwargs")}
    assert set(config) == shared | set(own_arguments(item))


@pytest.mark.parametrize("item", LAYERS + CELLS, ids=lambda item: item.__name__)
def test_every_argument_survives_the_round_trip_and_matters(item: Any) -> None:
    standard = outputs_of(seeded(item))
    assert same(standard, outputs_of(seeded(item)))
    for name in own_arguments(item):
        changed = seeded(item, **{name: OTHER_VALUES[name]})
        config = changed.get_config()
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(changed))
        assert type(again) is item
        assert again.get_config() == config
        values = outputs_of(changed)
        assert same(values, outputs_of(again)), name
        assert not same(values, standard), name


@every_layer
def test_loop_options_survive_the_round_trip(layer_class: Any) -> None:
    options = dict.fromkeys(
        ("return_sequences", "return_state", "go_backwards", "stateful", "unroll"), True
    )
    layer = seeded(
        layer_class, **options, zero_output_for_mask=True, name="own", trainable=False,
        dtype="float64",
    )  # fmt: skip
    again = layer_class.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert all(again.get_config()[name] for name in (*options, "zero_output_for_mask"))
    again.build((BATCH, STEPS, FEATURES))
    assert again.name == "own"
    assert again.trainable_weights == again.cell.trainable_weights == []
    assert again.compute_dtype == again.cell.compute_dtype == "float64"


@pytest.mark.parametrize("item", LAYERS + CELLS, ids=lambda item: item.__name__)
@pytest.mark.parametrize("units", [0, -1, 2.5, True, None])
def test_bad_units(item: Any, units: Any) -> None:
    with pytest.raises(ValueError, match=r"units=.*: expected an integer of at least 1"):
        item(units)


@every_cell
def test_cell_in_the_loop_of_keras(cell_class: Any) -> None:
    layer_class = getattr(layers, cell_class.__name__.removesuffix("Cell"))
    expected = outputs_of(seeded(layer_class))
    actual = outputs_of(seeded(cell_class))
    assert same(actual, expected)


@every_cell
def test_cells_stack(cell_class: Any) -> None:
    stack = keras.layers.RNN([seeded(cell_class), seeded(cell_class, units=UNITS + 2)])
    first = keras.layers.RNN(seeded(cell_class), return_sequences=True)
    second = keras.layers.RNN(seeded(cell_class, units=UNITS + 2))
    assert largest_error(stack(INPUTS), second(first(INPUTS))) < 1e-6


@every_layer
def test_sequences_and_states(layer_class: Any) -> None:
    full = seeded(layer_class, return_sequences=True, return_state=True)
    outputs, *states = full(INPUTS)
    assert tuple(outputs.shape) == (BATCH, STEPS, UNITS)
    assert len(states) == len(full.state_size)
    np.testing.assert_array_equal(outputs[:, -1], states[0])
    np.testing.assert_array_equal(seeded(layer_class)(INPUTS), states[0])
    shapes = full.compute_output_shape((BATCH, STEPS, FEATURES))
    assert shapes == ((BATCH, STEPS, UNITS), *[(BATCH, UNITS)] * len(states))


@every_layer
def test_the_state_carries_everything(layer_class: Any) -> None:
    layer = seeded(layer_class, return_sequences=True, return_state=True)
    start = states_of(layer)
    outputs, *last = layer(INPUTS, initial_state=start)
    head, *middle = layer(INPUTS[:, :2], initial_state=start)
    tail, *end = layer(INPUTS[:, 2:], initial_state=middle)
    assert largest_error(np.concatenate([head, tail], axis=1), outputs) < 1e-6
    for part, expected in zip(end, last, strict=True):
        assert largest_error(part, expected) < 1e-6


@every_layer
def test_batch_equals_its_rows_alone(layer_class: Any) -> None:
    layer = seeded(layer_class)
    alone = np.concatenate([layer(INPUTS[row : row + 1]) for row in range(BATCH)])
    assert largest_error(layer(INPUTS), alone) < 1e-6


@every_layer
def test_backwards_is_the_flipped_sequence(layer_class: Any) -> None:
    backwards = seeded(layer_class, return_sequences=True, go_backwards=True)
    forwards = seeded(layer_class, return_sequences=True)
    np.testing.assert_array_equal(backwards(INPUTS), forwards(INPUTS[:, ::-1].copy()))


@every_layer
def test_unrolled_equals_the_loop(layer_class: Any) -> None:
    loop, unrolled = seeded(layer_class), seeded(layer_class, unroll=True)
    assert largest_error(unrolled(INPUTS), loop(INPUTS)) < 1e-6


@every_layer
def test_stateful_goes_on_where_it_stopped(layer_class: Any) -> None:
    stateful, plain = seeded(layer_class, stateful=True), seeded(layer_class)
    mask = np.ones((BATCH, STEPS), bool)
    stateful(INPUTS[:, :2])
    # A call without a valid step leaves the state alone.
    stateful(INPUTS, mask=~mask)
    assert largest_error(stateful(INPUTS[:, 2:]), plain(INPUTS)) < 1e-6
    stateful.reset_state()
    assert largest_error(stateful(INPUTS), plain(INPUTS)) < 1e-6


@every_layer
def test_float64(layer_class: Any) -> None:
    double, single = seeded(layer_class, dtype="float64"), seeded(layer_class)
    double.build(INPUTS.shape)
    single.build(INPUTS.shape)
    randomise(single, seed=2)
    double.set_weights(single.get_weights())
    output = double(INPUTS.astype("float64"))
    assert output.dtype == "float64"
    assert {weight.dtype for weight in double.weights} == {"float64"}
    assert largest_error(single(INPUTS), output) < 1e-5
    assert largest_error(single(INPUTS), output) > 0


@every_layer
def test_mixed_precision(layer_class: Any) -> None:
    mixed, single = seeded(layer_class, dtype="mixed_bfloat16"), seeded(layer_class)
    mask = np.arange(STEPS) < np.array([[STEPS], [3], [0]])
    output = mixed(INPUTS, mask=mask)
    assert keras.backend.standardize_dtype(output.dtype) == "bfloat16"
    assert {weight.dtype for weight in mixed.weights} == {"float32"}
    np.testing.assert_allclose(
        keras.ops.cast(output, "float32"), single(INPUTS, mask=mask), atol=0.05
    )


# Keras 3.15 itself saves with np.array(variable), which NumPy 2 deprecates for its class.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
@every_layer
def test_saved_functional_model(layer_class: Any, tmp_path: Path) -> None:
    inputs, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    hidden = seeded(layer_class, return_sequences=True)(inputs, mask=mask)
    hidden = keras.layers.Bidirectional(seeded(layer_class, return_sequences=True))(
        hidden, mask=mask
    )
    output, *_ = seeded(layer_class, return_state=True)(hidden, mask=mask)
    model = keras.Model([inputs, mask], output)
    flags = np.arange(STEPS) < np.array([[STEPS], [3], [1]])
    expected = model([INPUTS, flags])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded([INPUTS, flags]), expected)


@every_layer
def test_symbolic_call_with_initial_state(layer_class: Any) -> None:
    layer = seeded(layer_class)
    inputs = keras.Input((None, FEATURES))
    states = [keras.Input((size,)) for size in layer.state_size]
    model = keras.Model([inputs, *states], layer(inputs, initial_state=states))
    start = states_of(layer)
    actual = model.predict([INPUTS, *start], verbose=0)
    assert largest_error(actual, layer(INPUTS, initial_state=start)) < 1e-6
