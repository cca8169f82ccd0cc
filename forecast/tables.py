"""Tables read from files: times are a column of any name, and an id is often left out."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd

__all__ = ["long_table", "with_only_series", "with_times"]


def long_table(
    table: pd.DataFrame, id_col: Any, time_col: Any, target_col: Any
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A table without an id column as a long one, where it can be read in one way only.

    Without a time column the only one that holds dates is it, see `with_times`.
    With a time and a target column, and no time twice, its rows are one series, named as the
    target. With a time column only, every other column is a series if all hold numbers.

    Args:
        table: as read from a file.
        id_col: name of the column of ids.
        time_col: name of the column of times.
        target_col: name of the column of values.

    Returns:
        A long table, or `table` where it has ids or can be read in no such way; how it was read, in
        a sentence.

    Raises:
        ValueError: if only the time column is there, and others hold text.

    Example:
        >>> table = pd.DataFrame({"day": [1, 2], "a": [3.0, 4.0], "b": [5.0, 6.0]})
        >>> long_table(table, "unique_id", "day", "a")[0].columns.tolist()
        ['unique_id', 'day', 'a', 'b']
        >>> long_table(table, "unique_id", "day", "y")[1]
        ("no columns 'unique_id' and 'y': each column beside 'day' ('a', 'b') is a series.",)
    """
    given = table
    table, found = with_times(table, id_col, time_col)
    own = next((old for old, new in zip(given, table, strict=True) if new == time_col), time_col)
    names = list(table.columns)
    if id_col in names or time_col not in names:
        return table, ()
    if target_col in names:
        if table[time_col].duplicated().any():
            return given, ()
        note = f"no column {id_col!r}: all rows are one series, named {target_col!r}."
        return _named(table, id_col, target_col), (*found, note)
    series = [name for name in names if name != time_col]
    if not series or (found and table[time_col].duplicated().any()):
        return given, ()
    _refuse_text(table[series], id_col, own, target_col)
    shown = ", ".join(map(repr, series[:5])) + (", ..." if len(series) > 5 else "")
    note = (
        f"no columns {id_col!r} and {target_col!r}: each column beside {own!r} ({shown}) is a "
        "series."
    )
    return table.melt(time_col, series, var_name=id_col, value_name=target_col), (*found, note)


def with_times(
    table: pd.DataFrame, id_col: Any, time_col: Any
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A table without ids and times whose only column of dates has the name of the times.

    Args:
        table: as read from a file.
        id_col: name of the column of ids.
        time_col: name of the column of times.

    Returns:
        The table with that column renamed, or as it is where there are ids or times, or no or
        several columns of dates; what was found, in a sentence.

    Example:
        >>> table = pd.DataFrame({"month": ["2024-01", "2024-02"], "sales": [3.0, 4.0]})
        >>> with_times(table, "unique_id", "ds")[1]
        ("no column 'ds': 'month' holds the times.",)
    """
    if {id_col, time_col} & set(table.columns):
        return table, ()
    dated = [name for name, values in table.items() if _holds_dates(values)]
    if len(dated) != 1:
        return table, ()
    note = f"no column {time_col!r}: {dated[0]!r} holds the times."
    return table.rename(columns={dated[0]: time_col}), (note,)


def _holds_dates(values: pd.Series) -> bool:
    """Whether all that are known are dates, or texts with digits that can be read as such."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return True
    values = values.dropna()
    if not len(values) or not pd.api.types.is_string_dtype(values.dtype):
        return False
    if not values.str.contains(r"\d").all():
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which format it is, is asked where they are read
        return bool(pd.to_datetime(values, errors="coerce").notna().all())


def _refuse_text(series: pd.DataFrame, id_col: Any, time_col: Any, target_col: Any) -> None:
    """Refuse columns that would be series if they did not hold text; the first is named."""
    for name, values in series.items():
        if not pd.api.types.is_numeric_dtype(values.dtype):
            wrong = pd.to_numeric(values, errors="coerce").isna() & values.notna()
            example = f", for example {values[wrong].iloc[0]!r}" if wrong.any() else ""
            raise ValueError(
                f"no columns {id_col!r} and {target_col!r}, so each column beside {time_col!r} "
                f"would be a series, but {name!r} holds no numbers{example}. If the table is long, "
                "say which columns hold ids and values (id_col=, target_col=); if it is wide, "
                "correct that column or leave it out."
            )


def with_only_series(table: pd.DataFrame, id_col: Any, ids: Any) -> pd.DataFrame:
    """A table whose rows are of the one series that a forecaster knows, if it names none.

    Args:
        table: as read from a file.
        id_col: name of the column of ids.
        ids: series of the forecaster.

    Example:
        >>> with_only_series(pd.DataFrame({"ds": [1]}), "unique_id", ["a"]).values.tolist()
        [['a', 1]]
    """
    if id_col in table.columns or len(ids) != 1:
        return table
    return _named(table, id_col, ids[0])


def _named(table: pd.DataFrame, id_col: Any, name: Any) -> pd.DataFrame:
    named = table.copy(deep=False)
    named.insert(0, id_col, name)
    return named
