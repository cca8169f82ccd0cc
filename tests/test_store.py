"""States by series id: gaps before new rows, new series, nothing changed in place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contracts import assert_states_equal

from forecast.baselines.naive import DriftModel
from forecast.pipelines import Columns, read_frame
from forecast.store import StateStore

MODEL = DriftModel()


def panel_of(freq="D", **series):
    """Series by name, each `(start, values)`."""
    frames = [
        pd.DataFrame(
            {"unique_id": name, "ds": pd.date_range(start, periods=len(y), freq=freq), "y": y}
        )
        for name, (start, y) in series.items()
    ]
    return read_frame(pd.concat(frames), Columns(), freq).panel


@pytest.fixture
def store():
    panel = panel_of(a=("2024-01-01", [1.0, 2.0, 4.0]), b=("2024-01-03", [9.0, 7.0]))
    return StateStore.of_history(MODEL, panel, np.arange(2))


def test_a_store_stands_at_the_end_of_the_history(store):
    assert list(store.ids) == ["a", "b"]
    assert list(store.ends) == list(pd.to_datetime(["2024-01-03", "2024-01-04"]))
    np.testing.assert_array_equal(store.state.clock, [3, 2])
    np.testing.assert_array_equal(store.positions(np.array(["b", "x", "a"], object)), [1, -1, 0])


def test_newer_rows_move_their_series_only(store):
    after = store.after(MODEL, panel_of(b=("2024-01-05", [8.0, 6.0])), np.array([1]))
    assert list(after.ends) == list(pd.to_datetime(["2024-01-03", "2024-01-06"]))
    np.testing.assert_array_equal(after.state.clock, [3, 4])
    window = after.state.arrays["model.window"]
    np.testing.assert_array_equal(window[:, -1], [4.0, 6.0])
    np.testing.assert_array_equal(store.state.clock, [3, 2])
    assert_states_equal(after.state.take([0]), store.state.take([0]))


def test_missing_steps_before_new_rows_count_as_gaps(store):
    panel = panel_of(a=("2024-01-06", [5.0, np.nan, 6.0]), b=("2024-01-05", [8.0]))
    after = store.after(MODEL, panel, np.array([0, 1]))
    np.testing.assert_array_equal(after.state.clock, [8, 3])
    np.testing.assert_array_equal(after.state.count, [5, 3])
    whole = panel_of(
        a=("2024-01-01", [1.0, 2.0, 4.0, np.nan, np.nan, 5.0, np.nan, 6.0]),
        b=("2024-01-03", [9.0, 7.0, 8.0]),
    )
    expected = StateStore.of_history(MODEL, whole, np.arange(2))
    for name, wanted in expected.state.arrays.items():
        np.testing.assert_allclose(after.state.arrays[name], wanted, rtol=1e-12, err_msg=name)
    assert list(after.ends) == list(expected.ends)


def test_new_series_join_at_the_end(store):
    panel = panel_of(x=("2023-12-30", [3.0, 5.0]), a=("2024-01-04", [6.0]))
    after = store.after(MODEL, panel, np.array([-1, 0]))
    assert list(after.ids) == ["a", "b", "x"]
    assert list(after.ends) == list(pd.to_datetime(["2024-01-04", "2024-01-04", "2023-12-31"]))
    np.testing.assert_array_equal(after.state.clock, [4, 2, 2])
    np.testing.assert_array_equal(after.state.arrays["model.series"], [0, 1, -1])
    assert list(store.ids) == ["a", "b"]


@pytest.mark.parametrize("start", ["2024-01-03", "2024-01-01", "2023-11-05"])
def test_rows_that_are_not_newer_are_refused(store, start):
    before = store.state.take([0, 1])
    panel = panel_of(b=("2024-01-05", [8.0]), a=(start, [6.0]))
    message = (
        rf"series 'a': the rows begin at {start} 00:00:00, .* already seen 2024-01-03 00:00:00\. "
    )
    with pytest.raises(ValueError, match=message + "Give rows later than that, or call condition"):
        store.after(MODEL, panel, np.array([1, 0]))
    assert_states_equal(store.state, before)


@pytest.mark.parametrize("freq", ["MS", "W-SAT", "QE", "h", "B"])
def test_gaps_are_counted_in_steps_of_the_calendar(freq):
    times = pd.date_range("2024-01-01", periods=9, freq=freq)
    old = panel_of(freq, a=(times[0], [1.0, 2.0, 3.0]))
    new = panel_of(freq, a=(times[7], [5.0, 6.0]))
    after = StateStore.of_history(MODEL, old, np.array([0])).after(MODEL, new, np.array([0]))
    assert after.state.clock[0] == 9 and after.state.count[0] == 5
    assert after.ends[0] == times[8]


def test_integer_times():
    def panel(start, values):
        frame = pd.DataFrame({"unique_id": "a", "ds": start + np.arange(len(values)), "y": values})
        return read_frame(frame, freq=1).panel

    store = StateStore.of_history(MODEL, panel(10, [1.0, 2.0]), np.array([0]))
    after = store.after(MODEL, panel(14, [3.0]), np.array([0]))
    assert after.ends.tolist() == [14]
    assert after.state.clock[0] == 5


@pytest.mark.parametrize(("first", "second"), [("s", "ns"), ("ns", "s"), ("us", "ms")])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_units_of_time_may_differ(first, second, zone):
    def panel(start, values, unit):
        times = pd.date_range(start, periods=len(values), freq="h", tz=zone).as_unit(unit)
        return read_frame(
            pd.DataFrame({"unique_id": "a", "ds": times, "y": values}), freq="h"
        ).panel

    store = StateStore.of_history(
        MODEL, panel("2024-03-30 22:00", [1.0, 2.0], first), np.array([0])
    )
    after = store.after(MODEL, panel("2024-03-31 01:00", [3.0], second), np.array([0]))
    assert after.state.clock[0] == 4
    assert after.ends[0] == pd.Timestamp("2024-03-31 01:00", tz=zone)
