"""What every layer and cell of `forecast.layers`, found by introspection, keeps of itself."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
from layer_material import (
    BATCH,
    CELLS,
    FEATURES,
    LAYERS,
    LOOP_OPTIONS,
    LOOPS,
    PUBLIC,
    STEPS,
    UNIT_CELLS,
    UNIT_LAYERS,
    UNITS,
    inputs_of,
    own_arguments,
    ready,
    seeded,
)

from forecast import layers

INPUTS = inputs_of("LSTM")
SHORT = INPUTS[:, :3]  # where many layers run

every_case = pytest.mark.parametrize("case", LOOPS)
every_item = pytest.mark.parametrize(
    "item", UNIT_LAYERS + UNIT_CELLS, ids=lambda item: item.__name__
)

# For every constructor argument a value other than the default; the weights or the outputs change.
OTHER_VALUES: dict[str, Any] = {
    "units": UNITS + 1,
    "activation": "softsign",
    "recurrent_activation": "hard_sigmoid",
    "use_bias": False,
    "kernel_initializer": keras.initializers.RandomUniform(seed=7),
    "recurrent_initializer": layers.ScaledIdentity(0.3),
    "bias_initializer": keras.initializers.RandomUniform(seed=7),
    "unit_forget_bias": False,
    "output_gate": False,
    "reset_after": True,
    "leak_rate": 0.5,
    "spectral_radius": 0.5,
    "input_scaling": 0.5,
    "connectivity": 1.0,
    "bias_scaling": 0.5,
    "dropout": 0.5,
    "recurrent_dropout": 0.5,
    "seed": 12,
    "topology": "cycle",
    "noise": 0.1,
    "feedback_features": 2,
    "feedback_scaling": 0.5,
}
# These take part in a step of the optimizer alone, see test_options.py.
OF_TRAINING = {
    f"{weight}_{kind}"
    for weight in ("kernel", "recurrent", "bias")
    for kind in ("regularizer", "constraint")
}


def results_of(item: Any) -> list[np.ndarray]:
    """Return what a layer, or a cell in Keras' own loop, makes of the inputs; and its weights."""
    loop = item if isinstance(item, keras.layers.RNN) else keras.layers.RNN(item)
    in_both_modes = [np.asarray(loop(SHORT, training=training)) for training in (False, True)]
    return [*in_both_modes, *item.get_weights()]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def loaded(item: Any) -> Any:
    """Return a layer or cell made from what is saved of this one."""
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(item))


def test_introspection_finds_the_layers_and_the_cells() -> None:
    assert {item.__name__ for item in UNIT_LAYERS} >= {"SimpleRNN", "LSTM", "GRU", "EchoState"}
    assert {f"{item.__name__}Cell" for item in UNIT_LAYERS} == {i.__name__ for i in UNIT_CELLS}
    made = [make() for make in LOOPS.values()]
    assert {type(layer) for layer in made} == set(LAYERS)
    assert {type(layer.cell) for layer in made} == set(CELLS)


@pytest.mark.parametrize("item", PUBLIC, ids=lambda item: item.__name__)
def test_registered_and_documented(item: Any) -> None:
    registered = keras.saving.get_registered_name(item)
    assert registered == f"keras_forecast>{item.__name__}"
    assert item.__doc__ is not None
    for section in ("Args:", "Example:", "Source:", "Raises:"):
        assert section in item.__doc__
    described = item.__doc__.split("Args:")[1]
    for name in own_arguments(item):
        assert f" {name}: " in described or f" {name}, " in described, name


@pytest.mark.parametrize("layer_class", UNIT_LAYERS, ids=lambda item: item.__name__)
def test_layer_takes_the_arguments_of_its_cell(layer_class: Any) -> None:
    cell_class = type(seeded(layer_class).cell)
    assert cell_class.__name__ == f"{layer_class.__name__}Cell"
    assert own_arguments(layer_class) == own_arguments(cell_class)
    both = [inspect.signature(item).parameters for item in (layer_class, cell_class)]
    shared = [name for name in both[0] if name in both[1] and name != "options"]
    assert all(both[0][name].default == both[1][name].default for name in shared)


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_takes_the_arguments_of_the_layer_of_keras(name: str) -> None:
    """Their defaults too, but for `reset_after`; not `use_cudnn`, which is a kernel of Keras."""
    stock = inspect.signature(getattr(keras.layers, name).__init__).parameters
    own = layers.options.LayerOptions.__annotations__
    arguments = {*own_arguments(getattr(layers, name)), *own, "self", "kwargs"}
    assert set(stock) - arguments <= {"use_cudnn"}
    ours = {**getattr(layers, name)(3).get_config(), "activity_regularizer": None}
    theirs = getattr(keras.layers, name)(3).get_config()
    different = {key for key in theirs if ours[key] != theirs[key]}
    assert different - {"name", "dtype"} <= {"reset_after"}


