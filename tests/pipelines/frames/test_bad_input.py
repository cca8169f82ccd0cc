"""Frames that cannot be read: each message names the series and the column, and how to fix it."""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import forecast as fc
from forecast.pipelines import Columns, read_frame

DAYS = pd.date_range("2024-01-01", periods=6)
DAY = pd.Timedelta(days=1)
BOTH = pd.date_range("2024-02-01", periods=12)
NAMED = Columns("shop", "day", "sales")


def long(**changes: Any) -> pd.DataFrame:
    """Two series of six days, under other names than the default ones."""
    frame = pd.DataFrame({
        "shop": np.repeat(["east", "west"], 6), "day": list(DAYS) * 2, "sales": np.arange(12.0)
    })  # fmt: skip
    return frame.assign(**changes)


def at(row: int, column: str, entry: Any) -> pd.DataFrame:
    """The frame with one entry changed."""
    entries = long()[column].astype(object)
    entries[row] = entry
    return long(**{column: entries})


def wide() -> pd.DataFrame:
    frame = long().pivot(index="day", columns="shop", values="sales")
    return frame.rename_axis(columns=None)


def indexed() -> pd.DataFrame:
    return long().set_index(["shop", "day"])


def polars(frame: pd.DataFrame) -> pl.DataFrame:
    return pl.DataFrame({name: frame[name].tolist() for name in frame})


def zones(*texts: str) -> pd.DataFrame:
    """Times as text whose last one is of another zone."""
    return long(day=[f"{day:%Y-%m-%d}T00:00{texts[0]}" for day in long()["day"][:11]]
                + [f"2024-01-06T00:00{texts[1]}"])  # fmt: skip


