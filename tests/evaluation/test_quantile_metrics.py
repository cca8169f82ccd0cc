"""Scores of quantiles, intervals and scaled errors against scoringrules and plain sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scoringrules
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forecast.evaluation import (
    crps_from_quantiles,
    interval_score,
    mae,
    msis,
    nd,
    nrmse,
    pinball,
    rmsse,
    rmsse_denominator,
    weighted_quantile_loss,
)
from forecast.evaluation.metrics import Axis, mean, quantile_loss, total, winkler_score

NAN = float("nan")


def material(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Actual values with gaps, and two forecasts that order as an interval."""
    generator = np.random.default_rng(seed)
    actual = generator.normal(5.0, 3.0, (4, 9))
    actual[generator.random(actual.shape) < 0.2] = NAN
    ends = np.sort(generator.normal(5.0, 3.0, (2, 4, 9)), axis=0)
    return actual, ends[0], ends[1]


@pytest.mark.parametrize("level", [50, 80, 95, 99.5])
def test_winkler_score_equals_scoringrules(level: float) -> None:
    actual, low, high = material()
    seen = ~np.isnan(actual)
    expected = scoringrules.interval_score(
        actual[seen], low[seen], high[seen], alpha=1.0 - level / 100.0
    )
    np.testing.assert_allclose(winkler_score(actual, low, high, level)[seen], expected, rtol=1e-9)
    assert np.isnan(winkler_score(actual, low, high, level)[~seen]).all()
    assert interval_score(actual, low, high, level) == pytest.approx(expected.mean())


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.9])
def test_pinball_loss_equals_scoringrules(quantile: float) -> None:
    actual, forecast, _ = material(1)
    seen = ~np.isnan(actual)
    expected = scoringrules.quantile_score(actual[seen], forecast[seen], alpha=quantile)
    assert pinball(actual, forecast, quantile) == pytest.approx(expected.mean())
    size = np.abs(actual[seen]).sum()
    found = weighted_quantile_loss(actual, forecast, quantile)
    assert found == pytest.approx(2 * expected.sum() / size)


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_the_median_gives_half_the_absolute_error_and_nd(axis: Axis) -> None:
    actual, forecast, _ = material(2)
    np.testing.assert_allclose(
        2 * pinball(actual, forecast, 0.5, axis), mae(actual, forecast, axis)
    )
    np.testing.assert_allclose(
        weighted_quantile_loss(actual, forecast, 0.5, axis), nd(actual, forecast, axis)
    )


def test_nd_and_nrmse_are_ratios_of_sums_over_the_scored_steps() -> None:
    actual, forecast, _ = material(3)
    forecast[0, 0] = NAN
    seen = ~np.isnan(actual) & ~np.isnan(forecast)
    error, size = np.abs(actual - forecast)[seen], np.abs(actual)[seen]
    assert nd(actual, forecast) == pytest.approx(error.sum() / size.sum())
    expected = math.sqrt((error**2).mean()) / size.mean()
    assert nrmse(actual, forecast) == pytest.approx(expected)
    assert math.isnan(nd([0.0, 0.0], [1.0, 1.0]))


def test_rmsse_is_the_root_of_each_series_mean() -> None:
    history = np.array([1.0, 4.0, 2.0, NAN, 3.0, 7.0, 1.0])
    pairs = [(4.0, 1.0), (2.0, 4.0), (7.0, 3.0), (1.0, 7.0)]
    denominator = sum((a - b) ** 2 for a, b in pairs) / 4
    assert rmsse_denominator(history, 1) == pytest.approx(denominator)
    with pytest.raises(ValueError, match="season_length is 0"):
        rmsse_denominator(history, 0)
    actual, forecast, _ = material(4)
    scale = np.array([[denominator], [1.0], [2.0], [0.0]])
    expected = [
        math.sqrt(np.nanmean((a - f) ** 2) / s)
        for a, f, (s,) in zip(actual[:3], forecast, scale, strict=False)
    ]
    found = rmsse(actual, forecast, scale, axis=1)
    np.testing.assert_allclose(found[:3], expected)
    assert math.isnan(found[3])


def test_msis_is_the_formula_of_m4() -> None:
    actual, low, high = material(5)
    q = 1.7
    terms = [
        (u - x) + 40.0 * (x - y) * (y < x) + 40.0 * (y - u) * (y > u)
        for y, x, u in zip(actual.ravel(), low.ravel(), high.ravel(), strict=True)
        if not math.isnan(y)
    ]
    assert msis(actual, low, high, 95, q) == pytest.approx(sum(terms) / len(terms) / q)


def test_crps_of_quantiles_equals_scoringrules_on_even_levels() -> None:
    actual, _, _ = material(6)
    levels = (np.arange(20) + 0.5) / 20
    drawn = np.sort(np.random.default_rng(0).normal(5.0, 2.0, (*actual.shape, 20)), axis=-1)
    seen = ~np.isnan(actual)
    expected = scoringrules.crps_quantile(actual[seen], drawn[seen], levels)
    found = crps_from_quantiles(drawn, levels, actual)
    np.testing.assert_allclose(found[seen], expected, rtol=1e-9)
    assert np.isnan(found[~seen]).all()


def test_crps_of_many_uneven_quantiles_nears_that_of_the_normal() -> None:
    levels = np.sort(np.random.default_rng(1).uniform(0.0005, 0.9995, 4000))
    normal = scoringrules.crps_normal(0.7, 0.0, 2.0)
    from scipy import stats

    found = crps_from_quantiles(stats.norm.ppf(levels, 0.0, 2.0)[None], levels, [0.7])
    assert found[0] == pytest.approx(normal, rel=5e-3)


def test_wrong_levels_quantiles_and_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="level is 100; it must lie between 0 and 100"):
        winkler_score([1.0], [0.0], [2.0], 100)
    with pytest.raises(ValueError, match=r"quantile is 1\.5; it must lie between 0 and 1"):
        quantile_loss([1.0], [0.0], 1.5)
    with pytest.raises(ValueError, match="do not belong together"):
        crps_from_quantiles([[1.0, 2.0]], [0.9, 0.1], [1.0])
    with pytest.raises(ValueError, match="do not belong together"):
        crps_from_quantiles([[1.0, 2.0]], [0.1, 0.9], [1.0, 2.0])


@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=5),
        elements=st.one_of(st.floats(-1e3, 1e3), st.just(NAN)),
    ),
    st.data(),
)
def test_averages_over_any_axes_equal_numpys_and_never_warn(
    values: np.ndarray, data: st.DataObject
) -> None:
    axes = data.draw(st.sets(st.integers(0, values.ndim - 1), min_size=1).map(tuple))
    masked = np.ma.masked_invalid(values)
    expected = masked.mean(axis=axes)
    np.testing.assert_allclose(
        mean(values, axes), np.ma.filled(expected, NAN), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(
        total(values, axes), np.ma.filled(masked.sum(axis=axes), NAN), rtol=1e-9, atol=1e-9
    )
