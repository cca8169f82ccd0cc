"""The shape of the user's frame: how it came, and how results go back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ..channels import split_ids
from ..columns import CHANNEL, Columns


@dataclass(frozen=True)
class Layout:
    """What the user's frame looked like, so that results can look the same.

    Args:
        kind: "long", "wide" (a column a series) or "series".
        columns: names of the id, time and target columns of long frames.
        backend: "pandas" or "polars".
        id_dtype: dtype of the ids in the user's frame, None to leave ids as they are.
        time_dtype: dtype of the user's times, None to leave times as they are.
        names: columns of a wide frame in the user's order, or the name of a series.
        index_name: name of the index of a wide frame or a series.
        levels: names of the levels, id and time, of a MultiIndex; None without one.

    Example:
        >>> Layout().kind
        'long'
    """

    kind: str = "long"
    columns: Columns = Columns()
    backend: str = "pandas"
    id_dtype: Any = None
    time_dtype: Any = None
    names: pd.Index | None = None
    index_name: Any = None
    levels: tuple[Any, ...] | None = None


def write_frame(frame: pd.DataFrame, layout: Layout, value_column: str | None = None) -> Any:
    """A long frame of results in the shape and the library of the user's frame.

    Ids and times go back into a MultiIndex where they came in one, unless rows are told apart by
    more than these two (a channel, a cutoff, a path).

    Args:
        frame: long frame with the id and the time column of `layout` and columns of values; not
            to be used any more, what comes back may share its memory.
        layout: the user's shape, from `read_frame`.
        value_column: the only column of values, for a wide frame to go back to a wide frame (a
            series to a series); None keeps the frame long.

    Returns:
        pandas DataFrame or Series, or polars DataFrame.

    Raises:
        ValueError: if a column is missing.

    Example:
        >>> long = pd.DataFrame({"unique_id": ["a", "b"], "ds": [1, 1], "y": [3.0, 4.0]})
        >>> write_frame(long, Layout(kind="wide"), "y")["b"].tolist()
        [4.0]
    """
    columns = layout.columns
    missing = {columns.id, columns.time, value_column or columns.time} - set(frame.columns)
    if missing:
        raise ValueError(f"results lack the columns {sorted(missing)}; got {list(frame.columns)}.")
    frame = split_ids(frame, columns) if columns.channels else frame
    frame = _restore_dtypes(frame, layout)
    if layout.backend == "polars":
        return to_polars(frame)
    if layout.levels is not None and not {CHANNEL, "cutoff", "path"} & set(frame.columns):
        return _in_levels(frame, layout, value_column)
    if layout.levels is not None or layout.kind == "long" or value_column is None:
        return _numbered(frame)
    wide = _widen(frame, layout, value_column)
    if layout.kind == "wide":
        return wide
    return wide.iloc[:, 0].rename(None if layout.names is None else layout.names[0])


def _in_levels(frame: pd.DataFrame, layout: Layout, value_column: str | None) -> Any:
    """Ids and times as the index; one column of values as a Series if a Series came."""
    indexed = frame.set_index([layout.columns.id, layout.columns.time])
    indexed.index.names = list(layout.levels or ())
    if layout.kind == "long" or value_column is None or layout.names is None:
        return indexed
    return indexed[value_column].rename(layout.names[0])


def _widen(frame: pd.DataFrame, layout: Layout, value_column: str) -> pd.DataFrame:
    """One column for each series, in the user's order; new series follow."""
    columns = layout.columns
    wide = frame.pivot(index=columns.time, columns=columns.id, values=value_column)
    present = pd.Index(frame[columns.id].unique())
    if layout.names is not None:
        known = layout.names[layout.names.isin(present)]
        present = known.append(present[~present.isin(known)])
    wide = wide.reindex(columns=present)
    wide.columns.name = None if layout.names is None else layout.names.name
    wide.index.name = layout.index_name
    return wide


def _restore_dtypes(frame: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Ids and times in the dtypes that the user gave."""
    frame = frame.copy(deep=False)  # columns are replaced, never written into
    ids, dtype = frame[layout.columns.id], layout.id_dtype
    if isinstance(dtype, pd.CategoricalDtype) and not ids.isin(dtype.categories).all():
        dtype = None  # an id the user's categories lack would be lost
    if dtype is not None and dtype != ids.dtype:
        frame[layout.columns.id] = ids.astype(dtype)
    if layout.time_dtype is not None:
        # Cutoffs are times too, and must keep matching the time column.
        for name in {layout.columns.time, "cutoff"} & set(frame.columns):
            if frame[name].dtype != layout.time_dtype:
                frame[name] = frame[name].astype(layout.time_dtype)
    return frame


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows numbered from 0; nothing is copied where they are already."""
    numbers = pd.RangeIndex(len(frame))
    return frame if frame.index.identical(numbers) else frame.reset_index(drop=True)


def from_polars(frame: nw.DataFrame[Any], names: list[str]) -> pd.DataFrame:
    """Some columns of a polars frame as a pandas frame (without needing pyarrow)."""
    return pd.DataFrame({name: _from_polars_column(frame[name]) for name in names})


def _from_polars_column(column: nw.Series[Any]) -> Any:
    dtype = column.dtype
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        naive = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()
        return pd.DatetimeIndex(naive).tz_localize("UTC").tz_convert(dtype.time_zone)
    if isinstance(dtype, nw.Struct):
        raise ValueError(
            f"column {column.name!r} holds structs; text, numbers or times are expected. Take one "
            f"of their fields, for example with unnest({column.name!r})."
        )
    if not isinstance(dtype, (nw.Categorical, nw.Enum)):
        return column.to_numpy()
    # Ordered, as those of an Enum are; a Categorical shares its categories with other columns.
    categories = dtype.categories if isinstance(dtype, nw.Enum) else None
    texts = column.cast(nw.String).to_numpy()
    return pd.Categorical(texts, categories, ordered=categories is not None)


def to_polars(frame: pd.DataFrame) -> Any:
    """A pandas frame as a polars frame (without needing pyarrow)."""
    zones = {name: column.dt.tz for name, column in frame.items()
             if isinstance(column.dtype, pd.DatetimeTZDtype)}  # fmt: skip
    plain = frame.assign(**{str(name): frame[name].dt.tz_convert(None) for name in zones})
    result = nw.from_dict(
        {str(name): _to_polars_values(column) for name, column in plain.items()}, backend="polars"
    )
    typed = [
        nw.col(str(name)).dt.replace_time_zone("UTC").dt.convert_time_zone(str(zone))
        for name, zone in zones.items()
    ] + [
        nw.col(str(name)).cast(nw.Enum(dtype.categories) if dtype.ordered else nw.Categorical())
        for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)
    ]  # fmt: skip
    return (result.with_columns(*typed) if typed else result).to_native()


def _to_polars_values(column: pd.Series) -> Any:
    """NumPy where the dtype is NumPy's; strings and categories as a list."""
    if not isinstance(column.dtype, np.dtype):
        return column.tolist()
    values = column.to_numpy()
    if column.dtype != np.dtype("datetime64[s]"):
        return values
    # Polars has no seconds: such times came from its Date, unless hours were added to them.
    days = values.astype("datetime64[D]")
    return days if np.array_equal(days, values) else values.astype("datetime64[ms]")
