"""The ring of newest scores in the state, against a loop over steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forecast as fc
from forecast import engine
from forecast.baselines.naive import NaiveModel
from forecast.pipelines import read_frame
from forecast.record import NUM_SCORES


def frame_of(*parts, start="2024"):
    return pd.concat(
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range(start, periods=len(y)), "y": y})
        for i, y in enumerate(parts)
    )


def scores_of_naive(values):
    """|y_t - y'_t| over the mean absolute error before it, y' the newest value seen."""
    errors, scores, last = [], [], np.nan
    for value in values:
        if np.isnan(value):
            continue
        if not np.isnan(last):
            scale = np.mean(errors) if errors else 0.0
            scores.append(abs(value - last) / scale if scale > 0 else np.nan)
            errors.append(abs(value - last))
        last = value
    return ([np.nan] * NUM_SCORES + scores)[-NUM_SCORES:]


def series_with_gaps(rng, length):
    values = rng.normal(size=length).cumsum() + 5.0
    values[1:][rng.random(length - 1) < 0.15] = np.nan
    values[-1] = 1.0
    return values


@given(
    lengths=st.lists(st.integers(1, 200), min_size=1, max_size=4),
    cuts=st.lists(st.integers(1, 90), max_size=6),
    seed=st.integers(0, 99),
)
def test_the_ring_is_the_same_for_any_blocks(lengths, cuts, seed):
    rng = np.random.default_rng(seed)
    parts = [series_with_gaps(rng, length) for length in lengths]
    panel = read_frame(frame_of(*parts), freq="D").panel
    model = NaiveModel()
    state = engine.begin(model, np.arange(len(parts)))
    known = 0
    for end in [*np.cumsum(cuts).astype(int), max(lengths)]:
        steps = np.minimum(end, panel.lengths)
        block = panel.block(np.minimum(known, panel.lengths), steps)
        state, known = engine.absorb(model, state, block)[0], max(end, known)
    wanted = [scores_of_naive(values) for values in parts]
    np.testing.assert_allclose(engine.scores(state), wanted, rtol=1e-10)


def test_a_step_without_value_or_forecast_leaves_no_score():
    panel = read_frame(frame_of([1.0, np.nan, 3.0, np.nan, 4.0]), freq="D").panel
    model = NaiveModel()
    state = engine.begin(model, np.arange(1))
    assert np.isnan(engine.scores(state)).all() and engine.scores(state).shape == (1, NUM_SCORES)
    state, _ = engine.absorb(model, state, panel.block(0, 5))
    found = engine.scores(state)[0]
    assert found[-1] == 0.5 and np.isnan(found[:-1]).all()
    unseen, _ = engine.absorb(model, state, panel.block(0, 5), one_step=False)
    np.testing.assert_array_equal(engine.scores(unseen), engine.scores(state) * 1.0)


@pytest.mark.parametrize("level", [5.0, 0.1 + 0.2, 1e9])
def test_errors_that_are_mere_rounding_are_no_scale(level):
    """A constant that jumps at last: nothing before it tells how far a jump is."""
    panel = read_frame(frame_of([level] * 50 + [level + 1.0]), freq="D").panel
    ar = fc.AR(lags=2).fit(frame_of([level] * 50))
    model = ar.fitted_.model
    state, _ = engine.absorb(model, engine.begin(model, np.arange(1)), panel.block(0, 51))
    assert np.isnan(engine.scores(state)).all()


def test_scores_travel_with_the_state(tmp_path):
    """`update` gives what `condition` gives, for new series too; a bundle keeps the bits."""
    rng = np.random.default_rng(3)
    parts = [rng.normal(size=length).cumsum() for length in (120, 90)]
    frame = frame_of(*parts)
    old = frame[frame.groupby("unique_id").cumcount() < 80]
    new = frame[frame.groupby("unique_id").cumcount() >= 80]
    other = frame_of(rng.normal(size=40)).assign(unique_id="new")
    new = pd.concat([new, other])
    pooled = fc.PooledAR(lags=2).fit(old)
    wanted = pooled.predict(3, 90, df=pd.concat([frame, other]), intervals="adaptive")
    for row in new["ds"].drop_duplicates().sort_values():
        pooled.update(new[new["ds"] == row])
    found = pooled.predict(3, 90, intervals="adaptive")
    np.testing.assert_allclose(found.iloc[:, 2:], wanted.iloc[:, 2:], rtol=1e-9)
    pooled.save(tmp_path / "pooled")
    again = fc.load(tmp_path / "pooled").predict(3, 90, intervals="adaptive")
    pd.testing.assert_frame_equal(again, found)
