"""The pooled lag regression in one pass: against NumPy, the same bits for any batches."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.baselines import LagFit, fit_lags, read_batches
from forecast.baselines.algebra.gram import gram_of_rows


def table(seed=0, lengths=(3000, 40, 2500, 3, 1, 900)):
    rng = np.random.default_rng(seed)
    ids = np.repeat([f"series {index}" for index in range(len(lengths))], lengths)
    values = rng.normal(size=len(ids)).cumsum() * 0.1 + 20.0
    values[rng.random(len(ids)) < 0.01] = np.nan
    return ids, values


IDS, VALUES = table()
LAGS = [7, 1, 2]


def cut(bounds):
    edges = [0, *sorted(bounds), len(IDS)]
    return [(IDS[a:b], VALUES[a:b]) for a, b in itertools.pairwise(edges)]


def known_rows():
    rows = []
    for name in pd.unique(IDS):
        values = VALUES[name == IDS]
        rows += [[values[t - lag] for lag in [*LAGS, 0]] for t in range(7, len(values))]
    rows = np.array(rows)
    return rows[np.isfinite(rows).all(axis=1)]


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_the_fit_equals_the_regression_on_all_rows(ridge):
    rows = known_rows()
    expected = gram_of_rows(rows).solve(ridge)
    fit = fit_lags(cut([1000, 3005]), LAGS, ridge)
    np.testing.assert_allclose(fit.coefficients, expected.coefficients[:, 0], rtol=1e-9)
    np.testing.assert_allclose(fit.intercept, expected.intercepts[0], rtol=1e-9)
    assert fit.num_rows == len(rows) and fit.num_steps == len(IDS)


@settings(max_examples=30)
@given(bounds=st.lists(st.integers(0, len(IDS)), max_size=10))
def test_any_batches_give_the_same_bits(bounds):
    whole, parts = fit_lags(cut([]), LAGS), fit_lags(cut(bounds), LAGS)
    np.testing.assert_array_equal(parts.coefficients, whole.coefficients)
    assert parts.intercept == whole.intercept and parts.num_rows == whole.num_rows


@pytest.mark.parametrize("batch_size", [1, 7, 333, 10_000])
def test_a_parquet_file_gives_the_same_bits(tmp_path, batch_size):
    pytest.importorskip("pyarrow")
    count = 3050
    path = tmp_path / "long.parquet"
    frame = pd.DataFrame({"name": IDS[:count], "value": VALUES[:count], "other": 1})
    frame.to_parquet(path, row_group_size=500)
    batches = read_batches(path, "name", "value", batch_size)
    found, expected = fit_lags(batches, LAGS), fit_lags([(IDS[:count], VALUES[:count])], LAGS)
    np.testing.assert_array_equal(found.coefficients, expected.coefficients)
    assert found.num_rows == expected.num_rows


def test_whole_numbers_and_nulls_are_read(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "whole.parquet"
    values = pd.array([1, 2, None, 4, 7], dtype="Int64")
    pd.DataFrame({"unique_id": [1, 1, 1, 1, 1], "y": values}).to_parquet(path)
    ids, read = next(read_batches(path))
    np.testing.assert_array_equal(ids, 1)
    np.testing.assert_array_equal(read, [1.0, 2.0, np.nan, 4.0, 7.0])


def test_a_missing_column_is_named(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "long.parquet"
    pd.DataFrame({"unique_id": ["a"], "sales": [1.0]}).to_parquet(path)
    with pytest.raises(ValueError, match=r"Column 'y' is not in .*\['unique_id', 'sales'\]"):
        next(read_batches(path))


@pytest.mark.parametrize("lags", [[], [0, 1], [2, 2]])
def test_bad_lags_are_refused(lags):
    with pytest.raises(ValueError, match="expected different whole numbers, 1 or larger"):
        fit_lags(cut([]), lags)


def test_a_series_in_two_places_is_refused():
    batches = [(np.array(["a", "b"]), np.zeros(2)), (np.array(["b", "a"]), np.zeros(2))]
    with pytest.raises(ValueError, match=r"series 'a' came in two places.*Sort the file"):
        fit_lags(batches, [1])


def test_an_infinite_value_is_refused():
    values = np.array([1.0, 2.0, np.inf])
    with pytest.raises(ValueError, match="'a' holds an infinite value at row 5"):
        fit_lags([(np.full(3, "a"), np.ones(3)), (np.full(3, "a"), values)], [1])


def test_no_usable_row_is_refused():
    with pytest.raises(ValueError, match=r"None of 4 rows.*longer than 2 steps"):
        fit_lags([(np.array(["a", "a", "b", "b"]), np.ones(4))], [1, 2])
    with pytest.raises(ValueError, match="None of 0 rows"):
        fit_lags([], [1])


# Forecasts ----------------------------------------------------------------------------------------


def test_forecasts_equal_a_plain_recursion():
    rng = np.random.default_rng(3)
    fit = fit_lags(cut([]), LAGS)
    values = rng.normal(size=(4, 11)) + 20.0
    found = fit.predict(values, horizon=9)
    for row, forecasts in zip(values, found, strict=True):
        past = list(row)
        for _ in range(9):
            lagged = zip(fit.coefficients, LAGS, strict=True)
            past.append(fit.intercept + sum(slope * past[-lag] for slope, lag in lagged))
        np.testing.assert_allclose(forecasts, past[11:], rtol=1e-12)
    np.testing.assert_array_equal(fit.predict(values[:, -7:], 3), found[:, :3])


def test_forecasts_equal_those_of_an_autoregression_of_one_series():
    import forecast as fc

    values = np.random.default_rng(4).normal(size=200).cumsum()
    fit = fit_lags([(np.full(200, "a"), values)], [1, 2, 3])
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(200), "y": values})
    expected = fc.AR(lags=3).fit(frame).predict(horizon=5)["AR"]
    np.testing.assert_allclose(fit.predict(values[None], 5)[0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "horizon", "message"),
    [
        (np.ones((2, 2)), 1, r"shape \(2, 2\) came; expected .* at least 3 steps, the longest lag"),
        (np.ones(5), 1, r"shape \(5,\) came; expected \(num_series, num_steps\)"),
        (np.array([[1.0, 1, 1, 1], [9, 1, np.nan, 1]]), 1, "in row 1 hold NaN .* Fill the gap"),
        (np.ones((2, 4)), 0, "horizon"),
    ],
)
def test_what_cannot_be_forecast_is_refused(values, horizon, message):
    fit = LagFit(np.array([3, 1]), np.array([0.1, 0.5]), 1.0, 5, 9)
    with pytest.raises(ValueError, match=message):
        fit.predict(values, horizon)
    assert np.isfinite(fit.predict(np.array([[np.nan, 1.0, 1.0, 1.0]]), 2)).all()
