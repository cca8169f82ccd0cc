"""Panels out of Parquet files, batch by batch, against `read_frame` of the whole frame."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.pipelines import Columns, open_panel, read_frame, read_parquet_panel
from forecast.pipelines.storage import parquet_panel as module
from forecast.pipelines.storage import slots as slots_module

pq = pytest.importorskip("pyarrow.parquet")

GRIDS = {
    "h": pd.date_range("2024-03-30 05:00", periods=60, freq="h", tz="Europe/Berlin"),
    "D": pd.date_range("2024-03-20", periods=60, freq="D", tz="Europe/Berlin"),
    "MS": pd.date_range("1990-01-01", periods=60, freq="MS"),
    "B": pd.date_range("2024-01-01", periods=60, freq="B", unit="ns"),
    "W": pd.date_range("2024-01-06", periods=60, freq="W-SAT", unit="ms"),
    "2": pd.Index(np.arange(-10, 110, 2)),
}


def frame_of(grid, lengths, seed, kind="text", gaps=0.3):
    """A long frame in random order with rows left out and values missing."""
    rng, parts = np.random.default_rng(seed), []
    for i, length in enumerate(lengths):
        first = int(rng.integers(0, 20))
        steps = np.arange(first, first + length)
        steps = steps[(rng.random(length) > gaps) | (steps < first + 2)]
        values = np.where(rng.random(len(steps)) < gaps, np.nan, rng.normal(size=len(steps)))
        values[:1] = 1.0 if i == 0 else values[:1]
        name = {"text": f"é{i}", "category": f"c{i}", "integer": 10 - i}[kind]
        parts.append(pd.DataFrame({"unique_id": name, "ds": GRIDS[grid][steps], "y": values}))
    frame = pd.concat(parts, ignore_index=True)
    if kind == "category":
        frame["unique_id"] = frame["unique_id"].astype("category")
    return frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)


def assert_same(reading, expected):
    left, right = reading.panel, expected.panel
    assert left.ids.tolist() == right.ids.tolist()
    np.testing.assert_array_equal(left.values, right.values)
    np.testing.assert_array_equal(left.offsets, right.offsets)
    pd.testing.assert_index_equal(left.starts, right.starts)
    assert left.frequency == right.frequency
    assert reading.notes == expected.notes
    assert reading.left_out == expected.left_out


@pytest.fixture
def narrow(monkeypatch):
    """A file's window of a few slots only, so that batches cross many of them."""
    monkeypatch.setattr(slots_module, "_WIDTH", 7)


@settings(max_examples=30)
@given(
    grid=st.sampled_from([*GRIDS]),
    lengths=st.lists(st.integers(2, 40), min_size=1, max_size=6),
    seed=st.integers(0, 999),
    kind=st.sampled_from(["text", "category", "integer"]),
    sizes=st.tuples(st.integers(3, 70), st.integers(3, 70)),
    width=st.sampled_from([5, 1 << 21]),
)
def test_the_panel_is_that_of_the_whole_frame(
    tmp_path_factory, grid, lengths, seed, kind, sizes, width
):
    folder = tmp_path_factory.mktemp("parquet")
    frame = frame_of(grid, lengths, seed, kind)
    frame.to_parquet(folder / "rows.parquet", row_group_size=sizes[0])
    freq = None if seed % 2 else (2 if grid == "2" else "W-SAT" if grid == "W" else grid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slots_module, "_WIDTH", width)
        try:
            expected = read_frame(frame, freq=freq)
        except ValueError as error:
            with pytest.raises(ValueError, match=str(error)[:20].replace("(", r"\(")):
                read_parquet_panel(folder / "rows.parquet", folder / "panel", freq=freq)
            assert not (folder / "panel").exists()
            return
        read = read_parquet_panel(
            folder / "rows.parquet", folder / "panel", freq=freq, batch_rows=sizes[1]
        )
    assert_same(read, expected)
    assert not read.panel.values.flags.writeable
    np.testing.assert_array_equal(open_panel(folder / "panel").values, read.panel.values)


