"""Gaps: the filter against dense Gaussian conditioning, and what is learned from gappy series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ar_material import (
    after,
    frame_of,
    free_rollout,
    known_model,
    model_state,
    panel_of,
    simulated,
    with_gaps,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import forecast
from forecast import AR, engine
from forecast.baselines.autoregression.estimate import estimate_ar
from forecast.baselines.autoregression.filter import Uncertainty
from forecast.baselines.autoregression.missing import interpolated
from forecast.baselines.autoregression.plan import ARPlan
from forecast.pipelines import Block
from forecast.protocol import Absorbs

STABLE = ([0.7], [1.2, -0.5], [0.5, 0.3, -0.2], [0.3, 0.0, 0.0, 0.0, 0.5])


def process(coefficients, constant, variance, start, num_steps):
    """Mean and covariance of all steps, the first ones known: by the inverse of the difference."""
    order, size = len(coefficients), num_steps
    difference, shock = np.eye(size), np.full(size, constant)
    spread = np.eye(size) * variance
    for step in range(order, size):
        difference[step, step - order : step] = -np.asarray(coefficients)[::-1]
    shock[:order], spread[:order] = start, 0.0
    inverse = np.linalg.inv(difference)
    return inverse @ shock, inverse @ spread @ inverse.T


def conditional(mean, covariance, values, step, wanted):
    """Mean and variance of `wanted` given the observed values before `step`."""
    seen = [i for i in range(step) if not np.isnan(values[i]) and covariance[i, i] > 0]
    gain = covariance[np.ix_(wanted, seen)] @ np.linalg.pinv(covariance[np.ix_(seen, seen)])
    middle = mean[wanted] + gain @ (values[seen] - mean[seen])
    spread = covariance[np.ix_(wanted, wanted)] - gain @ covariance[np.ix_(seen, wanted)]
    return middle, np.diag(spread)


@settings(max_examples=25)
@given(
    coefficients=st.sampled_from(STABLE), share=st.floats(0.05, 0.6), seed=st.integers(0, 1000)
)  # fmt: skip
def test_the_filter_equals_dense_conditioning(coefficients, share, seed):
    order, constant, variance = len(coefficients), 2.0, 1.7
    values = simulated(coefficients, 45, seed, sigma=np.sqrt(variance)) + 5.0
    values = with_gaps(values, share, seed, known=order)[: 45 - order]
    model = known_model(coefficients, constant, variance)
    state, one_step = after(model, panel_of(values))
    size = len(values)
    mean, covariance = process(coefficients, constant, variance, values[:order], size + 8)
    for step in range(order, size):
        expected, _ = conditional(mean, covariance, values, step, [step])
        np.testing.assert_allclose(one_step[0, step], expected[0], rtol=1e-9, atol=1e-9)
    ahead = list(range(size, size + 8))
    expected, spread = conditional(mean, covariance, values, size, ahead)
    np.testing.assert_allclose(free_rollout(model, state, 8)[0], expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        model.deviations(model_state(state), 8)[0], np.sqrt(spread), rtol=1e-8, atol=1e-10
    )
    window = state.arrays["model.window"][0]
    newest = list(range(size - order, size))
    expected, _ = conditional(mean, covariance, values, size, newest)
    np.testing.assert_allclose(window, np.where(np.isnan(values[newest]), expected, values[newest]))


def test_filtering_is_worth_what_theory_says():
    """AR(2) with 20 % missing, one-step MSE: exact 1.36, own forecast fed 1.41, state held 1.6."""
    coefficients = np.array([1.2, -0.5])
    full = simulated(coefficients, 15_000, 5)
    values = with_gaps(full, 0.2, 6)
    _, one_step = after(known_model(coefficients), panel_of(values))
    exact = np.mean((full - one_step[0])[100:] ** 2)
    fed, held, errors = values.copy(), list(values[:2]), []
    for step in range(2, len(values)):
        own, last = fed[step - 2 : step][::-1] @ coefficients, np.dot(held[:-3:-1], coefficients)
        errors.append([full[step] - own, full[step] - last])
        if np.isnan(values[step]):
            fed[step] = own
        else:
            held.append(values[step])
    own, last = np.mean(np.square(errors[100:]), axis=0)
    np.testing.assert_allclose([exact, own, last], [1.36, 1.41, 1.60], atol=0.06)
    assert exact < 0.98 * own


def test_what_a_row_gets_does_not_depend_on_gaps_of_others():
    values = simulated([0.5, 0.3], 120, 1)
    model = known_model([0.5, 0.3], num_series=2)
    alone, one_step = after(model, panel_of(values, values))
    mixed, mixed_step = after(model, panel_of(values, with_gaps(values, 0.4, 2)))
    np.testing.assert_array_equal(mixed_step[0], one_step[0])
    np.testing.assert_array_equal(
        mixed.take([0]).arrays["model.window"], alone.take([0]).arrays["model.window"]
    )


def test_an_uncertain_state_becomes_certain_after_a_window_of_values():
    model = known_model([0.5, 0.3])
    values = np.append(with_gaps(simulated([0.5, 0.3], 40, 1), 0.3, 2), [np.nan, 1.0, 2.0])
    state, _ = after(model, panel_of(values[:-1]))
    assert state.arrays["model.ages"].any() and state.arrays["model.covariance"].any()
    state, _ = after(model, panel_of(values))
    assert not state.arrays["model.ages"].any() and not state.arrays["model.covariance"].any()


def test_more_unknown_values_than_slots_are_no_error():
    model = known_model([0.4, 0.2, 0.1, 0.1], num_slots=2)
    values = np.append(simulated([0.4], 30, 1), np.full(6, np.nan))
    state, _ = after(model, panel_of(np.append(values, [0.5])))
    assert np.isfinite(free_rollout(model, state, 5)).all()


def test_an_update_with_a_gap_equals_the_history_with_it(tmp_path):
    values = simulated([1.2, -0.5], 90, 3, mean=20.0)
    gappy = with_gaps(values, 0.25, 4)
    ar = AR(lags=3).fit(frame_of(values), horizon=3)
    frame = frame_of(gappy)
    whole = ar.clone().fit(frame_of(values), horizon=3).condition(frame).predict(6, [80])
    ar.condition(frame.iloc[:50].dropna()).update(frame.iloc[50:].dropna())
    pd.testing.assert_frame_equal(ar.predict(6, [80]), whole, rtol=1e-10)
    cut = next(i for i in range(50, 80) if np.isnan(gappy[i - 2]) and not np.isnan(gappy[i - 1]))
    ar.condition(frame.iloc[:cut])
    assert ar.store_.state.arrays["model.covariance"].any()
    ar.save(tmp_path / "ar.kfc")
    loaded = forecast.load(tmp_path / "ar.kfc")
    rest = frame.iloc[cut:]
    pd.testing.assert_frame_equal(
        loaded.update(rest).predict(6, [80]), ar.update(rest).predict(6, [80]), check_exact=True
    )


def test_blocks_cut_within_a_gap_give_the_same_state():
    values = with_gaps(simulated([0.5, 0.3, -0.2], 60, 7), 0.5, 8)
    model, panel = known_model([0.5, 0.3, -0.2]), panel_of(values)
    whole, _ = after(model, panel)
    state = engine.begin(model, np.zeros(1, dtype=np.int64))
    for step in range(60):
        state, _ = engine.absorb(model, state, panel.block(step, step + 1))
    for name, array in whole.arrays.items():
        np.testing.assert_allclose(state.arrays[name], array, rtol=1e-10, atol=1e-12)


def test_absorbing_gives_the_state_of_observing():
    ragged = [with_gaps(simulated([0.5, 0.3, -0.2], n, n), g, 8) for n, g in ((60, 0.4), (33, 0))]
    ragged[0][-2] = np.nan
    model, panel = known_model([0.5, 0.3, -0.2], num_series=2), panel_of(*ragged)
    block = panel.block(np.zeros(2, dtype=np.int64), panel.lengths)
    state = engine.begin(model, np.arange(2)).select("model.")
    assert isinstance(model, Absorbs)
    observed, found = model.observe(state, block)[0], model.absorb(state, block)
    assert observed.arrays["ages"].any()
    for name, array in observed.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
    np.testing.assert_array_equal(found.clock, observed.clock)


def test_a_packed_covariance_is_unpacked():
    root = np.random.default_rng(0).normal(size=(3, 4, 4))
    whole = Uncertainty(np.arange(12).reshape(3, 4), root @ np.swapaxes(root, 1, 2))
    assert whole.packed.shape == (3, 10)
    again = Uncertainty.of_packed(whole.ages, whole.packed)
    np.testing.assert_allclose(again.covariance, whole.covariance, rtol=1e-12)


def test_observe_does_not_write_into_its_block():
    model, values = known_model([0.5]), np.array([[1.0, 0.0, 2.0]])
    observed = np.array([[True, False, True]])
    block = Block(values.copy(), observed, np.ones((1, 3), dtype=bool))
    engine.absorb(model, engine.begin(model, np.zeros(1, dtype=np.int64)), block)
    np.testing.assert_array_equal(block.values, values)


# Estimation ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("num_lags", "by_expectation"), [(2, False), (8, True)])
def test_known_coefficients_are_recovered_with_a_fifth_missing(num_lags, by_expectation):
    values = with_gaps(simulated([1.2, -0.5], 2000, 1, mean=3.0, sigma=1.5), 0.2, 1)
    model, fell_back = estimate_ar(panel_of(values), ARPlan(np.arange(1, num_lags + 1)))
    assert not len(fell_back) and (model.statistic("rounds")[0] > 0) == by_expectation
    wanted = np.zeros(num_lags)
    wanted[:2] = [1.2, -0.5]
    np.testing.assert_allclose(model.coefficients[0], wanted, atol=0.12)
    constant = model.parameters.deterministic[0, 0]
    np.testing.assert_allclose(constant / (1 - model.coefficients[0].sum()), 3.0, atol=0.25)
    np.testing.assert_allclose(model.parameters.variances[0], 1.5**2, rtol=0.1)


def test_expectation_learns_where_no_row_is_complete():
    rng = np.random.default_rng(2)
    full = [simulated([0.5, 0.0, 0.4], 400, seed, mean=10.0) for seed in (3, 4)]
    gappy = [np.where(rng.random(400) < 0.3, np.nan, values) for values in full]
    frame = frame_of(*gappy)
    ar = AR(lags=12).fit(frame, horizon=3)
    assert "series with many gaps, fitted by expectation: 2" in ar.choices_
    assert ar.fell_back_ == [] and (ar.statistics_["rounds"] > 0).all()
    table = ar.coefficients_.set_index(["unique_id", "term"])["value"]
    for name in ("s0", "s1"):
        lags = table[name].drop("const").to_numpy()
        np.testing.assert_allclose(lags[:3], [0.5, 0.0, 0.4], atol=0.2)


def test_interpolation_holds_the_ends():
    values = np.array([np.nan, 2.0, np.nan, np.nan, 8.0, np.nan])
    np.testing.assert_array_equal(interpolated(values), [2.0, 2.0, 4.0, 6.0, 8.0, 8.0])
    np.testing.assert_array_equal(interpolated(np.full(3, np.nan)), 0.0)


def test_one_gappy_series_of_many_does_not_make_all_states_large():
    few = np.random.default_rng(0).normal(size=150)
    many = np.concatenate([few[:30], np.full(50, np.nan), few[80:]])
    plan = ARPlan(np.array([1, 60]))
    slots = [
        estimate_ar(panel_of(many, *[few] * others), plan)[0].form.num_slots
        for others in (0, 5, 200)
    ]
    assert slots == [58, 58, 16]
