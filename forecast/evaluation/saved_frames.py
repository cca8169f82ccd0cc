"""Frames as JSON and plain arrays, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.archive.errors import BundleError
from forecast.archive.times import decode_times, encode_times
from forecast.pipelines.storage import ids as labels

__all__ = ["decode_frame", "encode_frame"]

Keep = Callable[[NDArray], str]
Arrays = Mapping[str, NDArray]
_TEXTS = ("object", "str", "string")


def encode_frame(frame: pd.DataFrame, keep: Keep) -> dict[str, Any]:
    """A frame as JSON.

    Args:
        frame: columns of numbers, truth values, times, or labels (text and whole numbers).
        keep: takes an array and says under which name.

    Raises:
        BundleError: for a column of anything else; the message names it.
    """
    columns = [
        [_plain(name), _encode_column(frame.iloc[:, place], keep)]
        for place, name in enumerate(frame.columns)
    ]
    is_counted = isinstance(frame.index, pd.RangeIndex) and frame.index.equals(
        pd.RangeIndex(len(frame))
    )
    index = None if is_counted else _encode_column(frame.index.to_series(), keep)
    return {"columns": columns, "index": index, "length": len(frame)}


def decode_frame(encoded: dict[str, Any], arrays: Arrays) -> pd.DataFrame:
    """The frame of `encode_frame`.

    Args:
        encoded: JSON.
        arrays: by name.

    Raises:
        BundleError: if a column has another length.
    """
    length = encoded["length"]
    columns = {name: _decode_column(column, arrays) for name, column in encoded["columns"]}
    index = pd.RangeIndex(length)
    if encoded["index"] is not None:
        index = pd.Index(_decode_column(encoded["index"], arrays))
    for name, column in columns.items():
        if len(column) != length or len(index) != length:
            raise BundleError(f"column {name!r} has {len(column)} entries, {length} are expected.")
    return pd.DataFrame({name: pd.Series(c, index=index) for name, c in columns.items()}, index)


def _plain(name: Any) -> str | int:
    if isinstance(name, str | int):
        return name
    raise BundleError(f"column {name!r} is named neither by text nor by a whole number.")


def _encode_column(column: pd.Series, keep: Keep) -> dict[str, Any]:
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return {"kind": "numbers", "values": keep(column.to_numpy())}
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _encode_times(column, keep)
    codes, found = pd.factorize(column)
    try:
        listed = labels.encode_ids(list(found))
    except TypeError as error:
        raise BundleError(f"column {column.name!r} cannot be saved: {error}") from error
    dtype = str(column.dtype)
    return {
        "kind": "labels",
        "labels": listed,
        "values": keep(codes.astype(np.int32)),
        "dtype": dtype if dtype in _TEXTS else None,
    }


def _encode_times(column: pd.Series, keep: Keep) -> dict[str, Any]:
    if column.isna().any():
        raise BundleError(f"column {column.name!r} has missing times, which cannot be saved.")
    encoded, numbers = encode_times(pd.DatetimeIndex(column))
    return {"kind": "times", "times": encoded, "values": keep(numbers)}


def _decode_column(encoded: dict[str, Any], arrays: Arrays) -> Any:
    values = arrays[encoded["values"]]
    if encoded["kind"] == "numbers":
        return values
    if encoded["kind"] == "times":
        return decode_times(encoded["times"], values)
    if encoded["kind"] != "labels":
        raise BundleError(f"it has a column of the unknown kind {encoded['kind']!r}.")
    known = labels.decode_ids(encoded["labels"])
    entries = np.append(known, np.array([None], dtype=object))[values]
    dtype = encoded["dtype"]
    return pd.Series(entries, dtype=dtype if dtype in ("object", "string") else None).array
