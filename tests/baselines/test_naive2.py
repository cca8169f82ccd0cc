"""Naive2: the organisers' forecasts, the function that scores, phases and odd series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from baselines.seasonal_series import PATTERN, SEASON, frame_of, seasonal

import forecast as fc
from forecast import engine
from forecast.baselines.smoothing.theta import estimate_naive2
from forecast.draws import Bounds, FeedBack
from forecast.evaluation import naive2
from forecast.pipelines import read_frame
from forecast.pipelines.calendar.season import seasonal_adjustment, seasonal_indices


def unbounded(panel, season_length: int, horizon: int) -> np.ndarray:
    """Forecasts without the explosion guard, which M4 does not have."""
    model, _, _ = estimate_naive2(panel, season_length)
    state = engine.begin(model, np.arange(panel.num_series))
    state, _ = engine.absorb(model, state, panel.block(0, panel.lengths))
    limit = np.full(panel.num_series, np.inf)
    return engine.roll(model, state, horizon, FeedBack(Bounds(-limit, limit)))[:, 0]


@pytest.mark.parametrize("name", ["hourly", "weekly"])
def test_forecasts_equal_the_organisers_on_m4(name, shared_data):
    season, horizon = {"hourly": (24, 48), "weekly": (1, 13)}[name]
    rows = pd.read_parquet(shared_data / "m4" / f"{name}.parquet")
    panel = read_frame(rows.loc[rows["split"] == "train", ["unique_id", "ds", "y"]]).panel
    theirs = pd.read_parquet(shared_data / "m4" / "organisers_forecasts.parquet")
    theirs = theirs.groupby("unique_id")["Naive2"]
    found = unbounded(panel, season, horizon)
    wanted = np.stack([theirs.get_group(name).to_numpy() for name in panel.ids])
    size = np.abs(wanted).mean(axis=1, keepdims=True)
    assert np.max(np.abs(found - wanted) / size) < 1e-6
    own = np.stack([naive2(panel.row(i), horizon, season) for i in range(panel.num_series)])
    np.testing.assert_allclose(found, own, rtol=1e-12)


@pytest.mark.parametrize("level", [30.0, 0.0], ids=["multiplicative", "additive"])
def test_forecasts_equal_the_function_that_scores(level):
    values = seasonal(50, level)
    values[[7, 20, 21]] = np.nan
    found = fc.Naive2(SEASON).fit(frame_of(a=values)).predict(9)["Naive2"]
    np.testing.assert_allclose(found, naive2(values, 9, SEASON), rtol=1e-12)
    assert seasonal_adjustment(values, SEASON)[1] == (level > 0)


def test_a_season_that_is_only_added_is_found_exactly():
    values = np.resize(PATTERN, 42) - 10.0
    found = fc.Naive2(SEASON).fit(frame_of(a=values)).predict(8)["Naive2"]
    np.testing.assert_allclose(found, np.resize(PATTERN, 50)[42:] - 10.0, rtol=1e-12)


def test_indices_bridge_gaps_only_where_a_phase_would_have_none():
    values = seasonal(60, 30.0)
    whole = seasonal_indices(values, SEASON)
    few = values.copy()
    few[[10, 40]] = np.nan
    many = np.where(np.random.default_rng(1).random(60) < 0.4, np.nan, values)
    np.testing.assert_allclose(seasonal_indices(few, SEASON), whole, rtol=0.02)
    np.testing.assert_allclose(seasonal_indices(many, SEASON), whole, rtol=0.08)


def test_a_later_history_keeps_its_phase():
    """Cut at the start by steps that are no whole season, as data or by condition."""
    frame = frame_of(a=seasonal(60, 30.0), b=seasonal(55, 20.0, seed=1))
    fitted = fc.Naive2(SEASON).fit(frame)
    wanted = fitted.predict(7)
    for cut in (1, 4, 13):
        later = frame[frame["ds"] >= cut]
        pd.testing.assert_frame_equal(fitted.predict(7, df=later), wanted, rtol=1e-12)
    earlier = pd.concat([frame, pd.DataFrame({"unique_id": ["a"], "ds": [-5], "y": [31.0]})])
    pd.testing.assert_frame_equal(fitted.predict(7, df=earlier), wanted, rtol=1e-12)


@pytest.mark.parametrize("freq", ["MS", "W-SUN", "h"])
def test_phases_are_counted_in_calendar_steps(freq):
    times = pd.date_range("2020-03-01", periods=60, freq=freq)
    frame = pd.DataFrame({"unique_id": "a", "ds": times, "y": seasonal(60, 30.0)})
    fitted = fc.Naive2(SEASON).fit(frame)
    later = fitted.predict(7, df=frame.iloc[8:])
    pd.testing.assert_frame_equal(later, fitted.predict(7), rtol=1e-12)
    moved = fitted.clone().fit(frame.iloc[:40]).condition(frame.iloc[50:])
    expected = fitted.clone().fit(frame.iloc[:40]).update(frame.iloc[40:]).predict(7)
    pd.testing.assert_frame_equal(moved.predict(7), expected, rtol=1e-12)


def test_short_series_are_flagged_and_keep_their_last_value():
    frame = frame_of(long=seasonal(40, 30.0), short=np.array([1.0, 4.0, 2.0]), one=np.array([3.0]))
    fitted = fc.Naive2(SEASON).fit(frame)
    assert fitted.fell_back_ == ["one", "short"] or fitted.fell_back_ == ["short", "one"]
    assert fitted.choices_ == "last value, season 6 on 1 of 3 series"
    found = fitted.predict(2).set_index("unique_id")["Naive2"]
    assert found["short"].tolist() == [2.0, 2.0] and found["one"].tolist() == [3.0, 3.0]


def test_without_a_season_it_is_naive():
    frame = frame_of(a=np.random.default_rng(0).normal(size=40))
    for season in (1, 12, 39):
        found = fc.Naive2(season).fit(frame).predict(5)["Naive2"]
        np.testing.assert_allclose(found, frame["y"].iloc[-1], rtol=1e-12)


@pytest.mark.parametrize("size", [1e200, 1e-200])
@pytest.mark.parametrize("make", [fc.Naive2, fc.Theta, lambda m: fc.ETS("AAA", m)])
def test_the_size_of_the_values_does_not_matter(make, size):
    values = seasonal(60, 40.0)
    found = make(SEASON).fit(frame_of(a=values * size), horizon=6).predict(9, level=80)
    wanted = make(SEASON).fit(frame_of(a=values), horizon=6).predict(9, level=80)
    np.testing.assert_allclose(found.iloc[:, 2:] / size, wanted.iloc[:, 2:], rtol=1e-3)
