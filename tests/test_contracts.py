"""The laws of design.md section 1, over every public forecaster."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import pytest
from contracts import (
    HORIZON,
    Case,
    assert_close,
    assert_states_close,
    assert_states_equal,
    cases,
    marks_of,
    padded,
    panel_of,
    series_scale,
    states_of,
    trial,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import forecast
from forecast import engine
from forecast.draws import Bounds
from forecast.pipelines import Block, Origins, rolling_origins

NUM_SERIES = 5
CUTS = st.lists(st.integers(0, 90), min_size=NUM_SERIES, max_size=NUM_SERIES)


PARAMS = [pytest.param(c, id=c.name, marks=marks_of(c.name, c.slow)) for c in cases()]


@pytest.fixture(scope="session", params=PARAMS)
def case(request) -> Case:
    return request.param


@pytest.fixture(scope="session")
def fitted(case):
    """Fitted once for all tests; no test may change it."""
    return trial(case.name).fitted


@pytest.fixture(scope="session")
def panel(case):
    return panel_of(case.frame)


@pytest.fixture(scope="session")
def scale(panel):
    return series_scale(panel)


def begun(fitted, panel):
    return engine.begin(fitted.fitted_.model, np.arange(panel.num_series))


def values_of(frame: pd.DataFrame, name: str, horizon: int) -> np.ndarray:
    return frame[name].to_numpy().reshape(-1, horizon)


def test_fit_ends_with_condition_on_the_training_data(case, fitted):
    assert_states_equal(trial(case.name).conditioned, trial(case.name).state)
    again = copy(fitted).condition(case.frame)
    assert list(again.store_.ids) == list(fitted.store_.ids)
    assert list(again.store_.ends) == list(fitted.store_.ends)


@settings(max_examples=8)
@given(cuts=st.lists(CUTS, max_size=4))
def test_observe_in_any_blocks_gives_the_same_state(case, fitted, panel, scale, cuts):
    model, state = fitted.fitted_.model, begun(fitted, panel)
    whole, one_step = engine.absorb(model, state, panel.block(0, panel.lengths))
    stops = np.sort(np.array([*(c[: panel.num_series] for c in cuts), panel.lengths]), axis=0)
    start = np.zeros(panel.num_series, dtype=np.int64)
    pieces = [[] for _ in range(panel.num_series)]
    for stop in np.minimum(stops, panel.lengths):
        block = panel.block(start, stop)
        state, part = engine.absorb(model, state, block)
        for i, (row, valid) in enumerate(zip(part, block.valid, strict=True)):
            pieces[i].extend(row[valid])
        start = stop
    assert_states_close(state, whole, scale, case.tolerance)
    for i, row in enumerate(pieces):
        wanted = one_step[i, : panel.lengths[i]]
        assert_close([row], [wanted], scale[[i]], case.tolerance)


@settings(max_examples=6)  # test_streaming_laws.py has more of this law
@given(cuts=CUTS, more=st.integers(0, 20))
def test_update_equals_condition_on_old_and_new(case, fitted, panel, scale, cuts, more):
    frame = case.frame
    codes, ids = pd.factorize(frame["unique_id"])
    position = frame.groupby("unique_id").cumcount().to_numpy()
    first = np.maximum(np.array(cuts)[: len(ids)], [1] + [0] * (len(ids) - 1))[codes]
    old, new, newest = (frame[rows] for rows in (
        position < first, (position >= first) & (position < first + more), position >= first + more
    ))  # fmt: skip
    moved = copy(fitted).condition(old)
    for part in (new, newest):
        if part["y"].notna().any():
            moved.update(part)
    assert_states_close(
        states_of(moved.store_, panel.ids), fitted.store_.state, scale, case.tolerance
    )
    assert list(moved.fitted_until_[list(ids)]) == list(fitted.fitted_until_[list(ids)])


@settings(max_examples=8)
@given(short=st.integers(1, 2 * HORIZON), more=st.integers(0, 2 * HORIZON))
def test_a_longer_rollout_begins_with_the_shorter(case, fitted, scale, short, more):
    model, state = fitted.fitted_.model, fitted.store_.state
    long = engine.forecast(model, state, short + more)
    assert long.shape == (len(scale), 1, short + more)
    assert_close(long[:, :, :short], engine.forecast(model, state, short), scale, case.tolerance)


def test_longer_sample_paths_begin_with_the_shorter(case, fitted, scale):
    short, long = fitted.sample(3, 4, seed=5), fitted.sample(2 * HORIZON, 4, seed=5)
    long = long[long.groupby(["unique_id", "path"]).cumcount() < 3]
    actual, wanted = (frame["y"].to_numpy().reshape(-1, 12) for frame in (long, short))
    assert_close(actual, wanted, scale, case.tolerance)


def combines(model) -> bool:
    """Whether several members stand behind a forecast, perhaps after transforms."""
    members = getattr(model, "members", ())
    return len(members) > 1 or any(combines(member) for member in members)


@pytest.mark.parametrize("observed", [False, True], ids=["as a gap", "as an observation"])
def test_a_rollout_equals_single_steps(case, fitted, scale, observed):
    """A gap is fed the model's own forecast, as a rollout is; so is an observation equal to it."""
    model, state = fitted.fitted_.model, fitted.store_.state
    if model.block_length > 1:
        pytest.skip("several steps are emitted at once")
    if not observed and combines(model):
        pytest.skip("each member of a mean fills a gap with its own forecast")
    if observed and hasattr(model, "chain"):
        pytest.skip("any value is evidence about a hidden state, also the expected one")
    rollout = engine.forecast(model, state, 2 * HORIZON)[:, 0]
    inside = Bounds.of_range(state.arrays["record.minimum"], state.arrays["record.maximum"])
    assert np.all((rollout > inside.low[:, None]) & (rollout < inside.high[:, None]))
    for step in range(2 * HORIZON):
        value = engine.forecast(model, state, 1)[:, 0]
        assert_close(value, rollout[:, [step]], scale, case.tolerance)
        known = np.full(value.shape, observed)
        block = Block(np.where(known, value, 0.0), known, np.ones(value.shape, dtype=bool))
        state, _ = engine.absorb(model, state, block)


