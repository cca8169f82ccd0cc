"""Metrics against plain loops, scikit-learn, statsmodels and M4's published scores."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from statsmodels.tsa.seasonal import seasonal_decompose
from statsmodels.tsa.stattools import acf

from forecast.evaluation import coverage, mae, mase, mase_denominator, naive2, owa, rmse, smape
from forecast.evaluation.metrics import mean
from forecast.pipelines.calendar.season import is_seasonal, seasonal_indices

NAN = float("nan")


def with_gaps(seed: int, count: int = 40, share: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    actual = generator.normal(5.0, 3.0, count)
    actual[generator.random(count) < share] = np.nan
    return actual, generator.normal(5.0, 3.0, count)


@pytest.mark.parametrize("seed", range(3))
def test_mae_and_rmse_equal_scikit_learn_on_the_observed_steps(seed: int) -> None:
    actual, forecast = with_gaps(seed)
    seen = ~np.isnan(actual)
    assert mae(actual, forecast) == pytest.approx(mean_absolute_error(actual[seen], forecast[seen]))
    expected = root_mean_squared_error(actual[seen], forecast[seen])
    assert rmse(actual, forecast) == pytest.approx(expected)


def test_smape_equals_a_loop_and_counts_zero_over_zero_as_zero() -> None:
    actual, forecast = with_gaps(7)
    actual[0] = forecast[0] = 0.0
    terms = []
    for y, f in zip(actual, forecast, strict=True):
        if not math.isnan(y):
            terms.append(0.0 if y == f == 0 else 200.0 * abs(y - f) / (abs(y) + abs(f)))
    assert smape(actual, forecast) == pytest.approx(sum(terms) / len(terms))


def test_mase_denominator_equals_a_loop_over_observed_pairs() -> None:
    history, _ = with_gaps(3, count=60)
    pairs = [abs(history[t] - history[t - 12]) for t in range(12, 60)]
    known = [pair for pair in pairs if not math.isnan(pair)]
    assert mase_denominator(history, 12) == pytest.approx(sum(known) / len(known))


def test_mase_denominator_without_a_pair_is_nan() -> None:
    assert math.isnan(mase_denominator([1.0, NAN, 3.0], 1))
    assert math.isnan(mase_denominator([1.0, 2.0], 12))
    assert math.isnan(mase_denominator([], 1))


def test_mase_denominator_refuses_season_zero() -> None:
    with pytest.raises(ValueError, match="season_length is 0; it must be 1 or more"):
        mase_denominator([1.0, 2.0], 0)


def test_mase_leaves_series_without_a_scale_out() -> None:
    actual = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert mase(actual, actual + 1.0, [[2.0], [0.0]]) == pytest.approx(0.5)
    assert math.isnan(mase(actual, actual + 1.0, 0.0))


def test_owa_is_the_mean_of_two_ratios() -> None:
    assert owa(9.328, 0.893, 18.383, 2.395) == pytest.approx(0.440, abs=5e-4)  # ES-RNN, published


def test_coverage_skips_missing_and_includes_the_ends() -> None:
    assert coverage([1.0, 2.0, 3.5, NAN], [1.0] * 4, [3.0] * 4) == pytest.approx(2.0 / 3.0)


@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=3, max_side=5),
        elements=st.one_of(st.floats(-1e3, 1e3), st.just(NAN)),
    )
)
def test_mean_equals_a_loop_and_never_warns(values: np.ndarray) -> None:
    for row, got in zip(
        values.reshape(-1, values.shape[-1]), mean(values, axis=-1).ravel(), strict=True
    ):
        seen = [value for value in row if not math.isnan(value)]
        assert (math.isnan(got) and not seen) or got == pytest.approx(
            sum(seen) / len(seen), abs=1e-9
        )


def test_seasonal_indices_equal_statsmodels() -> None:
    generator = np.random.default_rng(0)
    for season, steps in ((12, 100), (7, 50), (4, 41)):
        values = 20.0 + 5.0 * np.sin(np.arange(steps) * 2 * np.pi / season)
        values = values + generator.normal(0.0, 1.0, steps)
        expected = seasonal_decompose(values, model="multiplicative", period=season).seasonal
        np.testing.assert_allclose(seasonal_indices(values, season), expected[:season], rtol=1e-10)


def test_seasonality_test_equals_its_formula_with_statsmodels_autocorrelations() -> None:
    generator = np.random.default_rng(1)
    answers = set()
    for strength in np.linspace(0.0, 1.2, 25):
        values = strength * np.sin(np.arange(60) * 2 * np.pi / 12) + generator.normal(0.0, 1.0, 60)
        r = acf(values, nlags=12, fft=False)[1:]
        expected = abs(r[-1]) > 1.645 * math.sqrt((1.0 + 2.0 * sum(r[:-1] ** 2)) / 60)
        assert is_seasonal(values, 12) == expected
        answers.add(bool(expected))
    assert answers == {True, False}


def test_naive2_of_short_constant_or_gappy_history() -> None:
    np.testing.assert_array_equal(naive2([1.0, 2.0, NAN], 2, 12), [2.0, 2.0])
    np.testing.assert_array_equal(naive2(np.full(50, 3.0), 2, 12), [3.0, 3.0])
    season = np.tile([1.0, 3.0, 2.0, 5.0], 6)
    season[-1] = np.nan
    np.testing.assert_allclose(naive2(season, 4, 4), [1.0, 3.0, 2.0, 5.0], rtol=1e-12)


def test_naive2_refuses_nothing_to_start_from() -> None:
    with pytest.raises(ValueError, match="has no value"):
        naive2([NAN], 2, 1)
    with pytest.raises(ValueError, match="horizon is 0"):
        naive2([1.0], 0, 1)


M4 = {"hourly": (24, 18.383, 2.395), "weekly": (1, 9.161, 2.777)}


@pytest.mark.parametrize("name", M4)
def test_organisers_naive2_scores_as_published_and_ours_is_theirs(
    name: str, shared_data: Path
) -> None:
    season, published_smape, published_mase = M4[name]
    series = pd.read_parquet(shared_data / "m4" / f"{name}.parquet")
    theirs = pd.read_parquet(shared_data / "m4" / "organisers_forecasts.parquet")
    naive2_forecasts = dict(iter(theirs.groupby("unique_id")["Naive2"]))
    scores, own = [], []
    for key, rows in series.groupby("unique_id", observed=True):
        past = rows.loc[rows["split"] == "train", "y"].to_numpy()
        future = rows.loc[rows["split"] == "test", "y"].to_numpy()
        q = mase_denominator(past, season)
        for found, forecast in (
            (scores, naive2_forecasts[key].to_numpy()),
            (own, naive2(past, len(future), season)),
        ):
            found.append((smape(future, forecast), mase(future, forecast, q)))
    for found in (scores, own):
        mean_smape, mean_mase = np.mean(found, axis=0)
        assert mean_smape == pytest.approx(published_smape, abs=6e-4)
        assert mean_mase == pytest.approx(published_mase, abs=6e-4)
