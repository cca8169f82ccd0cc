"""Every recurrent layer and cell of the library, ready to build, and what one run of it gives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import keras
import numpy as np
from oracles.cells import randomise

from forecast import layers
from forecast.layers.options import WeightOptions

BATCH, STEPS, FEATURES, UNITS, PLACES = 3, 6, 2, 4, 5
PUBLIC: list[Any] = [getattr(layers, name) for name in layers.__all__]
LAYERS = [item for item in PUBLIC if issubclass(item, keras.layers.RNN)]
CELLS = [item for item in PUBLIC if hasattr(item, "get_initial_state") and item not in LAYERS]
# Those that are named by their size alone, not made of other cells or of windows.
UNIT_LAYERS = [item for item in LAYERS if "units" in inspect.signature(item).parameters]
UNIT_CELLS = [item for item in CELLS if "units" in inspect.signature(item).parameters]
# Of every row other steps: all, a left part, one in the middle missing, none.
MASK = np.array([[1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 0, 1], [0, 0, 0, 0, 0, 0]], bool)


def own_arguments(item: Any) -> list[str]:
    """Return the names of the constructor's own arguments, those of its cell included."""
    parameters = inspect.signature(item.__init__).parameters.values()
    names = [p.name for p in parameters if p.name != "self" and p.kind is not p.VAR_KEYWORD]
    options = get_type_hints(item.__init__).get("options", Any)
    shared = WeightOptions.__annotations__ if options is not Any else ()
    return [*names, *shared]


def seeded(item: Any, **arguments: Any) -> Any:
    """Return a layer or cell with units that draws the same weights every time."""
    names = own_arguments(item)
    defaults: dict[str, Any] = {"units": UNITS, "feedback_features": 1}
    if item.__name__.startswith("EchoState"):
        defaults["seed"] = 11
    for position, name in enumerate(("kernel_initializer", "recurrent_initializer")):
        defaults[name] = keras.initializers.GlorotUniform(seed=position)
    chosen = {name: value for name, value in defaults.items() if name in names}
    return item(**{**chosen, **arguments})


