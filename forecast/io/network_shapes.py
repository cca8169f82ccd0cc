"""What the arrays of networks must look like, known before any of them is read."""

from __future__ import annotations

import math
from typing import Any

from forecast.archive.errors import BundleError
from forecast.context import CAUSAL, KERNEL_SIZE, NUM_BLOCKS, dilations_for, num_heads_for
from forecast.io.codec import decode_value
from forecast.io.headers import Headers, Shape, Shapes, shape_of, whole

__all__ = ["check_window_weights", "echo_shapes", "network_shapes", "pattern_shapes"]

_GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4, "EchoState": 1}
_OPTIONS = {
    "EchoState": {"leak_rate", "spectral_radius", "input_scaling"},
    **{layer: {"context_length"} for layer in CAUSAL},
}
# A program is made for every layer, which takes time whatever its size.
_MOST_LAYERS = 64
_MOST_LAGS = 100_000


def network_shapes(body: Any, headers: Headers) -> Shapes:
    """The weights, so that no layer is built that is larger than what the file holds.

    Args:
        body: form of the layers, of a manifest.
        headers: of all arrays of the model.

    Raises:
        BundleError: for a form that the arrays cannot fill.
    """
    units, width = whole("units", body["units"], 1), whole("num_features", body["num_features"], 1)
    num_layers = whole("num_layers", body["num_layers"], 1, _MOST_LAYERS)
    num_weights = sum(name.startswith("weight.") for name in headers)
    if num_layers > num_weights:
        raise BundleError(f"its {num_layers} layers do not fit its {num_weights} weights.")
    options, known = body["options"], _OPTIONS.get(body["layer"], set())
    if not (set(options) <= known and all(isinstance(v, int | float) for v in options.values())):
        raise BundleError(f"its layers have unknown options, not numbers for {sorted(known)}.")
    shapes, width = _encoder_shapes(body.get("symbols"), width)
    first = len(shapes)
    if body["layer"] in CAUSAL:
        count, weights = _causal_weights(body, width, num_weights)
    else:
        count, weights = _recurrent_weights(body, width)
    shapes |= {f"weight.{first + place}": shape for place, shape in weights.items()}
    outputs = whole("num_outputs", body.get("num_outputs", 1), 0)
    if body["layer"] == "EchoState" or not outputs:
        columns = units + width + 1
        shapes["coefficients"] = (columns,)
        if "information" in headers:
            shapes["information"] = (columns, columns)
    else:
        shapes[f"weight.{first + count}"] = (units, outputs)
        shapes[f"weight.{first + count + 1}"] = (outputs,)
    return shapes


def _encoder_shapes(symbols: Any, width: int) -> tuple[Shapes, int]:
    """The vectors of codes, if any are learned, and the width of what the layers see."""
    if symbols is None:
        return {}, width
    codes = whole("number of codes", symbols["num_codes"], 2)
    if symbols["embedding"] is None:
        return {}, codes
    size = whole("size of the embedding", symbols["embedding"], 1)
    return {"weight.0": (codes, size)}, size


def pattern_shapes(body: Any, headers: Headers) -> Shapes:
    """The weights of a network of a pattern: as above, without memory, or in two directions.

    Args:
        body: form of the layers, of a manifest.
        headers: of all arrays of the model.

    Raises:
        BundleError: for a form that the arrays cannot fill.
    """
    if body["layer"] != "Dense" and not body["bidirectional"]:
        return network_shapes(body, headers)
    units, width = whole("units", body["units"], 1), whole("num_features", body["num_features"], 1)
    num_layers = whole("num_layers", body["num_layers"], 1, _MOST_LAYERS)
    outputs = whole("num_outputs", body["num_outputs"], 1)
    if body["options"]:
        raise BundleError("its layers have unknown options.")
    shapes: Shapes = {}
    if body["layer"] == "Dense":
        for layer in range(num_layers):
            shapes[f"weight.{2 * layer}"] = (units if layer else width, units)
            shapes[f"weight.{2 * layer + 1}"] = (units,)
        read = units
    else:
        gates = _GATES.get(body["layer"], 0)
        for layer in range(2 * num_layers):
            shapes[f"weight.{3 * layer}"] = (units if layer % num_layers else width, gates * units)
            shapes[f"weight.{3 * layer + 1}"] = (units, gates * units)
        read = 2 * units
    last = (2 if body["layer"] == "Dense" else 6) * num_layers
    return shapes | {f"weight.{last}": (read, outputs), f"weight.{last + 1}": (outputs,)}


