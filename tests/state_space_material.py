"""Random linear dynamical systems and what they generate, for tests."""

from __future__ import annotations

import numpy as np

from forecast.baselines.state_space.system import LinearSystem, stationary


def random_system(size: int, channels: int, seed: int) -> LinearSystem:
    """A stable system with full noise covariances and a start of its own."""
    rng = np.random.default_rng(seed)
    transition = rng.normal(size=(size, size))
    transition *= 0.9 / np.abs(np.linalg.eigvals(transition)).max()
    noise, output, start = (rng.normal(size=(n, n)) for n in (size, channels, size))
    return LinearSystem(
        transition[None],
        rng.normal(size=(1, channels, size)),
        0.3 * (noise @ noise.T)[None],
        (0.5 * output @ output.T + 0.1 * np.eye(channels))[None],
        rng.normal(size=(1, size)),
        (start @ start.T)[None],
    )


def oscillator() -> LinearSystem:
    """A damped oscillation and a decaying state, seen together through noise."""
    angle = 0.6
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    transition = np.zeros((1, 3, 3))
    transition[0, :2, :2], transition[0, 2, 2] = 0.95 * turn, 0.7
    noise = np.diag([0.1, 0.2, 0.3])[None]
    return LinearSystem(
        transition, np.array([[[1.0, 0.3, 1.0]]]), noise, np.array([[[0.4]]]),
        np.zeros((1, 3)), stationary(transition, noise),
    )  # fmt: skip


def simulated(system: LinearSystem, num_rows: int, num_steps: int, seed: int) -> np.ndarray:
    """Values of one system from its start, `(num_rows, num_steps, num_channels)`."""
    rng = np.random.default_rng(seed)

    def drawn(covariance: np.ndarray) -> np.ndarray:
        return rng.multivariate_normal(np.zeros(len(covariance)), covariance, num_rows)

    state, values = system.start_mean[0] + drawn(system.start_covariance[0]), []
    for _ in range(num_steps):
        values.append(state @ system.readout[0].T + drawn(system.output_noise[0]))
        state = state @ system.transition[0].T + drawn(system.state_noise[0])
    return np.stack(values, axis=1)
