"""Laws of states in use, over every public forecaster: updates, subsets, gaps, orders, paths."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from contracts import (
    HORIZON,
    assert_close,
    assert_states_close,
    assert_states_equal,
    cases,
    marks_of,
    panel_of,
    series_scale,
    states_of,
    trial,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import forecast
from forecast import engine
from forecast.protocol import num_channels

NUM_SERIES, MOST_STEPS = 5, 90
CUTS = st.lists(st.integers(0, MOST_STEPS), min_size=NUM_SERIES, max_size=NUM_SERIES)
PARAMS = [pytest.param(c, id=c.name, marks=marks_of(c.name, c.slow)) for c in cases()]


@pytest.fixture(scope="module", params=PARAMS)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(case):
    """Fitted once for all tests; no test may change it."""
    return trial(case.name).fitted


@pytest.fixture(scope="module")
def panel(case):
    return panel_of(case.frame)


@pytest.fixture(scope="module")
def scale(panel):
    return series_scale(panel)


# An example is dear, and small enough as it comes: none is shrunk.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


def stretches(frame, cuts):
    """The rows of each series before the first cut, between the cuts, and after the last."""
    codes = pd.factorize(frame["unique_id"])[0]
    place = frame.groupby("unique_id").cumcount().to_numpy()
    stops = np.sort(np.array(cuts), axis=0)
    stops[0, 0] = max(stops[0, 0], 1)  # the first part has a value at least
    stops = np.maximum.accumulate(stops, axis=0)
    part = (place >= stops[:, codes]).sum(axis=0)
    return [frame[part == index] for index in range(len(cuts) + 1)]


def of_rows(fitted, rows):
    """The forecaster with some of its series, in an order of their own."""
    store = fitted.store_
    part = type(store)(
        store.ids[rows], store.ends.take(rows), store.state.take(rows), store.frequency,
        store.covariates[rows],
    )  # fmt: skip
    found = copy(fitted)
    found.store_ = part
    return found


def chosen(fitted, order):
    """Rows of whole systems, in any order; channels stay side by side."""
    count = num_channels(fitted.fitted_.model)
    systems = [at for at in order if at < len(fitted.store_.ids) // count]
    return np.array([at * count + channel for at in systems for channel in range(count)])


ORDERS = st.permutations(range(NUM_SERIES)).flatmap(
    lambda order: st.integers(1, NUM_SERIES).map(lambda count: [*order[:count], 0][: count + 1])
).map(lambda order: list(dict.fromkeys(order)))  # fmt: skip


@settings(max_examples=4, phases=PHASES)
@given(
    cuts=st.lists(CUTS, min_size=1, max_size=3),
    dropped=st.lists(st.integers(0, MOST_STEPS), max_size=12, unique=True),
    shuffle=st.integers(0, 99),
)
def test_any_updates_equal_one_history(case, fitted, panel, scale, cuts, dropped, shuffle):
    """Blocks, subsets of series, gaps and the order of rows do not matter."""
    frame, rng = case.frame, np.random.default_rng(shuffle)
    place = frame.groupby("unique_id").cumcount()
    gone = place.isin(dropped) & (rng.random(len(frame)) < 0.7) & (place > 0)
    frame = frame[~gone]
    first, *rest = stretches(frame, cuts)
    moved = copy(fitted).condition(first)
    for part in rest:
        if len(part):
            moved.update(part.sample(frac=1.0, random_state=shuffle))
    whole = copy(fitted).condition(frame)
    ids = whole.store_.ids
    assert set(moved.store_.ids) == set(ids)
    rows = pd.Index(panel.ids).get_indexer(pd.Index(ids))
    assert_states_close(
        states_of(moved.store_, ids), whole.store_.state, scale[rows], case.tolerance
    )
    assert list(moved.fitted_until_[list(ids)]) == list(whole.store_.ends)


def test_a_stored_model_and_later_rows_give_the_forecast_of_everything(
    case, fitted, panel, scale, tmp_path
):
    """State, scale and clock are saved with the model."""
    cuts = [[40, 0, 25, 12, 33], [55, 30, 25, 29, 34], [56, 61, 40, 29, 70]]
    first, *rest = stretches(case.frame, [cut[: panel.num_series] for cut in cuts])
    copy(fitted).condition(first).save(tmp_path / "model.kfc")
    loaded = forecast.load(tmp_path / "model.kfc")
    for part in rest:
        loaded.update(part[::-1])
    assert_states_close(
        states_of(loaded.store_, panel.ids), fitted.store_.state, scale, case.tolerance
    )
    rows = loaded.store_.positions(panel.ids)
    forecasts = [
        engine.forecast(f.fitted_.model, f.store_.state, 1)[:, 0] for f in (loaded, fitted)
    ]
    assert_close(forecasts[0][rows], forecasts[1], scale, case.tolerance)


@settings(max_examples=5, phases=PHASES)
@given(order=ORDERS, short=st.integers(1, HORIZON), more=st.integers(0, HORIZON))
def test_any_series_and_horizon_are_a_part_of_the_whole(case, fitted, scale, order, short, more):
    model, state, rows = fitted.fitted_.model, fitted.store_.state, chosen(fitted, order)
    whole = engine.forecast(model, state, short + more)
    part = engine.forecast(model, state.take(rows), short)
    assert_close(part, whole[rows, :, :short], scale[rows], case.tolerance)


@settings(max_examples=5, phases=PHASES)
@given(
    order=ORDERS,
    few=st.integers(1, 3),
    more=st.integers(0, 4),
    short=st.integers(1, 4),
    seed=st.integers(0, 2**31),
)
def test_paths_are_the_same_in_any_company(case, fitted, scale, order, few, more, short, seed):
    """Any subset and order of series, any number of paths and steps."""
    rows = chosen(fitted, order)
    whole = fitted.sample(HORIZON, few + more, seed=seed)["y"].to_numpy()
    whole = whole.reshape(len(scale), few + more, HORIZON)[rows, :few, :short]
    part = of_rows(fitted, rows).sample(short, few, seed=seed)
    assert list(part["unique_id"].unique()) == list(fitted.store_.ids[rows])
    actual = part["y"].to_numpy().reshape(len(rows), few, short)
    assert_close(actual, whole, scale[rows], max(case.tolerance, 1e-7))


@settings(max_examples=4, phases=PHASES)
@given(order=ORDERS, start=st.integers(0, 60), width=st.integers(1, 20))
def test_a_block_of_some_series_moves_them_as_one_of_all(
    case, fitted, panel, scale, order, start, width
):
    """... and leaves the others as they are, bit for bit."""
    model, rows = fitted.fitted_.model, chosen(fitted, order)
    others = np.setdiff1d(np.arange(panel.num_series), rows)
    state = engine.begin(model, np.arange(panel.num_series))
    state, _ = engine.absorb(model, state, panel.block(0, start))
    block = panel.block(start, start + width)
    block = replace(block, valid=block.valid.copy(), observed=block.observed.copy())
    whole, one_step = engine.absorb(model, state, block)
    block.valid[others], block.observed[others] = False, False
    part, some = engine.absorb(model, state, block)
    assert_states_close(part.take(rows), whole.take(rows), scale[rows], case.tolerance)
    seen = [np.where(block.valid, steps, 0.0)[rows] for steps in (some, one_step)]
    assert_close(*seen, scale[rows], case.tolerance)
    assert_states_equal(part.take(others), state.take(others))


@settings(max_examples=5, phases=PHASES)
@given(cut=st.integers(0, MOST_STEPS - 1), factor=st.floats(-3.0, 3.0))
def test_no_one_step_forecast_sees_what_follows(fitted, panel, cut, factor):
    """Bit for bit, within one block."""
    model = fitted.fitted_.model
    state = engine.begin(model, np.arange(panel.num_series))
    block = panel.block(0, panel.lengths)
    values = block.values.copy()
    values[:, cut:] = np.where(block.observed, factor * values + 7.0, 0.0)[:, cut:]
    changed = replace(block, values=values)
    found, other = (engine.absorb(model, state, b)[1][:, : cut + 1] for b in (block, changed))
    np.testing.assert_array_equal(other, found)


def test_updates_twice_are_equal_bit_for_bit(case, fitted):
    first, *rest = stretches(case.frame, [[40, 20, 25, 12, 33][: len(fitted.store_.ids)]])
    before = copy(fitted).condition(first)
    kept = before.store_.state.take(np.arange(len(before.store_.ids)))
    once, twice = (copy(before).update(rest[0]) for _ in range(2))
    assert_states_equal(once.store_.state, twice.store_.state)
    assert_states_equal(before.store_.state, kept)
    pd.testing.assert_frame_equal(once.predict(4, [80]), twice.predict(4, [80]), check_exact=True)
