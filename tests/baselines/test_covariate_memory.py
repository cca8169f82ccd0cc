"""What a window state remembers of past covariates, against pandas."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.baselines.covariate_memory import CovariateMemory, persistence_of
from forecast.pipelines import CovariateTable, Frequency, Panel


def memory_of(num_covariates: int, span: int, num_lags: int = 1) -> CovariateMemory:
    return CovariateMemory(np.linspace(1.0, 0.3, num_covariates), span, num_lags)


def expected(values: np.ndarray, span: int, num_lags: int) -> np.ndarray:
    """Newest values and exponentially weighted means after each step, by pandas."""
    frame = pd.DataFrame(values).ffill()
    means = frame.ewm(span=span, adjust=False).mean()
    return np.concatenate([*(frame.shift(lag) for lag in range(num_lags)), means], axis=1)


@st.composite
def covariates(draw):
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 12)), draw(st.integers(1, 3)))
    values = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 4, size=shape[2])
    return np.where(rng.random(shape) < draw(st.sampled_from([0.0, 0.4, 1.0])), np.nan, values)


@given(covariates(), st.integers(1, 9), st.integers(1, 5))
def test_the_memory_is_that_of_pandas(values, span, num_lags):
    memory = memory_of(values.shape[2], span, num_lags)
    found = memory.along(memory.blank(len(values)), values)
    assert found.shape[2] == memory.num_columns
    assert np.isnan(found[:, 0]).all()
    for row, own in zip(values, found[:, 1:], strict=True):
        np.testing.assert_allclose(own, expected(row, span, num_lags), rtol=1e-12)


@given(covariates(), st.integers(1, 9), st.integers(1, 5), st.integers(0, 12))
def test_any_blocks_give_the_same_memory(values, span, num_lags, cut):
    memory, cut = memory_of(values.shape[2], span, num_lags), min(cut, values.shape[1])
    whole = memory.along(memory.blank(len(values)), values)
    first = memory.along(memory.blank(len(values)), values[:, :cut])
    second = memory.along(first[:, -1], values[:, cut:])
    np.testing.assert_allclose(np.concatenate([first, second[:, 1:]], axis=1), whole, rtol=1e-12)


@given(covariates(), st.integers(1, 5), st.integers(0, 7))
def test_ahead_of_an_origin_values_return_to_their_mean(values, num_lags, num_steps):
    memory = memory_of(values.shape[2], 3, num_lags)
    before = memory.along(memory.blank(len(values)), values)[:, -1]
    found = memory.ahead(before, num_steps)
    parts = before.reshape(len(before), num_lags + 1, -1)
    lags, mean = [parts[:, lag] for lag in range(num_lags)], parts[:, -1]
    for step in range(num_steps + 1):
        np.testing.assert_allclose(
            found[:, step], np.concatenate([*lags, mean], axis=1), rtol=1e-9, atol=1e-12
        )
        lags = [mean + memory.persistence * (lags[0] - mean), *lags[:-1]]


@pytest.mark.parametrize("cut", [0, 2, 5])
def test_blocks_ahead_of_an_origin_follow_one_another(cut):
    memory = memory_of(2, span=4, num_lags=3)
    before = np.random.default_rng(1).normal(size=(3, memory.num_columns))
    whole, first = memory.ahead(before, 5), memory.ahead(before, cut)
    second = memory.ahead(first[:, -1], 5 - cut)
    np.testing.assert_allclose(np.concatenate([first, second[:, 1:]], axis=1), whole, rtol=1e-12)


@pytest.mark.parametrize("span", [1, 5])
def test_a_missing_value_counts_as_the_one_before(span):
    memory = memory_of(1, span)
    gappy, filled = np.array([[[2.0], [np.nan], [5.0]]]), np.array([[[2.0], [2.0], [5.0]]])
    found, plain = (memory.along(memory.blank(1), values) for values in (gappy, filled))
    np.testing.assert_array_equal(found, plain)


def panel_of(past: list[np.ndarray]) -> Panel:
    offsets = np.cumsum([0, *map(len, past)])
    ids = np.array([f"s{i}" for i in range(len(past))], dtype=object)
    starts = pd.Index(np.zeros(len(past), dtype=np.int64))
    table = CovariateTable(past=np.concatenate(past))
    return Panel(ids, np.zeros(offsets[-1]), offsets, starts, Frequency(1), table)


@given(st.integers(0, 999), st.sampled_from([0.0, 0.3]))
def test_persistence_is_the_autocorrelation_of_all_series_by_loops(seed, missing):
    rng = np.random.default_rng(seed)
    past = [rng.normal(7.0 * i, 1.0 + i, size=(n, 2)).cumsum(0) for i, n in enumerate((9, 1, 14))]
    past = [np.where(rng.random(part.shape) < missing, np.nan, part) for part in past]
    products, sizes = np.zeros(2), np.zeros(2)
    for part in past:
        for column in range(2):
            moved = part[:, column]
            moved = moved - (np.nanmean(moved) if np.isfinite(moved).any() else 0.0)
            for now, then in pairwise(moved):
                if np.isfinite(now) and np.isfinite(then):
                    products[column] += now * then
                    sizes[column] += now**2
    wanted = np.clip(products / sizes, 0.0, 1.0)
    np.testing.assert_allclose(persistence_of(panel_of(past)), wanted, rtol=1e-9, atol=1e-12)


def test_persistence_tells_noise_from_a_slow_process():
    rng = np.random.default_rng(4)
    noise, slow = rng.normal(size=4000), np.zeros(4000)
    for step in range(1, 4000):
        slow[step] = 0.8 * slow[step - 1] + rng.normal()
    found = persistence_of(panel_of([np.stack([noise, slow, np.ones(4000)], axis=1)]))
    np.testing.assert_allclose(found, [0.0, 0.8, 0.0], atol=0.05)
