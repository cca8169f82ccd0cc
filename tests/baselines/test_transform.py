"""The power transform against its formula, its inverse and numeric derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.baselines.power import Power

EXPONENTS = (0.0, 0.3, 1.0)
exponents = st.sampled_from([0.0, 1e-6, 0.3, 0.5, 0.9, 1.0])
values = st.lists(st.floats(0.0, 1e9), min_size=1, max_size=8).map(np.array)


@given(exponents, values)
def test_decode_takes_encode_back(exponent, values):
    power = Power(exponent)
    np.testing.assert_allclose(power.decode(power.encode(values)), values, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("exponent", [0.3, 0.5, 0.9])
def test_encode_is_the_formula(exponent):
    values = np.array([0.0, 0.01, 1.0, 7.5, 1e4])
    expected = [((1.0 + value) ** exponent - 1.0) / exponent for value in values]
    np.testing.assert_allclose(Power(exponent).encode(values), expected, rtol=1e-12, atol=1e-15)


def test_the_ends_are_the_logarithm_and_the_value_itself():
    values = np.array([0.0, 0.5, 1e5])
    np.testing.assert_allclose(Power(0.0).encode(values), np.log(1.0 + values), rtol=1e-14)
    np.testing.assert_array_equal(Power(1.0).encode(-values), -values)
    np.testing.assert_array_equal(Power(1.0).decode(-values), -values)


@pytest.mark.parametrize("exponent", [0.0, 0.3, 0.5])
def test_powers_near_zero_approach_the_logarithm(exponent):
    values, share = np.array([0.1, 3.0, 200.0]), 10.0 ** (-4 - 6 * exponent)
    near = Power(share).encode(values)
    np.testing.assert_allclose(near, np.log1p(values), rtol=10 * share)


@given(exponents, st.floats(0.0, 1e4))
def test_slope_is_the_derivative_of_decode(exponent, value):
    power = Power(exponent)
    at = power.encode(np.array([value]))
    step = 1e-5 * np.maximum(1.0, np.abs(at))
    at = at + step  # both sides of it are values that can be
    numeric = (power.decode(at + step) - power.decode(at - step)) / (2 * step)
    np.testing.assert_allclose(power.slope(at), numeric, rtol=1e-5)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_extremes_stay_finite(exponent):
    power = Power(exponent)
    far = np.array([-1e300, -1e9, -5.0, 0.0, 5.0, 1e9, 1e300])
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(power.decode(far)).all()
        assert np.isfinite(power.slope(far)).all()
        assert np.isfinite(power.encode(far)).all()
    assert (np.diff(power.decode(far)) >= 0).all()


@pytest.mark.parametrize("exponent", [0.0, 0.3])
def test_a_negative_value_counts_as_zero(exponent):
    encoded = Power(exponent).encode(np.array([-7.0, 0.0]))
    np.testing.assert_array_equal(encoded, 0.0)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_missing_values_stay_missing(exponent):
    power, values = Power(exponent), np.array([np.nan, 2.0])
    for found in (power.encode(values), power.decode(values)):
        assert np.isnan(found).tolist() == [True, False]


def test_words():
    words = [Power(exponent).words for exponent in (0.0, 0.5, 1.0)]
    assert words == ["logarithm", "Box-Cox 0.5", "untransformed"]
    assert [Power(exponent).is_logarithm for exponent in EXPONENTS] == [True, False, False]
