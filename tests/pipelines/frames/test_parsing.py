"""Times as users write them in text columns."""

from __future__ import annotations

import datetime

import pandas as pd
import pytest

from forecast.pipelines.frames.parsing import parse_times


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
        (["2024-01-01T00:00+01:00", "2024-01-02T00:00:00+02:00"], r"mixed time zones"),
    ],
)
def test_a_column_that_is_not_one_kind_of_time_is_refused(entries, message):
    with pytest.raises(ValueError, match=message):
        parse_times(pd.Series(entries), "ds")


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