def _around(make_cell: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a function that puts a cell into the loop of the library."""
    return lambda dtype=None, **loop: layers.RNN(make_cell(dtype), **loop)


def _dense(width: int, dtype: Any, seed: int) -> Any:
    start = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(width, "tanh", kernel_initializer=start, dtype=dtype)


def _clamped(dtype: Any) -> Any:
    return layers.ClampedCell(seeded(layers.LSTMCell, dtype=dtype), num_states=2)


def _series(dtype: Any) -> Any:
    first = seeded(layers.LSTMCell, units=UNITS + 1, dtype=dtype)
    return layers.SeriesCell([first, seeded(layers.GRUCell, dtype=dtype)])


def _deep_output(dtype: Any) -> Any:
    network = [_dense(7, dtype, 2), _dense(UNITS, dtype, 3)]
    return layers.DeepOutputCell(seeded(layers.GRUCell, dtype=dtype), network, output_size=UNITS)


def _deep_transition(dtype: Any) -> Any:
    network = [_dense(7, dtype, 2), _dense(UNITS, dtype, 3)]
    return layers.DeepTransitionCell(seeded(layers.LSTMCell, dtype=dtype), network)


def _convolution(**options: Any) -> Any:
    start = keras.initializers.GlorotUniform(seed=0)
    return layers.ConvLSTM(UNITS, 3, rank=1, strides=2, kernel_initializer=start,
                           recurrent_initializer=start, **options)  # fmt: skip


def _window(dtype: Any = None, **loop: Any) -> Any:
    network = layers.TemporalConvolution(UNITS, 2, (2,), seed=4, dtype=dtype)
    return layers.Window(network, **loop)


def _plain(item: Any, **arguments: Any) -> Callable[..., Any]:
    return lambda **loop: seeded(item, **arguments, **loop)


# Loops over every cell of the library: what makes one, given the options of the loop.
LOOPS: dict[str, Callable[..., Any]] = {
    **{item.__name__: _plain(item) for item in UNIT_LAYERS},
    "GRU reset after": _plain(layers.GRU, reset_after=True),
    "LSTM without output gate": _plain(layers.LSTM, output_gate=False),
    "ConvLSTM": _convolution,
    "Window": _window,
    "ClampedCell": _around(_clamped),
    "SeriesCell": _around(_series),
    "DeepOutputCell": _around(_deep_output),
    "DeepTransitionCell": _around(_deep_transition),
}
LOOP_OPTIONS = (
    "return_sequences", "return_state", "go_backwards", "stateful", "unroll",
    "zero_output_for_mask",
)  # fmt: skip


def inputs_of(case: str, rows: int = BATCH, seed: int = 0) -> np.ndarray:
    """Return inputs (rows, steps, ...) that the loop takes; two of three clamps are NaN."""
    rng = np.random.default_rng(seed)
    if case == "ConvLSTM":
        return rng.normal(size=(rows, STEPS, PLACES, FEATURES)).astype("float32")
    inputs = rng.normal(size=(rows, STEPS, FEATURES)).astype("float32")
    if case != "ClampedCell":
        return inputs
    clamps = rng.normal(size=(rows, STEPS, 2 * UNITS)).astype("float32")
    clamps[rng.random(clamps.shape) < 2 / 3] = np.nan
    return np.concatenate([inputs, clamps], axis=-1)


def ready(case: str, **loop: Any) -> Any:
    """Return a built loop with random weights, biases too."""
    layer = LOOPS[case](**loop)
    layer.build(inputs_of(case).shape)
    randomise(layer, seed=1)
    return layer


def states_of(layer: Any, rows: int = BATCH) -> list[np.ndarray]:
    """Return random initial states of a built loop."""
    rng = np.random.default_rng(1)
    zeros = layer.get_initial_state(rows)
    return [rng.normal(size=tuple(zero.shape)).astype(layer.compute_dtype) for zero in zeros]


def values_and_gradients(
    layer: Any, inputs: Any, states: Any, mask: Any = None, training: bool = False
) -> list[np.ndarray]:
    """Return outputs, states, and the gradients to inputs, initial states and weights."""
    call = {"mask": mask, "training": training}
    if keras.backend.backend() == "jax":
        return [np.asarray(value) for value in _with_jax(layer, inputs, list(states), call)]
    return [np.asarray(value) for value in _with_tensorflow(layer, inputs, list(states), call)]


def weighted_sum(results: Any) -> Any:
    """Return a sum of everything, every entry with a weight of its own."""
    rng = np.random.default_rng(6)
    total: Any = 0.0
    for result in results:
        weights = rng.normal(size=tuple(result.shape))
        total = total + keras.ops.sum(result * keras.ops.cast(weights, result.dtype))
    return total


def as_list(results: Any) -> list[Any]:
    return list(results) if isinstance(results, (list, tuple)) else [results]


def _with_tensorflow(layer: Any, inputs: Any, states: list[Any], call: dict[str, Any]) -> list[Any]:
    import tensorflow as tf

    inputs, *states = [tf.constant(array) for array in (inputs, *states)]
    with tf.GradientTape() as tape:
        tape.watch([inputs, *states])
        results = as_list(layer(inputs, initial_state=states, **call))
        loss = weighted_sum(results)
    sources = [inputs, *states, *[weight.value for weight in layer.trainable_weights]]
    return [*results, *tape.gradient(loss, sources, unconnected_gradients="zero")]


def _with_jax(layer: Any, inputs: Any, states: list[Any], call: dict[str, Any]) -> list[Any]:
    import jax

    trained, fixed = ([v.value for v in part] for part in
                      (layer.trainable_variables, layer.non_trainable_variables))  # fmt: skip

    def loss(trained: Any, inputs: Any, states: Any) -> Any:
        results, _ = layer.stateless_call(trained, fixed, inputs, initial_state=states, **call)
        return weighted_sum(as_list(results)), as_list(results)

    run = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True))
    (_, results), (weights, input_gradient, state_gradients) = run(trained, inputs, states)
    return [*results, input_gradient, *state_gradients, *weights]
