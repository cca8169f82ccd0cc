"""The walk over data and the record of every series, against plain sums."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast import engine
from forecast.baselines.naive import NaiveModel, SeasonalNaiveModel
from forecast.pipelines import Columns, Origins, read_frame, rolling_origins


def make_panel(*parts):
    frames = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range("2024", periods=len(y)), "y": y})
        for i, y in enumerate(parts)
    ]
    return read_frame(pd.concat(frames), freq="D").panel


@pytest.fixture
def panel():
    return make_panel(
        [2.0, np.nan, 5.0, -1.0, 4.0, 4.0, 9.0, np.nan, 3.0, 1.0],
        [7.0, 8.0, 6.0],
        [1.0, 2.0, 4.0, 8.0],
    )


@pytest.fixture
def state(panel):
    model = NaiveModel()
    state = engine.begin(model, np.arange(3))
    return engine.absorb(model, state, panel.block(0, panel.lengths))[0]


def test_the_record_is_range_and_errors(state):
    record = state.select("record.").arrays
    np.testing.assert_array_equal(record["minimum"], [-1.0, 6.0, 1.0])
    np.testing.assert_array_equal(record["maximum"], [9.0, 8.0, 8.0])
    # Naive's errors, a gap standing at the value before it.
    np.testing.assert_array_equal(
        record["error_sum"], [3 + 6 + 5 + 0 + 5 + 6 + 2, 1 + 2, 1 + 2 + 4]
    )
    np.testing.assert_array_equal(record["error_count"], [7, 2, 3])
    np.testing.assert_allclose(engine.error_scale(state), [27 / 7, 1.5, 7 / 3])
    np.testing.assert_array_equal(state.clock, [10, 3, 4])
    np.testing.assert_array_equal(state.count, [8, 3, 4])


def test_before_the_first_step_nothing_is_known():
    state = engine.begin(NaiveModel(), np.array([0, -1]))
    assert np.isnan(engine.error_scale(state)).all()
    np.testing.assert_array_equal(state.clock, 0)
    np.testing.assert_array_equal(state.select("model.").arrays["series"], [0, -1])


def test_one_step_forecasts_come_before_what_they_forecast(panel):
    model = NaiveModel()
    _, one_step = engine.absorb(model, engine.begin(model, np.arange(3)), panel.block(0, 10))
    np.testing.assert_array_equal(one_step[0], [np.nan, 2, 2, 5, -1, 4, 4, 9, 9, 3])
    np.testing.assert_array_equal(one_step[1, :3], [np.nan, 7, 8])


def test_nothing_to_absorb_leaves_the_state(panel, state):
    same, one_step = engine.absorb(NaiveModel(), state, panel.block(2, 2))
    assert same is state and one_step.shape == (3, 0)


def test_forecasts_of_no_rows_are_no_rows(state):
    assert engine.forecast(NaiveModel(), state.take([]), 4, num_paths=3).shape == (0, 3, 4)


@pytest.mark.parametrize("num_paths", [1, 5])
def test_without_draws_every_path_is_the_point_forecast(panel, num_paths):
    model = SeasonalNaiveModel(2)
    state = engine.begin(model, np.arange(3))
    state, _ = engine.absorb(model, state, panel.block(0, panel.lengths))
    found = engine.forecast(model, state, 5, num_paths=num_paths)
    assert found.shape == (3, num_paths, 5)
    np.testing.assert_array_equal(found[2], np.broadcast_to([4.0, 8, 4, 8, 4], (num_paths, 5)))


def test_bounds_follow_the_record(state):
    limits = engine.bounds(state)
    np.testing.assert_array_equal(limits.low, [-11.0, 4.0, 0.0])
    np.testing.assert_array_equal(limits.high, [19.0, 10.0, 15.0])


@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    horizon=st.integers(1, 6),
    n_windows=st.integers(1, 4),
    step_size=st.integers(1, 5),
)
def test_a_walk_stops_where_it_would_stand_alone(lengths, horizon, n_windows, step_size):
    lengths[0] = 30
    rng = np.random.default_rng(sum(lengths))
    panel = make_panel(*(rng.normal(size=length) for length in lengths))
    series, model = np.arange(panel.num_series), NaiveModel()
    origins = rolling_origins(panel.lengths, horizon, n_windows, step_size)
    stops = list(engine.walk(model, panel, series, origins))
    assert [stop.index for stop in stops] == list(range(len(origins.ends)))
    for stop, ends in zip(stops, origins.ends, strict=True):
        np.testing.assert_array_equal(stop.rows, np.flatnonzero(ends >= 0))
        np.testing.assert_array_equal(stop.ends, ends[ends >= 0])
        np.testing.assert_array_equal(stop.state.clock, stop.ends)
        for at, row in enumerate(stop.rows):
            known = panel.row(row)[: stop.ends[at]]
            if len(known):
                arrays = stop.state.select("record.").arrays
                assert arrays["maximum"][at] == known.max()


def test_a_walk_gives_the_one_step_forecasts_between_stops(panel):
    origins = Origins(np.array([[4, -1, 1], [7, 2, 3]]), 1, 3)
    first, second = engine.walk(NaiveModel(), panel, np.arange(3), origins)
    np.testing.assert_array_equal(first.rows, [0, 2])
    assert first.one_step.shape == (3, 4) and second.one_step.shape == (3, 3)
    np.testing.assert_array_equal(first.one_step[0], [np.nan, 2, 2, 5])
    np.testing.assert_array_equal(second.one_step[0], [-1, 4, 4])
    np.testing.assert_array_equal(second.one_step[1, :2], [np.nan, 7])
    np.testing.assert_array_equal(second.one_step[2, :2], [1, 2])
    np.testing.assert_array_equal(second.block.valid.sum(axis=1), [3, 2, 2])


def test_a_sliding_walk_begins_anew_at_each_stop(panel):
    starts = np.array([[1, 0, 0], [3, 0, 2]])
    origins = Origins(np.array([[4, -1, 2], [7, 2, 4]]), 1, 3, starts)
    for index, stop in enumerate(engine.walk(NaiveModel(), panel, np.arange(3), origins)):
        for at, row in enumerate(stop.rows):
            known = panel.row(row)[starts[index, row] : stop.ends[at]]
            assert stop.state.clock[at] == len(known)
            arrays = stop.state.select("record.").arrays
            assert arrays["maximum"][at] == np.nanmax(known)
            assert arrays["minimum"][at] == np.nanmin(known)


def test_a_walk_hands_out_the_covariates_of_the_gap():
    days = pd.date_range("2024", periods=12)
    frame = pd.DataFrame({"unique_id": "a", "ds": days, "y": 1.0, "x": np.arange(12.0)})
    panel = read_frame(frame, Columns.named("unique_id", "ds", "y", ["x"])).panel
    origins = rolling_origins(panel.lengths, 2, 2, gap=3)
    stops = list(engine.walk(NaiveModel(), panel, np.arange(1), origins))
    assert [stop.future[0, :, 0].tolist() for stop in stops] == [[5, 6, 7, 8, 9], [7, 8, 9, 10, 11]]


def test_a_block_without_a_value_moves_the_clock_only(panel, state):
    """Steps 7 to 8 of the first series are a gap; the others have padding there."""
    after, _ = engine.absorb(NaiveModel(), state, panel.block(7, 8))
    np.testing.assert_array_equal(after.clock, np.add(state.clock, [1, 0, 0]))
    np.testing.assert_array_equal(after.count, state.count)
    for name, wanted in state.select("record.").arrays.items():
        np.testing.assert_array_equal(after.select("record.").arrays[name], wanted, err_msg=name)