def _recurrent_weights(body: Any, width: int) -> tuple[int, dict[int, Shape]]:
    """Number of weights, and the kernels by their place; a bias of one row or two follows them."""
    units, wide = body["units"], _GATES.get(body["layer"], 0) * body["units"]
    shapes: dict[int, Shape] = {}
    for layer in range(body["num_layers"]):
        shapes[3 * layer] = (units if layer else width, wide)
        shapes[3 * layer + 1] = (units, wide)
    return 3 * body["num_layers"], shapes


def _causal_weights(body: Any, width: int, num_weights: int) -> tuple[int, dict[int, Shape]]:
    """Number of weights of a layer whose state is a window, and all of them by their place.

    Raises:
        BundleError: for a context that needs more blocks than there are weights.
    """
    units = body["units"]
    context = whole("context_length", body["options"].get("context_length"), 2, _MOST_LAGS)
    if body["layer"] == "TemporalConvolution":
        shapes = _convolution_weights(units, width, context)
    else:
        shapes = _transformer_weights(units, width)
    if len(shapes) > num_weights:
        raise BundleError(f"its {context} steps of context do not fit its {num_weights} weights.")
    return len(shapes), dict(enumerate(shapes))


def _convolution_weights(units: int, width: int, context_length: int) -> list[Shape]:
    """Shapes of the weights of a temporal convolution, block after block."""
    shapes: list[Shape] = []
    for block in range(len(dilations_for(context_length))):
        shapes += [(KERNEL_SIZE, units if block else width, units), (units,)]
        shapes += [(KERNEL_SIZE, units, units), (units,)]
        shapes += [] if block or units == width else [(width, units)]
    return shapes


def _transformer_weights(units: int, width: int) -> list[Shape]:
    """Shapes of the weights of a causal transformer, block after block."""
    heads = num_heads_for(units)
    each, wide = units // heads, 4 * units
    norm: list[Shape] = [(units,), (units,)]
    attention = [(units, heads, each), (heads, each)] * 3 + [(heads, each, units), (units,)]
    network = [(units, wide), (wide,), (wide, units), (units,)]
    block: list[Shape] = [*norm, *norm, *attention, *network]
    return [(width, units), (units,), *block * NUM_BLOCKS, *norm]


def echo_shapes(design: Any, headers: Headers, num_series: int) -> Shapes:
    """The weights of reservoirs, each beside the one before or above it, and their readout.

    Args:
        design: of a manifest.
        headers: of all arrays of the model.
        num_series: series that it was fitted on.

    Raises:
        BundleError: for a design that the arrays cannot fill.
    """
    readout, channels = design["readout"], max(shape_of(headers, "weight.0", 2)[0], 1)
    if num_series % channels:
        raise BundleError(f"it has {channels} channels, which do not part {num_series} series.")
    shapes: Shapes = {"scales": (num_series, 2)}
    width = channels
    if len(design["reservoirs"]) > _MOST_LAYERS:
        raise BundleError(f"it has {len(design['reservoirs'])} reservoirs, above {_MOST_LAYERS}.")
    sizes = [whole("units", one["units"], 1) for one in design["reservoirs"]]
    for index, (units, one) in enumerate(zip(sizes, design["reservoirs"], strict=True)):
        is_chain = one["topology"] in ("cycle", "delay_line")
        shapes[f"weight.{3 * index}"] = (width, units)
        shapes[f"weight.{3 * index + 1}"] = (units,) if is_chain else (units, units)
        shapes[f"weight.{3 * index + 2}"] = (units,)
        width = units if design["is_deep"] else channels
    factors = whole("number of quadratic lags", readout["quadratic_lags"], 0, _MOST_LAGS) * channels
    columns = sum(sizes) + whole("number of lags", readout["lags"], 1, _MOST_LAGS) * channels
    columns += factors * (factors + 1) // 2 + 1
    shapes["coefficients"] = (1 if readout["pooled"] else num_series // channels, columns, channels)
    if "information" in headers:
        shapes["information"] = (columns, columns)
    return shapes


def check_window_weights(form: Any, headers: Headers) -> None:
    """Refuse a window network that is larger than what the file holds.

    The shape of each weight is checked where the layers are built.

    Args:
        form: of the layers, of a manifest.
        headers: of all arrays of the model.

    Raises:
        BundleError: for a form that the arrays cannot fill.
    """
    found = decode_value(form)
    held = sum(
        math.prod(header.shape) for name, header in headers.items() if name.startswith("weight.")
    )
    whole("num_layers", getattr(found, "num_layers", 1), 1, _MOST_LAYERS)
    whole("size in its layers", getattr(found, "largest_number", 0), 0, held)
    wanted = getattr(found, "num_weights", None)
    if wanted != held:
        raise BundleError(f"its layers have {wanted} weights in all; the file holds {held}.")
