"""The shape of the user's frame as JSON."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import pandas as pd

from forecast.archive.errors import BundleError
from forecast.archive.times import ZONE
from forecast.io.codec import encode_ids, or_refused
from forecast.pipelines import Columns, CovariateColumns, Layout
from forecast.pipelines.storage import ids as labels

__all__ = ["decode_layout", "encode_layout", "without_dtypes"]

# Dtypes that are rebuilt from their name; of any other, ids and times come in pandas' default.
_DTYPE = re.compile(
    r"[uU]?[iI]nt(8|16|32|64)|object|str|string(\[\w+\])?|datetime64\[(s|ms|us|ns)(, ("
    + ZONE + r"))?\]"
)  # fmt: skip
_DTYPES = ("id_dtype", "time_dtype")


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
    return None if name is None else or_refused(labels.plain_label, name, "column")


def without_dtypes(encoded: dict[str, Any]) -> dict[str, Any]:
    """A layout without what may be unknown where a library is missing or of another version."""
    names = encoded["names"] and {**encoded["names"], "dtype": None}
    return {**encoded, **dict.fromkeys(_DTYPES), "names": names}


def _encode_dtype(dtype: Any) -> Any:
    if isinstance(dtype, pd.CategoricalDtype) and dtype.categories is not None:
        return {"categories": encode_ids(dtype.categories), "ordered": bool(dtype.ordered)}
    return str(dtype) if _DTYPE.fullmatch(str(dtype)) else None


def _decode_dtype(encoded: Any) -> Any:
    if isinstance(encoded, dict):
        categories, ordered = encoded["categories"], encoded["ordered"]
        if len(encoded) > 2 or not isinstance(ordered, bool):
            raise BundleError("it has a kind of labels that is unknown.")
        encode_ids(categories)  # refuses what is no label
        return pd.CategoricalDtype(categories, ordered)
    if not isinstance(encoded, str) or not _DTYPE.fullmatch(encoded):
        return None
    try:
        return pd.api.types.pandas_dtype(encoded)
    except (ImportError, TypeError):  # of a library or a pandas that is not installed here
        return None
