"""Filter and smoother against statsmodels' state space, and against autoregressions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from state_space_material import random_system, simulated
from statsmodels.tsa.statespace.mlemodel import MLEModel

import forecast as fc
from forecast import engine
from forecast.baselines.state_space.filter import Belief, Observations, kalman_filter
from forecast.baselines.state_space.response import impulse_response
from forecast.baselines.state_space.smoother import smooth
from forecast.baselines.state_space.system import LinearSystem


def with_gaps(values: np.ndarray, seed: int) -> np.ndarray:
    """A fifth is missing; one row has no value at all, another only its first steps."""
    gappy = values.copy()
    gappy[np.random.default_rng(seed).random(values.shape) < 0.2] = np.nan
    gappy[2], gappy[3, 5:] = np.nan, np.nan
    return gappy


def theirs(system: LinearSystem, values: np.ndarray):
    """statsmodels' smoother of one row under one system."""
    size = system.state_size
    model = MLEModel(values, k_states=size, k_posdef=size)
    model["transition"], model["design"] = system.transition[0], system.readout[0]
    model["selection"], model["state_cov"] = np.eye(size), system.state_noise[0]
    model["obs_cov"] = system.output_noise[0]
    model.ssm.tolerance = 0.0  # its own short cut to a steady filter is less exact
    model.ssm.initialize_known(system.start_mean[0], system.start_covariance[0])
    return model.ssm.smooth()


def ours(system: LinearSystem, values: np.ndarray):
    """Both walks over all rows at once."""
    of_row, seen = np.zeros(len(values), dtype=np.int64), Observations.of(values)
    filtered = kalman_filter(system, of_row, Belief.before(system, of_row), seen)
    return filtered, smooth(system, filtered, seen)


