"""Combinations: their forecasts against those of the members, fed by hand where a block ends."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from contracts import HORIZON, SEASON, assert_states_equal, mixed_frame

import forecast as fc
from forecast import engine
from forecast.baselines.window import WindowModel
from forecast.fitting import fit_model
from forecast.pipelines import read_frame

COMBINERS = {"median": np.median, "mean": np.mean}


def members():
    return [fc.AR(lags=[1, 7], season_length=SEASON), fc.SeasonalNaive(SEASON), fc.Drift()]


def forecasts_of(fitted, horizon):
    """Forecasts of several forecasters, `(num_forecasters, num_series, horizon)`."""
    found = [one.predict(horizon)[one.name].to_numpy() for one in fitted]
    return np.stack(found).reshape(len(fitted), -1, horizon)


@pytest.fixture(scope="module")
def alone():
    """The members, each fitted by itself."""
    return [member.fit(mixed_frame(), horizon=HORIZON) for member in members()]


@pytest.fixture(scope="module")
def weighted():
    return fc.Combine(members(), method="weighted").fit(mixed_frame(), horizon=HORIZON)


@pytest.mark.parametrize("method", COMBINERS)
def test_a_forecast_is_the_median_or_the_mean_of_the_members(method, alone):
    both = fc.Combine(members(), method=method).fit(mixed_frame(), horizon=HORIZON)
    expected = COMBINERS[method](forecasts_of(alone, HORIZON), axis=0)
    np.testing.assert_allclose(forecasts_of([both], HORIZON)[0], expected, rtol=1e-12)


def test_a_weighted_forecast_is_a_weighted_sum(weighted, alone):
    weights = weighted.fitted_.model.weights
    expected = np.einsum("k,kns->ns", weights, forecasts_of(alone, 3))
    np.testing.assert_allclose(forecasts_of([weighted], 3)[0], expected, rtol=1e-12)
    assert len(set(weights.round(6))) == 3 and np.isclose(weights.sum(), 1.0)


@pytest.mark.parametrize("method", COMBINERS)
def test_beyond_a_block_the_combination_is_fed_back_to_the_members(method, alone):
    """Against members that were given the first block as new rows."""
    both = fc.Combine(members(), method=method).fit(mixed_frame(), horizon=HORIZON)
    combiner = COMBINERS[method]
    first = combiner(forecasts_of(alone, HORIZON), axis=0)
    rows = alone[0].predict(HORIZON)[["unique_id", "ds"]].assign(y=first.ravel())
    moved = [copy(member).update(rows) for member in alone]
    second = combiner(forecasts_of(moved, HORIZON), axis=0)
    expected = np.concatenate([first, second], axis=1)[:, : 2 * HORIZON - 1]
    found = forecasts_of([both], 2 * HORIZON - 1)[0]
    limits = engine.bounds(both.store_.state)
    np.testing.assert_allclose(found, limits.clip(expected), rtol=1e-10)


def test_one_step_forecasts_are_combined_too(weighted, alone):
    panel = read_frame(mixed_frame()).panel
    steps = []
    for one in (weighted, *alone):
        state = engine.begin(one.fitted_.model, np.arange(panel.num_series))
        steps.append(engine.absorb(one.fitted_.model, state, panel.block(0, panel.lengths))[1])
    expected = np.einsum("k,kns->ns", weighted.fitted_.model.weights, np.stack(steps[1:]))
    np.testing.assert_allclose(steps[0], expected, rtol=1e-12)


def test_each_member_bridges_gaps_as_it_does_alone(weighted, alone):
    rows = mixed_frame().groupby("unique_id").tail(1).assign(y=lambda df: df["y"] * 1.1)
    rows["ds"] += pd.Timedelta("4D")
    state = copy(weighted).update(rows).store_.state.select("model.")
    for index, one in enumerate(alone):
        own = copy(one).update(rows).store_.state.select("model.")
        assert_states_equal(state.select(f"member{index}."), own)


def test_a_path_is_the_forecast_plus_the_residuals_of_a_whole_block(weighted):
    paths = weighted.sample(HORIZON, 20, seed=3).query("unique_id == 'crossing'")
    point = weighted.predict(HORIZON).query("unique_id == 'crossing'")["Combine"].to_numpy()
    calibration, state = weighted.fitted_.calibration, weighted.store_.state
    row = list(weighted.store_.ids).index("crossing")
    limits = engine.bounds(state)
    blocks = point + calibration.pool * calibration.scale(state)[row]
    blocks = np.clip(blocks, limits.low[row], limits.high[row])
    for path in paths["y"].to_numpy().reshape(20, HORIZON):
        assert np.abs(blocks - path).max(axis=1).min() < 1e-9


class TriplingModel(WindowModel):
    """`y[t+1] = 3 y[t]`."""

    def emit(self, past, num_steps, future):
        return 3.0 * past.last[:, None]


class Tripling(fc.Naive):
    def _estimate(self, task):
        return replace(super()._estimate(task), model=TriplingModel(1, 1))


def test_members_that_explode_are_held_back_before_they_are_combined():
    """The mean of a bounded and an exploding forecast, not the bound of their mean."""
    frame = pd.DataFrame({"unique_id": "a", "ds": range(40), "y": np.arange(1.0, 41.0)})
    both = fc.Combine([fc.Drift(), Tripling()], method="mean").fit(frame, horizon=5)
    steps = np.arange(1.0, 6.0)
    expected = (40.0 + steps + np.minimum(40.0 * 3.0**steps, 40.0 + 39.0)) / 2
    np.testing.assert_allclose(both.predict(5)["Combine"], expected, rtol=1e-12)


def test_each_member_has_its_own_season():
    frame = fc.load_dataset("macrodata")
    both = fc.Combine([fc.SeasonalNaive(3), fc.SeasonalNaive(5, alias="five")]).fit(frame, 6)
    assert both.choices_ == "median of SeasonalNaive (season 3), five (season 5)"


def test_later_fits_keep_the_weights(weighted):
    panel = read_frame(mixed_frame()).panel
    later = fit_model(weighted.clone(), panel.head(panel.lengths - 9), None, weighted.fitted_)
    np.testing.assert_array_equal(later.model.weights, weighted.fitted_.model.weights)
    assert later.model.block_length == HORIZON
    assert weighted.choices_.startswith(f"{weighted.fitted_.model.weights[0]:.2f} AR (lags 1, 7) +")


def test_too_short_for_one_member_is_said():
    short = mixed_frame().groupby("unique_id").head(6)
    frame = pd.concat([mixed_frame(), short.query("unique_id == 'level'").assign(unique_id="new")])
    both = fc.Combine([fc.Naive(), fc.AR(lags=4)]).fit(frame)
    assert both.fell_back_ == ["new"]


def test_learning_curves_are_named_by_their_member():
    class Learned(fc.Naive):
        def _estimate(self, task):
            return replace(super()._estimate(task), history={"loss": [2.0, 1.0]})

    both = fc.Combine([Learned(alias="first"), fc.Drift()]).fit(mixed_frame())
    assert both.history_ == {"first.loss": [2.0, 1.0]}


def test_a_comparison_takes_a_combination():
    both = fc.Combine([fc.AR(lags=9), fc.Drift()], method="weighted")
    result = fc.compare([both], fc.load_dataset("sunspots"), horizon=5, n_windows=8)
    assert result.protocol.roles["Combine"] == "linear"
    assert result.protocol.refit["Combine"] == "every cutoff"
    scores = result.table.set_index("model")["MASE"]
    assert scores["Combine"] < scores["Drift"]


def test_what_a_combination_is_follows_from_its_members():
    linear, naive = fc.AR(), fc.Naive()
    network = fc.LSTMForecaster()
    assert fc.Combine([naive, fc.Drift()]).role == "naive"
    assert fc.Combine([naive, linear]).role == "linear"
    assert fc.Combine([naive, linear, network]).role == "network"
    assert fc.Combine([fc.PooledAR(), naive]).takes_new_series
    assert not fc.Combine([linear, naive]).takes_new_series
    assert fc.Combine([linear, naive]).closed_form
    assert not fc.Combine([linear, network]).closed_form


class DrivenModel(WindowModel):
    """`y[t+h] = y[t] + x[t+1] + ... + x[t+h]`."""

    def emit(self, past, num_steps, future):
        return past.last[:, None] + future[:, :num_steps, 0].cumsum(axis=1)


class Driven(fc.Naive):
    uses_covariates = True

    def _estimate(self, task):
        return replace(super()._estimate(task), model=DrivenModel(1, 3))


class Blind(fc.Drift):
    def _estimate(self, task):
        assert task.panel.num_covariates == 0
        return super()._estimate(task)


def test_covariates_reach_the_members_that_use_them():
    rng = np.random.default_rng(0)
    frame = mixed_frame()
    frame["x"] = 1e-3 * rng.normal(size=len(frame))
    members = [Driven(alias="driven"), Blind(alias="blind")]
    both = fc.Combine(members, method="mean")
    assert both.uses_covariates and not fc.Combine([fc.Naive()]).uses_covariates
    both, *alone = (one.fit(frame, 4, future_covariates=["x"]) for one in (both, *members))
    future = alone[1].predict(7)[["unique_id", "ds"]]
    future["x"] = 1e-3 * rng.normal(size=len(future))
    step = future.groupby("unique_id").cumcount()
    soon, later = future[step < 4], future[step >= 4]
    first = np.mean([one.predict(4, future_df=soon)[one.name] for one in alone], axis=0)
    moved = [copy(one).update(soon.assign(y=first)) for one in alone]
    second = np.mean([one.predict(3, future_df=later)[one.name] for one in moved], axis=0)
    expected = np.concatenate([first.reshape(-1, 4), second.reshape(-1, 3)], axis=1)
    found = both.predict(7, future_df=future)["Combine"].to_numpy().reshape(-1, 7)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    blind = both.predict(7, future_df=future.assign(x=0.0))["Combine"]
    assert not np.allclose(blind, found.ravel(), rtol=1e-12)
