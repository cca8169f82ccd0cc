"""Names of frequencies, old and new, brought to one spelling."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, cast

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

# Aliases that pandas 3 no longer reads, and what they are called now.
_RENAMED = {
    "M": "ME", "BM": "BME", "CBM": "CBME", "SM": "SME", "Q": "QE", "BQ": "BQE", "Y": "YE",
    "A": "YE", "BY": "BYE", "BA": "BYE", "AS": "YS", "BAS": "BYS", "H": "h", "BH": "bh",
    "CBH": "cbh", "T": "min", "S": "s", "L": "ms", "U": "us", "N": "ns", "d": "D", "b": "B",
    "w": "W",
}  # fmt: skip
_UNITS = tuple((name, pd.Timedelta(f"1{name}")) for name in ("h", "min", "s", "ms", "us", "ns"))
_DAY = pd.Timedelta(days=1)
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def tick_alias(step: pd.Timedelta) -> str:
    """Alias of a fixed duration in its coarsest unit of at most an hour.

    Example:
        >>> tick_alias(pd.Timedelta(minutes=90)), tick_alias(pd.Timedelta(hours=1))
        ('90min', 'h')
    """
    name, length = next(unit for unit in _UNITS if step % unit[1] == pd.Timedelta(0))
    return _counted(step // length, name)


def _counted(count: int, name: str) -> str:
    return name if count == 1 else f"{count}{name}"


def tick_length(offset: pd.offsets.BaseOffset) -> pd.Timedelta:
    """Elapsed time of a tick."""
    return pd.Timedelta(cast(pd.offsets.Tick, offset))


def is_tick(offset: pd.offsets.BaseOffset) -> bool:
    """Whether the offset is an absolute duration; a calendar day is not one (daylight saving)."""
    return isinstance(offset, pd.offsets.Tick) and not isinstance(offset, pd.offsets.Day)


def _modern(alias: str) -> str:
    """The alias with names that pandas 3 dropped replaced by today's."""
    match = re.fullmatch(r"(\d*)([A-Za-z]+)(-\w+)?", alias.strip())
    if match is None:
        return alias.strip()
    count, name, anchor = match.groups(default="")
    return count + _RENAMED.get(name, name) + anchor.upper()


def _canonical(offset: pd.offsets.BaseOffset) -> str:
    """One spelling per grid: 60min is h, QS-OCT is QS-JAN (pandas versions differ on it)."""
    if is_tick(offset):
        return tick_alias(tick_length(offset))
    name, _, month = offset.freqstr.partition("-")
    kind = name.lstrip("0123456789")
    if kind in ("QS", "BQS", "QE", "BQE") and month in MONTHS:
        shift = 0 if kind.endswith("QS") else 9
        return f"{name}-{MONTHS[MONTHS.index(month) % 3 + shift]}"
    return offset.freqstr


def _of_duration(step: pd.Timedelta) -> str:
    """Alias of a duration: whole days are days of the calendar, in all versions of pandas."""
    return f"{step.days}D" if step % _DAY == pd.Timedelta(0) else tick_alias(step)


def parse_alias(alias: Any) -> str:
    """Canonical alias of anything that pandas reads as an offset."""
    try:
        is_duration = isinstance(alias, (timedelta, np.timedelta64))
        alias = _of_duration(pd.Timedelta(alias)) if is_duration else alias
        offset = to_offset(_modern(alias) if isinstance(alias, str) else alias)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"freq={alias!r} is no known frequency. Give a pandas offset alias such as "
            "'h', 'D', 'W-SAT', 'MS', 'QS' or 'YS', or an integer step for integer time."
        ) from error
    if offset is None or offset.n < 1:
        raise ValueError(f"freq={alias!r} must move forward by at least one step.")
    return _canonical(offset)
