"""Frames to panels: round trips, gaps, kinds of columns, and what is refused."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import Columns, Frequency, Panel, read_frame

ALIASES = ["h", "D", "B", "W-SAT", "MS", "QE-DEC", 1, 3]
ZONES = [None, "Europe/Berlin", "America/New_York"]


def long_of(panel: Panel) -> pd.DataFrame:
    """The observations of a panel as a long frame, by a loop."""
    parts = [pd.DataFrame({"unique_id": name, "ds": panel.times(i), "y": panel.row(i)})
             for i, name in enumerate(panel.ids)]  # fmt: skip
    return pd.concat(parts, ignore_index=True).dropna(ignore_index=True)


@st.composite
def frames(draw):
    """A frequency and a long frame on its grid, with gaps, in the order of series and time."""
    alias, zone = draw(st.sampled_from(ALIASES)), draw(st.sampled_from(ZONES))
    frequency = Frequency(alias)
    start = 7 if frequency.is_integer else pd.Timestamp("2024-03-28", tz=zone)
    grid = frequency.range(start, 40)
    parts = []
    for name in draw(st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True)):
        steps = sorted(draw(st.sets(st.integers(0, 39), min_size=1, max_size=15)))
        values = draw(st.lists(st.floats(-1e6, 1e6), min_size=len(steps), max_size=len(steps)))
        parts.append(pd.DataFrame({"unique_id": name, "ds": grid[steps], "y": values}))
    return alias, pd.concat(parts, ignore_index=True)


@given(case=frames(), seed=st.integers(0, 9))
def test_frame_to_panel_to_frame_is_the_identity_up_to_gaps(case, seed):
    alias, frame = case
    panel = read_frame(frame, freq=alias).panel
    pd.testing.assert_frame_equal(long_of(panel), frame, check_dtype=False)
    assert panel.observed[panel.offsets[:-1]].all()
    assert panel.observed[panel.offsets[1:] - 1].all()
    shuffled = read_frame(frame.sample(frac=1, random_state=seed), freq=alias).panel
    order = [list(shuffled.ids).index(name) for name in panel.ids]
    again = shuffled.take(np.array(order))
    np.testing.assert_array_equal(again.values, panel.values)
    np.testing.assert_array_equal(again.offsets, panel.offsets)
    assert list(again.starts) == list(panel.starts)


def base(**changes) -> pd.DataFrame:
    frame = pd.DataFrame({"unique_id": ["a"] * 5 + ["b"] * 5,
                          "ds": list(pd.date_range("2024-01-01", periods=5)) * 2,
                          "y": np.arange(10.0)})  # fmt: skip
    return frame.assign(**changes)


def test_gaps_become_steps_and_ends_are_trimmed():
    nan = np.nan
    frame = base(y=[nan, 1.0, nan, 3.0, nan, nan, nan, nan, nan, nan]).drop(index=2)
    reading = read_frame(frame)
    assert reading.panel.ids.tolist() == ["a"]
    np.testing.assert_array_equal(reading.panel.values, [1.0, nan, 3.0])
    assert reading.panel.starts[0] == pd.Timestamp("2024-01-02")
    assert reading.left_out == ("b",)
    assert reading.notes == (
        "1 step without a row made explicit as missing.",
        "2 missing values at the start or the end of series trimmed.",
        "1 series without any value left out: 'b'.",
    )


def test_missing_values_and_missing_rows_are_told_apart():
    frame = base(y=[0, np.nan, 2, 3, 4, 5, 6, 7, np.nan, 9]).drop(index=3)
    assert read_frame(frame).notes == (
        "1 step without a row made explicit as missing.",
        "2 missing values between observations kept as missing.",
    )
    assert read_frame(base()).notes == ()


def test_hours_across_daylight_saving_have_no_gap():
    for day in ("2024-03-30", "2024-10-26"):
        times = pd.date_range(day, periods=60, freq="h", tz="Europe/Berlin")
        frame = pd.DataFrame({"unique_id": "a", "ds": times, "y": 1.0})
        panel = read_frame(frame.sample(frac=1, random_state=0)).panel
        assert panel.lengths.tolist() == [60]
        assert panel.observed.all()


@pytest.mark.parametrize(
    "ids",
    [[1, 2], ["a", "b"], pd.Categorical(["a", "b"], ["c", "b", "a"]),
     pd.array(["a", "b"], dtype="string"), pd.array([3, 4], dtype="Int64"), [1.5, 2.5]],
)  # fmt: skip
def test_ids_of_any_kind(ids):
    frame = pd.DataFrame({"unique_id": ids, "ds": [1, 1], "y": [1.0, 2.0]})
    assert read_frame(frame).panel.ids.tolist() == list(ids)


@pytest.mark.parametrize(
    "y", [[1, None, 3], [True, None, True], [decimal.Decimal(1), None, 3.0],
          pd.array([1, None, 3], dtype="Int64"), pd.array([1, None, 3], dtype="Float32")]
)  # fmt: skip
def test_targets_of_any_number(y):
    frame = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "y": y})
    values = read_frame(frame).panel.values
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, [1.0, np.nan, float(y[2])])


@pytest.mark.parametrize(
    "times",
    [["2024-01-01", "2024-01-02"], [datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)],
     np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[s]"),
     pd.DatetimeIndex(["2024-01-01", "2024-01-02"]).astype("datetime64[ns]")],
)  # fmt: skip
def test_times_of_any_kind(times):
    frame = pd.DataFrame({"unique_id": "a", "ds": times, "y": [1.0, 2.0]})
    panel = read_frame(frame).panel
    assert panel.frequency.alias == "D"
    assert list(panel.times(0)) == list(pd.date_range("2024-01-01", periods=2))


def test_arrow_columns():
    pa = pytest.importorskip("pyarrow")
    frame = base().astype({"ds": pd.ArrowDtype(pa.timestamp("us", "UTC")),
                           "y": pd.ArrowDtype(pa.float64())})  # fmt: skip
    panel = read_frame(frame).panel
    assert panel.starts[0] == pd.Timestamp("2024-01-01", tz="UTC")
    np.testing.assert_array_equal(panel.values, np.arange(10.0))


def test_years_before_nanoseconds():
    times = pd.date_range("1500-01-01", periods=20, freq="YS", unit="s")
    panel = read_frame(pd.DataFrame({"unique_id": "a", "ds": times, "y": 1.0})).panel
    assert panel.frequency.alias == "YS-JAN"
    assert panel.ends[0] == times[-1]


def test_whole_floats_are_integer_time():
    panel = read_frame(base(ds=[1700.0, 1701, 1702, 1703, 1704] * 2)).panel
    assert panel.frequency == Frequency(1)
    assert panel.ends.tolist() == [1704, 1704]


def test_renamed_columns():
    frame = base().rename(columns={"unique_id": "shop", "ds": "day", "y": "sales"})
    panel = read_frame(frame.assign(y="other"), Columns("shop", "day", "sales")).panel
    assert panel.num_series == 2
    with pytest.raises(ValueError, match="must all be different"):
        Columns("y", "ds", "y")


def wide(**columns) -> pd.DataFrame:
    return base().pivot(index="ds", columns="unique_id", values="y").assign(**columns)


def test_wide_frames_and_series_equal_long_frames():
    panel = read_frame(base()).panel
    for data in (wide(), wide().rename_axis(index=None, columns=None)):
        reading = read_frame(data)
        assert reading.layout.kind == "wide"
        np.testing.assert_array_equal(reading.panel.values, panel.values)
        assert reading.panel.ids.tolist() == ["a", "b"]
    series = read_frame(wide()["a"])
    assert series.layout.kind == "series"
    np.testing.assert_array_equal(series.panel.values, panel.row(0))
    assert read_frame(wide()["a"].rename(None)).panel.ids.tolist() == ["y"]


def test_wide_frames_may_be_ragged_and_gappy():
    data = wide().astype(float)
    data.iloc[0, 0] = data.iloc[2, 1] = data.iloc[4, 1] = np.nan
    panel = read_frame(data.drop(index=data.index[3])).panel
    assert panel.lengths.tolist() == [4, 2]
    np.testing.assert_array_equal(panel.row(0), [1.0, 2.0, np.nan, 4.0])


def test_wide_frames_with_integer_time_and_a_column_called_y():
    assert read_frame(wide().reset_index(drop=True)).panel.frequency == Frequency(1)
    assert read_frame(wide()[["a"]].set_axis(["y"], axis=1)).layout.kind == "wide"


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_polars_equals_pandas(zone):
    frame = base(ds=base()["ds"].dt.tz_localize(zone)).astype({"unique_id": object})
    times = pl.Series([stamp.to_pydatetime().replace(tzinfo=None) for stamp in frame["ds"]])
    polars = pl.DataFrame({"unique_id": frame["unique_id"].tolist(), "y": frame["y"].tolist(),
                           "ds": times.dt.replace_time_zone(zone)})  # fmt: skip
    mine, theirs = read_frame(frame), read_frame(polars)
    assert theirs.layout.backend == "polars"
    np.testing.assert_array_equal(mine.panel.values, theirs.panel.values)
    assert list(mine.panel.starts) == list(theirs.panel.starts)
    categories = polars.with_columns(pl.col("unique_id").cast(pl.Categorical))
    assert read_frame(categories).panel.ids.tolist() == ["a", "b"]


REFUSED = {
    "missing column 'y'; the frame has 'unique_id', 'ds'": lambda: base().drop(columns="y"),
    "missing column 'unique_id'.*It is in the index": lambda: base().set_index("unique_id"),
    r"missing column 'ds'.*reset_index\(\)": lambda: base().set_index("ds"),
    r"missing column 'unique_id'.*one series, .*df.assign\(unique_id='name'\)":
        lambda: base().drop(columns="unique_id"),
    r"missing column 'unique_id', 'y'.*each other column is a series: df.set_index\('ds'\)":
        lambda: base().drop(columns="unique_id").rename(columns={"y": "sales"}),
    r"If 'day' holds the times of one series: df = df.set_index\('day'\); df.index = pd.to_":
        lambda: base().rename(columns={"ds": "day", "y": "sales"})[["day", "sales"]],
    "missing column 'ds'.*time_col=": lambda: pl.DataFrame({"unique_id": [1], "y": [1.0]}),
    "column 'y' occurs 2 times": lambda: pd.concat([base(), base()[["y"]]], axis=1),
    "series 'b', time 2024-01-05 00:00:00 occurs more than once":
        lambda: pd.concat([base(), base().tail(1)]),
    "column 'y' of series 'a' holds text, for example 'x'": lambda: base(y=["1", "x"] * 5),
    "column 'y' of series 'a' holds complex": lambda: base(y=[1j] * 10),
    "column 'y' of series 'a' holds Timestamp": lambda: base(y=base()["ds"]),
    "target is infinite in 1 rows of column 'y', first at series 'b', time 2024-01-02":
        lambda: base(y=[*range(6), np.inf, 7, 8, 9]),
    "irregular time: series 'a', time 2024-01-04 07:00:00 is not on the grid of freq='D'":
        lambda: base(ds=base()["ds"].where(base().index != 3, pd.Timestamp("2024-01-04 07:00"))),
    "irregular time: series 'a' has 5 values on": lambda: base(ds=[0, 1, 2, 3, 10**12] * 2),
    "two freqs: series 'b' never moves by less than 7 steps of freq='D'":
        lambda: base(ds=[*base()["ds"][:5], *pd.date_range("2024-01-01", periods=5, freq="7D")]),
    "mixed time zones": lambda: base(
        ds=base()["ds"].astype(object).where(base().index < 5, pd.Timestamp("2024", tz="UTC"))),
    r"mixed time zones.*utc=True":
        lambda: base(ds=["2024-01-01T00+01:00"] * 5 + ["2024-01-01T00+02:00"] * 5),
    "time column 'ds' cannot be read as times, for example 'foo'":
        lambda: base(ds=["2024-01-01"] * 9 + ["foo"]),
    r"time column 'ds' is empty in series 'a' \(row 0\)": lambda: base(ds=pd.NaT),
    "time column 'ds' holds the fraction 0.5": lambda: base(ds=[0.5] * 10),
    "time column 'ds' holds True and False": lambda: base(ds=[True] * 10),
    "time column 'ds' holds periods": lambda: base(ds=base()["ds"].dt.to_period("D")),
    "id column 'unique_id' is empty in row 9": lambda: base(unique_id=["a"] * 9 + [None]),
    "no rows": lambda: base().iloc[:0],
    "the frame has no rows": lambda: pl.DataFrame({"unique_id": [], "ds": [], "y": []}),
    "the Series has no rows": lambda: wide()["a"].iloc[:0],
    "no series has a value": lambda: base(y=np.nan),
    "index is not sorted: 2024-01-04.*Call sort_index": lambda: wide().iloc[::-1],
    "column 'a' occurs more than once": lambda: wide().set_axis(["a", "a"], axis=1),
    "needs a DatetimeIndex or an integer index; got": lambda: wide()["a"].set_axis(list("vwxyz")),
    "column 'b', time 2024-01-01 00:00:00, holds text": lambda: wide(b="text"),
    "series 'a', time 2024-01-01 00:00:00 occurs more": lambda: wide().iloc[[0, 0, 1]],
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_refused_with_a_message_that_helps(message):
    data = REFUSED[message]()
    with pytest.raises(ValueError, match=message):
        read_frame(data)


@pytest.mark.parametrize("data", [[1, 2], None, np.ones(3), {"y": [1]}, pl.LazyFrame({"y": [1]}),
                                  pl.Series([1.0])])  # fmt: skip
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(TypeError, match="pandas or polars DataFrame or a pandas Series"):
        read_frame(data)


def test_two_frequencies_may_be_read_on_the_finer_grid():
    months = pd.DataFrame({"unique_id": "m", "y": 1.0,
                           "ds": pd.date_range("2024", periods=8, freq="MS")})  # fmt: skip
    with pytest.raises(ValueError, match="two freqs: series 'm'"):
        read_frame(pd.concat([base(), months]))
    assert read_frame(pd.concat([base(), months]), freq="D").panel.lengths.max() == 214


def test_nothing_of_the_users_frame_changes():
    frame = base().sample(frac=1, random_state=0)
    before = frame.copy()
    reading = read_frame(frame)
    reading.panel.values[:] = 0.0
    pd.testing.assert_frame_equal(frame, before)
    one = pd.DataFrame({"unique_id": "a", "ds": [1, 2], "y": [1.0, 2.0]})
    read_frame(one).panel.values[:] = 0.0
    assert one["y"].tolist() == [1.0, 2.0]


def test_one_word_among_numbers_read_as_text_is_the_one_shown():
    frame = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "y": ["1.5", "oops", "2.5"]})
    with pytest.raises(ValueError, match="series 'a' holds text, for example 'oops'"):
        read_frame(frame)


def test_dates_whose_day_and_month_cannot_be_told_apart_are_refused():
    days = [f"01/{month:02d}/2010" for month in range(1, 13)]
    frame = pd.DataFrame({"unique_id": "a", "ds": days, "y": range(12)})
    with pytest.raises(ValueError, match="'01/02/2010', whose day and month cannot be told apart"):
        read_frame(frame)
    american = pd.DataFrame({"unique_id": "a", "ds": ["01/12/2010", "01/13/2010"], "y": [1, 2]})
    assert read_frame(american).panel.ends[0] == pd.Timestamp("2010-01-13")
