"""Files in the formats of the competitions and archives: M4, Monash, ETT."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import read_ett, read_file, read_frame, read_m4, read_tsf

HEAD = """# Dataset Information
# two series
@relation demo
@attribute series_name string
@attribute start_timestamp date
@attribute weight numeric
@frequency {frequency}
@horizon 4
@missing true
@equallength false
@data
"""
PERIODS = {"half_hourly": "30min", "4_seconds": "4s", "minutely": "min", "10_minutes": "10min",
           "hourly": "h", "daily": "D", "weekly": "W", "monthly": "M", "quarterly": "Q",
           "yearly": "Y"}  # fmt: skip


def written(folder, text, name="demo.tsf"):
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def tsf(folder, lines, frequency="daily"):
    return written(folder, HEAD.format(frequency=frequency) + lines)


@given(
    frequency=st.sampled_from([*PERIODS]),
    start=st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
def test_times_equal_pandas_periods(tmp_path_factory, frequency, start, lengths):
    start = pd.Timestamp(start).floor("s").as_unit("us")
    lines = [f"é{i}:{start:%Y-%m-%d %H-%M-%S}:{i}:{','.join(['1'] * n)}"
             for i, n in enumerate(lengths)]  # fmt: skip
    path = tsf(tmp_path_factory.mktemp("tsf"), "\n".join(lines), frequency)
    frame, info = read_tsf(path)
    alias, expected = PERIODS[frequency], []
    for n in lengths:
        if alias in "MQY":
            expected.append(pd.period_range(start, periods=n, freq=alias).start_time)
        else:
            step = pd.Timedelta(days=7) if alias == "W" else pd.tseries.frequencies.to_offset(alias)
            expected.append(pd.DatetimeIndex([start + k * step for k in range(n)]))
    assert frame["ds"].tolist() == [time for times in expected for time in times]
    assert frame["unique_id"].tolist() == [f"é{i}" for i, n in enumerate(lengths) for _ in range(n)]
    assert frame["weight"].tolist() == [float(i) for i, n in enumerate(lengths) for _ in range(n)]
    panel = read_frame(frame, freq=info.freq).panel
    assert panel.lengths.tolist() == lengths
    assert (info.frequency, info.horizon, info.name) == (frequency, 4, "demo")
    if max(lengths) > 3 and alias not in "Y":
        assert read_frame(frame).panel.frequency == panel.frequency


def test_missing_marks_and_a_compressed_file(tmp_path):
    path = tsf(tmp_path, "a:1996-03-18 00-00-00:0.5:?,2.5, ? ,-1e3\n\nb:1996-03-20 00-00-00:?:7\n")
    frame, info = read_tsf(path)
    np.testing.assert_array_equal(frame["y"], [np.nan, 2.5, np.nan, -1000.0, 7.0])
    np.testing.assert_array_equal(frame["weight"], [0.5] * 4 + [np.nan])
    assert (info.freq, info.missing, info.equal_length) == ("D", True, False)
    packed = tmp_path / "demo.tsf.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for other in (read_tsf(packed)[0], read_file(packed), read_file(path)):
        pd.testing.assert_frame_equal(other, frame)


def test_weeks_on_different_days_are_named_by_monday(tmp_path):
    path = tsf(tmp_path, "a:2024-01-06 12-00-00:1:1,2\nb:2024-01-03 00-00-00:1:3,4,5", "weekly")
    frame, info = read_tsf(path)
    assert info.freq == "W-MON"
    assert frame["ds"].dt.strftime("%m-%d %H").tolist() == [
        "01-01 00", "01-08 00", "01-01 00", "01-08 00", "01-15 00"]  # fmt: skip
    saturday, info = read_tsf(tsf(tmp_path, "a:2024-01-06 00-00-00:1:1,2", "weekly"))
    assert (info.freq, str(saturday["ds"][0].date())) == ("W-SAT", "2024-01-06")


def test_integer_time_without_start_without_frequency_and_by_choice(tmp_path):
    text = HEAD.format(frequency="yearly") + "a:1996-03-18 00-00-00:1:5,6\nb:2000-01-01:1:7"
    no_start = (text.replace("@attribute start_timestamp date\n", "")
                .replace("1996-03-18 00-00-00:", "").replace("2000-01-01:", ""))  # fmt: skip
    no_frequency = text.replace("@frequency yearly\n", "")
    for content, chosen in ((no_start, False), (no_frequency, False), (text, True)):
        frame, info = read_tsf(written(tmp_path, content), integer_time=chosen)
        assert frame["ds"].tolist() == [1, 2, 1]
        assert info.freq == 1


def test_names_in_the_archives_old_encoding(tmp_path):
    path = tmp_path / "old.tsf"
    path.write_bytes((HEAD.format(frequency="daily") + "Zürich:2024-01-01:1:1").encode("cp1252"))
    assert read_tsf(path)[0]["unique_id"].tolist() == ["Zürich"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [("a:2024-01-01 00-00-00:1", r"line 12: 3 attributes \(series_name, start_timestamp, weight\)"),
     ("a:2024-01-01:1:1,2\nb:2024-01-01:1:1,two", r"line 13: values must be numbers or \?.*two"),
     ("a:2024-13-01 00-00-00:1:1", "line 12: attribute start_timestamp must be a date"),
     ("a:2024-01-01:heavy:1", "line 12: attribute weight must be a number; got 'heavy'"),
     ("a:2024-01-01:1:1,,2", "line 12: values must be numbers"),
     ("a:2024-01-01:1:1\n# x\na:2024-01-01:1:1", "line 14: series 'a' was already on line 12"),
     ("", "has no series after its @data line")],
)  # fmt: skip
def test_malformed_data_lines_are_named(tmp_path, lines, message):
    with pytest.raises(ValueError, match=message):
        read_tsf(tsf(tmp_path, lines))


@pytest.mark.parametrize(
    ("text", "message"),
    [("@relation a\n@frequency fortnightly\n@data", "line 2: @frequency: unknown frequency"),
     ("@attribute series_name\n@data", "line 1: '@attribute name kind' is expected"),
     ("@attribute y numeric\n@data", "line 1: '@attribute name kind'.*none of unique_id, ds, y"),
     ("@relation a\n@data\n1,2", "line 2: @data comes before any @attribute"),
     ("@horizon -3", "line 1: @horizon: a whole number of at least 1"),
     ("@missing maybe", "line 1: @missing: true or false is expected; got 'maybe'"),
     ("unique_id,ds,y\na,1,2", "line 1: one of @attribute, @relation.*got 'unique_id,ds,y'"),
     ("@relation a\nT1:Sales:1,2", "line 2: one of @attribute, .*got 'T1:Sales:1,2'"),
     ("@attribute series_name string\n@data\n :1,2", "line 3: the series has no name"),
     ("@attribute a string\n", "has no @data line")],
)  # fmt: skip
def test_malformed_heads_are_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_tsf(written(tmp_path, text))
    with pytest.raises(ValueError, match=message):
        read_file(written(tmp_path, text))
    with pytest.raises(FileNotFoundError, match=r"there is no file .*none\.tsf"):
        read_tsf(tmp_path / "none.tsf")


def m4_csv(path, frame):
    """A long frame as M4 writes it: a row a series, empty cells after the shorter ones."""
    rows = {name: part["y"].to_numpy() for name, part in frame.groupby("unique_id", observed=True)}
    width = max(map(len, rows.values()))
    lines = [",".join(f'"V{k + 1}"' for k in range(width + 1))]
    for name, values in rows.items():
        cells = [repr(float(v)) for v in values] + [""] * (width - len(values))
        lines.append(",".join([f'"{name}"', *cells]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("name", ["hourly", "weekly"])
def test_m4_round_trip_of_the_real_series(tmp_path, shared_data, name):
    pytest.importorskip("pyarrow")
    real = pd.read_parquet(shared_data / "m4" / f"{name}.parquet")
    train = m4_csv(tmp_path / "train.csv", real[real["split"] == "train"])
    test = m4_csv(tmp_path / "test.csv", real[real["split"] == "test"])
    read = read_m4(train, test)
    keys = ["unique_id", "ds"]
    real, read = (frame.astype({"unique_id": str, "ds": int, "split": str}).sort_values(keys)
                  .reset_index(drop=True) for frame in (real, read))  # fmt: skip
    pd.testing.assert_frame_equal(read.assign(ds=read["ds"] - 1), real[read.columns])


def test_m4_with_dates(tmp_path):
    train = written(tmp_path, "V1,V2,V3\nM1,1,2\nM2,3,\nM3,4,5\n\n", "train.csv")
    info = written(tmp_path, "M4id,category,Frequency,Horizon,SP,StartingDate\n"
                   "M3,x,12,18,Monthly,31-12-17 12:00\nM2,x,12,18,Monthly,01-06-18 12:00\n"
                   "M1,x,12,18,Monthly,1850-02-28 12:00:00\n", "info.csv")  # fmt: skip
    frame = read_m4(train, info_csv=info)
    assert "split" not in frame
    assert frame["ds"].dt.strftime("%Y-%m-%d").tolist() == [
        "1850-02-01", "1850-03-01", "1918-06-01", "2017-12-01", "2018-01-01"]  # fmt: skip
    assert frame["y"].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert read_frame(frame).panel.frequency.alias == "MS"


def test_an_m4_id_stays_the_text_that_it_is(tmp_path):
    frame = read_m4(written(tmp_path, "V1,V2,V3\n007,1,2\n7,3,\n", "train.csv"))
    assert frame["unique_id"].tolist() == ["007", "007", "7"]


def test_a_hole_in_an_m4_row_stays_missing(tmp_path):
    frame = read_m4(written(tmp_path, "V1,V2,V3,V4\nD1,1,,2\nD2,,3,\n", "train.csv"))
    np.testing.assert_array_equal(frame["y"], [1.0, np.nan, 2.0, np.nan, 3.0])
    assert frame["ds"].tolist() == [1, 2, 3, 1, 2]


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [("V1,V2\nD1,1\nD2,x\n", None, r"train.csv, line 3, column 'V2': 'x' is no number"),
     ("V1,V2\nD1,1\n\n,2\n", None, r"train.csv, line 4: the id is empty"),
     ("V1,V2\nD1,1\nD1,2\n", None, r"train.csv, line 3: series 'D1' occurs more than once"),
     ("V1,V2\nD1,1\nD2,\n", None, r"train.csv, line 3: series 'D2' has no value"),
     ("V1,V2\nD1,1,2\n", None, r"train.csv, line 2: more cells than the header"),
     ("V1,V2\nD1,1\nD2,1,2\n", None, r"train.csv cannot be read as csv: .*line 3"),
     ("V1\nD1\n", None, r"train.csv has 1 columns; an id and values"),
     ("V1,V2\n", None, r"train.csv has no rows"),
     ("V1,V2\nD1,1\n", "V1,V2\nD2,1\n", r"test.csv has no row of series 'D1'"),
     ("V1,V2\nD1,1\n", "V1,V2\nD1,1\nD2,1\n", r"train.csv has no row of series 'D2'")],
)  # fmt: skip
def test_malformed_m4_files_are_refused(tmp_path, train, test, message):
    path = written(tmp_path, train, "train.csv")
    other = None if test is None else written(tmp_path, test, "test.csv")
    with pytest.raises(ValueError, match=message):
        read_m4(path, other)


@pytest.mark.parametrize(
    ("info", "message"),
    [("M4id,SP\nD1,Daily\n", r"info.csv lacks the columns \['StartingDate'\]"),
     ("M4id,SP,StartingDate\nD2,Daily,01-01-99\n", "info.csv has no row of series 'D1'"),
     ("M4id,SP,StartingDate\nx,Daily,0\nD1,Daily,soon\n", "info.csv, line 3: the date 'soon'")],
)  # fmt: skip
def test_malformed_m4_infos_are_refused(tmp_path, info, message):
    train = written(tmp_path, "V1,V2\nD1,1\n", "train.csv")
    with pytest.raises(ValueError, match=message):
        read_m4(train, info_csv=written(tmp_path, info, "info.csv"))
    with pytest.raises(FileNotFoundError, match=r"there is no file .*none\.csv"):
        read_m4(train, info_csv=tmp_path / "none.csv")


def test_m4_series_of_two_frequencies_are_refused(tmp_path):
    train = written(tmp_path, "V1,V2\nD1,1\nW1,2\n", "train.csv")
    info = "M4id,SP,StartingDate\nD1,Daily,01-01-99\nW1,Weekly,01-01-99\n"
    with pytest.raises(ValueError, match=r"one frequency .*got \['Daily', 'Weekly'\]"):
        read_m4(train, info_csv=written(tmp_path, info, "info.csv"))


def test_ett_round_trip_of_the_real_series(tmp_path, shared_data):
    pytest.importorskip("pyarrow")
    real = pd.read_parquet(shared_data / "ett" / "ETTh1.parquet")
    real = real.astype({"unique_id": str, "split": str})
    path = tmp_path / "ETTh1.csv"
    wide = real.pivot(index="ds", columns="unique_id", values="y").rename_axis("date")
    wide.reset_index().to_csv(path, index=False)
    kinds = {"unique_id": str, "split": str, "ds": "datetime64[us]"}  # pandas 2 reads nanoseconds
    read = read_ett(path).astype(kinds)
    pd.testing.assert_frame_equal(read, real.sort_values(["unique_id", "ds"], ignore_index=True))


def test_quarter_hours_have_four_times_the_steps(tmp_path):
    times = pd.date_range("2016-07-01", periods=21 * 30 * 96, freq="15min")
    path = tmp_path / "ETTm1.csv"
    pd.DataFrame({"date": times, "OT": 1.0}).to_csv(path, index=False)
    counts = read_ett(path)["split"].value_counts(sort=False)
    assert counts.to_dict() == {"train": 34560, "val": 11520, "test": 11520, "unused": 2880}


@pytest.mark.parametrize(
    ("text", "message"),
    [("ds,OT\n2016-07-01,1\n", "needs a column 'date' and one for each series"),
     ("date,OT\n2016-07-01,1\n", "at least two dates"),
     ("date,OT\n2016-07-01,1\n2016-07-02,x\n", "line 3, column 'OT', holds text"),
     ("date,OT\n2016-07-01,1\n2016-07-02,2\n2016-07-04,2\n",
      "line 4: 2016-07-04 .* follows 2016-07-02 .* in equal steps of 1 day"),
     ("date,OT\n2016-07-01,1\n2016-07-02,2\n", r"2 steps, but months=\(12, 4, 4\) are 600 steps"),
     ("date,OT\n2016-07-01,1\n2016-07-03,2\n", "dates 2 days 00:00:00 apart do not divide a day"),
     ("date,OT\n2016-07-01 00:00,1\n2016-07-01 07:00,2\n", "do not divide a day"),
     (",date,OT\n0,2016-07-01,1\n1,2016-07-02,2\n", "a column without a name; .* index=False")],
)  # fmt: skip
def test_malformed_ett_files_are_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_ett(written(tmp_path, text, "ETTh1.csv"))


@pytest.mark.parametrize("months", [(1, 2), (1, -1, 2)])
def test_odd_months_are_refused(tmp_path, months):
    with pytest.raises(ValueError, match="months must be three numbers of at least 0; got"):
        read_ett(tmp_path / "ETTh1.csv", months)
