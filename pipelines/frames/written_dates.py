"""Dates as people write them, which may mean more than one day: read where the data tell which."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["begins_with_day", "refuse_numbered_dates", "refuse_without_year"]

# Day, month and year in an order that differs between countries.
_PARTS = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)")
_CLOCK = re.compile(r"\d{1,2}:\d{2}.*")
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


def begins_with_day(entries: pd.Index, name: Any) -> bool:
    """Whether dates such as 13/02/2010 begin with the day, as a number above 12 tells.

    Args:
        entries: text, or anything else, which is not looked at.
        name: name of the column, for messages.

    Returns:
        False for dates that begin with the month or are written in another way.

    Raises:
        ValueError: if no entry tells the day from the month, or the year has two digits.

    Example:
        >>> begins_with_day(pd.Index(["01/02/2010", "13/02/2010"]), "ds")
        True
    """
    if not (len(entries) and isinstance(entries[0], str) and _PARTS.match(entries[0])):
        return False
    found = [_PARTS.match(entry) for entry in entries if isinstance(entry, str)]
    dates = [(match[0], int(match[1]), int(match[2]), len(match[3])) for match in found if match]
    if max(second for _, _, second, _ in dates) > 12:
        return False
    short = next((shown for shown, _, _, digits in dates if digits == 2), None)
    if short is not None:
        raise ValueError(_not_told_apart(name, short, "day, month and year", "format='%d/%m/%y'"))
    if max(first for _, first, _, _ in dates) > 12:
        return True
    odd = next((shown for shown, first, second, _ in dates if first != second), None)
    if odd is not None:
        fix = "dayfirst=True) (or dayfirst=False"
        raise ValueError(_not_told_apart(name, odd, "day and month", fix))
    return False


def _not_told_apart(name: Any, shown: str, parts: str, fix: str) -> str:
    return (
        f"time column {name!r} holds dates such as {shown!r}, whose {parts} cannot be told apart. "
        f"Write them as 2010-02-01, or convert them: df[{name!r}] = pd.to_datetime(df[{name!r}], "
        f"{fix})."
    )


def refuse_without_year(entries: pd.Index, name: Any) -> None:
    """Refuse text such as 10:30 or Jan-24, whose year pandas would make up.

    Raises:
        ValueError: naming the column.
    """
    if not (len(entries) and isinstance(entries[0], str)):
        return
    text = _CLOCK.sub("", entries[0])
    numbers, words = re.findall(r"\d+", text), re.findall(r"[^\W\d]+", text)
    whole = len(numbers) >= 2 and len(numbers) + len(words) >= 3
    if not (whole or any(len(number) >= 4 for number in numbers)):
        raise ValueError(
            f"time column {name!r} holds {entries[0]!r}, which lacks a year of four digits. "
            f"Convert it: df[{name!r}] = pd.to_datetime(df[{name!r}], format=...), or "
            "give integers."
        )


def refuse_numbered_dates(times: pd.Index, where: str) -> None:
    """Refuse whole numbers that are written dates, such as 20240131, or months, such as 202401.

    Args:
        times: integer Index; others are not looked at.
        where: " of column ..." for messages.

    Raises:
        ValueError: saying how to convert them.
    """
    if not pd.api.types.is_integer_dtype(times.dtype):
        return
    for digits, form in ((10_000, "%Y%m%d"), (100, "%Y%m")):
        if _are_dates(times, digits, form):
            raise ValueError(
                f"the times{where} are whole numbers such as {times[0]}, which look like dates; "
                "counted as numbers, the end of a month would be followed by a long gap. Convert "
                f"them with pd.to_datetime(..., format={form!r}), or pass freq=1 if they count "
                "something else."
            )


def _are_dates(times: pd.Index, digits: int, form: str) -> bool:
    """Whether all numbers, of two months at least, are dates of a form."""
    if times.min() < _FIRST_YEAR * digits or times.max() > (_LAST_YEAR + 1) * digits:
        return False
    numbers = times.unique()
    coarser = np.asarray(numbers) // 100
    if coarser.min() == coarser.max():
        return False  # within one month (or year): as good as counted
    dates = pd.to_datetime(numbers.astype(str), format=form, errors="coerce")
    return bool(dates.notna().all())
