"""Does a reservoir forget its start: known exponents, and words that fit the numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecast.layers import EchoState
from forecast.layers.topology import TOPOLOGIES

UNITS = 40


def silent(**arguments: float | str) -> EchoState:
    """A reservoir without a bias."""
    return EchoState(UNITS, bias_scaling=0.0, seed=2, dtype="float64", **arguments)


def test_a_silent_cycle_fades_by_its_radius() -> None:
    # Around the state zero tanh is the identity: d' = r d, turned by one unit.
    report = silent(topology="cycle", spectral_radius=0.8).echo_state_property(np.zeros((400, 1)))
    assert report.exponent == pytest.approx(math.log(0.8), abs=1e-6)
    assert report.holds
    assert "holds on these 400 steps: a distance fades by half in 3.1 steps" in str(report)


def test_the_exponent_of_a_leaky_rotation_lies_below_its_largest_eigenvalue() -> None:
    layer = silent(topology="orthogonal", spectral_radius=0.8, leak_rate=0.3)
    report = layer.echo_state_property(np.zeros((3000, 1)))
    matrix = 0.7 * np.eye(UNITS) + 0.3 * np.asarray(layer.cell.recurrent_kernel)
    largest = np.abs(np.linalg.eigvals(matrix)).max()
    assert report.exponent == pytest.approx(math.log(largest), abs=1e-3)


def test_a_silent_reservoir_beyond_radius_one_does_not_hold_and_strong_input_saves_it() -> None:
    layer = silent(spectral_radius=1.8, connectivity=1.0, input_scaling=4.0)
    quiet = layer.echo_state_property(np.zeros((600, 1)))
    assert quiet.exponent > 0
    assert not quiet.holds
    assert quiet.apart > 0.1
    assert "small distances between states grow: lower the spectral radius" in str(quiet)
    loud = layer.echo_state_property(np.random.default_rng(0).normal(size=(600, 1)))
    assert loud.holds
    assert loud.exponent < 0


def test_states_that_stay_apart_although_small_distances_fade() -> None:
    # One unit that hears itself twice as loud has two stable states.
    layer = EchoState(1, spectral_radius=2.0, bias_scaling=0.0, seed=0, dtype="float64")
    report = layer.echo_state_property(np.zeros((300, 1)), num_starts=8)
    assert report.exponent < 0
    assert not report.holds
    assert "different starts lead to different states" in str(report)


def test_an_input_that_is_too_short_to_tell() -> None:
    report = silent(topology="cycle", spectral_radius=0.99).echo_state_property(np.zeros((20, 1)))
    assert not report.holds
    assert "too slowly for so few steps: give a longer input" in str(report)


def test_nothing_is_left_of_the_start_of_a_delay_line() -> None:
    layer = EchoState(5, topology="delay_line", seed=0)
    report = layer.echo_state_property(np.zeros((60, 2), "float32"))
    assert report.holds
    assert report.exponent == -math.inf
    assert report.apart == 0.0


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_runs_are_those_of_the_layer(topology: str) -> None:
    layer = EchoState(UNITS, topology=topology, leak_rate=0.4, seed=1, dtype="float64")
    sequence = np.random.default_rng(1).normal(size=(30, 2))
    starts = np.random.default_rng(7).uniform(-1.0, 1.0, (3, UNITS))[:2]
    report = layer.echo_state_property(sequence, num_starts=2, seed=7)
    ends = np.asarray(layer(np.repeat(sequence[None], 2, axis=0), initial_state=[starts]))
    apart = np.linalg.norm(ends[0] - ends[1]) / np.linalg.norm(starts[0] - starts[1])
    assert report.apart == pytest.approx(apart, rel=1e-9)


def test_bad_arguments() -> None:
    layer = EchoState(3, seed=0)
    with pytest.raises(ValueError, match=r"shape \(2, 9, 1\): expected \(steps, features\)"):
        layer.echo_state_property(np.zeros((2, 9, 1)))
    with pytest.raises(ValueError, match=r"num_starts=1: expected at least 2 states"):
        layer.echo_state_property(np.zeros((9, 1)), num_starts=1)
