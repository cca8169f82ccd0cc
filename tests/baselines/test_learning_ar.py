"""AR learns from newer rows what a fit on all rows says: NumPy, scikit-learn, statsmodels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ar_material import frame_of, known_model, panel_of, simulated, with_gaps
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_material import learned
from sklearn.linear_model import Ridge
from statsmodels.regression.recursive_ls import RecursiveLS

import forecast as fc
from forecast import engine
from forecast.baselines.algebra.companion import spectral_radius
from forecast.baselines.autoregression.estimate import estimate_ar, fixed_ar
from forecast.baselines.autoregression.plan import ARPlan
from forecast.baselines.autoregression.settings import Estimation
from forecast.baselines.autoregression.terms import Deterministic
from forecast.baselines.learning import MOST_NUMBERS
from forecast.pipelines import Panel


def rows_of(values, lags, period=0):
    """Lags and targets by loops, of rows where all is known."""
    values = values[period:] - values[: len(values) - period] if period else values
    rows = [
        [values[step - lag] for lag in [0, *lags]] for step in range(max(lags), len(values))
    ]  # fmt: skip
    rows = np.array(rows)
    rows = rows[~np.isnan(rows).any(axis=1)]
    return rows[:, 1:], rows[:, 0]


def least_squares(values, lags):
    design, target = rows_of(values, lags)
    design = np.column_stack([np.ones(len(design)), design])
    return np.linalg.lstsq(design, target, rcond=None)[0]


def equation(model, row):
    return np.concatenate([model.parameters.deterministic[row], model.coefficients[row]])


def same(first, second, tolerance=1e-9):
    for name in ("coefficients", "deterministic", "covariates", "variances", "statistics"):
        one, other = getattr(first.parameters, name), getattr(second.parameters, name)
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=name)


@settings(max_examples=10)
@given(
    lags=st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True),
    step=st.sampled_from([1, 5, 1000]),
    missing=st.sampled_from([0.0, 0.08]),
    seed=st.integers(0, 1000),
)
def test_coefficients_are_least_squares_of_all_rows(lags, step, missing, seed):
    lags = np.sort(lags)
    parts = [
        with_gaps(simulated([0.5, 0.2], length, seed + i, mean=30.0 * i), missing, seed)
        for i, length in enumerate((140, 95))
    ]
    panel = panel_of(*parts)
    model, _ = estimate_ar(panel.head(np.array([70, 60])), ARPlan(lags))
    before = {name: array.copy() for name, array in vars(model.parameters).items()}
    after = learned(model, panel, np.array([70, 60]), step)
    for row, values in enumerate(parts):
        np.testing.assert_allclose(
            equation(after, row), least_squares(values, lags), rtol=1e-8, atol=1e-8
        )
    assert all((before[name] == array).all() for name, array in vars(model.parameters).items())


@pytest.mark.parametrize("step", [1, 11, 1000])
@pytest.mark.parametrize(
    "plan",
    [
        ARPlan(np.array([1, 2, 7]), difference=7),
        ARPlan(np.array([1, 2]), logarithm=True),
        ARPlan(np.array([1, 3]), Deterministic("ct", 4)),
        ARPlan(np.array([1, 2]), Deterministic("n")),
        ARPlan(np.array([1, 2]), Deterministic("n"), Estimation("ridge", 0.1, 20)),
        ARPlan(np.array([1, 2, 5]), estimation=Estimation("ridge")),
        ARPlan(np.array([1, 2, 5]), used=np.array([[True, True, True], [True, False, False]])),
    ],
    ids=["difference", "logarithm", "terms", "no constant", "held back", "gcv", "own lags"],
)
def test_learning_equals_fitting_all_rows(plan, step):
    parts = [
        np.exp(simulated([0.5, 0.2], n, i, mean=3, sigma=0.3)) for i, n in enumerate((150, 131))
    ]
    panel, known = panel_of(parts[0], with_gaps(parts[1], 0.1)), np.array([80, 70])
    model, _ = estimate_ar(panel.head(known), plan)
    same(learned(model, panel, known, step), estimate_ar(panel, plan)[0])


def test_covariates_and_ridge_equal_scikit_learn():
    rng, values = np.random.default_rng(0), simulated([0.6], 200, 1, mean=10.0)
    covariates = rng.normal(size=(200, 2))
    values = values + covariates @ [3.0, -2.0]
    panel, plan = panel_of(values, covariates=[covariates]), ARPlan(np.array([1, 2]))
    plan = replace(plan, estimation=Estimation("ridge", 0.2))
    model, _ = estimate_ar(panel.head(np.array([90])), plan)
    after = learned(model, panel, np.array([90]), 1)
    design = np.column_stack([values[1:-1], values[:-2], covariates[2:]])
    scaled = design / design.std(axis=0)
    oracle = Ridge(alpha=0.2 * len(design)).fit(scaled, values[2:]).coef_ / design.std(axis=0)
    found = np.concatenate([after.coefficients[0], after.parameters.covariates[0]])
    np.testing.assert_allclose(found, oracle, rtol=1e-8)


def test_every_step_is_recursive_least_squares_of_statsmodels():
    values = simulated([0.5, 0.3], 90, 3, mean=5.0)
    panel, known = panel_of(values), np.array([40])
    model, _ = estimate_ar(panel.head(known), ARPlan(np.array([1, 2])))
    design = np.column_stack([np.ones(88), values[1:-1], values[:-2]])
    oracle = RecursiveLS(values[2:], design).fit().recursive_coefficients.filtered
    state = engine.begin(model, np.arange(1))
    state, _ = engine.absorb(model, state, panel.block(0, known))
    for step in range(40, 90):
        block = panel.block(np.array([step]), np.array([step + 1]))
        model, state, _ = engine.learn(model, state, block)
        np.testing.assert_allclose(equation(model, 0), oracle[:, step - 2], rtol=1e-7)


def test_series_learn_alone():
    parts = [simulated([0.5, 0.2], n, i, mean=20) for i, n in enumerate((120, 150, 90))]
    panel, known = panel_of(*parts), np.array([80, 80, 80])
    model, _ = estimate_ar(panel.head(known), ARPlan(np.array([1, 2])))
    state = engine.begin(model, np.arange(3))
    state, _ = engine.absorb(model, state, panel.block(0, known))
    block = panel.block(known, panel.lengths)
    alone, _, _ = engine.learn(model, state.take([1]), block.take([1]))
    together, _, _ = engine.learn(model, state, block)
    np.testing.assert_array_equal(alone.coefficients[1], together.coefficients[1])
    np.testing.assert_array_equal(alone.coefficients[[0, 2]], model.coefficients[[0, 2]])


def test_gaps_of_another_history_teach_nothing_but_its_rows():
    values = with_gaps(simulated([0.5, 0.2], 160, 2, mean=9.0), 0.15, 4)
    panel, known = panel_of(values), np.array([100])
    plan = ARPlan(np.array([1, 4]))
    model, _ = estimate_ar(panel.head(known), plan)
    _, target = rows_of(values, [1, 4])
    after = learned(model, panel, known, 7)
    assert isinstance(after.memory, type(model.memory))
    assert after.statistic("num_rows")[0] == len(target)
    oracle = least_squares(values, [1, 4])
    np.testing.assert_allclose(equation(after, 0), oracle, rtol=1e-8)


def test_a_series_with_many_gaps_adds_complete_rows_to_its_expected_sums():
    values = with_gaps(simulated([0.6], 400, 5, mean=3.0), 0.4, 1)
    values[250:] = simulated([-0.5], 150, 6, mean=3.0)
    panel, known = panel_of(values), np.array([250])
    model, _ = estimate_ar(panel.head(known), ARPlan(np.arange(1, 4)))
    assert model.statistic("rounds")[0] > 0
    after = learned(model, panel, known, 1000)
    complete = len(rows_of(values[247:], [1, 2, 3])[1])
    assert after.statistic("num_rows")[0] == model.statistic("num_rows")[0] + complete
    assert after.coefficients[0, 0] < model.coefficients[0, 0] - 0.2
    np.testing.assert_allclose(
        after.coefficients, learned(model, panel, known, 1).coefficients, rtol=1e-8
    )


def test_a_constant_series_begins_when_it_moves_and_a_short_one_when_it_is_long_enough():
    rng = np.random.default_rng(0)
    still = np.full(80, 7.0)
    still[50:] += rng.normal(size=30)
    panel, known = panel_of(still, 5.0 + rng.normal(size=40)), np.array([45, 3])
    model, _ = estimate_ar(panel.head(known), ARPlan(np.array([1])))
    assert model.coefficients[:, 0].tolist() == [1.0, 1.0]
    quiet = learned(model, panel.head(np.array([50, 5])), known, 1)
    assert quiet.coefficients[:, 0].tolist() == [1.0, 1.0]
    after = learned(model, panel, known, 1)
    for row, values in enumerate((still, panel.row(1))):
        np.testing.assert_allclose(equation(after, row), least_squares(values, [1]), rtol=1e-7)


def test_an_explosion_is_drawn_to_the_last_value_as_in_a_fit():
    values = np.concatenate([simulated([0.9], 60, 1, mean=5.0), 5.0 * 1.2 ** np.arange(40)])
    panel, known = panel_of(values), np.array([60])
    plan = ARPlan(np.array([1]))
    model, _ = estimate_ar(panel.head(known), plan)
    after = learned(model, panel, known, 1)
    assert model.statistic("explosive")[0] == 0
    assert after.statistic("explosive")[0] == 1
    assert spectral_radius(after.coefficients[:, :, None, None])[0] <= 1.01 + 1e-9
    same(after, estimate_ar(panel, plan)[0])


def test_what_cannot_learn_says_why_and_changes_nothing():
    frame = frame_of(simulated([0.5], 80, 0, mean=9.0))
    first, later = frame.iloc[:60], frame.iloc[60:]
    for method in ("yule-walker", "absolute"):
        model = fc.AR(lags=2, estimation=fc.Estimation(method)).fit(first)
        before, store = model.fitted_, model.store_
        with pytest.raises(ValueError, match=f"method='{method}' is estimated from all rows"):
            model.update(later, learn=True)
        assert model.fitted_ is before
        assert model.store_ is store


def test_too_many_numbers_are_not_kept():
    count = MOST_NUMBERS // 25**2 + 1
    rng = np.random.default_rng(0)
    lengths = np.full(count, 40)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    some = panel_of(rng.normal(size=5))
    starts = pd.Index(np.zeros(count, dtype=np.int64))
    ids = np.array([f"s{i}" for i in range(count)], dtype=object)
    panel = Panel(ids, rng.normal(size=offsets[-1]), offsets, starts, some.frequency)
    model, _ = estimate_ar(panel, ARPlan(np.arange(1, 25)))
    state = engine.begin(model, np.arange(1))
    with pytest.raises(
        ValueError, match="use fewer lags, fit fewer series together, take PooledAR"
    ):
        model.learn(state.select("model."), panel.block(0, 5).take([0]))


def test_a_naive_configuration_and_a_model_by_hand_have_nothing_to_learn():
    panel = panel_of(simulated([0.5], 50, 0))
    for model in (fixed_ar(panel, 1)[0], known_model([0.5])):
        state = engine.begin(model, np.arange(1)).select("model.")
        assert model.learn(state, panel.block(0, panel.lengths)) is model


def test_one_step_forecasts_of_another_history_heed_its_trend():
    steps = np.arange(100.0)
    values = steps + np.random.default_rng(0).normal(size=100)
    model, _ = estimate_ar(panel_of(values), ARPlan(np.array([1]), Deterministic("ct")))
    later = panel_of(values[50:])
    state = engine.begin(model, np.array([0]), np.array([50]))
    _, one_step = engine.absorb(model, state, later.block(0, later.lengths))
    assert np.nanmean(np.abs(one_step - values[None, 50:])) < 2.0