def test_a_folder_of_parts_and_other_names(tmp_path, narrow):
    frame = frame_of("D", [30, 20, 9], 3).rename(columns={"unique_id": "shop", "y": "sales"})
    frame["unused"] = "x"
    parts = tmp_path / "parts"
    for i, rows in enumerate(np.array_split(np.arange(len(frame)), 4)):
        (parts / f"day={i}").mkdir(parents=True)
        frame.iloc[rows].to_parquet(parts / f"day={i}" / "0.parquet")
    columns = Columns("shop", "ds", "sales")
    read = read_parquet_panel(parts, tmp_path / "panel", columns, batch_rows=4)
    assert_same(read, read_frame(frame, columns))
    assert read.layout.columns == columns
    assert read.layout.time_dtype == frame["ds"].dtype


@pytest.mark.parametrize("batch_rows", [2, 4, 5, 100])
def test_series_stand_as_they_come_or_in_the_order_of_their_ids(tmp_path, batch_rows):
    ids, steps = ["b"] * 4 + ["c"] * 3 + ["a"] * 5, [*range(4), *range(3), *range(5)]
    grouped = pd.DataFrame({"unique_id": ids, "ds": steps, "y": np.arange(12.0)})
    for name, frame in {"grouped": grouped, "by time": grouped.sort_values("ds")}.items():
        frame.to_parquet(tmp_path / "rows.parquet")
        read = read_parquet_panel(
            tmp_path / "rows.parquet", tmp_path / name, freq=1, batch_rows=batch_rows
        )
        assert_same(read, read_frame(frame, freq=1))
        assert read.panel.ids.tolist() == (["b", "c", "a"] if name == "grouped" else [*"abc"])


def test_real_series(tmp_path, shared_data):
    for name in ("pedestrian", "air_quality_valencia"):
        path = shared_data / name / "data.parquet"
        read = read_parquet_panel(path, tmp_path / name, batch_rows=9_999)
        assert_same(read, read_frame(pd.read_parquet(path)))


def test_series_without_any_value_are_left_out_and_listed(tmp_path, narrow):
    frame = frame_of("MS", [9, 5], 0, gaps=0.0)
    lost = frame[frame["unique_id"] == "é1"].index
    frame.loc[lost, "y"] = np.nan
    frame.to_parquet(tmp_path / "rows.parquet")
    read = read_parquet_panel(tmp_path / "rows.parquet", tmp_path / "panel")
    assert read.left_out == ("é1",)
    assert_same(read, read_frame(frame))
    frame["y"] = np.nan
    frame.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match="no series has a value"):
        read_parquet_panel(tmp_path / "rows.parquet", tmp_path / "none")


@settings(max_examples=20)
@given(seed=st.integers(0, 99), copies=st.integers(1, 5), batch_rows=st.sampled_from([5, 17, 80]))
def test_repeated_rows_are_found_wherever_they_are(tmp_path_factory, seed, copies, batch_rows):
    folder = tmp_path_factory.mktemp("parquet")
    frame = frame_of("h", [30, 20], seed)
    again = frame.sample(copies, replace=True, random_state=seed)
    frame = pd.concat([frame, again]).sample(frac=1, random_state=seed)
    frame.to_parquet(folder / "rows.parquet", row_group_size=13)
    with pytest.raises(ValueError) as expected:
        read_frame(frame, freq="h")
    with pytest.raises(ValueError, match="occurs more than once") as found:
        read_parquet_panel(folder / "rows.parquet", folder / "panel", batch_rows=batch_rows)
    assert str(found.value) == str(expected.value)
    assert [entry.name for entry in folder.iterdir()] == ["rows.parquet"]


def spoiled(**changes):
    """Daily rows of two series, in order, with some entries changed; row 5 is a's sixth."""
    times = pd.date_range("2024-01-01", periods=10, freq="D").tolist()
    frame = pd.DataFrame({"unique_id": ["a"] * 10 + ["b"] * 10, "ds": times * 2, "y": 1.5})
    for name, entry in changes.items():
        entries = frame[name].tolist()
        frame[name] = [*entries[:15], entry, *entries[16:]]
    return frame