Case = tuple[str, Callable[[], Any]]
CASES: dict[str, Case] = {
    # duplicates
    "duplicates": (
        r"series 'west', time 2024-01-06 00:00:00 occurs more than once \(1 repeated rows in all\)"
        r".*drop_duplicates\(\['shop', 'day'\]\) or df.groupby\(\['shop', 'day'\]\)",
        lambda: pd.concat([long(), long().tail(1)])),
    "duplicates in polars": (
        r"series 'west', time 2024-01-06.*drop_duplicates\(\['shop', 'day'\]\)",
        lambda: polars(pd.concat([long(), long().tail(1)]))),
    "duplicates in a MultiIndex": (
        r"series 'east', time 2024-01-01.*drop_duplicates\(\['shop', 'day'\]\)",
        lambda: pd.concat([indexed().head(1), indexed()])),
    "duplicates in a wide frame": (
        r"series 'east', time 2024-01-06.*occurs more than once.*df\[~df.index.duplicated\(\)\]",
        lambda: pd.concat([wide(), wide().tail(1)])),
    "one hour twice in local times": (
        r"series 'east', time 2024-10-27 02:00:00 occurs more than once.*If these are local times "
        r"and the clock was set back then .daylight saving., nothing is repeated: say which zone "
        r"they are in, as in df\['day'\] = df.groupby\('shop'\)\['day'\].transform",
        lambda: long(day=pd.date_range("2024-10-26 20:00", periods=12, freq="h",
                                       tz="Europe/Berlin").tz_localize(None), shop="east")),
    "one hour twice in a wide frame": (
        r"series 'x', time 2024-10-27 02:00:00.*as in df = df.tz_localize\('Europe/Berlin'",
        lambda: pd.DataFrame({"x": np.arange(12.0)}, pd.date_range(
            "2024-10-26 20:00", periods=12, freq="h", tz="Europe/Berlin").tz_localize(None))),
    "a column twice": (
        "column 'sales' occurs 2 times; keep one",
        lambda: pd.concat([long(), long()[["sales"]]], axis=1)),
    "a series twice in a wide frame": (
        "column 'east' occurs more than once; keep one for each series",
        lambda: wide().set_axis(["east", "east"], axis=1)),
    # frequencies
    "two frequencies": (
        "two freqs: series 'west' never moves by less than 7 steps of freq='D', the most common "
        "one of column 'day'.*pass freq='D'",
        lambda: long(day=[*DAYS, *pd.date_range("2024-01-01", periods=6, freq="7D")])),
    "two frequencies, one no multiple": (
        "irregular time: series 'east', time 2024-01-02 00:00:00 is not on the grid of freq='10h' "
        "that starts at 2024-01-01 00:00:00 .series 'east'.*Correct the time of column 'day'.*"
        "read series of different frequencies apart",
        lambda: long(day=[*DAYS, *pd.date_range("2024-01-01", periods=6, freq="10h")])),
    "one odd time": (
        "irregular time: series 'east', time 2024-01-03 07:00:00 is not on the grid.*column 'day'",
        lambda: at(2, "day", pd.Timestamp("2024-01-03 07:00"))),
    "the middle of each month": (
        r"is not on the grid of freq='31D'.*All times are day 15 of a month: name months by their "
        r"first day, as in df\['day'\] = df\['day'\].dt.to_period\('M'\).dt.to_timestamp\(\)",
        lambda: long(day=pd.date_range("2024-01-01", periods=12, freq="MS") + 14 * DAY)),
    "local midnights in another zone": (
        r"is not on the grid of freq='24h'.*Two times of day an hour apart look like one local "
        r"time.*df\['day'\] = df\['day'\].dt.tz_convert",
        lambda: long(day=pd.date_range("2024-03-25", periods=12, tz="Europe/Berlin").tz_convert(
            "UTC"), shop="east")),
    "a wrong year": (
        "irregular time: series 'west' has 6 values on .* column 'day'. Correct its times",
        lambda: long(day=[*range(6), *range(5), 10**11])),
    # zones
    "two offsets": (
        r"time column 'day' has mixed time zones: series 'east' \(row 0\) has \+0100, "
        r"series 'west' \(row 11\) has \+0200. Bring it to one zone.*utc=True",
        lambda: zones("+01:00", "+02:00")),
    "with and without a zone": (
        r"time column 'day' has mixed time zones: series 'east' \(row 0\) has none, "
        r"series 'west' \(row 11\) has \+0000",
        lambda: zones("", "Z")),
    "objects of two zones": (
        r"time column 'day' has mixed time zones: series 'east' \(row 0\) has \+0000, "
        r"series 'west' \(row 6\) has \+0900",
        lambda: long(day=[*DAYS.tz_localize("UTC").astype(object),
                          *DAYS.tz_localize("Asia/Tokyo").astype(object)])),
    # dates that mean more than one day
    "day or month first": (
        r"time column 'day' holds dates such as '01/02/2024', whose day and month cannot be told "
        r"apart. Write them as 2010-02-01.*dayfirst=True",
        lambda: long(day=[f"{day:%d/%m/%Y}" for day in BOTH])),
    "two digits for the year": (
        r"dates such as '01/02/24', whose day, month and year cannot be told apart.*"
        r"pd.to_datetime\(df\['day'\], format='%d/%m/%y'\)",
        lambda: long(day=[f"{day:%d/%m/%y}" for day in BOTH])),
    "two digits for the year first": (
        r"dates such as '24-02-01', whose day, month and year cannot be told apart",
        lambda: long(day=[f"{day:%y-%m-%d}" for day in BOTH])),
    "no year": (
        r"time column 'day' holds 'Feb-24', which lacks a year of four digits. Convert it",
        lambda: long(day=[f"{day:%b-%y}" for day in BOTH])),
    "no day": (
        r"time column 'day' holds '00:00', which lacks a year of four digits",
        lambda: long(day=[f"{day:%H:%M}" for day in BOTH])),
    "dates as numbers": (
        r"the times of column 'day' are whole numbers such as 20240226, which look like dates.*"
        r"pd.to_datetime\(..., format='%Y%m%d'\), or pass freq=1",
        lambda: long(day=[int(f"{day:%Y%m%d}") for day in BOTH + 25 * DAY])),
    "months as numbers": (
        r"whole numbers such as 202311, which look like dates.*format='%Y%m'",
        lambda: long(day=[int(f"{m:%Y%m}") for m in pd.date_range("2023-11", periods=12,
                                                                  freq="MS")])),
    # order
    "unsorted wide frame": (
        r"index is not sorted: 2024-01-05.* comes after 2024-01-06.*, in the columns of all series "
        r"\('east', 'west'\). Call sort_index\(\)",
        lambda: wide().iloc[::-1]),
    "unsorted Series": (
        r"index is not sorted: 2024-01-05 .*'east'\). Call sort_index\(\)",
        lambda: wide()["east"].iloc[::-1]),
    # infinity
    "inf": (
        "target is infinite in 2 rows of column 'sales', first at series 'east', time "
        "2024-01-04 00:00:00. Replace inf by NaN",
        lambda: long(sales=[0, 1, 2, np.inf, 4, 5, 6, 7, 8, -np.inf, 10, 11])),
    "inf in a wide frame": (
        "target is infinite in 1 rows, first at series 'west', time 2024-01-01",
        lambda: wide().replace(6.0, np.inf)),
    # objects
    "text among numbers": (
        "column 'sales' of series 'west' holds text, for example 'oops', where a number is "
        "expected.*pd.to_numeric", lambda: at(9, "sales", "oops")),
    "decimal commas": (
        "column 'sales' of series 'east' holds text, for example '0,5', where a number is "
        r"expected. Its comma is a decimal point: read the file with pd.read_csv\(..., decimal=','",
        lambda: long(sales=[f"{number},5" for number in range(12)])),
    "points between thousands": (
        r"for example '1.234,0', .* pd.read_csv\(..., decimal=',', thousands='.'\)",
        lambda: long(sales=[f"1.234,{number}" for number in range(12)])),
    "commas between thousands": (
        "for example '0,500', where a number is expected. Convert it",
        lambda: long(sales=[f"{number},500" for number in range(12)])),
    "numbers as text": (
        "column 'sales' of series 'east' holds text, for example '0.0'",
        lambda: long(sales=long()["sales"].astype(str))),
    "text in a wide frame": (
        "column 'west', time 2024-01-03 00:00:00, holds text, for example 'n/a'",
        lambda: wide().astype(object).where(wide() != 8.0, "n/a")),
    "text in polars": (
        "column 'sales' of series 'east' holds text",
        lambda: polars(long(sales=long()["sales"].astype(str)))),
    "dates": (
        "column 'sales' of series 'east' holds Timestamp", lambda: long(sales=list(DAYS) * 2)),
    "durations": (
        "column 'sales' of series 'west' holds Timedelta", lambda: at(8, "sales", pd.Timedelta(1))),
    "lists": ("column 'sales' of series 'west' holds list", lambda: at(7, "sales", [1.0, 2.0])),
    "arrays": ("column 'sales' of series 'west' holds ndarray", lambda: at(7, "sales", np.ones(1))),
    "lists in polars": (
        "column 'sales' of series 'east' holds ndarray",
        lambda: polars(long()).with_columns(sales=pl.concat_list("sales"))),
    "complex": ("column 'sales' of series 'east' holds complex", lambda: long(sales=1j)),
    # ids and times
    "no id": ("id column 'shop' is empty in row 4", lambda: at(4, "shop", None)),
    "lists as ids": (
        r"id column 'shop' holds list, for example \['east'\]; give text or numbers",
        lambda: long(shop=[["east"]] * 12)),
    "structs in polars": (
        r"column 'shop' holds structs; text, numbers or times are expected. .*unnest\('shop'\)",
        lambda: polars(long()).with_columns(shop=pl.struct("shop"))),
    "no time": (
        r"time column 'day' is empty in series 'west' \(row 8\)", lambda: at(8, "day", pd.NaT)),
    "no such time": (
        "time column 'day' cannot be read as times, for example 'soon'",
        lambda: at(8, "day", "soon")),
    "periods": (
        r"time column 'day' holds periods; convert it with .to_timestamp\(\)",
        lambda: long(day=long()["day"].dt.to_period("D"))),
    "a PeriodIndex": (
        r"times as its index: a DatetimeIndex or integers, not periods or text",
        lambda: wide().set_axis(DAYS.to_period("D"))),
    "a Series of periods": (
        r"got PeriodIndex of period\[D\]. Set it: df.index = df.index.to_timestamp\(\)",
        lambda: wide()["east"].set_axis(DAYS.to_period("D"))),
    "times of a long frame in its index": (
        r"missing column 'day'; .* It is in the index: call reset_index\(names='day'\)",
        lambda: long().set_index("day").rename_axis(None)),
    "times in the index beside text and a target": (
        r"missing column 'shop', 'day'; the frame has 'store', 'sales'. It is in the index",
        lambda: long().rename(columns={"shop": "store"}).set_index("day")),
    "no value": ("no series has a value", lambda: long(sales=np.nan)),
    "no column": (
        "missing column 'sales'; the frame has 'shop', 'day'.*target_col=",
        lambda: long().drop(columns="sales")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused_with_series_and_column(case):
    message, make = CASES[case]
    data = make()
    before = data.clone() if isinstance(data, pl.DataFrame) else data.copy(deep=True)
    with pytest.raises(ValueError, match=message) as caught:
        read_frame(data, NAMED)
    assert data.equals(before)
    assert re.search(r"[.;]", str(caught.value)), "what came, and how to fix it"


@pytest.mark.parametrize("case", ["duplicates", "inf", "text among numbers", "two offsets"])
def test_every_function_refuses_alike(case):
    message, make = CASES[case]
    names = {"id_col": "shop", "time_col": "day", "target_col": "sales"}
    for call in (
        lambda: fc.check(make(), 1, **names),
        lambda: fc.fill_gaps(make(), **names),
        lambda: fc.Naive().fit(make(), **names),
        lambda: fc.cross_validation(fc.Naive(), make(), horizon=1, **names),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("case", ["duplicates", "inf", "text among numbers"])
def test_a_refused_update_changes_nothing(case):
    names = {"id_col": "shop", "time_col": "day", "target_col": "sales"}
    forecaster = fc.Naive().fit(long(), **names)
    before = forecaster.predict(2)
    message, make = CASES[case]
    later = make()
    with pytest.raises(ValueError, match=message.split(",")[0]):
        forecaster.update(later)
    pd.testing.assert_frame_equal(forecaster.predict(2), before)


def test_a_first_time_beside_the_calendar_is_not_compared_with_itself():
    message = (
        "irregular time: series 'east', time 2024-01-02 12:00:00 is not on the grid of freq='MS'. "
        "Correct the time of column 'day'"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        read_frame(
            long().assign(day=lambda frame: frame["day"] + pd.Timedelta("36h")).head(2),
            NAMED,
            freq="MS",
        )


def test_a_million_ids_of_one_row():
    count = 1_000_000
    frame = pd.DataFrame({"shop": np.arange(count), "day": DAYS[0], "sales": 1.0})
    with pytest.raises(
        ValueError,
        match=r"frequency cannot be inferred: each of the 1,000,000 series of column 'shop' has "
        r"one row, the first is 0. Say which column names the series \(id_col=\).*freq='D'",
    ):
        read_frame(frame, NAMED)
    panel = read_frame(frame, NAMED, freq="D").panel
    assert panel.num_series == panel.num_rows == count


def test_numbers_in_object_columns_are_read():
    entries = [1, 2.5, decimal.Decimal("3.5"), np.float32(4.0), True, None, *range(6)]
    frame = long(sales=pd.Series(entries, dtype=object))
    np.testing.assert_array_equal(read_frame(frame, NAMED).panel.row(0), [1.0, 2.5, 3.5, 4.0, 1.0])
