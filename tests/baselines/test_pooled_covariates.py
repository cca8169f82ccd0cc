"""Covariates of the pooled autoregression: effects recovered, forecasts that follow them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from baselines.pooled_material import DESIGN, frame_of, series, settings

import forecast as fc
from forecast.baselines.pooled.fit import Design, PooledSettings, estimate_pooled
from forecast.baselines.pooled.regression import Regression
from forecast.pipelines import Columns, read_frame

EFFECTS = np.array([7.0, -3.0])


def driven(seed, length=150):
    """A level, noise, and two covariates of very different size and place."""
    rng = np.random.default_rng(seed)
    promotion = (rng.random(length) < 0.3).astype(float)
    heat = rng.normal(900.0, 25.0, length)
    standard = np.stack([promotion, (heat - 900.0) / 25.0], axis=1)
    values = 200.0 + standard @ EFFECTS + rng.normal(0, 0.5, length)
    return pd.DataFrame({
        "unique_id": f"s{seed}", "ds": pd.date_range("2024", periods=length), "y": values,
        "promotion": promotion, "heat": heat,
    })  # fmt: skip


COVARIATES = ["promotion", "heat"]
PLAIN = Regression("squared", ridge=1e-6, shrinkage=np.inf, metric_weights=False)


def test_effects_of_covariates_are_recovered():
    """With no lag to explain them, in the unit of the series: B_x scale / spread."""
    frame = pd.concat([driven(0), driven(1)], ignore_index=True)
    panel = read_frame(frame, Columns(future=COVARIATES)).panel
    chosen = PooledSettings((1, 20), (), 2, Design(0.0, "none", "window", False, False), PLAIN)
    model = estimate_pooled(panel, chosen)
    np.testing.assert_allclose(model.covariate_centres, panel.covariates.future.mean(axis=0))
    np.testing.assert_allclose(model.covariate_spreads, panel.covariates.future.std(axis=0))
    for step in range(2):  # logarithms: a coefficient is a relative change
        slopes = model.coefficients[0, step, -3:-1] / model.covariate_spreads * [1.0, 25.0]
        np.testing.assert_allclose(200.0 * slopes, EFFECTS, rtol=0.05)


@pytest.mark.parametrize("block_length", [1, 4])
def test_forecasts_follow_the_covariates_of_the_future(block_length):
    frame = pd.concat([driven(seed) for seed in range(3)], ignore_index=True)
    last = frame.groupby("unique_id").tail(8).index
    past, future = frame.drop(index=last), frame.loc[last]
    model = fc.PooledAR(20, block_length, DESIGN, PLAIN, season_length=1)
    model.fit(past, horizon=4, future_covariates=COVARIATES)
    known = future[["unique_id", "ds", *COVARIATES]]
    found = model.predict(8, future_df=known)
    errors = (found["PooledAR"].to_numpy() - future["y"].to_numpy()).reshape(3, 8)
    assert np.abs(errors).mean() < 1.0  # noise alone 0.4, without covariates 3.5
    more = known.assign(promotion=1 - known["promotion"])
    moved = model.predict(8, future_df=more)["PooledAR"].to_numpy() - found["PooledAR"].to_numpy()
    expected = 7.0 * (more["promotion"].to_numpy() - known["promotion"].to_numpy())
    np.testing.assert_allclose(moved, expected, atol=1.2)


def test_the_choice_keeps_covariates_that_help():
    frame = pd.concat([driven(seed, 100) for seed in range(2)], ignore_index=True)
    last = frame.groupby("unique_id").tail(6).index
    past, future = frame.drop(index=last), frame.loc[last]
    model = fc.PooledAR(season_length=1).fit(past, horizon=6, future_covariates=COVARIATES)
    found = model.predict(future_df=future[["unique_id", "ds", *COVARIATES]])
    assert np.abs(found["PooledAR"].to_numpy() - future["y"].to_numpy()).mean() < 1.2
    assert "repeated" not in model.choices_


def test_a_covariate_that_never_changes_alters_nothing():
    frame = frame_of(series(0), series(1))
    plain = estimate_pooled(read_frame(frame).panel, settings(ridge=1e-3))
    panel = read_frame(frame.assign(x=3.0), Columns(future=["x"])).panel
    model = estimate_pooled(panel, settings(ridge=1e-3))
    np.testing.assert_array_equal(model.covariate_spreads, 1.0)
    np.testing.assert_allclose(model.coefficients[:, :, -2], 0.0, atol=1e-9)
    np.testing.assert_allclose(
        np.delete(model.coefficients, -2, axis=2), plain.coefficients, rtol=1e-6, atol=1e-9
    )


def test_covariates_without_an_effect_are_left_out_by_the_best_way():
    rng = np.random.default_rng(5)
    frames = []
    for index in range(3):
        noise = rng.normal(size=(150, 90))
        columns = {f"noise{i}": noise[:, i] for i in range(90)}
        frames.append(frame_of(series(index, 150)).assign(unique_id=f"s{index}", **columns))
    frame = pd.concat(frames, ignore_index=True)
    names = [name for name in frame.columns if name.startswith("noise")]
    model = fc.PooledAR(season_length=4).fit(frame, horizon=6, future_covariates=names)
    ways = model.fitted_.estimate.settled.members
    assert ways[0].settings.design.covariates is False
    assert "no covariates" in model.choices_


def test_beyond_a_budget_all_series_share_their_coefficients(monkeypatch):
    monkeypatch.setattr("forecast.baselines.pooled.fit.MOST_COEFFICIENTS", 10)
    frame = pd.concat([driven(0), driven(1)], ignore_index=True)
    own = settings(shrinkage=5.0)
    model = estimate_pooled(read_frame(frame[["unique_id", "ds", "y"]]).panel, own)
    assert len(model.coefficients) == 1


def test_series_of_one_or_two_values_are_flagged():
    frame = pd.concat([driven(0), driven(1).head(2), driven(2).head(1)], ignore_index=True)
    model = fc.PooledAR(season_length=1).fit(frame[["unique_id", "ds", "y"]], horizon=3)
    assert model.fell_back_ == ["s1", "s2"]
