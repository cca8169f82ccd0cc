"""Values as JSON and back: settings and series ids."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.archive.errors import BundleError
from forecast.forecaster import Forecaster
from forecast.io.registry import forecaster_class, is_known, known_name, settings_class
from forecast.pipelines.storage import ids as labels
from forecast.pipelines.transforms import Transform

__all__ = [
    "Own",
    "decode_ids",
    "decode_value",
    "encode_ids",
    "encode_value",
    "or_refused",
]

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
        kept = [f.name for f in fields(value) if f.metadata.get("saved", True)]
        entries = {name: encode_value(getattr(value, name)) for name in kept}
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
    return or_refused(labels.encode_ids, ids)


def decode_ids(ids: list[Any]) -> NDArray:
    """The ids of `encode_ids`, `(num_series,)`.

    Raises:
        BundleError: if one is neither text nor a whole number, or occurs twice.
    """
    array = or_refused(labels.decode_ids, ids)
    if not pd.Index(array).is_unique:
        raise BundleError("a series id occurs twice in the bundle.")
    return array


def or_refused(rule: Callable[..., Any], *arguments: Any) -> Any:
    """What a rule of the panels' files makes of labels, its refusal as that of a bundle."""
    try:
        return rule(*arguments)
    except TypeError as error:
        raise BundleError(str(error)) from error
