"""What the arrays of each model must look like, known before any of them is read.

An array that is not named here is one that the model names itself (`to_saved`): whether it belongs
to the model shows when the model is written again (see `contents`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.archive.errors import BundleError
from forecast.archive.npy import ArrayHeader
from forecast.baselines.autoregression.parameters import STATISTICS

__all__ = ["Headers", "below", "check_array", "check_finite", "check_model_arrays", "whole"]

Headers = Mapping[str, ArrayHeader]
Shapes = dict[str, tuple[int, ...]]
_KINDS = {
    "lags": "iu", "multiplicative": "b", "active": "b", "of_series": "iu", "of_system": "iu",
}  # fmt: skip
# May hold NaN: a level that the first value sets, the statistics of a fit without a rank.
_MAY_BE_UNKNOWN = ("start", "statistics")
_GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4, "EchoState": 1}
_RESERVOIR = {"leak_rate", "spectral_radius", "input_scaling"}
# A program is made for every layer, which takes time whatever its size.
_MOST_LAYERS = 64
_MOST_LAGS = 100_000
_WORDS = {
    "f": "floating-point numbers", "i": "whole numbers", "u": "whole numbers",
    "iu": "whole numbers", "b": "truth values", "biuf": "numbers",
}  # fmt: skip
# What the transforms of this library learn of each series; others are a user's own.
_SCALED = frozenset(("centre", "scale"))
_LEARNED = {
    "BoxCox": frozenset(("power", "centre")),
    "Difference": frozenset(), "FillGaps": frozenset(), "Identity": frozenset(),
    "Log1p": frozenset(), "MeanAbsoluteScaler": _SCALED, "MinMaxScaler": _SCALED,
    "RobustScaler": _SCALED, "STLDeseasonalizer": frozenset(("season",)),
    "SeasonalDifference": frozenset(), "StandardScaler": _SCALED,
}  # fmt: skip
_MOST = 2**31


def whole(name: str, value: Any, least: int = 0, most: int = _MOST) -> int:
    """A whole number of a manifest within its range.

    Raises:
        BundleError: for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        shown = repr(value)[:50]
        raise BundleError(f"its {name} is {shown}, not a whole number from {least} to {most:,}.")
    return value


def check_array(name: str, headers: Headers, kinds: str, shape: tuple[int, ...]) -> None:
    """Refuse an array of another shape or kind of number.

    Args:
        name: of the array.
        headers: those of all arrays.
        kinds: letters of NumPy's kinds of dtype.
        shape: what is expected; -1 for any length.

    Raises:
        BundleError: naming the array, what came and what was expected.
    """
    if name not in headers:
        raise BundleError(f"array {name!r} is missing.")
    found, dtype = headers[name].shape, headers[name].dtype
    same = len(found) == len(shape) and all(
        want in (-1, have) for have, want in zip(found, shape, strict=True)
    )
    if not same or dtype.kind not in kinds:
        expected = tuple("any" if want == -1 else want for want in shape)
        raise BundleError(
            f"array {name!r} is {dtype} of shape {found}; its model needs {_WORDS[kinds]} of shape "
            f"{expected}."
        )


def check_model_arrays(
    entry: dict[str, Any], headers: Headers, num_series: int, state: Headers
) -> None:
    """Refuse arrays that do not fit a model, its members' too.

    Args:
        entry: the model's part of the manifest.
        headers: of its arrays.
        num_series: series that it was fitted on.
        state: headers of its state.

    Raises:
        BundleError: for an array that is missing or of another shape, or a number out of range.
    """
    config = entry["config"]
    rule = _RULES.get(entry["class"])
    for name, shape in (rule(config, headers, num_series, state) if rule else {}).items():
        check_array(name, headers, _KINDS.get(name.rpartition(".")[2], "f"), shape)
    inner = "inner." if entry["class"] == "PipelineModel" else None
    for index, member in enumerate(entry.get("members", ())):
        part = f"member{index}."
        check_model_arrays(member, below(headers, part), num_series, below(state, inner or part))


def check_finite(arrays: Mapping[str, NDArray]) -> None:
    """Refuse a model of which a number is none.

    Raises:
        BundleError: naming the array.
    """
    for name, array in arrays.items():
        if name.rpartition(".")[2] not in _MAY_BE_UNKNOWN and not np.isfinite(array).all():
            raise BundleError(f"array {name!r} of its model holds NaN or infinity.")


def below(headers: Headers, prefix: str) -> Headers:
    """The headers of the arrays whose names begin so, named without it."""
    return {
        name.removeprefix(prefix): header
        for name, header in headers.items()
        if name.startswith(prefix)
    }


def _shape(headers: Headers, name: str, num_axes: int) -> tuple[int, ...]:
    check_array(name, headers, "biuf", (-1,) * num_axes)
    return headers[name].shape


