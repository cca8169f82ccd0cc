"""Where expectation-maximisation begins: a system with the autocovariances of the values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.state_space.filter import Observations
from forecast.baselines.state_space.system import LinearSystem, stationary

__all__ = ["autocovariances", "start_systems"]

# The system begins stable, and with this share of the variance as output noise.
_LARGEST_ROOT = 0.98
_NOISE_SHARE = 0.3
# A level and its damped slope; beside them the other states explain so much of the variance.
_SLOPE, _REST_SHARE = np.array([[1.0, 1.0], [0.0, 0.95]]), 0.2


def start_systems(
    seen: Observations, of_row: NDArray, num_systems: int, size: int
) -> list[LinearSystem]:
    """Two starts: one that returns to the mean and one with a trend.

    The first has autocovariances nearest to those of the rows. The second has a level with a damped
    slope, as much of it as the state has room for, and what is left of the first.

    Args:
        seen: observations of size one, about zero.
        of_row: the system of each row, `(num_rows,)`.
        num_systems: number of systems.
        size: of the state, at least 1.
    """
    lags = autocovariances(seen, of_row, num_systems, 2 * _blocks(size, seen.values.shape[2]))
    rest = _realisation(lags, size - 2) if size > 2 else None
    return [_realisation(lags, size), _trend(size, rest, num_systems, lags.shape[2])]


def _blocks(size: int, channels: int) -> int:
    """Blocks of the Hankel matrix along each side."""
    return -(-size // channels) + 2


def _realisation(lags: NDArray, size: int) -> LinearSystem:
    """Ho and Kalman's system.

    The block Hankel matrix of the autocovariances `C A^(i+j) G` factors into an observability
    matrix, whose first block is C and whose shift is A, and another. What the state does not
    explain is output noise.

    Args:
        lags: see `autocovariances`.
        size: of the state, at least 1.

    Source: Ho, Kalman (1966); Katayama, "Subspace Methods for System Identification", chapter 8.
    """
    blocks = _blocks(size, lags.shape[2])
    parts = [_realised(covariances, blocks, size) for covariances in lags]
    transition, readout = (np.stack([part[i] for part in parts]) for i in range(2))
    return _with_noise(transition, readout, np.diagonal(lags[:, 0], axis1=1, axis2=2))


def _trend(size: int, rest: LinearSystem | None, count: int, channels: int) -> LinearSystem:
    """A level, and a damped slope, before the states of another system."""
    own = min(size, 2)
    transition, noise, start = (np.zeros((count, size, size)) for _ in range(3))
    transition[:, :own, :own] = _SLOPE[:own, :own]
    noise[:, range(own), range(own)] = (0.1, 0.001)[:own]
    start[:, range(own), range(own)] = (1.0, 0.01)[:own]
    readout = np.zeros((count, channels, size))
    readout[:, :, 0] = 1.0
    mean, output = np.zeros((count, size)), np.tile(_NOISE_SHARE * np.eye(channels), (count, 1, 1))
    if rest is not None:
        share = np.sqrt(_REST_SHARE)
        transition[:, own:, own:], readout[:, :, own:] = rest.transition, share * rest.readout
        noise[:, own:, own:], start[:, own:, own:] = rest.state_noise, rest.start_covariance
    return LinearSystem(transition, readout, noise, output, mean, start)


def autocovariances(
    seen: Observations, of_row: NDArray, num_systems: int, num_lags: int
) -> NDArray:
    """`E y[t+k] y[t]'` for k = 0 to `num_lags` - 1, over the pairs that were observed.

    Returns:
        `(num_systems, num_lags, num_channels, num_channels)`.
    """
    values = np.where(seen.observed, seen.values, 0.0)
    known = seen.observed.astype(float)
    channels = values.shape[2]
    found = np.zeros((num_systems, num_lags, channels, channels))
    for lag in range(min(num_lags, values.shape[1])):
        end = values.shape[1] - lag
        sums, counts = (
            part[:, lag:].swapaxes(1, 2) @ part[:, :end] for part in (values, known)
        )  # fmt: skip
        total, number = np.zeros(found[:, 0].shape), np.zeros(found[:, 0].shape)
        np.add.at(total, of_row, sums)
        np.add.at(number, of_row, counts)
        found[:, lag] = total / np.maximum(number, 1.0)
    return found


def _realised(covariances: NDArray, blocks: int, size: int) -> tuple[NDArray, NDArray]:
    """A and C of one system; entries of the state that nothing speaks for decay slowly."""
    channels = covariances.shape[1]
    rows = [np.concatenate(covariances[i + 1 : i + 1 + blocks], axis=1) for i in range(blocks)]
    left, values, _ = np.linalg.svd(np.concatenate(rows))
    seen = np.sqrt(np.maximum(values[:size], 1e-6))
    observability = left[:, :size] * seen
    shifted = np.linalg.pinv(observability[:-channels]) @ observability[channels:]
    radius = np.abs(np.linalg.eigvals(shifted)).max(initial=0.0)
    return shifted * min(1.0, _LARGEST_ROOT / max(radius, 1e-12)), observability[:channels]


def _with_noise(transition: NDArray, readout: NDArray, variances: NDArray) -> LinearSystem:
    """Noise under which the state explains its share of the variance of the channels."""
    count, size, _ = transition.shape
    eye = np.broadcast_to(np.eye(size), transition.shape)
    spread = stationary(transition, eye)
    explained = np.einsum("spi,sij,spj->sp", readout, spread, readout)
    variances = np.maximum(variances, 1e-6)
    share = (
        (1.0 - _NOISE_SHARE) * variances.mean(axis=1) / np.maximum(explained.mean(axis=1), 1e-12)
    )
    noise = _NOISE_SHARE * variances[:, :, None] * np.eye(readout.shape[1])
    start, readout = np.zeros((count, size)), readout * np.sqrt(share)[:, None, None]
    return LinearSystem(transition, readout, eye.copy(), noise, start, spread)
