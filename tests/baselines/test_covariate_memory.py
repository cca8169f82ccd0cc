"""What a window state remembers of past covariates, against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.baselines.covariate_memory import CovariateMemory


def expected(values: np.ndarray, span: int) -> np.ndarray:
    """Newest values and exponentially weighted means after each step, by pandas."""
    frame = pd.DataFrame(values).ffill()
    means = frame.ewm(span=span, adjust=False).mean()
    return np.concatenate([frame.to_numpy(), means.to_numpy()], axis=1)


@st.composite
def covariates(draw):
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 12)), draw(st.integers(1, 3)))
    values = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 4, size=shape[2])
    return np.where(rng.random(shape) < draw(st.sampled_from([0.0, 0.4, 1.0])), np.nan, values)


@given(covariates(), st.integers(1, 9))
def test_the_memory_is_that_of_pandas(values, span):
    memory = CovariateMemory(values.shape[2], span)
    found = memory.along(memory.blank(len(values)), values)
    assert np.isnan(found[:, 0]).all()
    for row, own in zip(values, found[:, 1:], strict=True):
        np.testing.assert_allclose(own, expected(row, span), rtol=1e-12)


@given(covariates(), st.integers(1, 9), st.integers(0, 12))
def test_any_blocks_give_the_same_memory(values, span, cut):
    memory, cut = CovariateMemory(values.shape[2], span), min(cut, values.shape[1])
    whole = memory.along(memory.blank(len(values)), values)
    first = memory.along(memory.blank(len(values)), values[:, :cut])
    second = memory.along(first[:, -1], values[:, cut:])
    np.testing.assert_allclose(np.concatenate([first, second[:, 1:]], axis=1), whole, rtol=1e-12)


def test_where_nothing_is_known_the_memory_stands_still():
    memory = CovariateMemory(2, span=4)
    before = np.array([[1.0, 2.0, 3.0, 4.0]])
    found = memory.along(before, np.empty((1, 3, 0)))
    assert found.tolist() == [[[1.0, 2.0, 3.0, 4.0]] * 4]
    assert memory.along(before, np.full((1, 3, 2), np.nan))[0, :, :2].tolist() == [[1.0, 2.0]] * 4


@pytest.mark.parametrize("span", [1, 5])
def test_a_missing_value_counts_as_the_one_before(span):
    memory = CovariateMemory(1, span)
    gappy, filled = np.array([[[2.0], [np.nan], [5.0]]]), np.array([[[2.0], [2.0], [5.0]]])
    found, plain = (memory.along(memory.blank(1), values) for values in (gappy, filled))
    np.testing.assert_array_equal(found, plain)
