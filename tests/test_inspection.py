"""`check` looks at a frame, refuses what cannot be forecast and says how long fitting takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from io_samples import long_frame

import forecast as fc
from forecast.pipelines import check_data, read_frame


def test_it_is_the_summary_of_the_frame_and_the_time_to_fit():
    frame = long_frame()
    summary = fc.check(frame, 6)
    expected = check_data(read_frame(frame), 6)
    assert summary.counts == expected.counts
    assert summary.notes[:-1] == expected.notes
    assert summary.notes[-1].startswith("A network takes about 10 s to train by default")


def test_more_rows_take_longer():
    summary = fc.check(long_frame(steps=40_000, freq="h"), 6)
    assert "about 48 s" in summary.notes[-1]


def test_names_frequency_and_season_are_passed_on():
    frame = long_frame().rename(columns={"unique_id": "shop", "ds": "day", "y": "sales"})
    names = {"id_col": "shop", "time_col": "day", "target_col": "sales"}
    summary = fc.check(frame, 6, freq="M", season_length=5, **names)
    assert (summary.freq, summary.season.length) == ("ME", 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "`horizon` must be a whole number of at least 1; got 0"),
        ({"horizon": 3, "season_length": 0}, "`season_length` must be a whole number of at least"),
        ({"horizon": 3, "target_col": "sales"}, "missing column 'sales'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        fc.check(long_frame(), **options)


def test_steps_that_are_mostly_missing_are_told_with_a_remedy():
    """Opening hours: eight of a day's twenty-four."""
    times = pd.date_range("2024-01-01", periods=24 * 20, freq="h")
    frame = pd.DataFrame({"unique_id": "shop", "ds": times, "y": np.arange(480.0) % 24})
    opened = frame[frame["ds"].dt.hour.between(9, 16)]
    told = "% of the steps have no value. Where nothing happens at such times"
    assert told in str(fc.check(opened, horizon=8))
    assert "number the rows" not in str(fc.check(frame, horizon=8))
