"""The pooled autoregression learns: least squares of all rows, absolute errors once weighed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from baselines.pooled_material import frame_of, panel_of, series, settings
from learning_material import learned

import forecast as fc
from forecast import engine
from forecast.baselines.pooled.fit import estimate_pooled

KNOWN = np.array([70, 80, 60])
ALIKE = {"metric_weights": False, "ridge": 0.1}


@pytest.fixture(scope="module")
def panel():
    return panel_of(*(series(seed, length) for seed, length in enumerate((120, 131, 90))))


@pytest.mark.parametrize("block_length", [1, 3])
@pytest.mark.parametrize("step", [1, 13, 1000])
@pytest.mark.parametrize(
    "design",
    [{}, {"difference": "seasonal"}, {"scale": "causal", "power": 1.0}, {"level_means": False}],
    ids=["logarithm", "difference", "causal", "no means"],
)
def test_squared_errors_learn_what_a_fit_on_all_rows_says(panel, design, step, block_length):
    chosen = replace(settings(design=design, **ALIKE), block_length=block_length)
    model = estimate_pooled(panel.head(KNOWN), chosen)
    before = model.coefficients.copy()
    after = learned(model, panel, KNOWN, step)
    np.testing.assert_allclose(
        after.coefficients, estimate_pooled(panel, chosen).coefficients, rtol=1e-7, atol=1e-9
    )
    np.testing.assert_array_equal(model.coefficients, before)
    assert np.abs(after.coefficients - before).max() > 0.01


@pytest.mark.parametrize("block_length", [1, 3])
def test_absolute_errors_learn_alike_in_any_blocks_and_come_nearer_to_a_fit(block_length):
    whole = panel_of(*(series(seed, 300) for seed in range(4)))
    known = np.full(4, 150)
    chosen = replace(settings(loss="absolute", ridge=0.1), block_length=block_length)
    model = estimate_pooled(whole.head(known), chosen)
    found = [learned(model, whole, known, step).coefficients for step in (1, 29)]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-8, atol=1e-10)
    goal = estimate_pooled(whole, chosen).coefficients
    before, after = np.abs(model.coefficients - goal), np.abs(found[0] - goal)
    assert after.sum() < 0.8 * before.sum()


def test_absolute_errors_are_weighed_once_by_the_error_when_they_come():
    whole = panel_of(series(3, 90))
    known = np.array([70])
    chosen = replace(settings(loss="absolute", **ALIKE), block_length=1)
    model = estimate_pooled(whole.head(known), chosen)
    sums, coefficients = model.sums, model.coefficients[0, 0]
    after = learned(model, whole.head(known + 1), known, 1)
    state = engine.begin(model, np.arange(1))
    state, _ = engine.absorb(model, state, whole.block(0, known))
    past, values, _ = model.seen(state.select("model."), whole.block(known, known + 1))
    view = model.features.view(past)
    row = model.features.design(view, 1)[0]
    error = float((values[0, 0] - view.level[0]) / view.scale[0] - row @ coefficients)
    weight = 1.0 / max(abs(error), sums.floors[0]) / sums.units[0]
    inner = sums.information[0] + weight * np.outer(row, row)
    ridge = 0.1 * np.diag(inner) * np.append(np.ones(len(row) - 1), 0.0)
    drawn = 0.1 * np.diag(sums.information[0]) * np.append(np.ones(len(row) - 1), 0.0)
    moment = (sums.information[0] + np.diag(drawn)) @ coefficients
    moment = moment + weight * row * (error + row @ coefficients)
    oracle = np.linalg.solve(inner + np.diag(ridge), moment)
    np.testing.assert_allclose(after.coefficients[0, 0], oracle, rtol=1e-7, atol=1e-9)


def test_each_series_keeps_its_distance_from_the_pool(panel):
    chosen = settings(ridge=0.1, shrinkage=20.0)
    model = estimate_pooled(panel.head(KNOWN), chosen)
    after = learned(model, panel, KNOWN, 9)
    apart = model.coefficients - model.coefficients[:1]
    np.testing.assert_allclose(after.coefficients - after.coefficients[:1], apart, atol=1e-12)
    assert np.abs(after.coefficients[0] - model.coefficients[0]).max() > 1e-3


def test_gaps_are_no_targets(panel):
    chosen = replace(settings(**ALIKE), block_length=3)
    model = estimate_pooled(panel.head(KNOWN), chosen)
    state = engine.begin(model, np.arange(3))
    state, _ = engine.absorb(model, state, panel.block(0, KNOWN))
    block = panel.block(KNOWN, KNOWN + 4)
    nothing = replace(block, observed=np.zeros_like(block.observed))
    same, _, _ = engine.learn(model, state, nothing)
    np.testing.assert_array_equal(same.coefficients, model.coefficients)


def test_series_that_the_fit_has_not_seen_teach_nothing():
    frame = frame_of(series(0), series(1))
    first = frame[frame["unique_id"] == "s0"]
    chosen = fc.Regression("squared", 0.1, np.inf, False)
    model = fc.PooledAR(lags=4, block_length=1, regression=chosen, design=fc.Design(
        1.0, "none", "window", level_means=False, season_means=False, covariates=False
    )).fit(first)  # fmt: skip
    before = model.fitted_.model.coefficients
    model.update(frame[frame["unique_id"] == "s1"], learn=True)
    np.testing.assert_array_equal(model.fitted_.model.coefficients, before)
    assert len(model.predict(horizon=2)) == 4


def test_what_cannot_learn_says_why():
    lags = tuple(range(1, 101))
    long = panel_of(series(0, 400))
    chosen = replace(settings(lags, **ALIKE), block_length=100)
    model = estimate_pooled(long, chosen)
    state = engine.begin(model, np.arange(1)).select("model.")
    with pytest.raises(ValueError, match="use fewer lags or a smaller block_length, or call fit"):
        model.learn(state, long.block(0, 5))
    frame = frame_of(series(0), series(1)).assign(wind=lambda d: np.sin(np.arange(len(d))))
    first, later = frame[frame["ds"] < "2024-04-01"], frame[frame["ds"] >= "2024-04-01"]
    design = fc.Design(1.0, "none", "window", False, False, True, 1)
    given = fc.PooledAR(3, 2, design, fc.Regression("squared", 0.1, np.inf, False))
    direct = given.fit(first, past_covariates=["wind"])
    with pytest.raises(ValueError, match=r"2 steps ahead need past covariates .* block_length=1"):
        direct.update(later, learn=True)
    alone = given.clone().set_params(block_length=1).fit(first, past_covariates=["wind"])
    before = alone.fitted_.model.coefficients
    assert (alone.update(later, learn=True).fitted_.model.coefficients != before).any()
