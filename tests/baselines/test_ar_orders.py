"""Orders by information criteria against statsmodels' `ar_select_order`, all series at once."""

from __future__ import annotations

import numpy as np
import pytest
from ar_material import frame_of, panel_of, simulated, with_gaps
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.ar_model import AutoReg, ar_select_order

from forecast import AR, LagSelection, Terms
from forecast.baselines.algebra.gram import gram_of_rows
from forecast.baselines.autoregression.orders import nested_variances, select_orders
from forecast.baselines.autoregression.plan import ARPlan
from forecast.baselines.autoregression.terms import Deterministic
from forecast.draws import text_keys

NO_LAGS = np.zeros(0, dtype=np.int64)


@settings(max_examples=15)
@given(
    criterion=st.sampled_from(["aic", "bic", "hqic"]),
    trend=st.sampled_from(["n", "c", "ct"]),
    period=st.sampled_from([1, 5]),
    num_covariates=st.integers(0, 1),
    seed=st.integers(0, 500),
)
def test_orders_equal_statsmodels(criterion, trend, period, num_covariates, seed):
    rng = np.random.default_rng(seed)
    covariates = [rng.normal(size=(length, num_covariates)) for length in (160, 130, 140)]
    shapes = ([0.5], [0.4, 0.0, 0.4], [0.9, -0.4])
    pairs = enumerate(zip(shapes, covariates, strict=True))
    parts = [simulated(shape, len(x), seed + i) for i, (shape, x) in pairs]
    plan = ARPlan(NO_LAGS, Deterministic(trend, period))
    found = select_orders(panel_of(*parts, covariates=covariates), plan, 8, criterion)
    for order, values, known in zip(found, parts, covariates, strict=True):
        oracle = ar_select_order(
            values, 8, ic=criterion, trend=trend, seasonal=period > 1,
            period=period if period > 1 else None, exog=known if num_covariates else None,
        )  # fmt: skip
        assert order == len(oracle.ar_lags or ())


def test_variances_of_nested_regressions_come_from_one_factorisation():
    rows = np.random.default_rng(0).normal(size=(3, 40, 6)) @ np.random.default_rng(1).normal(
        size=(6, 6)
    )
    found = nested_variances(gram_of_rows(rows))
    for row, part in zip(found, rows, strict=True):
        for count in range(6):
            design = np.column_stack([np.ones(40), part[:, :count]])
            fit = design @ np.linalg.lstsq(design, part[:, -1], rcond=None)[0]
            np.testing.assert_allclose(row[count], np.mean((part[:, -1] - fit) ** 2), rtol=1e-9)


def test_each_series_gets_its_own_order_and_coefficients():
    parts = [simulated([0.6], 200, 1), simulated([0.3, 0.0, 0.5], 180, 2), np.arange(12.0) % 5]
    ar = AR(lags=LagSelection("bic", max_lags=6), season_length=1).fit(frame_of(*parts), horizon=4)
    assert ar.choices_.startswith("BIC (")
    table = ar.coefficients_.set_index("unique_id")
    for name, values in zip(("s0", "s1"), parts, strict=False):
        order = len(ar_select_order(values, 6, ic="bic").ar_lags or ())
        oracle = AutoReg(values, lags=order).fit()
        np.testing.assert_allclose(table.loc[name, "value"], oracle.params, rtol=1e-8, atol=1e-8)


def test_lags_that_are_always_in_take_part_in_the_comparison():
    season = np.tile(np.random.default_rng(3).normal(size=12), 20)
    values = season + simulated([0.7], 240, 4, sigma=0.3)
    ar = AR(LagSelection("aic", max_lags=4), Terms(seasonal_lags=1), season_length=12)
    terms = ar.fit(frame_of(values), horizon=4).coefficients_["term"].tolist()
    assert terms[0] == "const" and terms[-1] == "y.L12" and len(terms) <= 6


def test_orders_are_settled_by_the_first_fit(monkeypatch):
    values = simulated([0.5, 0.3], 150, 5)
    made = []
    import forecast.baselines.autoregression.choice as choice

    original = choice.select_orders
    monkeypatch.setattr(
        choice, "select_orders", lambda *given: made.append(1) or original(*given)
    )  # fmt: skip
    ar = AR(lags=LagSelection("aic"), season_length=1).fit(frame_of(values), horizon=4)
    assert len(made) == 1
    assert ar.fitted_.estimate.settled["orders"] == {
        text_keys(["s0"])[0]: len(ar.coefficients_) - 1
    }


def test_gappy_and_short_series_get_orders_too():
    values = with_gaps(simulated([0.5, 0.3], 200, 6), 0.3, 7)
    panel = panel_of(values, values[:9], np.array([1.0]), np.full(50, 4.0))
    found = select_orders(panel, ARPlan(NO_LAGS), 12, "aic")
    assert found[0] >= 1 and found[1] <= 1 and found[2] == 0 and found[3] == 0


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_perfectly_periodic_series_are_no_error(criterion):
    panel = panel_of(np.tile([1.0, 5.0, 2.0], 30), np.arange(60.0))
    assert (select_orders(panel, ARPlan(NO_LAGS), 6, criterion) <= 6).all()
