"""Stability of autoregressions against the eigenvalues of the companion matrix."""

from __future__ import annotations

import numpy as np
import pytest
from ar_material import frame_of, simulated
from hypothesis import given
from hypothesis import strategies as st

from forecast import AR
from forecast.baselines.algebra.companion import spectral_radius
from forecast.baselines.autoregression import stability
from forecast.baselines.autoregression.stability import allowed_root, is_stable, stabilise


def companion_modulus(coefficients):
    """By the roots of the characteristic polynomial."""
    return np.abs(np.roots(np.concatenate([[1.0], -np.asarray(coefficients)]))).max(initial=0.0)


@given(
    order=st.integers(1, 12), size=st.floats(0.05, 1.5), seed=st.integers(0, 1000)
)  # fmt: skip
def test_the_recursion_agrees_with_the_roots(order, size, seed):
    batch = size * np.random.default_rng(seed).normal(size=(20, order)) / np.sqrt(order)
    moduli = np.array([companion_modulus(row) for row in batch])
    np.testing.assert_allclose(
        spectral_radius(batch[:, :, None, None]), moduli, rtol=1e-6, atol=1e-9
    )
    clear = np.abs(moduli - 1.0) > 1e-6
    np.testing.assert_array_equal(is_stable(batch)[clear], (moduli < 1.0)[clear])


@given(seed=st.integers(0, 300))
def test_an_explosive_fit_is_drawn_to_the_last_value_or_else_damped(seed):
    rng = np.random.default_rng(seed)
    lags = np.sort(rng.choice(np.arange(1, 10), 4, replace=False))
    batch = rng.normal(0.3, 0.6, size=(15, 4))
    shrunk, explosive = stabilise(lags, batch)
    for row, before, flag in zip(shrunk, batch, explosive, strict=True):
        dense, old = np.zeros(10), np.zeros(10)
        dense[lags - 1], old[lags - 1] = row, before
        assert flag == (companion_modulus(old) > 1.01)
        if flag:
            if 1 in lags:
                assert 1.0 - 1e-6 <= companion_modulus(dense) <= 1.01 + 1e-6
                moved = np.eye(10)[0] - old
                share = np.dot(dense - old, moved) / np.dot(moved, moved)
                assert 0.0 < share <= 1.0
                np.testing.assert_allclose(dense, old + share * moved, atol=1e-9)
                continue
            np.testing.assert_allclose(companion_modulus(dense), 1.0, rtol=1e-6)
            roots = np.roots(np.concatenate([[1.0], -old[: lags.max()]]))
            scaled = np.roots(np.concatenate([[1.0], -dense[: lags.max()]]))
            np.testing.assert_allclose(
                np.sort(np.abs(scaled)), np.sort(np.abs(roots)) / companion_modulus(old), atol=1e-5
            )
        else:
            np.testing.assert_array_equal(row, before)


@given(order=st.integers(1, 12), share=st.floats(0.9, 1.1), seed=st.integers(0, 1000))
def test_sums_near_one_decide_as_the_roots_do(order, share, seed):
    """Positive coefficients have a root at 1 where they sum to 1; signs may only lessen it."""
    rng = np.random.default_rng(seed)
    batch = share * rng.dirichlet(np.ones(order), size=6)
    batch[3:] *= rng.choice([-1.0, 1.0], size=(3, order))
    moduli = np.array([companion_modulus(row) for row in batch])
    clear = np.abs(moduli - 1.0) > 1e-6
    np.testing.assert_array_equal(is_stable(batch)[clear], (moduli < 1.0)[clear])


def test_nothing_is_mixed_where_nothing_explodes(monkeypatch):
    monkeypatch.setattr(stability, "_towards_last_value", None)
    batch = np.array([[0.5, 0.3, -0.2], [1.4, -0.6, 0.1]])
    shrunk, explosive = stabilise(np.arange(1, 4), batch)
    assert not explosive.any() and shrunk is not batch
    np.testing.assert_array_equal(shrunk, batch)


EXPLOSIVE = {
    "growth": 1.3 ** np.arange(40.0),
    "alternating growth": (-1.2) ** np.arange(60.0),
    "growth with noise": 1.1 ** np.arange(80) + np.random.default_rng(0).normal(size=80),
    "near a unit root": simulated([1.004], 120, 3)[:120] + 500.0,
    "tiny": 1e-9 * 1.5 ** np.arange(12.0),
}


@pytest.mark.parametrize("name", EXPLOSIVE)
@pytest.mark.parametrize("lags", [1, 3])
def test_no_forecast_runs_away(name, lags):
    values = EXPLOSIVE[name]
    ar = AR(lags=lags, intervals="analytic").fit(frame_of(values), horizon=2)
    frame = ar.predict(500, level=[90])
    size = np.abs(values).max()
    assert np.isfinite(frame.iloc[:, 2:].to_numpy()).all()
    assert np.abs(frame.iloc[:, 2:].to_numpy()).max() <= 4 * size
    before = ar.fitted_.model
    modulus = (
        spectral_radius(before.coefficients[:, :, None, None])
        if lags == 3
        else np.abs(before.coefficients[0])
    )
    assert modulus[0] <= 1.01 + 1e-9


def test_a_shrunk_fit_is_declared_and_its_constant_fitted_again():
    values = 1.3 ** np.arange(40.0)
    ar = AR(lags=1).fit(frame_of(values, simulated([0.5], 60)), horizon=2)
    assert ar.stabilised_ == ["s0"] and "explosive fits drawn to the last value: 1" in ar.choices_
    table = ar.coefficients_.query("unique_id == 's0'").set_index("term")["value"]
    np.testing.assert_allclose(table["y.L1"], 1.01, rtol=1e-4)
    left = (values[1:] - table["y.L1"] * values[:-1]).mean()
    np.testing.assert_allclose(table["const"], left, rtol=1e-6)


def test_a_random_walk_with_drift_is_left_alone():
    walk = 0.5 * np.arange(200.0) + np.random.default_rng(1).normal(size=200).cumsum()
    assert AR(lags=1).fit(frame_of(walk), horizon=2).stabilised_ == []


def test_the_allowed_root_never_grows_more_than_fourfold():
    horizons = np.array([1, 24, 139, 140, 1000, 10**7])
    allowed = np.array([allowed_root(h) for h in horizons])
    assert (allowed[:3] == 1.01).all() and (np.diff(allowed) <= 0).all()
    assert (allowed[3:5] ** horizons[3:5] < 4.0 + 1e-9).all() and allowed[-1] == 1.0 + 1e-6


def test_a_long_horizon_allows_less_and_what_is_left_is_declared():
    values = 3.0 + 1.006 ** np.arange(300.0) + 1e-4 * np.random.default_rng(0).normal(size=300)
    near, far = (AR(lags=1).fit(frame_of(values), horizon=h) for h in (2, 260))
    assert near.stabilised_ == [] and near.statistics_["growing"].tolist() == [True]
    assert "roots just beyond 1 left as they are: 1" in near.choices_
    assert far.stabilised_ == ["s0"] and far.statistics_["growing"].tolist() == [False]
    assert "left as they are" not in far.choices_