def test_a_batch_equals_its_rows_alone(case, fitted, panel, scale):
    model = fitted.fitted_.model
    for i in range(panel.num_series):
        state = engine.begin(model, np.array([i]))
        state, _ = engine.absorb(model, state, panel.take([i]).block(0, panel.lengths[i]))
        together = fitted.store_.state.take([i])
        assert_states_close(state, together, scale[[i]], case.tolerance)
        alone = engine.forecast(model, state, 2 * HORIZON)[:, 0]
        wanted = engine.forecast(model, fitted.store_.state, 2 * HORIZON)[[i], 0]
        assert_close(alone, wanted, scale[[i]], case.tolerance)


def test_predict_of_one_series_equals_predict_of_the_panel(case, fitted, panel, scale):
    everything = fitted.predict(HORIZON, level=[80]).set_index("unique_id")
    for i, name in enumerate(panel.ids):
        rows = case.frame[case.frame["unique_id"] == name]
        alone = fitted.predict(HORIZON, level=[80], df=rows).set_index("unique_id")
        assert list(alone["ds"]) == list(everything.loc[name, "ds"])
        numbers = everything.columns[1:]
        actual, wanted = alone[numbers].to_numpy(), everything.loc[name, numbers].to_numpy()
        assert_close([actual], [wanted], scale[[i]], case.tolerance)


@settings(max_examples=6)
@given(num_steps=st.integers(1, 9), length=st.integers(1, 90))
def test_padding_changes_nothing(case, fitted, panel, scale, num_steps, length):
    model, state = fitted.fitted_.model, begun(fitted, panel)
    block = panel.block(0, np.minimum(panel.lengths, length))
    plain, one_step = engine.absorb(model, state, block)
    other, more = engine.absorb(model, state, padded(block, num_steps))
    assert_states_close(other, plain, scale, case.tolerance)
    seen = np.where(block.valid, one_step, 0.0)
    actual = np.where(block.valid, more[:, : one_step.shape[1]], 0.0)
    assert_close(actual, seen, scale, case.tolerance)


def test_a_row_of_padding_is_left_as_it_is(fitted, panel):
    state, lengths = fitted.store_.state, np.zeros(panel.num_series, dtype=np.int64)
    lengths[0] = 4
    after, one_step = engine.absorb(fitted.fitted_.model, state, panel.block(0, lengths))
    rows = np.arange(1, panel.num_series)
    assert_states_equal(after.take(rows), state.take(rows))
    assert np.isnan(one_step[1:]).all()
    assert after.clock[0] == state.clock[0] + 4


def test_observe_and_rollout_change_no_state(fitted, panel):
    state = fitted.store_.state
    before = state.take(np.arange(panel.num_series))
    engine.absorb(fitted.fitted_.model, state, panel.block(0, 3))
    engine.forecast(fitted.fitted_.model, state, HORIZON)
    assert_states_equal(state, before)


