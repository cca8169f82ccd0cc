"""The test and the interval against statsmodels, scipy, hand computation and simulated size."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.multitest import multipletests
from statsmodels.tsa.stattools import diebold_mariano_test

from forecast.evaluation import DieboldMariano, diebold_mariano, holm, skill, skill_interval
from forecast.evaluation.significance import p_words, rectangular_variance


@pytest.mark.parametrize(("horizon", "step_size"), [(12, 12), (12, 6), (12, 5), (4, 1)])
def test_equals_statsmodels_with_a_rectangular_kernel(horizon: int, step_size: int) -> None:
    d = np.random.default_rng(4).normal(0.3, 1.0, 25)
    reach = math.ceil(horizon / step_size)
    lags = {"maxlags": reach - 1, "kernel": "uniform"}
    fit = OLS(d, np.ones(25)).fit(cov_type="HAC", cov_kwds=lags)
    expected = fit.tvalues[0] * math.sqrt((26 - 2 * reach + reach * (reach - 1) / 25) / 25)
    result = diebold_mariano(d, horizon, step_size)
    assert result.statistic == pytest.approx(expected, rel=1e-10)
    assert result.p_value == pytest.approx(2 * stats.t.sf(abs(expected), 24), rel=1e-10)
    assert result.num_origins == 25


def test_equals_statsmodels_with_bartletts_kernel_where_the_rectangular_variance_is_negative() -> (
    None
):
    first, second = np.abs(np.random.default_rng(1).normal(0.0, 1.0, (2, 9)))
    assert rectangular_variance(first - second, 5) < 0.0
    expected = diebold_mariano_test(
        np.zeros(9), first, second, lags=5, criterion="mae", harvey_adj=True, horizon=6
    )
    result = diebold_mariano(first - second, horizon=6, step_size=1)
    assert result.statistic == pytest.approx(expected.statistic, rel=1e-10)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-10)


def test_without_overlap_it_is_the_t_test() -> None:
    differences = np.random.default_rng(2).normal(0.3, 1.0, 11)
    expected = stats.ttest_1samp(differences, 0.0)
    result = diebold_mariano(differences, horizon=5, step_size=5)
    assert result.statistic == pytest.approx(expected.statistic, rel=1e-10)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-10)


def test_equals_hand_computation_with_one_lag() -> None:
    d = [1.0, 2.0, 0.0, 1.0, 3.0, 1.0, 2.0, 2.0]
    centred = [x - 1.5 for x in d]
    g0 = sum(x * x for x in centred) / 8
    g1 = sum(a * b for a, b in zip(centred[1:], centred[:-1], strict=True)) / 8
    variance = g0 + 2 * g1
    factor = (8 + 1 - 4 + 2 / 8) / 8
    expected = 1.5 / math.sqrt(variance / 8) * math.sqrt(factor)
    assert diebold_mariano(d, horizon=2, step_size=1).statistic == pytest.approx(expected)


def test_seven_origins_give_words_and_no_number() -> None:
    result = diebold_mariano(np.arange(7.0), horizon=1, step_size=1)
    assert result == DieboldMariano(None, None, 7, 8)
    assert result.words == "too few origins to tell (7; at least 8 are needed)"
    assert skill_interval(np.arange(7.0), np.ones(7), 1, 1) is None


def test_missing_origins_do_not_count() -> None:
    differences = np.append(np.arange(7.0), np.nan)
    assert diebold_mariano(differences, 1, 1).num_origins == 7


def test_origins_must_outnumber_the_overlap() -> None:
    result = diebold_mariano(np.arange(10.0), horizon=12, step_size=1)
    assert result.words == "too few origins to tell (10; at least 13 are needed)"


def test_equal_forecasts_differ_by_nothing() -> None:
    rounding = 1e-17 * np.ones(9)
    assert diebold_mariano(rounding, 1, 1).p_value == 1.0


def test_a_constant_difference_is_certain() -> None:
    result = diebold_mariano(np.full(9, 0.5), 1, 1)
    assert (result.statistic, result.p_value) == (math.inf, 0.0)


def test_horizon_and_step_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="horizon is 0 and step_size is 1; both must be 1"):
        diebold_mariano(np.zeros(9), 0, 1)
    with pytest.raises(ValueError, match="step_size is 0"):
        skill_interval(np.ones(9), np.ones(9), 1, 0)


def test_size_is_five_percent_without_overlap() -> None:
    generator = np.random.default_rng(0)
    draws = generator.normal(0.0, 1.0, (2000, 10))
    rejected = [diebold_mariano(row, 12, 12).p_value < 0.05 for row in draws]
    assert 0.035 <= np.mean(rejected) <= 0.065


def test_size_is_at_most_ten_percent_with_overlapping_horizons() -> None:
    """Bartlett weights count half of the covariance of neighbours: a little too often."""
    generator = np.random.default_rng(1)
    shocks = generator.normal(0.0, 1.0, (2000, 41))
    moving = shocks[:, 1:] + 0.5 * shocks[:, :-1]
    rejected = [diebold_mariano(row, 12, 6).p_value < 0.05 for row in moving]
    assert 0.05 <= np.mean(rejected) <= 0.10
    without_lags = [diebold_mariano(row, 12, 12).p_value < 0.05 for row in moving]
    assert np.mean(without_lags) > np.mean(rejected) + 0.03


def test_power_grows_with_the_difference() -> None:
    generator = np.random.default_rng(2)
    noise = generator.normal(0.0, 1.0, (300, 20))
    power = [
        np.mean([diebold_mariano(row + shift, 4, 4).p_value < 0.05 for row in noise])
        for shift in (0.0, 0.5, 1.0)
    ]
    assert power[0] < 0.1 < 0.4 < power[1] < power[2]
    assert power[2] > 0.95


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 10**6))
def test_swapping_the_models_turns_the_sign_alone(horizon: int, step: int, seed: int) -> None:
    d = np.random.default_rng(seed).normal(0.0, 1.0, 12)
    one, other = diebold_mariano(d, horizon, step), diebold_mariano(-d, horizon, step)
    assert one.p_value == other.p_value
    assert one.statistic == -other.statistic


def test_skill_is_the_saved_share() -> None:
    assert skill([1.0, np.nan, 2.0], [2.0, np.nan, 4.0]) == pytest.approx(0.5)
    assert math.isnan(skill([1.0], [0.0]))
    assert math.isnan(skill([np.nan], [np.nan]))


def test_interval_is_seeded_and_holds_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(3)
    reference = 1.0 + 0.2 * np.abs(generator.normal(0.0, 1.0, (200, 12)))
    ratio = 0.9 + 0.1 * generator.normal(0.0, 1.0, (200, 12))
    held = 0
    for row, scale in zip(reference, ratio, strict=True):
        interval = skill_interval(row * scale, row, 6, 6, seed=1)
        assert interval == skill_interval(row * scale, row, 6, 6, seed=1)
        held += interval.low <= 0.1 <= interval.high
    assert 0.90 <= held / 200 <= 0.99


def test_interval_follows_the_seed() -> None:
    scores = np.random.default_rng(0).random(10) + 0.5
    one, other = (skill_interval(scores, np.ones(10), 2, 1, seed=seed) for seed in (0, 1))
    assert one != other


def test_interval_refuses_unequal_origins() -> None:
    with pytest.raises(ValueError, match="scored at the same origins"):
        skill_interval(np.ones(9), np.ones(8), 1, 1)


@settings(max_examples=5)  # the oracle takes 60 ms a call and more
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8))
def test_holm_equals_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(holm(p_values), expected, atol=1e-12)


def test_p_values_in_words() -> None:
    assert [p_words(p) for p in (1.0, 0.1, 0.0949, 0.0004)] == [
        "p = 1.00",
        "p = 0.10",
        "p = 0.095",
        "p < 0.001",
    ]