def _autoregression(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:
    (lags,) = _shape(headers, "lags", 1)
    slots = whole("number of slots", config["num_slots"])
    check_array("ages", state, "iu", (-1, slots))
    check_array("covariance", state, "f", (-1, slots * (slots + 1) // 2))
    period, trend = whole("period", config["period"], 1), config["trend"]
    if trend not in ("n", "c", "t", "ct"):
        raise BundleError(f"its trend is {trend!r}, not one of 'n', 'c', 't', 'ct'.")
    dummies = 0 if period == 1 else period - ("c" in trend)
    return {
        "lags": (lags,),
        "coefficients": (num_series, lags),
        "deterministic": (num_series, len(trend.replace("n", "")) + dummies),
        "covariates": (num_series, -1),
        "variances": (num_series,),
        "centres": (num_series,),
        "statistics": (num_series, len(STATISTICS)),
    }


def _pooled(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    sets, block_length, columns = _shape(headers, "coefficients", 3)
    (centres,) = _shape(headers, "covariate_centres", 1)
    if sets not in (1, 1 + num_series):
        raise BundleError(f"it has {sets} sets of coefficients for {num_series} series.")
    return {
        "coefficients": (sets, block_length, columns),
        "covariate_centres": (centres,),
        "covariate_spreads": (centres,),
    } | ({"persistence": (-1,)} if "covariate_lags" in config else {})


def _vector(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    systems, lags, channels, _ = _shape(headers, "coefficients", 4)
    if systems * channels != num_series:
        raise BundleError(f"it has {systems} systems of {channels} channels, not {num_series}.")
    return {
        "coefficients": (systems, lags, channels, channels),
        "intercepts": (systems, channels),
        "slopes": (systems, channels),
        "centres": (systems, channels),
        "covariances": (systems, channels, channels),
    }


def _dynamical(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    systems, channels, size = _shape(headers, "readout", 3)
    (_, season) = _shape(headers, "shift", 2)
    if not channels or num_series % channels:
        raise BundleError(f"it has {channels} channels, which do not part {num_series} series.")
    return {
        "transition": (systems, size, size),
        "readout": (systems, channels, size),
        "state_noise": (systems, size, size),
        "output_noise": (systems, channels, channels),
        "start_mean": (systems, size),
        "start_covariance": (systems, size, size),
        "shift": (num_series, max(season, 1)),
        "factor": (num_series, max(season, 1)),
        "of_system": (num_series // channels,),
    }


def _hidden(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    chains, states = _shape(headers, "start", 2)
    (_, season) = _shape(headers, "shift", 2)
    emission: Shapes = {"means": (chains, states), "deviations": (chains, states)}
    if "classes" in headers:
        emission = {"classes": (chains, states, max(_shape(headers, "classes", 3)[2], 1))}
    return emission | {
        "start": (chains, states),
        "transition": (chains, states, states),
        "shift": (num_series, max(season, 1)),
        "factor": (num_series, max(season, 1)),
        "of_series": (num_series,),
    }


def _smoothing(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    return {
        "smoothing": (num_series, 4),
        "start": (num_series, 2),
        "season": (num_series, max(_shape(headers, "season", 2)[1], 1)),
        "multiplicative": (num_series,),
    }


def _pipeline(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    for name in (name for name in headers if name.startswith("parameter")):
        if headers[name].shape[:1] != (num_series,):
            raise BundleError(f"array {name!r} has not one row for each of {num_series} series.")
    for index, transform in enumerate(config["transforms"]):
        found, name = set(below(headers, f"parameter{index}.")), transform.get("$dataclass")
        if found != _LEARNED.get(name, found):
            raise BundleError(f"its {name} has learned {sorted(found)}; something is missing.")
    return {"active": (len(config["transforms"]), num_series)}


def _combined(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    return {name: (-1,) for name in ("weights", "newcomer_weights") if name in headers}


def _network(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:
    """The weights, so that no layer is built that is larger than what the file holds."""
    body = config["body"]
    gates = _GATES.get(body["layer"], 0)
    units, width = whole("units", body["units"], 1), whole("num_features", body["num_features"], 1)
    num_layers = whole("num_layers", body["num_layers"], 1, _MOST_LAYERS)
    num_weights = sum(name.startswith("weight.") for name in headers)
    if num_layers > num_weights:
        raise BundleError(f"its {num_layers} layers do not fit its {num_weights} weights.")
    options, known = body["options"], _RESERVOIR if body["layer"] == "EchoState" else set()
    if not (set(options) <= known and all(isinstance(v, int | float) for v in options.values())):
        raise BundleError(f"its layers have unknown options, not numbers for {sorted(known)}.")
    shapes: Shapes = {}
    for layer in range(num_layers):
        shapes[f"weight.{3 * layer}"] = (units if layer else width, gates * units)
        shapes[f"weight.{3 * layer + 1}"] = (units, gates * units)
    if body["layer"] == "EchoState":
        columns = units + width + 1
        shapes["coefficients"] = (columns,)
        if "information" in headers:
            shapes["information"] = (columns, columns)
    highway = _pooled(config["highway"], below(headers, "highway."), num_series, state)
    return shapes | {f"highway.{name}": shape for name, shape in highway.items()}


def _echo(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    """The weights of reservoirs, each beside the one before or above it, and their readout."""
    design = config["design"]
    readout, channels = design["readout"], max(_shape(headers, "weight.0", 2)[0], 1)
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


_RULES: dict[str, Callable[[Any, Headers, int, Headers], Shapes]] = {
    "ARModel": _autoregression,
    "CombinedModel": _combined,
    "EchoModel": _echo,
    "HiddenMarkovModel": _hidden,
    "LinearDynamicalModel": _dynamical,
    "NetworkModel": _network,
    "PipelineModel": _pipeline,
    "PooledARModel": _pooled,
    "SmoothingModel": _smoothing,
    "VARModel": _vector,
}
