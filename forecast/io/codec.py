"""Values as JSON and back: settings, series ids, times, the shape of the user's frame."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.forecaster import Forecaster
from forecast.io.errors import BundleError
from forecast.io.registry import forecaster_class, is_known, known_name, settings_class
from forecast.pipelines import Columns, CovariateColumns, Layout
from forecast.pipelines.storage import ids as labels
from forecast.pipelines.transforms import Transform

__all__ = [
    "Own",
    "decode_ids",
    "decode_layout",
    "decode_times",
    "decode_value",
    "encode_ids",
    "encode_layout",
    "encode_times",
    "encode_value",
]

# Dtypes that are rebuilt from their name; of any other, ids and times come in pandas' default.
_DTYPE = re.compile(
    r"[uU]?[iI]nt(8|16|32|64)|object|str|string(\[\w+\])?|datetime64\[(s|ms|us|ns)(, [^\]]+)?\]"
)
_FLOAT, _TUPLE, _DATACLASS, _FORECASTER = "$float", "$tuple", "$dataclass", "$forecaster"
_TRANSFORM = "$transform"

Own = Mapping[str, type[Transform]]
"""Transforms of the user's by the names of their classes."""
_NONE: Own = {}


def encode_value(value: Any) -> Any:
    """A setting as JSON: numbers, text, collections, registered dataclasses, unfitted forecasters.

    Raises:
        BundleError: for anything else.

    Example:
        >>> encode_value((1, float("inf")))
        {'$tuple': [1, {'$float': 'inf'}]}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {_FLOAT: repr(value)}
    if isinstance(value, tuple):
        return {_TUPLE: [encode_value(entry) for entry in value]}
    if isinstance(value, list | range | set | frozenset | np.ndarray):
        return [encode_value(entry) for entry in (sorted(value) if _is_set(value) else value)]
    if isinstance(value, dict):
        return {_plain_key(key): encode_value(entry) for key, entry in value.items()}
    return _encode_object(value)


def _encode_object(value: Any) -> dict[str, Any]:
    """A dataclass or a forecaster by its name in the registry, a user's transform by its own."""
    if isinstance(value, Transform) and not is_known(value):
        return {_TRANSFORM: type(value).__name__, "arguments": encode_value(value.get_params())}
    if is_dataclass(value):
        entries = {f.name: encode_value(getattr(value, f.name)) for f in fields(value)}
        return {_DATACLASS: known_name(value), "fields": entries}
    if isinstance(value, Forecaster):
        arguments = encode_value(value.get_params(deep=False))
        return {_FORECASTER: known_name(value), "arguments": arguments}
    raise BundleError(f"a bundle cannot hold the setting {value!r} of type {type(value).__name__}.")


def decode_value(value: Any, own: Own = _NONE) -> Any:
    """The setting that `encode_value` made JSON of.

    Args:
        value: JSON.
        own: transforms of the user's that it may name.

    Raises:
        BundleError: for a kind of value, a dataclass or a forecaster that is unknown.
    """
    if isinstance(value, list):
        return [decode_value(entry, own) for entry in value]
    if not isinstance(value, dict):
        return value
    if _FLOAT in value:
        return float(value[_FLOAT])
    if _TUPLE in value:
        return tuple(decode_value(entry, own) for entry in value[_TUPLE])
    if value.keys() & {_DATACLASS, _FORECASTER, _TRANSFORM}:
        return _decode_object(value, own)
    return {_plain_key(key): decode_value(entry, own) for key, entry in value.items()}


def _decode_object(value: dict[str, Any], own: Own) -> Any:
    """What `_encode_object` has named."""
    if _DATACLASS in value:
        entries = {name: decode_value(entry, own) for name, entry in value["fields"].items()}
        return settings_class(value[_DATACLASS])(**entries)
    arguments = decode_value(value["arguments"], own)
    if _FORECASTER in value:
        return forecaster_class(value[_FORECASTER])(**arguments)
    name = value[_TRANSFORM]
    if name not in own:
        raise BundleError(
            f"it holds the transform {name!r}, which is not of this library; give its class, as in "
            f"fc.load(path, transforms=[{name}])."
        )
    return own[name](**arguments)


def _is_set(value: Any) -> bool:
    return isinstance(value, set | frozenset)


def _plain_key(key: Any) -> str:
    if not isinstance(key, str) or key.startswith("$"):
        raise BundleError(f"unknown key {key!r} among the settings of a bundle.")
    return key


def encode_ids(ids: Any) -> list[Any]:
    """Series ids as JSON, each as the text or the whole number that it is; a channel's as a pair.

    Raises:
        BundleError: for an id of another type.
    """
    return _or_refused(labels.encode_ids, ids)