def test_the_same_call_twice_is_equal_bit_for_bit(fitted):
    for level in (None, [80, 95]):
        pd.testing.assert_frame_equal(
            fitted.predict(9, level), fitted.predict(9, level), check_exact=True
        )
    pd.testing.assert_frame_equal(
        fitted.sample(9, 5, seed=3), fitted.sample(9, 5, seed=3), check_exact=True
    )


def test_the_same_fit_twice_is_equal_bit_for_bit(case):
    again = case.make().fit(case.frame, horizon=HORIZON)
    pd.testing.assert_frame_equal(
        again.predict(9, [80]), trial(case.name).forecasts, check_exact=True
    )
    assert_states_equal(again.store_.state, trial(case.name).state)


def test_paths_do_not_depend_on_the_batch(case, fitted, panel, scale):
    everything = fitted.sample(9, 6, seed=2).set_index("unique_id")["y"]
    order = [panel.ids[i] for i in (3, 0, 2)]
    rows = pd.concat([case.frame[case.frame["unique_id"] == name] for name in order])
    part = copy(fitted).condition(rows).sample(9, 6, seed=2)
    assert list(part["unique_id"].unique()) == order
    actual = part["y"].to_numpy().reshape(3, -1)
    wanted = np.stack([everything[name].to_numpy() for name in order])
    assert_close(actual, wanted, scale[[3, 0, 2]], case.tolerance)


def test_paths_depend_on_seed_and_number(fitted):
    paths = fitted.sample(3, 8, seed=0)["y"].to_numpy().reshape(-1, 8, 3)
    other = fitted.sample(3, 8, seed=1)["y"].to_numpy().reshape(-1, 8, 3)
    assert not np.array_equal(paths, other)
    assert all(len(np.unique(row[:, 0])) > 1 for row in paths)
    more = fitted.sample(3, 11, seed=0)["y"].to_numpy().reshape(-1, 11, 3)
    np.testing.assert_allclose(more[:, :8], paths, rtol=1e-5)


def test_a_walk_does_not_look_ahead(fitted, panel):
    """Bit for bit: values after an origin may be anything."""
    origins = rolling_origins(panel.lengths, HORIZON, n_windows=2)
    origins = Origins(np.minimum(origins.ends, panel.lengths), HORIZON, HORIZON)
    model, series = fitted.fitted_.model, np.arange(panel.num_series)
    changed = panel.take(series)
    for i, end in enumerate(origins.ends[0]):
        if end >= 0:
            changed.row(i)[end:] = -7.0 * np.arange(1, 1 + len(changed.row(i)[end:]))
    first = next(iter(engine.walk(model, panel, series, origins)))
    other = next(iter(engine.walk(model, changed, series, origins)))
    assert len(first.rows)
    assert_states_equal(other.state, first.state)
    np.testing.assert_array_equal(
        engine.forecast(model, other.state, HORIZON), engine.forecast(model, first.state, HORIZON)
    )


def test_no_forecast_of_a_backtest_looks_ahead(case):
    frame = case.frame.query("unique_id in ('large', 'small', 'gappy')")

    def backtest(data, **options):
        return forecast.cross_validation(
            [case.make()], data, horizon=3, n_windows=2, level=[80], **options
        )

    found = backtest(frame)
    first = found.groupby("unique_id")["cutoff"].transform("min")
    cutoffs = found.groupby("unique_id")["cutoff"].min()
    later = frame["ds"].to_numpy() > frame["unique_id"].map(cutoffs).to_numpy()
    changed = frame.assign(y=np.where(later, 3.0 * frame["y"] + 11.0, frame["y"]))
    rows = (found["cutoff"] == first).to_numpy()
    assert later.any() and rows.any()
    pd.testing.assert_frame_equal(
        backtest(changed, refit=False)[rows].drop(columns="y"),
        found[rows].drop(columns="y"),
        check_exact=True,
    )


def test_save_and_load_give_the_same_bits(case, fitted, tmp_path):
    path = tmp_path / "model.kfc"
    fitted.save(path)
    loaded = forecast.load(path)
    assert type(loaded) is case.cls and repr(loaded) == repr(fitted)
    assert_states_equal(loaded.store_.state, fitted.store_.state)
    for call in (lambda f: f.predict(9, [80, 95]), lambda f: f.sample(4, 3, seed=1)):
        pd.testing.assert_frame_equal(call(loaded), call(fitted), check_exact=True)
    rows = pd.DataFrame({"unique_id": "level", "ds": pd.Timestamp("2024-04-05"), "y": [90.0]})
    moved = copy(fitted).update(rows).predict(9)
    pd.testing.assert_frame_equal(loaded.update(rows).predict(9), moved, check_exact=True)
