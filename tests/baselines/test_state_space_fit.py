"""Expectation-maximisation of linear dynamical systems: it climbs, and finds what generated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from state_space_material import oscillator, random_system, simulated

from forecast.baselines.state_space.expectation import expectation_maximisation, maximised
from forecast.baselines.state_space.filter import Belief, Observations, kalman_filter
from forecast.baselines.state_space.moments import Moments
from forecast.baselines.state_space.response import impulse_response
from forecast.baselines.state_space.start import autocovariances, start_systems
from forecast.baselines.state_space.system import LinearSystem


def likelihood(system: LinearSystem, seen: Observations) -> float:
    of_row = np.zeros(len(seen.values), dtype=np.int64)
    walk = kalman_filter(system, of_row, Belief.before(system, of_row), seen)
    return float(walk.log_likelihood.sum())


def gappy(system: LinearSystem, num_rows: int, num_steps: int, seed: int) -> Observations:
    """Ragged, a tenth missing, in units of size one."""
    values = simulated(system, num_rows, num_steps, seed)
    rng = np.random.default_rng(seed)
    lengths = rng.integers(num_steps // 2, num_steps + 1, num_rows)
    valid = np.arange(num_steps) < lengths[:, None]
    observed = valid[:, :, None] & (rng.random(values.shape) > 0.1)
    return Observations(values / values.std(), observed, valid)


@pytest.mark.parametrize(
    ("size", "channels", "pooled"), [(2, 1, True), (3, 2, True), (2, 2, False)]
)
def test_no_iteration_lowers_the_likelihood(size, channels, pooled):
    seen = gappy(random_system(3, channels, seed=4), 8, 40, seed=1)
    of_row = np.zeros(8, dtype=np.int64) if pooled else np.arange(8)
    for start in start_systems(seen, of_row, int(of_row.max()) + 1, size):
        fit = expectation_maximisation(start, of_row, seen, 25, 0.0)
        gains = np.diff(fit.log_likelihood, axis=0)
        assert (gains >= -1e-9 * np.abs(fit.log_likelihood[1:])).all()
        assert fit.log_likelihood[-1].sum() > fit.log_likelihood[0].sum() + 10.0
        if pooled:
            np.testing.assert_allclose(fit.log_likelihood[-1], likelihood(fit.system, seen))


def test_the_system_that_generated_the_values_is_found():
    """By what does not depend on the basis: likelihood, impulse response, eigenvalues."""
    true = oscillator()
    values = simulated(true, 30, 150, seed=2)
    size = values.std()
    seen, of_row = Observations.of(values / size), np.zeros(30, dtype=np.int64)
    start = start_systems(seen, of_row, 1, 3)[0]
    found = expectation_maximisation(start, of_row, seen, 150, 1e-6).system
    scaled = replace(true, readout=true.readout / size, output_noise=true.output_noise / size**2)
    assert likelihood(found, seen) > likelihood(scaled, seen)
    assert likelihood(found, seen) < likelihood(scaled, seen) + 25.0
    np.testing.assert_allclose(impulse_response(found, 12), impulse_response(scaled, 12), atol=0.06)
    assert abs(found.radius[0] - 0.95) < 0.02


def test_own_parameters_equal_fits_one_by_one():
    seen = gappy(random_system(2, 1, seed=6), 3, 60, seed=3)
    of_row = np.arange(3)
    start = start_systems(seen, of_row, 3, 2)[0]
    together = expectation_maximisation(start, of_row, seen, 6, 0.0).system
    for row in range(3):
        part = Observations(seen.values[[row]], seen.observed[[row]], seen.valid[[row]])
        alone = expectation_maximisation(start.take(of_row[[row]]), of_row[:1], part, 6, 0.0).system
        np.testing.assert_allclose(together.transition[row], alone.transition[0], atol=1e-9)
        np.testing.assert_allclose(together.output_noise[row], alone.output_noise[0], atol=1e-9)


def test_what_was_never_seen_leaves_its_parameters():
    """A channel without a value, and series of a single step."""
    system = random_system(2, 2, seed=8)
    system = replace(system, output_noise=system.output_noise * np.eye(2))
    values = simulated(system, 4, 1, seed=5)
    values[:, :, 1] = np.nan
    of_row = np.zeros(4, dtype=np.int64)
    newer = maximised(system, Moments.of(system, of_row, Observations.of(values)))
    np.testing.assert_array_equal(newer.transition, system.transition)
    np.testing.assert_array_equal(newer.readout[:, 1], system.readout[:, 1])
    assert newer.output_noise[0, 1, 1] == system.output_noise[0, 1, 1]
    assert (newer.readout[:, 0] != system.readout[:, 0]).any()


def test_autocovariances_are_means_over_pairs():
    values = np.array([[[1.0], [2.0], [np.nan], [4.0]]])
    found = autocovariances(Observations.of(values), np.zeros(1, dtype=np.int64), 1, 4)
    wanted = [(1.0 + 4.0 + 16.0) / 3, 2.0, 8.0, 4.0]
    np.testing.assert_allclose(found.ravel(), wanted)
