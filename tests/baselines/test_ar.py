"""Autoregression against statsmodels: coefficients, variance, criteria, forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ar_material import after, frame_of, free_rollout, model_state, panel_of, simulated
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import yule_walker
from statsmodels.tsa.ar_model import AutoReg

from forecast import AR, Estimation, LagSelection, Terms
from forecast.baselines.autoregression.estimate import estimate_ar
from forecast.baselines.autoregression.orders import information_criterion
from forecast.baselines.autoregression.plan import ARPlan
from forecast.baselines.autoregression.regression import RIDGES
from forecast.baselines.autoregression.terms import Deterministic

LAGS = st.one_of(
    st.integers(1, 6), st.lists(st.integers(1, 13), min_size=1, max_size=4, unique=True)
)


def lag_list(lags):
    return np.arange(1, lags + 1) if isinstance(lags, int) else np.unique(lags)


def raw_coefficients(model, row=0):
    """Constant and coefficients of the equation in the values themselves."""
    return np.concatenate([model.parameters.deterministic[row], model.coefficients[row]])


def least_squares(values, lags):
    """Least squares on the rows whose target and lags are all observed, by loops."""
    rows, targets = [], []
    for step in range(max(lags), len(values)):
        row = [values[step - lag] for lag in lags]
        if not np.isnan([*row, values[step]]).any():
            rows.append([1.0, *row])
            targets.append(values[step])
    return np.linalg.lstsq(np.array(rows), np.array(targets), rcond=None)[0]


@settings(max_examples=60)
@given(
    lags=LAGS,
    trend=st.sampled_from(["n", "c", "t", "ct"]),
    period=st.sampled_from([1, 4, 7]),
    num_covariates=st.integers(0, 2),
    more=st.sampled_from([None, 0, 9]),
    seed=st.integers(0, 10_000),
)
def test_everything_equals_statsmodels(lags, trend, period, num_covariates, more, seed):
    rng = np.random.default_rng(seed)
    level = 0.0 if trend in ("n", "t") else 40.0
    covariates = [rng.normal(size=(length, num_covariates)) for length in (150, 111)]
    parts = [
        simulated([0.5, 0.2], len(x), seed + i, mean=level, sigma=2.0) + x @ np.ones(num_covariates)
        for i, x in enumerate(covariates)
    ]
    used = lag_list(lags)
    hold_back = None if more is None else int(used.max()) + more
    plan = ARPlan(used, Deterministic(trend, period), Estimation(hold_back=hold_back))
    panel = panel_of(*parts, covariates=covariates)
    model, fell_back = estimate_ar(panel, plan)
    assert not len(fell_back) and not model.statistic("explosive").any()
    state, one_step = after(model, panel)
    future = rng.normal(size=(2, 12, num_covariates))
    forecasts = free_rollout(model, state, 12, future)
    spread = model.deviations(model_state(state), 12)
    for row, values in enumerate(parts):
        oracle = AutoReg(
            values, lags=[int(lag) for lag in used], trend=trend, seasonal=period > 1,
            period=period if period > 1 else None, hold_back=hold_back,
            exog=covariates[row] if num_covariates else None,
        ).fit()  # fmt: skip
        found = np.concatenate([raw_coefficients(model, row), model.parameters.covariates[row]])
        np.testing.assert_allclose(found, oracle.params, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(model.parameters.variances[row], oracle.sigma2, rtol=1e-8)
        assert (
            plan.deterministic.names
            == list(oracle.model.exog_names[: len(found) - len(used)])[
                : len(plan.deterministic.names)
            ]
        )
        count = oracle.nobs
        assert model.statistic("num_rows")[row] == count
        for criterion in ("aic", "bic", "hqic"):
            value = information_criterion(
                criterion, model.parameters.variances[row], count, len(found)
            )
            np.testing.assert_allclose(value, getattr(oracle, criterion), rtol=1e-8, atol=1e-6)
        end = len(values)
        ahead = {"exog_oos": future[row]} if num_covariates else {}
        expected = oracle.predict(end, end + 11, **ahead)
        np.testing.assert_allclose(forecasts[row], expected, rtol=1e-8, atol=1e-8)
        first = oracle.model.hold_back
        np.testing.assert_allclose(
            one_step[row, first:end], oracle.fittedvalues, rtol=1e-8, atol=1e-8
        )
        if not num_covariates:
            wanted = oracle.get_prediction(end, end + 11).se_mean
            np.testing.assert_allclose(spread[row], wanted, rtol=1e-8)


@pytest.mark.parametrize("lags", [4, [1, 7]])
def test_the_forecaster_equals_statsmodels(lags):
    series = [
        simulated([0.6, 0.2], 150, seed, mean=level) for seed, level in ((1, 50.0), (2, -900.0))
    ]
    terms = Terms(trend="ct", seasonal=True)
    ar = AR(lags=lags, terms=terms, season_length=5).fit(frame_of(*series), horizon=3)
    forecasts = ar.predict(20).set_index("unique_id")["AR"]
    table, statistics = ar.coefficients_, ar.statistics_.set_index("unique_id")
    for row, values in enumerate(series):
        name = f"s{row}"
        oracle = AutoReg(values, lags=lags, trend="ct", seasonal=True, period=5).fit()
        own = table[table["unique_id"] == name]
        assert list(own["term"]) == list(oracle.model.exog_names)
        np.testing.assert_allclose(own["value"], oracle.params, rtol=1e-8, atol=1e-8)
        for criterion in ("aic", "bic", "hqic", "sigma2"):
            np.testing.assert_allclose(
                statistics.loc[name, criterion], getattr(oracle, criterion), rtol=1e-8
            )
        expected = oracle.predict(len(values), len(values) + 19)
        np.testing.assert_allclose(forecasts[name], expected, rtol=1e-8)


def test_seasonal_lags_are_added():
    values = simulated([0.5], 120, 3)
    ar = AR(lags=2, terms=Terms(seasonal_lags=2), season_length=7).fit(frame_of(values), horizon=3)
    assert ar.choices_ == "lags 1-2, 7, 14"
    oracle = AutoReg(values, lags=[1, 2, 7, 14]).fit()
    np.testing.assert_allclose(ar.coefficients_["value"], oracle.params, rtol=1e-8, atol=1e-10)


@settings(max_examples=20)
@given(
    order=st.integers(1, 6),
    demean=st.booleans(),
    length=st.integers(40, 90),
    seed=st.integers(0, 99),
)
def test_yule_walker_equals_statsmodels(order, demean, length, seed):
    values = simulated([0.7, -0.3], length, seed, mean=3.0 * demean)
    plan = ARPlan(
        np.arange(1, order + 1), Deterministic("c" if demean else "n"), Estimation("yule-walker")
    )
    model, _ = estimate_ar(panel_of(values, values[:30]), plan)
    oracle = yule_walker(values, order, method="mle", demean=demean, result_object=True)
    np.testing.assert_allclose(model.coefficients[0], oracle.rho, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(model.parameters.variances[0], oracle.sigma**2, rtol=1e-8)


def test_ridge_penalises_lags_and_covariates_and_leaves_the_terms_alone():
    rng = np.random.default_rng(0)
    covariate = rng.normal(size=(90, 1))
    values = simulated([0.6], 90, 1) + 0.3 * np.arange(90) + covariate[:, 0]
    plan = ARPlan(np.array([1, 3]), Deterministic("ct", 4), Estimation("ridge", ridge=0.2))
    model, _ = estimate_ar(panel_of(values, covariates=[covariate]), plan)
    steps = np.arange(3, 90)
    dummies = [(steps % 4 == phase).astype(float) for phase in (1, 2, 3)]
    free = np.column_stack([np.ones(87), steps + 1.0, *dummies])
    penalised = np.column_stack([values[steps - 1], values[steps - 3], covariate[steps, 0]])

    def rest(columns):
        return columns - free @ np.linalg.lstsq(free, columns, rcond=None)[0]

    left, target = rest(penalised), rest(values[steps])
    penalty = 0.2 * np.diag((left**2).sum(axis=0))
    slopes = np.linalg.solve(left.T @ left + penalty, left.T @ target)
    found = np.append(model.coefficients[0], model.parameters.covariates[0])
    np.testing.assert_allclose(found, slopes, rtol=1e-9)
    terms = np.linalg.lstsq(free, values[steps] - penalised @ slopes, rcond=None)[0]
    np.testing.assert_allclose(model.parameters.deterministic[0], terms, rtol=1e-8)


def test_ridge_without_a_number_is_chosen_by_generalised_cross_validation():
    values = simulated([0.2], 60, 2)
    plan = ARPlan(np.arange(1, 13), estimation=Estimation("ridge"))
    chosen, _ = estimate_ar(panel_of(values), plan)
    scores = []
    for ridge in RIDGES:
        plan = ARPlan(np.arange(1, 13), estimation=Estimation("ridge", ridge))
        model, _ = estimate_ar(panel_of(values), plan)
        design = np.column_stack([values[12 - lag : 60 - lag] for lag in range(1, 13)])
        design = design - design.mean(axis=0)
        scaled = design / design.std(axis=0)
        hat = scaled @ np.linalg.solve(scaled.T @ scaled + 48 * ridge * np.eye(12), scaled.T)
        spare = 48 - 1 - np.trace(hat)
        scores.append((48 * model.parameters.variances[0] / spare**2, model))
    best = min(scores, key=lambda pair: pair[0])[1]
    np.testing.assert_allclose(chosen.coefficients, best.coefficients, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("lags", [[1, 2], [2, 5]])
def test_gaps_leave_the_rows_with_all_lags_observed(lags):
    values = simulated([0.5, 0.3], 200, seed=3, mean=10.0)
    values[np.random.default_rng(0).choice(np.arange(1, 199), 30, replace=False)] = np.nan
    model, fell_back = estimate_ar(panel_of(values), ARPlan(np.array(lags)))
    assert not len(fell_back) and not model.statistic("rounds").any()
    np.testing.assert_allclose(raw_coefficients(model), least_squares(values, lags), rtol=1e-8)


def test_differences_are_multiplied_out():
    values = simulated([0.5, 0.2], 150, seed=4) + np.tile([0.0, 3.0, -2.0, 5.0], 38)[:150]
    plan = ARPlan(np.array([1, 2]), difference=4)
    model, _ = estimate_ar(panel_of(values), plan)
    oracle = AutoReg(values[4:] - values[:-4], lags=2).fit()
    state, _ = after(model, panel_of(values))
    path = list(values)
    for change in oracle.predict(146, 155):
        path.append(path[-4] + change)
    np.testing.assert_allclose(free_rollout(model, state, 10)[0], path[150:], rtol=1e-8)
    np.testing.assert_allclose(model.parameters.variances[0], oracle.sigma2, rtol=1e-8)


def test_logarithms_are_taken_and_taken_back():
    values = np.exp(0.3 * simulated([0.8], 200, seed=5) + 3.0)
    model, _ = estimate_ar(panel_of(values), ARPlan(np.array([1]), logarithm=True))
    oracle = AutoReg(np.log1p(values), lags=1).fit()
    state, _ = after(model, panel_of(values))
    expected = np.expm1(oracle.predict(200, 209))
    np.testing.assert_allclose(free_rollout(model, state, 10)[0], expected, rtol=1e-8)


def test_known_coefficients_are_recovered():
    values = simulated([1.2, -0.4], 4000, seed=5, mean=3.0)
    ar = AR(lags=2).fit(frame_of(values, step="h"), horizon=2)
    found = ar.coefficients_["value"].to_numpy()
    np.testing.assert_allclose(found[1:], [1.2, -0.4], atol=0.04)
    np.testing.assert_allclose(found[0] / (1 - found[1:].sum()), 3.0, atol=0.3)


def test_covariates_given_to_fit_are_part_of_the_equation():
    rng = np.random.default_rng(1)
    frame = frame_of(simulated([0.5], 120, 1), simulated([0.3], 120, 2)).assign(
        price=rng.normal(size=240)
    )
    frame["y"] += 2.0 * frame["price"]
    ar = AR(lags=1).fit(frame, horizon=4, future_covariates=["price"])
    assert list(ar.coefficients_["term"].unique()) == ["const", "y.L1", "price"]
    later = ar.predict(
        4, df=frame[["unique_id", "ds", "y", "price"]], future_df=_future(frame, rng)
    )
    assert np.isfinite(later["AR"]).all()


def _future(frame, rng):
    times = frame["ds"].max() + pd.to_timedelta(np.arange(1, 5), unit="D")
    parts = [
        pd.DataFrame({"unique_id": name, "ds": times, "price": rng.normal(size=4)})
        for name in frame["unique_id"].unique()
    ]
    return pd.concat(parts)


@pytest.mark.parametrize("lags", [0, -1, 1.5, [1, 0], True])
def test_lags_below_one_are_refused(lags):
    with pytest.raises(ValueError, match=r"`lags` must be a whole number of at least 1; got"):
        AR(lags=lags)


def test_a_criterion_as_text_is_refused_with_the_way_to_say_it():
    with pytest.raises(ValueError, match=r"got 'aic'.*lags=fc\.LagSelection\('aic'\)"):
        AR(lags="aic")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AR(lags=[]), r"`lags` is empty; give a number p for lags 1 to p"),
        (lambda: AR(season_length=0), r"`season_length` must be a whole number of at least 1"),
        (
            lambda: AR(intervals="normal"),
            r"`intervals` must be 'conformal', 'adaptive', 'analytic' or 'paths'; got",
        ),
        (
            lambda: AR(terms="ct"),
            r"`terms` must be of the class Terms, such as fc.Terms\(\); got 'ct'",
        ),
        (lambda: Terms(trend="ctt"), r"`trend` must be one of 'n', 'c', 't', 'ct'; got 'ctt'"),
        (lambda: Terms(seasonal=12), r"`seasonal` must be True or False; got 12"),
        (lambda: Terms(seasonal_lags=-1), r"`seasonal_lags` must be a whole number of at least 0"),
        (lambda: Estimation("lasso"), r"`method` must be one of 'ols', 'ridge', 'yule-walker'"),
        (lambda: Estimation("ridge", -1), r"`ridge` must be a number from 0.0 to inf; got -1"),
        (lambda: Estimation(ridge=0.1), r"`ridge` belongs to method='ridge'; got ridge=0.1"),
        (lambda: Estimation(hold_back=1.5), r"`hold_back` must be a whole number of at least 0"),
        (lambda: LagSelection("loo"), r"`criterion` must be one of 'rolling', 'aic', 'bic'"),
        (lambda: LagSelection(max_lags=0), r"`max_lags` must be a whole number of at least 1"),
        (lambda: AR(LagSelection("fpe")), r"AR cannot choose its lags by 'fpe'.*'rolling', 'aic'"),
        (
            lambda: AR(2, Terms("ct"), Estimation("yule-walker")),
            r"method='yule-walker' takes trend 'n' or 'c', no seasonal dummies and no hold_back",
        ),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
