"""Theta against statsmodels and against its two lines."""

from __future__ import annotations

import numpy as np
import pytest
from baselines.seasonal_series import SEASON, frame_of, seasonal
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

import forecast as fc
from forecast.baselines.smoothing import model as exponential_smoothing
from forecast.baselines.smoothing.model import SmoothingModel
from forecast.baselines.smoothing.theta import estimate_theta
from forecast.evaluation import naive2
from forecast.pipelines import Block, read_frame
from forecast.protocol import Static


def walk(steps: int, seed: int, drift: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 40.0 + np.cumsum(rng.normal(drift, 1.0, steps)) + rng.normal(0.0, 1.0, steps)


def two_lines(values: np.ndarray, alpha: float, horizon: int) -> np.ndarray:
    """The mean of the line through the series and the smoothed series of twice its curvature."""
    steps = np.arange(len(values) + horizon)
    line = np.polyval(np.polyfit(steps[: len(values)], values, 1), steps)
    bent = 2.0 * values - line[: len(values)]
    level = values[0] + (values[0] - line[0])
    for value in bent:
        level += alpha * (value - level)
    return 0.5 * (line[len(values) :] + level)


def fitted_theta(values: np.ndarray, season_length: int = 1):
    fitted = fc.Theta(season_length).fit(frame_of(a=values))
    return fitted, float(fitted.fitted_.model.smoothing[0, 0])


@pytest.mark.parametrize("seed", range(4))
def test_forecasts_and_alpha_equal_statsmodels(seed):
    values = walk(60, seed)
    fitted, alpha = fitted_theta(values)
    theirs = ThetaModel(values, deseasonalize=False).fit()
    assert alpha == pytest.approx(theirs.params["alpha"], abs=1e-3)
    known = SimpleExpSmoothing(values, initialization_method="known", initial_level=values[0])
    level = known.fit(smoothing_level=alpha, optimized=False).forecast(1)
    theirs._alpha, theirs._one_step = alpha, level
    wanted = theirs.forecast(12).to_numpy()
    np.testing.assert_allclose(fitted.predict(12)["Theta"], wanted, rtol=1e-9)


def test_it_is_the_mean_of_two_lines():
    values = walk(50, 7)
    fitted, alpha = fitted_theta(values)
    np.testing.assert_allclose(
        fitted.predict(10)["Theta"], two_lines(values, alpha, 10), rtol=1e-10
    )


@pytest.mark.parametrize("level", [40.0, 0.0], ids=["multiplicative", "additive"])
def test_the_season_is_taken_out_and_put_back(level):
    values = seasonal(60, level)
    fitted, alpha = fitted_theta(values, SEASON)
    model = fitted.fitted_.model
    indices = np.resize(model.season[0], 69)
    multiplicative = level > 0.0
    adjusted = values / indices[:60] if multiplicative else values - indices[:60]
    flat, _ = fitted_theta(adjusted)
    flat.fitted_.model.smoothing[0, 0] = alpha
    plain = flat.condition(frame_of(a=adjusted)).predict(9)["Theta"].to_numpy()
    wanted = plain * indices[60:] if multiplicative else plain + indices[60:]
    np.testing.assert_allclose(fitted.predict(9)["Theta"], wanted, rtol=1e-9)
    assert fitted.choices_ == f"alpha {alpha:.2g}, season 6"


def test_alpha_of_a_panel_is_that_of_each_series_alone():
    series = {f"s{i}": walk(30 + 7 * i, i) for i in range(6)}
    series["gappy"] = np.where(np.random.default_rng(9).random(50) < 0.2, np.nan, walk(50, 9))
    series["gappy"][[0, -1]] = 40.0
    panel = read_frame(frame_of(**series)).panel
    together, _, _ = estimate_theta(panel, 1)
    for i in range(panel.num_series):
        alone, _, _ = estimate_theta(panel.take([i]), 1)
        np.testing.assert_allclose(together.smoothing[i], alone.smoothing[0], rtol=1e-12)
        np.testing.assert_allclose(together.start[i], alone.start[0], rtol=1e-12)


def test_a_gap_is_fed_the_own_forecast():
    values = walk(40, 3)
    fitted, _ = fitted_theta(values)
    ahead = fitted.predict(6)["Theta"].to_numpy()
    later = frame_of(a=np.full(43, 50.0)).iloc[-1:]  # two steps without a row before it
    told = frame_of(a=np.r_[values, ahead[:2], 50.0]).iloc[-3:]
    gap, known = fitted.clone().fit(frame_of(a=values)), fitted
    np.testing.assert_allclose(
        gap.update(later).predict(4)["Theta"], known.update(told).predict(4)["Theta"], rtol=1e-12
    )


@pytest.mark.parametrize("gamma", [0.0, 0.3])
def test_few_series_one_by_one_are_the_same_to_the_bit(gamma, monkeypatch):
    rng, lengths = np.random.default_rng(4), np.array([90, 40, 71])
    smoothing = np.c_[rng.uniform(0.1, 0.6, (3, 2)), np.full(3, gamma), rng.uniform(0.8, 1.0, 3)]
    smoothing[1, 2] = 0.0
    start = np.array([[20.0, 0.1], [np.nan, 0.0], [18.0, -0.2]])
    season = np.array([[0.9, 1.2, 0.0, 0.8], [0.5, -0.3, 0.2, -0.4], [2.0, -1.0, 0.5, -1.5]])
    model = SmoothingModel(smoothing, start, season, np.array([True, False, False]))
    valid = np.arange(90) < lengths[:, None]
    observed = valid & (rng.random(valid.shape) < 0.8)
    block = Block(rng.normal(20.0, 3.0, valid.shape), observed, valid, np.zeros((*valid.shape, 0)))
    state = model.init_state(3, Static(np.array([2, 0, 1]), np.array([0, 3, 0])))
    after, ahead = model.observe(state, block)
    monkeypatch.setattr(exponential_smoothing, "_FEW_ROWS", 0)
    together, steps = model.observe(state, block)
    np.testing.assert_array_equal(ahead[valid], steps[valid])
    for name, array in together.arrays.items():
        np.testing.assert_array_equal(after.arrays[name], array)


def test_a_straight_line_goes_on_at_half_its_slope():
    fitted, alpha = fitted_theta(10.0 + 2.0 * np.arange(30.0))
    assert alpha == 1.0
    np.testing.assert_allclose(fitted.predict(3)["Theta"], [69.0, 70.0, 71.0], rtol=1e-9)


def test_odd_series():
    frame = frame_of(
        constant=np.full(20, 5.0), short=np.array([1.0, 2.0, 4.0]), one=np.array([7.0]),
        long=walk(2500, 1, drift=0.01),
    )  # fmt: skip
    fitted = fc.Theta(12).fit(frame)
    found = fitted.predict(2).set_index("unique_id")["Theta"]
    # The constant has a slope and a level, but too few values to tell a season.
    assert set(fitted.fell_back_) == {"short", "one", "constant"}
    assert found["constant"].tolist() == [5.0, 5.0]
    assert found["short"].tolist() == [4.0, 4.0] and found["one"].tolist() == [7.0, 7.0]


def test_it_beats_naive2_on_noisy_levels():
    rng = np.random.default_rng(4)
    values = 50.0 + rng.normal(size=(20, 60))
    frame = frame_of(**{f"s{i}": row[:48] for i, row in enumerate(values)})
    found = fc.Theta(12).fit(frame).predict(12)["Theta"].to_numpy().reshape(20, 12)
    future = values[[int(name[1:]) for name in frame["unique_id"].unique()], 48:]
    naive = np.stack([naive2(row[:48], 12, 12) for row in values])
    assert np.abs(found - future).mean() < 0.85 * np.abs(naive - future).mean()
