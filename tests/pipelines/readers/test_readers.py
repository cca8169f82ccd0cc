"""Files and bundled data sets."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from statsmodels.datasets import co2

from forecast.pipelines import Frequency, datasets, load_dataset, read_file, read_frame

FRAME = pd.DataFrame({"unique_id": ["a", "a"], "ds": ["2024-01-01", "2024-01-02"], "y": [1.0, 2.0]})


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".CSV"])
def test_files_come_back_as_written(tmp_path, suffix):
    path = tmp_path / f"data{suffix}"
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
        FRAME.to_parquet(path)
    else:
        FRAME.to_csv(path, index=False)
    pd.testing.assert_frame_equal(read_file(str(path)), FRAME)
    assert read_frame(read_file(path), freq="D").panel.num_rows == 2


def test_the_last_suffix_says_what_a_file_is(tmp_path):
    FRAME.to_csv(tmp_path / "from.parquet.csv", index=False)
    pd.testing.assert_frame_equal(read_file(tmp_path / "from.parquet.csv"), FRAME)


def test_missing_files_and_unknown_suffixes_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*data.csv"):
        read_file(tmp_path / "data.csv")
    with pytest.raises(ValueError, match=r"unknown suffix '.xlsx'; give .csv, .parquet or .tsf"):
        read_file(tmp_path / "data.xlsx")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("a.csv", b"", "is empty"), ("a.csv", b"unique_id,ds,y\n", "has no rows"),
     ("a.csv", b"\n\n", "cannot be read as .csv"), ("a.csv", b"\xff\xfe\x00", "cannot be read"),
     ("a.csv", b"a,b\n1,2\n1,2,3\n", "cannot be read as .csv"),
     ("a.csv.gz", b"no gzip", "cannot be read as .csv"),
     ("a.csv.zip", b"no zip", "cannot be read as .csv"),
     ("a.csv.xz", b"no xz", "cannot be read as .csv"),
     ("a.csv.gz", gzip.compress(b"a,b\n" * 99, mtime=0)[:20] + b"x" * 40, "cannot be read as .csv"),
     ("a.csv", "a,é\n1,2\n".encode("cp1252"), r"no text in UTF-8 .*a\.csv', encoding='cp1252'"),
     ("a.parquet", b"no parquet", "cannot be read as .parquet")],
)  # fmt: skip
def test_unreadable_files_are_refused(tmp_path, name, content, message):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_file(path)


@pytest.mark.parametrize("name", datasets())
def test_data_sets_have_the_frequency_they_say(name):
    frame = load_dataset(name)
    assert list(frame.columns) == ["unique_id", "ds", "y"]
    panel = read_frame(frame).panel
    info = datasets()[name]
    assert panel.frequency == Frequency(info.freq)
    assert info.season_length == (panel.frequency.season_lengths or (1,))[0]
    assert info.source.startswith("statsmodels")


def test_co2_keeps_its_missing_weeks():
    panel = read_frame(load_dataset("co2")).panel
    np.testing.assert_array_equal(panel.values, co2.load_pandas().data["co2"].to_numpy())
    assert int((~panel.observed).sum()) == 59


def test_the_panel_is_ragged_at_both_ends():
    panel = read_frame(load_dataset("panel")).panel
    assert panel.num_series == 12
    assert (panel.lengths.min(), panel.lengths.max()) == (40, 203)
    assert len(np.unique(panel.lengths)) == 12
    assert panel.starts.nunique() > 1
    assert panel.ends.nunique() > 1
    whole = read_frame(load_dataset("macrodata")).panel
    assert set(panel.row(3)) <= set(whole.row(3))


def test_unknown_data_sets_are_refused():
    with pytest.raises(ValueError, match="unknown data set 'm4'; there are 'co2', 'sunspots'"):
        load_dataset("m4")


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_named(tmp_path, separator, name):
    path = tmp_path / "rows.csv"
    path.write_text(separator.join(["unique_id", "ds", "y"]) + "\n" + separator.join("a11"))
    with pytest.raises(ValueError, match=f"separated by {name}, not commas"):
        read_file(path)
