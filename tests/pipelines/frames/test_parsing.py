"""Times as users write them in text columns."""

from __future__ import annotations

import datetime
import time

import numpy as np
import pandas as pd
import pytest

from forecast.pipelines.frames.parsing import parse_numbers, parse_times


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["2024-01-01", "2024-01-02 12:00"], ["2024-01-01", "2024-01-02 12:00"]),
        (["2024-01-01 06:30", "2024-01-02"], ["2024-01-01 06:30", "2024-01-02"]),
        (["2024-01-01", "2024-01-02T12:00:00.5"], ["2024-01-01", "2024-01-02 12:00:00.5"]),
        (["2024-01", "2024-02-03"], ["2024-01-01", "2024-02-03"]),
        ([datetime.date(2024, 1, 1), "2024-01-02 10:00"], ["2024-01-01", "2024-01-02 10:00"]),
        (["2024-01-01T00:00Z", "2024-01-02T00:00:30Z"], ["2024-01-01T00Z", "2024-01-02T00:00:30Z"]),
    ],
)
def test_iso_dates_of_mixed_precision_are_read(entries, expected):
    assert list(parse_times(pd.Series(entries), "ds")) == [pd.Timestamp(time) for time in expected]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (["2024-01-01", "2024-01-02 12:00", "rubbish"], r"'ds' cannot be read .* 'rubbish'.*ISO"),
        (["2024-01-01", "01/31/2024 10:00"], r"for example '01/31/2024 10:00'"),
        (["31.01.2024", "01.02.2024 12:00"], r"for example '01.02.2024 12:00'"),
        (["2024-01-01", "2024-01-02T00:00+02:00"], r"'ds' has mixed time zones.*utc=True"),
        (
            ["2024-01-01", 7],
            r"'ds' mixes numbers and dates: 7 in row 1, '2024-01-01' in row 0",
        ),
        (["2024-01-01T00:00+01:00", "2024-01-02T00:00:00+02:00"], r"mixed time zones"),
    ],
)
def test_a_column_that_is_not_one_kind_of_time_is_refused(entries, message):
    with pytest.raises(ValueError, match=message):
        parse_times(pd.Series(entries), "ds")


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y %H:%M", "%m/%d/%Y", "%m/%d/%y"])
def test_a_day_above_12_tells_what_comes_first(form):
    days = pd.date_range("2024-02-01", periods=20)
    assert list(parse_times(pd.Series(days.strftime(form)), "ds")) == list(days)


@pytest.mark.parametrize("form", ["%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%Y%m%d", "%Y/%m/%d %H:%M"])
def test_dates_in_words_and_without_signs_are_read(form):
    days = pd.date_range("2024-02-01", periods=20)
    assert list(parse_times(pd.Series(days.strftime(form)), "ds")) == list(days)


@pytest.mark.parametrize(
    "column",
    [pd.Series([1, 2, 5], dtype=object), pd.Series([1.0, 2.0, 5.0], dtype=object),
     pd.Series(pd.Categorical([1, 2, 5])), pd.Series([np.int16(1), 2, 5.0], dtype=object)],
)  # fmt: skip
def test_whole_numbers_of_any_dtype_are_integer_time(column):
    times = parse_times(column, "ds")
    assert times.dtype == np.int64
    assert times.tolist() == [1, 2, 5]


def test_numbers_that_are_no_integer_time():
    with pytest.raises(ValueError, match=r"time column 'ds' holds the fraction 1\.5"):
        parse_times(pd.Series([1.0, 1.5], dtype=object), "ds")
    with pytest.raises(ValueError, match="time column 'ds' holds True and False"):
        parse_times(pd.Series([True, False], dtype=object), "ds")


def test_a_million_numbers_as_objects_are_read_at_once():
    entries = np.arange(1_000_000).astype(object)
    entries[7] = None
    began = time.process_time()
    numbers = parse_numbers(pd.Series(entries, dtype=object), "row {}".format)
    assert time.process_time() - began < 5.0  # entry by entry it took 20 s
    assert np.isnan(numbers[7]) and numbers[8:].tolist() == list(range(8, 1_000_000))


def test_text_and_timestamps_of_arrow():
    pa = pytest.importorskip("pyarrow")
    text = pd.Series(["2024-03-31", "2024-04-01"], dtype=pd.ArrowDtype(pa.string()))
    expected = [pd.Timestamp("2024-03-31"), pd.Timestamp("2024-04-01")]
    assert list(parse_times(text, "ds")) == expected
    for unit in ("s", "ms", "us", "ns"):
        zoned = pd.Series(expected).dt.tz_localize("Europe/Berlin")
        arrow = zoned.astype(pd.ArrowDtype(pa.timestamp(unit, "Europe/Berlin")))
        times = parse_times(arrow, "ds")
        assert list(times) == list(zoned)
        assert times.dtype == f"datetime64[{unit}, Europe/Berlin]"
    with pytest.raises(ValueError, match="'ds' cannot be read as times, for example 'soon'"):
        parse_times(text.where(text != "2024-04-01", "soon"), "ds")
    with pytest.raises(ValueError, match="time column 'ds' is empty in row 1"):
        parse_times(arrow.where(arrow.index == 0), "ds")