SPOILED = {
    "inf": (spoiled(y=np.inf), "rows 12 to 15: the target is infinite in 1 rows of column 'y', "
            "first at series 'b', time 2024-01-06"),
    "off the grid": (spoiled(ds=pd.Timestamp("2024-01-06 07:00")),
                     "irregular time: series 'b', time 2024-01-06 07:00:00 is not on the grid of "
                     r"freq='D' that starts at 2024-01-01 00:00:00 \(series 'a'\)"),
    "wrong year": (spoiled(ds=pd.Timestamp("2299-01-01")),
                   "irregular time: series 'b' has 10 values on 100443 steps of freq='D' of "),
    "no time": (spoiled(ds=pd.NaT), "rows 12 to 15: time column 'ds' is empty in series 'b'"),
    "no id": (spoiled(unique_id=None), "rows 12 to 15: id column 'unique_id' is empty in row 3"),
    "text": (spoiled().astype({"y": str}), "column 'y' of series 'a' holds text"),
    "no column": (spoiled().drop(columns="y"), "missing column 'y'; the file has 'unique_id'"),
    "no rows": (spoiled().iloc[:0], "has no rows"),
    "two freqs": (pd.concat([spoiled(), spoiled().iloc[:10:2].assign(unique_id="weekly")]),
                  "two freqs: series 'weekly' never moves by less than 2 steps of freq='D'"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_wrong_is_named_and_nothing_is_left_behind(tmp_path, monkeypatch, narrow, name):
    frame, message = SPOILED[name]
    monkeypatch.setattr("forecast.pipelines.frames.rows._FEWEST_STEPS_REFUSED", 1000)
    frame.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match=message):
        read_parquet_panel(tmp_path / "rows.parquet", tmp_path / "panel", batch_rows=4)
    assert [entry.name for entry in tmp_path.iterdir()] == ["rows.parquet"]


def test_parts_of_two_kinds_of_time_are_refused(tmp_path):
    frame = spoiled()
    frame.iloc[:10].to_parquet(tmp_path / "0.parquet")
    others = (frame["ds"].dt.tz_localize("UTC"), np.arange(20), frame["ds"].astype(str))
    for times in others[:2]:
        frame.assign(ds=times).iloc[10:].to_parquet(tmp_path / "1.parquet")
        with pytest.raises(ValueError, match=r"times of column 'ds' are .* here and were datetime"):
            read_parquet_panel(tmp_path, tmp_path / "panel")
    frame.assign(ds=others[2]).iloc[10:].to_parquet(tmp_path / "1.parquet")  # ISO text is time
    assert_same(read_parquet_panel(tmp_path, tmp_path / "panel"), read_frame(frame))


def test_arguments_are_checked_before_anything_is_read(tmp_path, monkeypatch):
    spoiled().to_parquet(tmp_path / "rows.parquet")
    path, folder = tmp_path / "rows.parquet", tmp_path / "panel"
    with pytest.raises(ValueError, match="batch_rows must be at least 1; got 0"):
        read_parquet_panel(path, folder, batch_rows=0)
    for columns in (Columns(future=["price"]), Columns.named("unique_id", "ds", ["a", "b"])):
        with pytest.raises(ValueError, match="only an id, a time and one target column are read"):
            read_parquet_panel(path, folder, columns)
    with pytest.raises(FileNotFoundError, match=r"there is no .parquet file at .*none"):
        read_parquet_panel(tmp_path / "none", folder)
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(ValueError, match=r"text.parquet cannot be read as .parquet"):
        read_parquet_panel(tmp_path / "text.parquet", folder)
    with pytest.raises(FileExistsError, match="exists; give another name"):
        read_parquet_panel(path, tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="needs pyarrow: pip install pyarrow"):
        read_parquet_panel(path, folder)
    assert not folder.exists()


def test_the_sample_for_the_frequency_is_small_and_enough(tmp_path, monkeypatch):
    """Half-hourly series in random order, though the sample holds ten times of two of them."""
    monkeypatch.setattr(module, "_SAMPLE_SERIES", 2)
    monkeypatch.setattr(module, "_SAMPLE_TIMES", 10)
    times = pd.date_range("2024-01-01", periods=500, freq="30min")
    frame = pd.DataFrame({"unique_id": np.repeat(["a", "b", "c"], 500), "ds": [*times] * 3})
    frame = frame.assign(y=np.arange(1500.0)).sample(frac=1, random_state=0)
    frame.to_parquet(tmp_path / "rows.parquet")
    read = read_parquet_panel(tmp_path / "rows.parquet", tmp_path / "panel", batch_rows=100)
    assert read.panel.frequency.alias == "30min"
    assert_same(read, read_frame(frame))
