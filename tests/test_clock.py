"""Trends and seasons count from the training's first step, wherever another history begins."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import pytest
from contracts import SEASON, class_params, small

import forecast as fc
from forecast.distances import distances
from forecast.pipelines import Frequency

HORIZON = 10
SLOPE = 0.4
PATTERN = np.array([0.0, 3.0, -2.0, 5.0, 1.0, -4.0, -3.0])
SIZE = float(np.ptp(PATTERN))
FIRST = pd.Timestamp("2024-01-01")

CLOCKS = {
    "trend": lambda: fc.AR(lags=[1, 2], terms=fc.Terms(trend="ct")),
    "dummies": lambda: fc.AR(lags=[1], terms=fc.Terms(trend="ct", seasonal=True), season_length=7),
    "vector": lambda: fc.VAR(lags=1, trend="ct", channels="unique_id"),
    "theta": lambda: fc.Theta(7),
    "ets": lambda: fc.ETS("AAA", 7),
    "naive2": lambda: fc.Naive2(7),
    "combined": lambda: fc.Combine([
        fc.AR(lags=[1], terms=fc.Terms(trend="ct", seasonal=True), season_length=7), fc.Naive2(7),
    ]),
}  # fmt: skip
# What is not a state is the same at once; levels and indices that are corrected come close.
EXACT = {"trend", "dummies", "vector", "naive2", "combined"}


def values_of(steps: np.ndarray, seed: int = 0, noise: float = 0.3) -> np.ndarray:
    """A line with a season, and noise that belongs to the step."""
    errors = np.random.default_rng(seed).normal(0.0, noise, 400)[steps + 50]
    return 60.0 + SLOPE * steps + PATTERN[steps % SEASON] + errors


def frame_of(first: int = 0, last: int = 150, noise: float = 0.3) -> pd.DataFrame:
    """Two series, the second with a later start."""
    parts = []
    for name, seed, late in (("a", 0, 0), ("b", 1, 9)):
        steps = np.arange(max(first, late) if first >= 0 else first + late, last)
        times = FIRST + pd.to_timedelta(steps, "D")
        parts.append(pd.DataFrame({
            "unique_id": name, "ds": times, "y": values_of(steps, seed, noise) * (1.0 + seed),
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module", params=CLOCKS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(name):
    return CLOCKS[name]().fit(frame_of(), horizon=HORIZON)


def assert_alike(name: str, found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    assert found["ds"].tolist() == wanted["ds"].tolist()
    atol = 1e-8 if name in EXACT else 0.2 * SIZE
    np.testing.assert_allclose(found.iloc[:, -1], wanted.iloc[:, -1], rtol=1e-8, atol=atol)


@pytest.mark.parametrize("cls", class_params())
def test_every_forecaster_keeps_line_and_season_on_a_tail(cls):
    model = small(cls).fit(frame_of(noise=0.02), horizon=HORIZON)
    for first in (38, 67):
        found = model.predict(df=frame_of(first, noise=0.02))[model.name]
        apart = (found - model.predict()[model.name]) / np.repeat([1.0, 2.0], HORIZON)
        assert np.abs(apart).max() < 0.25 * SIZE


@pytest.mark.parametrize("first", [9, 38, 94, -10])
def test_predict_from_another_begin(name, fitted, first):
    assert_alike(name, fitted.predict(df=frame_of(first)), fitted.predict())


def test_a_history_that_begins_after_the_training(name, fitted):
    wanted = copy(fitted).update(frame_of(150, 215)).predict()
    assert_alike(name, fitted.predict(df=frame_of(157, 215)), wanted)
    assert_alike(name, copy(fitted).condition(frame_of(157, 215)).predict(), wanted)


def test_updates_go_on_from_another_begin(name, fitted):
    moved = copy(fitted).condition(frame_of(88))
    wanted = copy(fitted).update(frame_of(150, 156)).predict()
    assert_alike(name, moved.update(frame_of(150, 156)).predict(), wanted)


def test_a_fitted_series_that_comes_back_by_update(name, fitted):
    if name == "vector":  # the channels of a system come and go together
        with pytest.raises(ValueError, match="channel"):
            copy(fitted).condition(frame_of(88).query("unique_id == 'a'"))
        return
    only = copy(fitted).condition(frame_of(88).query("unique_id == 'a'"))
    both = only.update(frame_of(74).query("unique_id == 'b'")).predict()
    assert_alike(name, both, fitted.predict())


def test_a_backtest_of_a_fitted_forecaster(name, fitted):
    cv = fc.cross_validation(fitted, frame_of(95, 200), HORIZON, n_windows=2, use_fitted=True)
    for cutoff, part in cv.groupby("cutoff"):
        known = (cutoff - FIRST).days + 1
        wanted = copy(fitted).update(frame_of(150, known)).predict()
        assert_alike(name, part[["unique_id", "ds", fitted.name]], wanted)


def test_a_loaded_forecaster_knows_where_it_began(name, fitted, tmp_path):
    path = tmp_path / "model.kfc"
    fitted.save(path)
    loaded = fc.load(path)
    assert loaded.fitted_.starts.tolist() == fitted.fitted_.starts.tolist()
    for df in (frame_of(88), frame_of(-10)):
        pd.testing.assert_frame_equal(loaded.predict(df=df), fitted.predict(df=df))
    fitted.condition(frame_of(88)).save(path)
    newer = frame_of(150, 154)
    wanted = copy(fitted).update(newer).predict()
    pd.testing.assert_frame_equal(fc.load(path).update(newer).predict(), wanted)
    fitted.condition(frame_of())


def test_the_trend_goes_on_and_the_peak_stays_in_its_month():
    """Against the numbers that made the data."""
    times = pd.date_range("2001-03-01", periods=132, freq="MS")
    steps = np.arange(132.0)
    rng = np.random.default_rng(3)
    rising = 20.0 + 1.5 * steps + rng.normal(0.0, 0.5, 132)
    peaks = np.where(times.month == 7, 30.0, 0.0) + rng.normal(0.0, 0.5, 132)
    whole = pd.DataFrame({"unique_id": "a", "ds": times, "y": rising})
    line = fc.AR(lags=[1], terms=fc.Terms(trend="ct")).fit(whole, horizon=12)
    ahead = 20.0 + 1.5 * np.arange(132.0, 144.0)
    np.testing.assert_allclose(line.predict(df=whole.tail(60))["AR"], ahead, atol=1.0)
    seasonal = fc.AR(lags=[1], terms=fc.Terms(seasonal=True), season_length=12)
    seasonal.fit(whole.assign(y=peaks), horizon=12)
    for rows in (61, 67, 70):
        found = seasonal.predict(df=whole.assign(y=peaks).tail(rows))
        assert found.loc[found["AR"].idxmax(), "ds"].month == 7
        assert found["AR"].max() == pytest.approx(30.0, abs=1.5)


def test_models_without_a_clock_take_histories_of_another_grid():
    """Every second day, from an odd and from an even one."""
    even = pd.date_range("2024-01-01", periods=40, freq="2D")
    frame = pd.DataFrame({"unique_id": "a", "ds": even, "y": values_of(np.arange(40))})
    odd = frame.assign(ds=even + pd.Timedelta("1D"))
    assert len(fc.AR(lags=[1]).fit(frame).predict(3, df=odd)) == 3
    with pytest.raises(ValueError, match=r"is not on the grid of freq='2D' that starts at 2024"):
        fc.AR(lags=[1], terms=fc.Terms(trend="ct")).fit(frame).predict(3, df=odd)


@pytest.mark.parametrize("alias", ["MS", "B", "2D", "h", "W-WED", 3])
def test_distances_are_positions_with_a_sign(alias):
    frequency = Frequency(alias)
    start = 5 if alias == 3 else pd.Timestamp("2023-03-01")
    grid = frequency.range(start, 60)
    rng = np.random.default_rng(1)
    before, after = rng.integers(0, 60, (2, 30))
    found = distances(frequency, grid.take(before), grid.take(after))
    np.testing.assert_array_equal(found, after - before)


def test_distances_on_grids_apart():
    days = pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-08"])
    times = pd.DatetimeIndex(["2024-01-07", "2024-01-02", "2024-01-02"])
    assert distances(Frequency("2D"), days, times).tolist() == [3, 0, -3]