def decode_ids(ids: list[Any]) -> NDArray:
    """The ids of `encode_ids`, `(num_series,)`.

    Raises:
        BundleError: if one is neither text nor a whole number, or occurs twice.
    """
    array = _or_refused(labels.decode_ids, ids)
    if not pd.Index(array).is_unique:
        raise BundleError("a series id occurs twice in the bundle.")
    return array


def _or_refused(rule: Callable[..., Any], *arguments: Any) -> Any:
    """What a rule of the panels' files makes of labels, its refusal as that of a bundle."""
    try:
        return rule(*arguments)
    except TypeError as error:
        raise BundleError(str(error)) from error


def encode_times(times: pd.Index) -> dict[str, Any]:
    """Times as JSON: ISO text with offset, time zone and resolution; or whole numbers.

    Example:
        >>> encode_times(pd.DatetimeIndex(["2024-01-06"]).as_unit("s"))["values"]
        ['2024-01-06T00:00:00']
    """
    if not isinstance(times, pd.DatetimeIndex):
        return {"kind": "integer", "values": [int(time) for time in times]}
    zone = None if times.tz is None else str(times.tz)
    encoded = {"kind": "datetime", "unit": times.unit, "zone": zone}
    encoded["values"] = [time.isoformat() for time in times]  # type: ignore[assignment]
    try:
        readable = decode_times(encoded).equals(times)
    except (ValueError, LookupError):
        readable = False
    if not readable:
        raise BundleError(
            f"a bundle cannot hold times of the zone {times.tz!r}. Convert them before fitting, "
            "for example with .dt.tz_convert('UTC')."
        )
    return encoded


def decode_times(encoded: dict[str, Any]) -> pd.Index:
    """The times of `encode_times`."""
    if encoded["kind"] == "integer":
        return pd.Index(np.array(encoded["values"], dtype=np.int64))
    zone, unit = encoded["zone"], encoded["unit"]
    times = pd.to_datetime(encoded["values"], utc=zone is not None, format="ISO8601")
    times = pd.DatetimeIndex(times).as_unit(unit)
    return times if zone is None else times.tz_convert(zone)


def encode_layout(layout: Layout) -> dict[str, Any]:
    """The shape of the user's frame as JSON."""
    return {
        "kind": layout.kind,
        "columns": asdict(layout.columns),
        "backend": layout.backend,
        "id_dtype": _encode_dtype(layout.id_dtype),
        "time_dtype": _encode_dtype(layout.time_dtype),
        "names": None if layout.names is None else _encode_names(layout.names),
        "index_name": _encode_name(layout.index_name),
        "levels": None if layout.levels is None else [_encode_name(x) for x in layout.levels],
    }


def decode_layout(encoded: dict[str, Any]) -> Layout:
    """The layout of `encode_layout`.

    Raises:
        BundleError: for an unknown kind of frame or an unknown library.
    """
    kind, backend = encoded["kind"], encoded["backend"]
    if kind not in ("long", "wide", "series") or backend not in ("pandas", "polars"):
        raise BundleError(f"unknown shape {kind!r} or library {backend!r} of the user's frame.")
    names = encoded["names"]
    decoded = dict(encoded)
    columns = encoded["columns"]
    decoded["columns"] = Columns(**{**columns, "more": CovariateColumns(**columns["more"])})
    decoded["id_dtype"] = _decode_dtype(encoded["id_dtype"])
    decoded["time_dtype"] = _decode_dtype(encoded["time_dtype"])
    decoded["names"] = None if names is None else _decode_names(names)
    decoded["levels"] = None if encoded.get("levels") is None else tuple(encoded["levels"])
    return Layout(**decoded)


def _encode_names(names: pd.Index) -> dict[str, Any]:
    values = [_encode_name(name) for name in names]
    return {"values": values, "name": _encode_name(names.name), "dtype": _encode_dtype(names.dtype)}


def _decode_names(encoded: dict[str, Any]) -> pd.Index:
    values, dtype = encoded["values"], _decode_dtype(encoded["dtype"])
    return pd.Index(values, dtype=dtype, name=encoded["name"])


def _encode_name(name: Any) -> str | int | None:
    return None if name is None else _or_refused(labels.plain_label, name, "column")


def _encode_dtype(dtype: Any) -> Any:
    if isinstance(dtype, pd.CategoricalDtype) and dtype.categories is not None:
        return {"categories": encode_ids(dtype.categories), "ordered": bool(dtype.ordered)}
    return str(dtype) if _DTYPE.fullmatch(str(dtype)) else None


def _decode_dtype(encoded: Any) -> Any:
    if isinstance(encoded, dict):
        return pd.CategoricalDtype(encoded["categories"], encoded["ordered"])
    if not isinstance(encoded, str) or not _DTYPE.fullmatch(encoded):
        return None
    try:
        return pd.api.types.pandas_dtype(encoded)
    except (ImportError, TypeError):  # of a library or a pandas that is not installed here
        return None
