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
from forecast.baselines.autoregression.parameters import STATISTICS
from forecast.io.headers import Headers, Shapes, below, check_array, shape_of, whole
from forecast.io.network_shapes import (
    check_window_weights,
    echo_shapes,
    network_shapes,
    pattern_shapes,
)

__all__ = ["check_finite", "check_model_arrays"]

_KINDS = {
    "lags": "iu", "successor": "iu", "of_series": "iu", "of_system": "iu",
    "multiplicative": "b", "active": "b",
}  # fmt: skip
# May hold NaN: a level that the first value sets, the statistics of a fit without a rank.
_MAY_BE_UNKNOWN = ("start", "statistics")
# What the transforms of this library learn of each series; others are a user's own.
_SCALED = frozenset(("centre", "scale"))
_LEARNED = {
    "BoxCox": frozenset(("power", "centre")),
    "Difference": frozenset(), "FillGaps": frozenset(), "Identity": frozenset(),
    "Log1p": frozenset(), "MeanAbsoluteScaler": _SCALED, "MinMaxScaler": _SCALED,
    "RobustScaler": _SCALED, "STLDeseasonalizer": frozenset(("season",)),
    "SeasonalDifference": frozenset(), "StandardScaler": _SCALED,
}  # fmt: skip


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


def _autoregression(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:
    (lags,) = shape_of(headers, "lags", 1)
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
    sets, block_length, columns = shape_of(headers, "coefficients", 3)
    (centres,) = shape_of(headers, "covariate_centres", 1)
    if sets not in (1, 1 + num_series):
        raise BundleError(f"it has {sets} sets of coefficients for {num_series} series.")
    return {
        "coefficients": (sets, block_length, columns),
        "covariate_centres": (centres,),
        "covariate_spreads": (centres,),
    } | ({"persistence": (-1,)} if "covariate_lags" in config else {})


def _vector(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    systems, lags, channels, _ = shape_of(headers, "coefficients", 4)
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
    systems, channels, size = shape_of(headers, "readout", 3)
    (_, season) = shape_of(headers, "shift", 2)
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
    chains, states = shape_of(headers, "start", 2)
    (_, season) = shape_of(headers, "shift", 2)
    emission: Shapes = {"means": (chains, states), "deviations": (chains, states)}
    if "classes" in headers:
        emission = {"classes": (chains, states, max(shape_of(headers, "classes", 3)[2], 1))}
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
        "season": (num_series, max(shape_of(headers, "season", 2)[1], 1)),
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
    """The layers, what each series' own readout differs by, and the highway inside."""
    shapes = network_shapes(config["body"], headers)
    if "departures" in headers:
        shapes["departures"] = (num_series, *shapes.get("coefficients", ()))
    return shapes | _inside(config, headers, num_series, state)


def _windowed(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:
    """The highway inside; the layers are counted."""
    check_window_weights(config["form"], headers)
    whole("context length", config["context_length"], 1)
    return _inside(config, headers, num_series, state)


def _inside(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:
    inside = below(headers, "highway.")
    highway = _pooled(config["highway"], inside, num_series, state)
    if config["highway"].get("knows_scales"):
        highway["scales"] = (1 + num_series, 2)
    return {f"highway.{name}": shape for name, shape in highway.items()}


def _pattern(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    """The layers, and how their inputs are standardised."""
    (columns,) = shape_of(headers, "centres", 1)
    return pattern_shapes(config["body"], headers) | {"centres": (columns,), "factors": (columns,)}


def _echo(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    return echo_shapes(config["design"], headers, num_series)


def _chain(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    contexts, codes = shape_of(headers, "probabilities", 2)
    return {"probabilities": (contexts, codes), "successor": (contexts, -1)}


def _hidden_symbols(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    states, codes = shape_of(headers, "classes", 2)
    return {"start": (1, states), "transition": (1, states, states), "classes": (states, codes)}


def _symbol_network(config: Any, headers: Headers, num_series: int, state: Headers) -> Shapes:  # noqa: ARG001
    return network_shapes(config["body"], headers)


_RULES: dict[str, Callable[[Any, Headers, int, Headers], Shapes]] = {
    "ARModel": _autoregression,
    "ChainModel": _chain,
    "ColdStartModel": _pattern,
    "CombinedModel": _combined,
    "EchoModel": _echo,
    "HiddenMarkovModel": _hidden,
    "HiddenModel": _hidden_symbols,
    "LinearDynamicalModel": _dynamical,
    "NetworkModel": _network,
    "PipelineModel": _pipeline,
    "PooledARModel": _pooled,
    "SequenceModel": _pattern,
    "SmoothingModel": _smoothing,
    "SymbolNetworkModel": _symbol_network,
    "SummaryModel": _pattern,
    "VARModel": _vector,
    "WindowedModel": _windowed,
}
