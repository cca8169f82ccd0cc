"""The origins of a panel: own ends or one moment, sliding windows over missing values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import (
    Columns,
    Frequency,
    Panel,
    Split,
    first_values,
    read_frame,
    rolling_origins,
    steps_behind,
)


def panel_of(*series, freq="D"):
    """Series given as (first day, values), on days of 2024; the first and last value observed."""
    parts = [
        pd.DataFrame(
            {
                "unique_id": f"s{i}",
                "ds": pd.Timestamp("2024-01-01") + pd.to_timedelta(first + np.arange(len(y)), "D"),
                "y": np.asarray(y, dtype=float),
            }
        )
        for i, (first, y) in enumerate(series)
    ]
    return read_frame(pd.concat(parts), freq=freq).panel


spans = st.lists(st.tuples(st.integers(0, 25), st.integers(2, 40)), min_size=1, max_size=4)


def test_the_picture_of_the_docstring():
    panel = panel_of((0, np.arange(10)), (1, np.arange(7)))
    assert Split(n_windows=2).origins(panel, 2).ends.tolist() == [[6, 3], [8, 5]]
    calendar = Split(n_windows=2, align="calendar").origins(panel, 2)
    assert calendar.ends.tolist() == [[6, 5], [8, -1]]
    assert steps_behind(panel).tolist() == [0, 2]


@given(spans=spans, horizon=st.integers(1, 5), windows=st.integers(1, 4), gap=st.integers(0, 3))
def test_by_series_the_origins_are_those_of_the_lengths(spans, horizon, windows, gap):
    panel = panel_of(*((first, np.ones(length)) for first, length in spans))
    try:
        wanted = rolling_origins(panel.lengths, horizon, windows, gap=gap, min_length=2)
    except ValueError:
        return
    found = Split(windows, gap=gap).origins(panel, horizon, 2)
    np.testing.assert_array_equal(found.ends, wanted.ends)
    assert found.starts is None and (found.gap, found.step_size) == (gap, horizon)


@given(
    spans=spans,
    horizon=st.integers(1, 5),
    windows=st.integers(1, 4),
    step=st.integers(1, 6),
    gap=st.integers(0, 3),
    most=st.none() | st.integers(2, 12),
)
def test_an_origin_of_the_calendar_is_one_moment(spans, horizon, windows, step, gap, most):
    """Against a loop over days: who has begun, who is still scored, and nothing known later."""
    panel = panel_of(*((first, np.ones(length)) for first, length in spans))
    last = max(first + length for first, length in spans)
    wanted = []
    for k in reversed(range(windows)):
        moment = last - horizon - gap - k * step  # steps before this day are known
        row = []
        for first, length in spans:
            known = moment - first
            scored = {day for day in range(moment + gap, moment + gap + horizon)}
            takes_part = known >= 2 and scored & set(range(first, first + length))
            row.append(known if takes_part else -1)
        wanted.append(row)
    wanted = [row for row in wanted if max(row) >= 0]
    split = Split(windows, step, gap, most, "calendar")
    try:
        found = split.origins(panel, horizon, 2)
    except ValueError as error:
        assert "not fit: " in str(error) or (not wanted and "no origin is left" in str(error))
        return
    assert found.ends.tolist() == wanted
    for k, row in enumerate(found.ends):
        rows = np.flatnonzero(row >= 0)
        assert panel.take(rows).head(row[rows]).ends.nunique() == 1
        if most is not None:
            np.testing.assert_array_equal(found.starts[k, rows], np.maximum(row[rows] - most, 0))


def test_a_sliding_window_begins_with_a_value():
    values = [1, 2, 3, np.nan, np.nan, 6, 7, 8, 9, 10]
    gone = [1, 2, 3, 4, np.nan, np.nan, np.nan, np.nan, 9, 10]
    panel = panel_of((0, values), (0, gone))
    found = Split(4, 1, max_train_size=3).origins(panel, 1, 2)
    assert found.ends.tolist() == [[-1, 6], [7, -1], [8, -1], [9, -1]]
    assert found.starts.tolist() == [[0, 3], [5, 0], [5, 0], [6, 0]]


def test_the_channels_of_a_system_begin_together():
    days = pd.date_range("2024-01-01", periods=8)
    frame = pd.DataFrame({"unique_id": "a", "ds": days, "u": np.arange(8.0), "v": np.arange(8.0)})
    frame.loc[4, "u"], frame.loc[5, "v"] = np.nan, np.nan
    panel = read_frame(frame, Columns.named("unique_id", "ds", ["u", "v"], ())).panel
    assert first_values(panel, np.array([[0, 0], [4, 4], [5, 5], [8, 8]])).tolist() == [
        [0, 0], [6, 6], [6, 6], [8, 8]
    ]  # fmt: skip
    found = Split(1, max_train_size=4).origins(panel, 1, 1)
    assert (found.starts.tolist(), found.ends.tolist()) == ([[3, 3]], [[7, 7]])
    part = panel.head(found.ends[0]).tail(found.starts[0])
    assert part.num_channels == 2


def test_an_unknown_alignment_is_refused():
    with pytest.raises(ValueError, match="align must be 'series' or 'calendar'; got 'end'"):
        Split(align="end")


def test_series_on_different_grids_share_no_moment():
    ids, offsets = np.array(["a", "b"], dtype=object), np.array([0, 3, 6])
    panel = Panel(ids, np.ones(6), offsets, pd.Index([1, 2]), Frequency(2))
    with pytest.raises(ValueError, match=r"series 'b' ends at 6, beside the grid of series 'a'"):
        Split(align="calendar").origins(panel, 1)
    assert Split(n_windows=1).origins(panel, 1).ends.tolist() == [[2, 2]]


def test_moments_at_which_nobody_is_there():
    panel = panel_of((0, np.ones(10)), (20, np.ones(4)))
    found = Split(n_windows=20, step_size=1, align="calendar").origins(panel, 1, 2)
    assert found.ends.tolist() == [[known, -1] for known in range(4, 10)] + [[-1, 2], [-1, 3]]
    split = Split(n_windows=1, align="calendar")
    with pytest.raises(ValueError, match="no origin is left: at each of 1 moments, 1 steps apart"):
        split.origins(panel_of((0, np.ones(9)), (20, np.ones(2))), 1, 2)


def test_calendar_moments_by_the_wall_clock():
    """Months have different lengths, and a day of 25 hours is one step."""
    months = [pd.date_range("2020-01-31", periods=n, freq="ME") for n in (30, 27)]
    days = [pd.date_range("2024-10-01", periods=n, freq="D", tz="Europe/Berlin") for n in (40, 37)]
    for times in (months, days):
        parts = [
            pd.DataFrame({"unique_id": str(i), "ds": t, "y": 1.0}) for i, t in enumerate(times)
        ]
        panel = read_frame(pd.concat(parts)).panel
        assert steps_behind(panel).tolist() == [0, 3]
