"""Times and numbers out of the columns that users have."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

# Two numbers and a year: day and month in an order that differs between countries.
_DATE_PARTS = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}.*")


def parse_times(
    column: pd.Series | pd.Index, name: Any, place: Callable[[int], str] = "row {}".format
) -> pd.Index:
    """Times as a DatetimeIndex (time zone and resolution kept) or an integer Index.

    Args:
        column: datetimes, dates, text, integers or whole floats.
        name: name of the column, for messages.
        place: says in words where a row stands, for messages.

    Returns:
        Index of the same length, without missing entries.

    Raises:
        ValueError: for missing times, mixed time zones and whatever is no time.

    Example:
        >>> parse_times(pd.Series(["2024-01-31"]), "ds")[0]
        Timestamp('2024-01-31 00:00:00')
    """
    if column.isna().any():
        row = int(np.argmax(np.asarray(column.isna())))
        raise ValueError(f"time column {name!r} is empty in {place(row)}; drop or fill such rows.")
    if isinstance(column.dtype, pd.PeriodDtype):
        raise ValueError(f"time column {name!r} holds periods; convert it with .to_timestamp().")
    if pd.api.types.is_bool_dtype(column.dtype):
        raise ValueError(f"time column {name!r} holds True and False, not times.")
    if pd.api.types.is_integer_dtype(column.dtype):
        return pd.Index(column.to_numpy(dtype=np.int64))
    if pd.api.types.is_float_dtype(column.dtype):
        return _whole(column.to_numpy(dtype=np.float64), name)
    if isinstance(column.dtype, pd.ArrowDtype):
        return _from_arrow(column, name, place)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return pd.DatetimeIndex(column)
    return _parse_objects(column, name, place)


def _from_arrow(
    column: pd.Series | pd.Index, name: Any, place: Callable[[int], str]
) -> pd.DatetimeIndex:
    """Timestamps of Arrow by their numbers, its dates and text by their objects."""
    kind: Any = column.dtype.pyarrow_dtype  # type: ignore[union-attr]
    if not hasattr(kind, "tz"):
        return _parse_objects(column, name, place)
    numbers = column.astype("int64[pyarrow]").to_numpy(dtype=np.int64)
    times = pd.DatetimeIndex(numbers.view(f"datetime64[{kind.unit}]"))
    return times if kind.tz is None else times.tz_localize("UTC").tz_convert(kind.tz)


def _whole(times: np.ndarray, name: Any) -> pd.Index:
    """Floats that are whole numbers as integers."""
    odd = (times != np.floor(times)) | (np.abs(times) > 2**53)
    if odd.any():
        raise ValueError(
            f"time column {name!r} holds the fraction {times[odd][0]}; give datetimes or integers."
        )
    return pd.Index(times.astype(np.int64))


def _parse_objects(
    column: pd.Series | pd.Index, name: Any, place: Callable[[int], str]
) -> pd.DatetimeIndex:
    """Text, dates and single timestamps as datetimes of one zone."""
    entries = pd.Index(column.to_numpy(dtype=object), dtype=object)
    _refuse_ambiguous_dates(entries, name)
    try:
        return _to_datetime(entries)
    except (ValueError, TypeError, FutureWarning) as error:
        try:
            _to_datetime(entries, utc=True)
        except (ValueError, TypeError, FutureWarning):
            raise ValueError(
                f"time column {name!r} cannot be read as times, for example "
                f"{_first_bad(entries)!r}. Give datetimes, ISO text or integers."
            ) from error
        raise ValueError(
            f"time column {name!r} has mixed time zones: {_zones(entries, place)}. Bring it to "
            f"one zone, for example df[{name!r}] = pd.to_datetime(df[{name!r}], utc=True)."
        ) from error


def _zones(entries: pd.Index, place: Callable[[int], str]) -> str:
    """The first zone and the first that differs, each with its row in words."""
    offsets = [pd.Timestamp(entry).strftime("%z") or "none" for entry in entries]
    odd = next((row for row, offset in enumerate(offsets) if offset != offsets[0]), 0)
    return f"{place(0)} has {offsets[0]}, {place(odd)} has {offsets[odd]}"


def _refuse_ambiguous_dates(entries: pd.Index, name: Any) -> None:
    """Refuse dates such as 01/02/2010 if no entry tells the day from the month."""
    if not (len(entries) and isinstance(entries[0], str) and _DATE_PARTS.match(entries[0])):
        return
    found = [_DATE_PARTS.match(entry) for entry in entries if isinstance(entry, str)]
    parts = [(int(match[1]), int(match[2])) for match in found if match]
    if not parts or max(max(pair) for pair in parts) > 12:
        return
    if any(first != second for first, second in parts):
        shown = next(match[0] for match in found if match and int(match[1]) != int(match[2]))
        raise ValueError(
            f"time column {name!r} holds dates such as {shown!r}, whose day and month cannot be "
            "told apart. Write them as 2010-02-01, or convert them: "
            f"df[{name!r}] = pd.to_datetime(df[{name!r}], dayfirst=True) (or dayfirst=False)."
        )


def _to_datetime(entries: pd.Index, **options: Any) -> pd.DatetimeIndex:
    """Dates of one format, or ISO dates of which some have a time of day and some have none."""
    try:
        return _of_format(entries, **options)
    except (ValueError, TypeError):
        return _of_format(entries, format="ISO8601", **options)


def _of_format(entries: pd.Index, **options: Any) -> pd.DatetimeIndex:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "could not infer format": tried anyway
        warnings.simplefilter("error", FutureWarning)  # pandas 2 only warns of mixed zones
        times = pd.to_datetime(entries, **options)
    if not isinstance(times, pd.DatetimeIndex):
        raise ValueError("not one kind of time")
    return times


def _first_bad(entries: pd.Index) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, iso = (
            np.asarray(pd.isna(pd.to_datetime(entries, errors="coerce", utc=True, format=format)))
            for format in (None, "ISO8601")
        )
    return entries[int(np.argmax(one & iso if (one & iso).any() else one))]


def parse_numbers(column: pd.Series, place: Callable[[int], str]) -> np.ndarray:
    """Numbers as a new float64 array with NaN where a value is missing.

    Args:
        column: numbers of any kind (integers, floats, nullable, booleans, decimals).
        place: says in words where a row stands, for messages.

    Returns:
        float64 of the same length.

    Raises:
        ValueError: for text, dates and complex numbers; says where the first one stands.

    Example:
        >>> parse_numbers(pd.Series([1, None]), "row {}".format).tolist()
        [1.0, nan]
    """
    dtype = column.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    values = np.full(len(column), np.nan)
    for row in np.flatnonzero(np.asarray(column.notna())):
        entry = column.iloc[row]
        if isinstance(entry, (str, bytes, complex, np.ndarray)) or not hasattr(entry, "__float__"):
            shown = _row_to_show(column, int(row))
            raise ValueError(_no_number(column.iloc[shown], place(shown)))
        values[row] = float(entry)
    return values


def _row_to_show(column: pd.Series, first: int) -> int:
    """The first row that is no number even when read as text; `first` if there is none.

    One word in a csv column makes text of all its numbers: the word is what the user looks for.
    """
    for row in np.flatnonzero(np.asarray(column.notna())):
        entry = column.iloc[row]
        try:
            float(entry if isinstance(entry, str) else 0.0)
        except ValueError:
            return int(row)
    return first


def _no_number(entry: Any, place: str) -> str:
    kind = "text" if isinstance(entry, (str, bytes)) else type(entry).__name__
    return (
        f"{place} holds {kind}, for example {entry!r}, where a number is expected. Convert it, "
        "for example with pd.to_numeric(..., errors='coerce'), and look at what becomes missing."
    )
