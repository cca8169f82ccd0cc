"""Frames whose values are symbols, read into panels of codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.pipelines import Columns, Reading, read_frame
from forecast.pipelines.frames.frame import polars_frame
from forecast.symbols.alphabet import Alphabet, Place

__all__ = ["read_symbols"]


def read_symbols(
    data: Any, columns: Columns, alphabet: Alphabet, freq: Any = None, begun: Any = None
) -> tuple[Reading, Alphabet]:
    """Read a user's frame of symbols, of any shape that `read_frame` takes.

    Args:
        data: long or wide frame, pandas or polars, or Series; None or NaN where a symbol is
            missing.
        columns: names of the id, time and target columns of a long frame.
        alphabet: of the symbols, which are learned where it has none.
        freq: as for `read_frame`.
        begun: ids of series whose earlier steps were read before.

    Returns:
        The reading, whose panel holds codes, and the alphabet.

    Raises:
        ValueError: for symbols that are not in the alphabet, naming column and series; and as
            `read_frame`.

    Example:
        >>> df = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "y": ["sun", "rain", "sun"]})
        >>> reading, alphabet = read_symbols(df, Columns(), Alphabet())
        >>> reading.panel.values.tolist(), alphabet.symbols
        ([1.0, 0.0, 1.0], ('rain', 'sun'))
    """
    table = _table(data, columns)
    alphabet = alphabet.fit(table.values, table.place)
    codes = alphabet.encode(table.values, table.place)
    return read_frame(table.coded(codes), columns, freq, begun), alphabet


@dataclass(frozen=True, eq=False)
class _Table:
    """The symbols of a frame, where each stands, and the frame with codes in their place."""

    values: NDArray
    place: Place
    coded: Callable[[NDArray], Any]


def _table(data: Any, columns: Columns) -> _Table:
    if isinstance(data, pd.Series):
        return _series(data, columns)
    if not isinstance(data, pd.DataFrame):
        return _polars(polars_frame(data), columns)
    if columns.target in data.columns:
        return _long(data, columns)
    if {columns.id, columns.time} & {*data.columns, *data.index.names}:
        raise ValueError(_without_target(data.columns, columns))
    return _wide(data)


def _series(data: pd.Series, columns: Columns) -> _Table:
    name = columns.target if data.name is None else data.name
    return _Table(
        data.to_numpy(dtype=object),
        lambda entry: f"series {name!r}",  # noqa: ARG005
        lambda codes: pd.Series(codes, index=data.index, name=data.name),
    )


def _long(data: pd.DataFrame, columns: Columns) -> _Table:
    named = data.reset_index() if columns.id in data.index.names else data

    def place(entry: int) -> str:
        return _place(columns, named[columns.id].iloc[entry] if columns.id in named else None)

    return _Table(
        data[columns.target].to_numpy(dtype=object),
        place,
        lambda codes: data.assign(**{columns.target: codes}),
    )


def _wide(data: pd.DataFrame) -> _Table:
    num_rows = max(len(data), 1)
    return _Table(
        data.to_numpy(dtype=object).flatten(order="F"),
        lambda entry: f"column {data.columns[entry // num_rows]!r}",
        lambda codes: pd.DataFrame(
            codes.reshape(data.shape, order="F"), index=data.index, columns=data.columns
        ),
    )


def _polars(frame: nw.DataFrame[Any], columns: Columns) -> _Table:
    if columns.target not in frame.columns:
        raise ValueError(_without_target(frame.columns, columns))

    def place(entry: int) -> str:
        return _place(columns, frame[columns.id][entry] if columns.id in frame.columns else None)

    def coded(codes: NDArray) -> Any:
        column = nw.new_series(columns.target, codes, backend=frame.implementation)
        return frame.with_columns(column).to_native()

    return _Table(np.array(frame[columns.target].to_list(), dtype=object), place, coded)


def _without_target(present: Any, columns: Columns) -> str:
    return (
        f"missing column {columns.target!r} of symbols; the frame has "
        f"{', '.join(map(repr, present))}. Rename one, or say which it is (target_col=)."
    )


def _place(columns: Columns, series: Any) -> str:
    series = series.item() if isinstance(series, np.generic) else series
    return f"column {columns.target!r} of series {series!r}"
