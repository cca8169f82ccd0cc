"""Frames with a column a series, as libraries ship them: years as floats, rows only counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.datasets import elnino, nile, sunspots

import forecast as fc
from forecast.pipelines import read_frame


@pytest.mark.parametrize("kind", ["series", "wide"])
def test_years_as_floats_are_integer_time(kind):
    # statsmodels' own data have their years as floats.
    table = sunspots.load_pandas().data.set_index("YEAR")
    data = table["SUNACTIVITY"] if kind == "series" else table
    panel = read_frame(data).panel
    assert panel.starts.tolist() == [1700] and panel.frequency.alias == 1
    np.testing.assert_array_equal(panel.values, table["SUNACTIVITY"])
    out = fc.Naive().fit(data).predict(2)
    assert out.index.tolist() == [2009, 2010]
    with pytest.raises(ValueError, match=r"time column 'index' holds the fraction 0\.5"):
        read_frame(pd.DataFrame({"a": [1.0, 2.0]}, index=[0.0, 0.5]))


def test_rows_without_times_are_told_to_be_counted():
    table = nile.load_pandas().data
    notes = read_frame(table).notes
    assert notes == (
        "no id and time columns: rows are counted from 0, and each column ('year', 'volume') is a "
        "series. Name the time column (time_col=) or drop a column that is none.",
    )
    assert read_frame(table.set_index("year")).notes == ()
    assert read_frame(table["volume"]).notes == ()


def test_a_wide_frame_is_copied_once_and_whole_columns_are_those_of_objects():
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(6, 40)), pd.date_range("2024", periods=6))
    wide[3] = rng.integers(0, 9, 6)
    wide[4] = rng.random(6) > 0.5
    panel = read_frame(wide).panel
    objects = read_frame(wide.astype({5: object})).panel
    np.testing.assert_array_equal(panel.values, objects.values)
    np.testing.assert_array_equal(panel.values, wide.astype(float).to_numpy().T.ravel())
    one = pd.DataFrame(np.ones((6, 2)), wide.index)
    assert not np.shares_memory(read_frame(one).panel.values, one.to_numpy())


def test_dates_in_words_of_a_real_table():
    table = elnino.load_pandas().data.melt("YEAR")
    text = table["YEAR"].astype(int).astype(str) + "-" + table["variable"]
    frame = pd.DataFrame({"unique_id": "sea", "ds": text, "y": table["value"]})
    panel = read_frame(frame).panel
    assert panel.frequency.alias == "MS"
    assert panel.lengths.tolist() == [61 * 12]
    np.testing.assert_array_equal(
        panel.values, elnino.load_pandas().data.drop(columns="YEAR").to_numpy().ravel()
    )
