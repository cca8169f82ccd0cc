"""Times and numbers out of the columns that users have."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from .written_dates import begins_with_day, refuse_without_year

# 12,5 or 1.234,5; one comma before three digits may part thousands.
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),(\d{1,2}|\d{4,})")


def parse_times(
    column: pd.Series | pd.Index, name: Any, place: Callable[[int], str] = "row {}".format
) -> pd.Index:
    """Times as a DatetimeIndex (time zone and resolution kept) or an integer Index.

    Args:
        column: datetimes, dates, text, integers or whole floats, of any dtype. Text such as
            13/02/2010 begins with the day where one is above 12.
        name: name of the column, for messages.
        place: says in words where a row stands, for messages.

    Returns:
        Index of the same length, without missing entries.

    Raises:
        ValueError: for missing times, mixed time zones, dates that can be read in two ways and
            whatever is no time.

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


def _from_arrow(column: pd.Series | pd.Index, name: Any, place: Callable[[int], str]) -> pd.Index:
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
) -> pd.Index:
    """Text, dates and single timestamps as datetimes of one zone; numbers as numbers."""
    entries = pd.Index(column.to_numpy(dtype=object), dtype=object)
    plain = entries.infer_objects()
    if pd.api.types.is_numeric_dtype(plain.dtype):
        return parse_times(plain, name, place)
    _refuse_numbers_among_dates(entries, name, place)
    refuse_without_year(entries, name)
    return _parse_dates(entries, name, place)


def _refuse_numbers_among_dates(entries: pd.Index, name: Any, place: Callable[[int], str]) -> None:
    """Refuse a column of both: a number would be read as nanoseconds since 1970."""
    numbers = np.array([isinstance(entry, Number) for entry in entries])
    if not numbers.any() or numbers.all():
        return
    number, date = int(np.argmax(numbers)), int(np.argmin(numbers))
    raise ValueError(
        f"time column {name!r} mixes numbers and dates: {entries[number]!r} in {place(number)}, "
        f"{entries[date]!r} in {place(date)}. Give one kind: dates throughout, or integer steps."
    )


def _parse_dates(entries: pd.Index, name: Any, place: Callable[[int], str]) -> pd.DatetimeIndex:
    dayfirst = begins_with_day(entries, name)
    try:
        return _to_datetime(entries, dayfirst=dayfirst)
    except (ValueError, TypeError, FutureWarning) as error:
        try:
            _to_datetime(entries, dayfirst=dayfirst, utc=True)
        except (ValueError, TypeError, FutureWarning):
            raise ValueError(
                f"time column {name!r} cannot be read as times, for example "
                f"{_first_bad(entries, dayfirst)!r}. Give datetimes, ISO text or integers."
            ) from error
        raise ValueError(
            f"time column {name!r} has mixed time zones: {_zones(entries, place)}. Bring it to "
            f"one zone, for example df[{name!r}] = pd.to_datetime(df[{name!r}], utc=True), "
            "and to the local one after that with .dt.tz_convert('Europe/Berlin')."
        ) from error


def _zones(entries: pd.Index, place: Callable[[int], str]) -> str:
    """The first zone and the first that differs, each with its row in words."""
    offsets = [pd.Timestamp(entry).strftime("%z") or "none" for entry in entries]
    odd = next((row for row, offset in enumerate(offsets) if offset != offsets[0]), 0)
    return f"{place(0)} has {offsets[0]}, {place(odd)} has {offsets[odd]}"


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


def _first_bad(entries: pd.Index, dayfirst: bool) -> Any:
    options: dict[str, Any] = {"errors": "coerce", "utc": True, "dayfirst": dayfirst}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, iso = (
            np.asarray(pd.isna(pd.to_datetime(entries, format=format, **options)))
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
    known = np.flatnonzero(np.asarray(column.notna()))
    entries = column.to_numpy(dtype=object)[known]
    odd = {kind for kind in set(map(type, entries)) if not _is_number(kind)}
    if odd:
        shown = _entry_to_show(entries, odd)
        raise ValueError(_no_number(entries[shown], place(int(known[shown]))))
    values = np.full(len(column), np.nan)
    values[known] = entries.astype(np.float64)
    return values


def _is_number(kind: type) -> bool:
    no_numbers = (str, bytes, complex, np.ndarray)
    return hasattr(kind, "__float__") and not issubclass(kind, no_numbers)


def _entry_to_show(entries: np.ndarray, odd: set[type]) -> int:
    """The first text that is no number even when read as one, else the first of an odd type.

    One word in a csv column makes text of all its numbers: the word is what the user looks for.
    """
    for position, entry in enumerate(entries):
        try:
            float(entry if isinstance(entry, str) else 0.0)
        except ValueError:
            return position
    return next(i for i, entry in enumerate(entries) if type(entry) in odd)


def _no_number(entry: Any, place: str) -> str:
    kind = "text" if isinstance(entry, (str, bytes)) else type(entry).__name__
    how = (
        "Convert it, for example with pd.to_numeric(..., errors='coerce'), and look at what "
        "becomes missing."
    )
    if isinstance(entry, str) and _DECIMAL_COMMA.fullmatch(entry.strip()):
        thousands = ", thousands='.'" if "." in entry else ""
        how = "Its comma is a decimal point: read the file with "
        how += f"pd.read_csv(..., decimal=','{thousands})."
    return f"{place} holds {kind}, for example {entry!r}, where a number is expected. {how}"