@every_item
def test_config_holds_the_constructor_arguments_and_nothing_else(item: Any) -> None:
    config = seeded(item).get_config()
    loop = inspect.signature(keras.layers.RNN.__init__).parameters
    shared = {"name", "dtype", "trainable"}
    if item in UNIT_LAYERS:
        shared |= {name for name in loop if name not in ("self", "cell", "kwargs")}
        shared |= {"implementation", "chunk_length"}
    assert set(config) == shared | set(own_arguments(item))


@every_item
def test_every_argument_survives_the_round_trip_and_matters(item: Any) -> None:
    dropout = {"dropout": 0.2, "seed": 4} if "dropout" in own_arguments(item) else {}
    standard = results_of(seeded(item, **dropout))
    assert same(standard, results_of(seeded(item, **dropout)))
    others = {name: OTHER_VALUES[name] for name in set(own_arguments(item)) - OF_TRAINING}
    for name, value in others.items():
        changed = seeded(item, **{**dropout, name: value})
        again = loaded(changed)
        assert type(again) is item
        assert again.get_config() == changed.get_config()
        assert not same(results_of(changed), standard), name
    others.pop("use_bias", None)  # with a bias its arguments count
    every = seeded(item, **others)
    assert same(results_of(loaded(every)), results_of(every))


@every_case
def test_loop_options_survive_the_round_trip(case: str) -> None:
    options = dict.fromkeys(LOOP_OPTIONS, True)
    options |= {"implementation": "plain", "chunk_length": 3}
    layer = LOOPS[case](**options, name="own", trainable=False, dtype="float64")
    again = loaded(layer)
    assert keras.saving.serialize_keras_object(again) == keras.saving.serialize_keras_object(layer)
    assert all(again.get_config()[name] == value for name, value in options.items())
    again.build(inputs_of(case).shape)
    assert again.name == "own"
    assert again.weights
    assert again.trainable_weights == []
    assert again.compute_dtype == again.cell.compute_dtype == "float64"


@every_case
def test_a_layer_built_from_its_config_computes_the_same(case: str) -> None:
    layer = ready(case, return_sequences=True)
    again = type(layer).from_config(layer.get_config())
    again.build(inputs_of(case).shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(inputs_of(case)), layer(inputs_of(case)))


@every_item
@pytest.mark.parametrize("units", [0, -1, 2.5, True, None])
def test_bad_units(item: Any, units: Any) -> None:
    with pytest.raises(ValueError, match=r"units=.*: expected an integer of at least 1"):
        item(units)


@pytest.mark.parametrize("cell_class", UNIT_CELLS, ids=lambda item: item.__name__)
def test_cell_in_the_loop_of_keras(cell_class: Any) -> None:
    layer_class = getattr(layers, cell_class.__name__.removesuffix("Cell"))
    results = zip(results_of(seeded(cell_class)), results_of(seeded(layer_class)), strict=True)
    for actual, expected in results:
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)


@every_case
def test_layer_passes_its_mask_on(case: str) -> None:
    """In Keras 3.16 its own layers do not."""
    mask = np.ones((BATCH, STEPS), bool)
    full = LOOPS[case](return_sequences=True, return_state=True)
    assert full.supports_masking
    assert full.compute_mask(INPUTS, mask)[0] is mask
    assert LOOPS[case]().compute_mask(INPUTS, mask) is None


def test_a_layer_reads_the_options_of_its_cell() -> None:
    layer = layers.LSTM(3, dropout=0.1, recurrent_dropout=0.2)
    assert (layer.units, layer.dropout, layer.recurrent_dropout) == (3, 0.1, 0.2)
    layer.build((BATCH, STEPS, FEATURES))
    assert layer.cell.kernel.shape == (FEATURES, 12)
