"""Times as whole numbers, with their resolution and time zone as JSON."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.archive.errors import BundleError

__all__ = ["ZONE", "decode_times", "encode_times"]

# Names of the database of time zones and fixed offsets. No others: pandas opens the file that
# "dateutil//some/path" names.
ZONE = r"(?!dateutil/)[A-Za-z][\w+\-]*(/[\w+\-]+)*|(UTC)?[+\-]\d\d:\d\d(:\d\d)?"
_LAST_YEAR = 9999
_UNITS = ("s", "ms", "us", "ns")


def encode_times(times: pd.Index) -> tuple[dict[str, Any], NDArray]:
    """Times as whole numbers, with their resolution and time zone as JSON.

    Raises:
        BundleError: for a time zone without a name, or a year beyond 1 to 9999.

    Example:
        >>> encode_times(pd.DatetimeIndex(["1970-01-02"]).as_unit("s"))
        ({'kind': 'datetime', 'unit': 's', 'zone': None}, array([86400]))
    """
    if not isinstance(times, pd.DatetimeIndex):
        return {"kind": "integer", "unit": None, "zone": None}, times.to_numpy(dtype=np.int64)
    _refuse_far(times.asi8, times.unit)
    zone = None if times.tz is None else str(times.tz)
    encoded = {"kind": "datetime", "unit": times.unit, "zone": zone}
    try:
        readable = decode_times(encoded, times.asi8).equals(times)
    except (ValueError, LookupError):
        readable = False
    if not readable:
        raise BundleError(
            f"a bundle cannot hold times of the zone {times.tz!r}. Convert them before fitting, "
            "for example with .dt.tz_convert('UTC')."
        )
    return encoded, times.asi8


def decode_times(encoded: dict[str, Any], numbers: NDArray) -> pd.Index:
    """The times of `encode_times`.

    Raises:
        BundleError: for an unknown resolution or zone, a time that is none, or a year beyond 1 to
            9999: steps of a calendar are counted one by one, which would take minutes.
    """
    kind, unit, zone = encoded["kind"], encoded["unit"], encoded["zone"]
    if kind == "integer":
        return pd.Index(np.asarray(numbers, dtype=np.int64))
    named = zone is None or (isinstance(zone, str) and re.fullmatch(ZONE, zone, re.ASCII))
    if kind != "datetime" or unit not in _UNITS or not named:
        raise BundleError(f"it has times of the unknown kind {kind!r}, {unit!r}, {zone!r}.")
    times = pd.DatetimeIndex(np.asarray(numbers, dtype=np.int64).view(f"datetime64[{unit}]"))
    if times.hasnans:
        raise BundleError("one of its times is missing.")
    _refuse_far(times.asi8, unit)
    return times if zone is None else times.tz_localize("UTC").tz_convert(zone)


def _refuse_far(numbers: NDArray, unit: str) -> None:
    years = numbers.view(f"datetime64[{unit}]").astype("datetime64[Y]").astype(np.int64) + 1970
    odd = (years < 1) | (years > _LAST_YEAR)
    if odd.any():
        raise BundleError(
            f"one of its times is in the year {years[odd][0]}; a bundle holds the years 1 to "
            f"{_LAST_YEAR}."
        )
