"""The records of a comparison as JSON and plain arrays, and back; a closed list of classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.archive.errors import BundleError
from forecast.evaluation.backtest import Backtest
from forecast.evaluation.comparison import Comparison
from forecast.evaluation.records import Material, Protocol, Run
from forecast.evaluation.saved_frames import decode_frame, encode_frame
from forecast.pipelines import ChannelId, Columns, CovariateColumns, Split
from forecast.pipelines.storage import ids as labels

__all__ = ["Writing", "decoded"]

_RECORDS: dict[str, Any] = {
    cls.__name__: cls
    for cls in (
        Backtest, Columns, Comparison, CovariateColumns, Material, Protocol, Run, Split,
    )
}  # fmt: skip
_ARRAY, _CHANNEL, _FLOAT, _FRAME = "$array", "$channel", "$float", "$frame"
_MAP, _RECORD, _TUPLE = "$map", "$record", "$tuple"


@dataclass(eq=False)
class Writing:
    """Values on their way to a file.

    Args:
        arrays: those met so far, by name.
    """

    arrays: dict[str, NDArray] = field(default_factory=dict)

    def encoded(self, value: Any) -> Any:
        """A value as JSON; its arrays are kept.

        Raises:
            BundleError: for a value of any other kind than numbers, text, collections, frames and
                the records of a comparison.
        """
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {_FLOAT: repr(value)}
        if isinstance(value, list):
            return [self.encoded(entry) for entry in value]
        return self._object(value)

    def _object(self, value: Any) -> dict[str, Any]:
        if isinstance(value, ChannelId):
            return {_CHANNEL: labels.encode_ids([value])}
        if isinstance(value, tuple):
            return {_TUPLE: [self.encoded(entry) for entry in value]}
        if isinstance(value, Mapping):
            pairs = [[self.encoded(key), self.encoded(entry)] for key, entry in value.items()]
            return {_MAP: pairs}
        if isinstance(value, pd.DataFrame):
            return {_FRAME: encode_frame(value, self._kept)}
        if isinstance(value, np.ndarray):
            return {_ARRAY: self._kept(value)}
        if is_dataclass(value) and _RECORDS.get(type(value).__name__) is type(value):
            entries = {f.name: self.encoded(getattr(value, f.name)) for f in fields(value)}
            return {_RECORD: type(value).__name__, "fields": entries}
        raise BundleError(
            f"a saved comparison cannot hold {value!r} of type {type(value).__name__}; numbers, "
            "text, collections and frames of these can be saved."
        )

    def _kept(self, array: NDArray) -> str:
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return name


def decoded(value: Any, arrays: Mapping[str, NDArray]) -> Any:
    """The value that `Writing.encoded` made JSON of.

    Args:
        value: JSON.
        arrays: by name.

    Raises:
        BundleError: for a kind of value or a record that is unknown.
    """
    if isinstance(value, list):
        return [decoded(entry, arrays) for entry in value]
    if not isinstance(value, dict):
        return value
    if _FLOAT in value:
        return float(value[_FLOAT])
    if _TUPLE in value:
        return tuple(decoded(entry, arrays) for entry in value[_TUPLE])
    if _MAP in value:
        return {decoded(key, arrays): decoded(entry, arrays) for key, entry in value[_MAP]}
    return _decoded_object(value, arrays)


def _decoded_object(value: dict[str, Any], arrays: Mapping[str, NDArray]) -> Any:
    """What `Writing._object` has named."""
    if _CHANNEL in value:
        return labels.decode_ids(value[_CHANNEL])[0]
    if _FRAME in value:
        return decode_frame(value[_FRAME], arrays)
    return arrays[value[_ARRAY]] if _ARRAY in value else _record(value, arrays)


def _record(value: dict[str, Any], arrays: Mapping[str, NDArray]) -> Any:
    name = value.get(_RECORD)
    if name not in _RECORDS:
        raise BundleError(f"it asks for the record {name!r}; known are {', '.join(_RECORDS)}.")
    entries = {key: decoded(entry, arrays) for key, entry in value["fields"].items()}
    return _RECORDS[name](**entries)
