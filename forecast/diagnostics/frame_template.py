"""A user's frame into which other values are written; all else in it stays as it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.pipelines import ChannelId, Columns, Covariate, Panel, Reading, read_frame

__all__ = ["FrameTemplate"]


@dataclass(frozen=True, eq=False)
class FrameTemplate:
    """The user's frame, and where in it each step of the panel stands.

    Found by reading the frame once more with the number of its row in each cell: so any shape that
    is read can be written, and rows, order, dtypes and columns that are not read stay.

    Args:
        data: the frame.
        columns: names of its columns.
        reading: the panel that was read from it.
        numbered: the same panel with row numbers for values and past covariates, NaN where missing.
    """

    data: Any
    columns: Columns
    reading: Reading
    numbered: Panel

    @staticmethod
    def of_frame(data: Any, columns: Columns, reading: Reading, freq: Any) -> FrameTemplate:
        """Read the frame once more, row numbers in the place of its values."""
        numbers = {}
        for label in _labels(data, columns, reading):
            column = _column(data, label)
            rows = np.where(_missing(column), np.nan, np.arange(len(column)))
            numbers[label] = pd.Series(rows, index=column.index)
        numbered = read_frame(_with_columns(data, numbers), columns, freq).panel
        return FrameTemplate(data, columns, reading, numbered)

    def filled(self, panel: Panel) -> Any:
        """The frame with the values and the past covariates of a panel where these differ.

        Args:
            panel: the panel that was read from the frame, some values changed, none missing that
                was there.
        """
        entries = [*self._values(panel), *self._past(panel)]
        changes = {
            label: _filled(_column(self.data, label), rows, values)
            for label, rows, values in entries
        }
        return _with_columns(self.data, changes)

    def _values(self, panel: Panel) -> Iterator[tuple[Any, NDArray, NDArray]]:
        """Column, rows and values of the targets that differ."""
        rows = self.numbered.values
        steps = np.flatnonzero((panel.values != self.reading.panel.values) & ~np.isnan(rows))
        labels = [_label(self.data, self.columns, self.reading, name) for name in panel.ids]
        number = {label: i for i, label in enumerate(dict.fromkeys(labels))}
        column = np.array([number[label] for label in labels])[panel.codes[steps]]
        steps = steps[np.argsort(column, kind="stable")]
        parts = np.split(steps, np.cumsum(np.bincount(column, minlength=len(number)))[:-1])
        for label, own in zip(number, parts, strict=True):
            yield label, rows[own].astype(np.int64), panel.values[own]

    def _past(self, panel: Panel) -> Iterator[tuple[Any, NDArray, NDArray]]:
        """Column, rows and entries of the past covariates that differ."""
        before = self.reading.panel
        for place, covariate in enumerate(before.covariates.schema.past):
            rows, values = self.numbered.covariates.past[:, place], panel.covariates.past[:, place]
            own = (values != before.covariates.past[:, place]) & ~np.isnan(rows)
            # The channels of a series share its rows: each is written once.
            row, first = np.unique(rows[own].astype(np.int64), return_index=True)
            found = values[own][first]
            if covariate.categories is not None:
                found = _entries_of(_column(self.data, covariate.name), covariate, found)
            yield covariate.name, row, found


def _entries_of(column: pd.Series, covariate: Covariate, codes: NDArray) -> NDArray:
    """Labels as they stand in the user's column: categories need not be text."""
    entries = {str(entry): entry for entry in column.dropna().unique()}
    labels = [entries[label] for label in covariate.categories or ()]
    return pd.Series(labels, dtype=object).to_numpy()[codes.astype(np.int64)]


def _labels(data: Any, columns: Columns, reading: Reading) -> list[Any]:
    """The columns of values, and of past covariates."""
    series = [*reading.panel.ids, *reading.left_out]
    values = [_label(data, columns, reading, name) for name in series]
    return [*dict.fromkeys(values), *(one.name for one in reading.panel.covariates.schema.past)]


def _label(data: Any, columns: Columns, reading: Reading, name: Any) -> Any:
    """The column in which the values of a series stand; None in a Series."""
    if isinstance(data, pd.Series):
        return None
    if reading.layout.kind == "wide":
        return name
    return name.channel if isinstance(name, ChannelId) else columns.target


def _column(data: Any, label: Any) -> pd.Series:
    """A column as pandas has it."""
    if isinstance(data, pd.Series):
        return data
    if isinstance(data, pd.DataFrame):
        return data[label]
    column = nw.from_native(data, eager_only=True)[label]
    if isinstance(column.dtype, (nw.Categorical, nw.Enum)):
        column = column.cast(nw.String)
    return pd.Series(column.to_list() if column.dtype == nw.String else column.to_numpy())


def _with_columns(data: Any, columns: Mapping[Any, pd.Series]) -> Any:
    """The frame with other columns of these names; the one given is left as it is."""
    if isinstance(data, pd.Series):
        (column,) = columns.values()
        return column.rename(data.name)  # type: ignore[call-overload]
    if isinstance(data, pd.DataFrame):
        frame = data.copy()
        for label, column in columns.items():
            frame[label] = column
        return frame
    frame = nw.from_native(data, eager_only=True)
    others = [_polars_column(frame[label], column) for label, column in columns.items()]
    return frame.with_columns(*others).to_native()


def _polars_column(old: nw.Series[Any], column: pd.Series) -> nw.Series[Any]:
    """A column in the place of an old one: nulls stay nulls, whole numbers whole numbers."""
    plain = column.tolist() if column.dtype == object else column.to_numpy()
    new = nw.new_series(old.name, plain, backend=old.implementation)
    if new.dtype.is_float() and old.null_count():
        new = new.fill_nan(None)
    return new.cast(nw.Int64) if old.dtype.is_integer() else new


def _missing(column: pd.Series) -> NDArray:
    """Whether each entry is missing, NaN too."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.isnan(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(column.isna())


def _filled(column: pd.Series, rows: NDArray, values: NDArray) -> pd.Series:
    """The column with other entries; whole numbers stay whole numbers."""
    dtype = column.dtype
    if pd.api.types.is_bool_dtype(dtype):
        column = column.astype(np.float64)
    elif pd.api.types.is_integer_dtype(dtype):
        # Wide enough for whatever comes: 8 bits end at 127.
        column = column.astype(np.int64 if isinstance(dtype, np.dtype) else "Int64")
        values = values.astype(np.int64)
    elif pd.api.types.is_float_dtype(dtype):
        values = values.astype(np.float32 if dtype == np.float32 else np.float64)
    filled = column.copy()
    filled.iloc[rows] = values
    return filled