@pytest.mark.parametrize(("size", "channels"), [(1, 1), (3, 1), (2, 2), (4, 3)])
def test_filter_and_smoother_equal_statsmodels(size, channels):
    system = random_system(size, channels, seed=size)
    values = with_gaps(simulated(system, 5, 60, seed=1), seed=2)
    filtered, smoothed = ours(system, values)
    for row, series in enumerate(values):
        wanted, group = theirs(system, series), filtered.groups[row]
        close = dict(rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(filtered.log_likelihood[row], wanted.llf, **close)
        means = filtered.means[:, row]
        np.testing.assert_allclose(means, wanted.predicted_state.T, **close)
        spread = filtered.walk.covariances[:, group]
        np.testing.assert_allclose(spread, np.moveaxis(wanted.predicted_state_cov, 2, 0), **close)
        np.testing.assert_allclose(smoothed.means[:, row], wanted.smoothed_state.T, **close)
        np.testing.assert_allclose(
            smoothed.covariances[:, group], np.moveaxis(wanted.smoothed_state_cov, 2, 0), **close
        )
        neighbours = np.moveaxis(wanted.smoothed_state_autocov, 2, 0)[:-1]
        np.testing.assert_allclose(smoothed.neighbours[:-1, group], neighbours, **close)


def test_a_long_walk_with_a_steady_gain_equals_statsmodels():
    """From where the covariances change no more they are repeated, between gaps too."""
    system = random_system(2, 1, seed=5)
    values = simulated(system, 1, 700, seed=6)
    values[:, [100, 101, 400]] = np.nan
    filtered, smoothed = ours(system, values)
    wanted = theirs(system, values[0])
    np.testing.assert_allclose(filtered.log_likelihood, [wanted.llf], rtol=1e-10)
    np.testing.assert_allclose(smoothed.means[:, 0], wanted.smoothed_state.T, atol=1e-9)


@settings(max_examples=15)
@given(
    lengths=st.lists(st.integers(0, 12), min_size=2, max_size=5), seed=st.integers(0, 99)
)  # fmt: skip
def test_padding_changes_nothing_and_each_row_is_alone(lengths, seed):
    system, count = random_system(3, 2, seed=7), len(lengths)
    values = simulated(system, count, 12, seed)
    observed = np.random.default_rng(seed).random(values.shape) < 0.7
    valid = np.arange(12) < np.array(lengths)[:, None]
    seen = Observations(values, observed & valid[:, :, None], valid)
    of_row = np.zeros(count, dtype=np.int64)
    together = kalman_filter(system, of_row, Belief.before(system, of_row), seen)
    smoothed = smooth(system, together, seen)
    for row, length in enumerate(lengths):
        alone = Observations(*(part[[row], :length] for part in (values, observed, valid)))
        found = kalman_filter(system, of_row[:1], Belief.before(system, of_row[:1]), alone)
        own = smooth(system, found, alone)
        close = dict(rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(together.after.mean[row], found.after.mean[0], **close)
        np.testing.assert_allclose(
            together.after.covariance[row], found.after.covariance[0], **close
        )
        np.testing.assert_allclose(
            together.log_likelihood[row], found.log_likelihood[0], rtol=1e-12, atol=1e-12
        )
        np.testing.assert_allclose(smoothed.means[:length, row], own.means[:, 0], **close)


def test_an_autoregression_is_a_special_case():
    """AR's own filter through gaps gives the same forecasts and the same spread of errors."""
    rng, values = np.random.default_rng(3), [0.0, 0.0]
    for _ in range(300):
        values.append(0.6 * values[-1] + 0.25 * values[-2] + rng.normal())
    series = 50.0 + np.array(values)
    gone = rng.random(len(series)) < 0.3
    gone[:30] = gone[-1] = False
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(len(series)), "y": series})
    frame.loc[gone, "y"] = np.nan
    model = fc.AR(lags=2, season_length=1).fit(frame, horizon=6)
    inner = model.fitted_.model
    coefficients, variance = inner.coefficients[0], float(inner.parameters.variances[0])
    mean = float(inner.parameters.deterministic[0, 0]) / (1.0 - coefficients.sum())
    system = LinearSystem.autoregression(coefficients, variance)
    filtered, smoothed = ours(system, frame["y"].to_numpy()[None, :, None] - mean)
    panel = fc.pipelines.read_frame(frame).panel
    state = engine.begin(inner, np.array([0]))
    _, one_step = engine.absorb(inner, state, panel.block(0, panel.lengths))
    np.testing.assert_allclose(mean + filtered.forecasts[5:, 0, 0], one_step[0, 5:], rtol=1e-9)
    assert np.isfinite(smoothed.means).all()
    belief, ahead = filtered.after, []
    mean_ahead, spread = belief.mean[0], belief.covariance[0]
    A, Q = system.transition[0], system.state_noise[0]
    for _ in range(6):
        ahead.append((mean + mean_ahead[0], np.sqrt(spread[0, 0])))
        mean_ahead, spread = A @ mean_ahead, A @ spread @ A.T + Q
    points, deviations = np.transpose(ahead)
    np.testing.assert_allclose(points, model.predict(6)["AR"], rtol=1e-9)
    wanted = engine.deviations(inner, model.store_.state, 6)[0]
    np.testing.assert_allclose(deviations, wanted, rtol=1e-9)


def test_the_response_of_an_autoregression_is_its_moving_average():
    system = LinearSystem.autoregression([0.6, 0.25], variance=2.0)
    wanted = [1.0, 0.6, 0.6 * 0.6 + 0.25, 0.6 * (0.61) + 0.25 * 0.6]
    np.testing.assert_allclose(impulse_response(system, 4).ravel(), wanted, rtol=1e-12)


def test_an_explosive_autoregression_has_no_distribution_to_start_from():
    with pytest.raises(ValueError, match=r"eigenvalue of modulus 1\.1: only below 1"):
        LinearSystem.autoregression([1.1], variance=1.0)


def test_parameters_that_do_not_fit_together_are_refused():
    one, two = np.ones((1, 1, 1)), np.ones((1, 2, 2))
    with pytest.raises(ValueError, match=r"`state_noise` must be of the shape \(1, 1, 1\)"):
        LinearSystem(one, one, two, one, np.ones((1, 1)), one)
    with pytest.raises(ValueError, match=r"`readout` must be of the shape \(num_systems"):
        LinearSystem(one, np.ones(1), one, one, np.ones((1, 1)), one)


def test_the_response_does_not_depend_on_the_basis():
    system = random_system(3, 2, seed=9)
    basis = np.random.default_rng(1).normal(size=(3, 3))
    back = np.linalg.inv(basis)
    turned = LinearSystem(
        basis @ system.transition @ back, system.readout @ back,
        basis @ system.state_noise @ basis.T, system.output_noise,
        system.start_mean @ basis.T, basis @ system.start_covariance @ basis.T,
    )  # fmt: skip
    np.testing.assert_allclose(impulse_response(turned, 8), impulse_response(system, 8), atol=1e-9)
