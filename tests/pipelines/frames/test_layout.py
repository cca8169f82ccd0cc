"""Results go back in the shape, dtypes and library of the user's frame."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from forecast.pipelines import Columns, Layout, read_frame, write_frame


def future(reading, horizon=2) -> pd.DataFrame:
    """A long frame of made-up forecasts: 0, 1, 2, ..."""
    panel, columns = reading.panel, reading.layout.columns
    return pd.DataFrame({
        columns.id: np.repeat(panel.ids, horizon),
        columns.time: panel.flat_future_times(horizon),
        "LSTM": np.arange(float(panel.num_series * horizon)),
    })  # fmt: skip


def base(times=None, ids=("b", "a")) -> pd.DataFrame:
    times = pd.date_range("2024-03-30", periods=3) if times is None else times
    return pd.DataFrame({"unique_id": np.repeat(ids, 3), "ds": list(times) * 2, "y": 1.0})


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("ids", ["category", "string", object])
def test_long_frames_keep_their_dtypes(zone, unit, ids):
    frame = base().astype({"unique_id": ids})
    frame["ds"] = frame["ds"].dt.tz_localize(zone).dt.as_unit(unit)
    reading = read_frame(frame)
    out = write_frame(future(reading), reading.layout, "LSTM")
    assert out.dtypes[["unique_id", "ds"]].equals(frame.dtypes[["unique_id", "ds"]])
    assert out["unique_id"].tolist() == ["b", "b", "a", "a"]
    assert out["ds"].iloc[0] == pd.Timestamp("2024-04-02", tz=zone) - pd.Timedelta(0)
    assert out["LSTM"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_integer_ids_and_times_keep_their_dtypes():
    frame = base([1, 2, 3], (7, 5)).astype({"unique_id": "int32", "ds": "int16"})
    reading = read_frame(frame)
    out = write_frame(future(reading), reading.layout)
    assert out.dtypes[["unique_id", "ds"]].equals(frame.dtypes[["unique_id", "ds"]])
    assert out["ds"].tolist() == [4, 5, 4, 5]


def test_text_times_come_back_as_times():
    reading = read_frame(base(["2024-01-01", "2024-01-02", "2024-01-03"]))
    out = write_frame(future(reading), reading.layout)
    assert out["ds"].iloc[0] == pd.Timestamp("2024-01-04")


def test_cutoffs_keep_matching_the_times():
    frame = base()
    frame["ds"] = frame["ds"].dt.as_unit("s")
    reading = read_frame(frame)
    out = write_frame(future(reading).assign(cutoff=reading.panel.ends[0]), reading.layout)
    assert out["cutoff"].dtype == out["ds"].dtype


def test_new_ids_of_a_categorical_are_not_lost():
    reading = read_frame(base().astype({"unique_id": "category"}))
    out = write_frame(future(reading).replace({"unique_id": {"a": "new"}}), reading.layout)
    assert out["unique_id"].tolist() == ["b", "b", "new", "new"]


def wide() -> pd.DataFrame:
    index = pd.date_range("2024-01-31", periods=4, freq="ME", name="month")
    return pd.DataFrame({"b": 1.0, "a": 2.0, "none": np.nan}, index=index)


def test_wide_in_wide_out():
    reading = read_frame(wide())
    out = write_frame(future(reading), reading.layout, "LSTM")
    assert out.columns.tolist() == ["b", "a"]
    assert out.index.equals(pd.date_range("2024-05-31", periods=2, freq="ME"))
    assert out.index.name == "month"
    assert out["a"].tolist() == [2.0, 3.0]
    assert out.columns.name is None


def test_wide_in_long_out_without_a_value_column():
    reading = read_frame(wide())
    out = write_frame(future(reading), reading.layout)
    assert out.columns.tolist() == ["unique_id", "ds", "LSTM"]


def test_wide_out_takes_series_that_are_new_or_end_apart():
    reading = read_frame(wide())
    frame = future(reading).replace({"unique_id": {"b": "new"}}).drop(index=3)
    out = write_frame(frame, reading.layout, "LSTM")
    assert out.columns.tolist() == ["a", "new"]
    assert np.isnan(out["a"].iloc[1])


@pytest.mark.parametrize("name", ["sales", None, 3])
def test_series_in_series_out(name):
    reading = read_frame(wide()["a"].rename(name))
    out = write_frame(future(reading), reading.layout, "LSTM")
    assert isinstance(out, pd.Series)
    assert out.name == name
    assert out.index.name == "month"
    assert out.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_polars_in_polars_out(zone, unit):
    times = [datetime.datetime(2024, 3, 30, 22 + k) for k in (0, 1)] + [
        datetime.datetime(2024, 3, 31)]  # fmt: skip
    frame = pl.DataFrame({"unique_id": ["a"] * 3, "ds": times, "y": [1.0, None, 3.0]})
    frame = frame.with_columns(pl.col("ds").cast(pl.Datetime(unit)).dt.replace_time_zone(zone))
    reading = read_frame(frame)
    out = write_frame(future(reading), reading.layout, "LSTM")
    assert isinstance(out, pl.DataFrame)
    assert out.schema["ds"] == frame.schema["ds"]
    assert out.schema["unique_id"] == pl.String
    hours = [stamp.hour for stamp in out["ds"]]
    assert hours == ([1, 2] if zone is None else [1, 3])
    assert out["LSTM"].to_list() == [0.0, 1.0]


def test_polars_dates_and_integers():
    dates = [datetime.date(2024, 1, day) for day in (1, 2, 3)]
    reading = read_frame(pl.DataFrame({"unique_id": [1] * 3, "ds": dates, "y": [1, 2, 3]}))
    out = write_frame(future(reading), reading.layout)
    assert out["ds"].to_list() == [datetime.date(2024, 1, 4), datetime.date(2024, 1, 5)]
    assert out["unique_id"].to_list() == [1, 1]
    hours = read_frame(pl.DataFrame({"unique_id": [1] * 3, "ds": dates, "y": [1, 2, 3]}), freq="h")
    out = write_frame(future(hours), hours.layout)
    assert out["ds"][0] == datetime.datetime(2024, 1, 3, 1)
    integers = read_frame(pl.DataFrame({"unique_id": ["a"] * 2, "ds": [1, 2], "y": [1, 2]}))
    assert write_frame(future(integers), integers.layout)["ds"].to_list() == [3, 4]


def test_results_without_the_named_columns_are_refused():
    reading = read_frame(base())
    with pytest.raises(ValueError, match=r"results lack the columns \['GRU'\]; got"):
        write_frame(future(reading), reading.layout, "GRU")


def test_a_plain_layout_needs_no_reading():
    frame = pd.DataFrame({"shop": ["a"], "ds": [1], "y": [2.0]})
    assert write_frame(frame, Layout(columns=Columns(id="shop"))).equals(frame)
