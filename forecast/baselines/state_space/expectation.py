"""Expectation-maximisation of linear dynamical systems."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.state_space.filter import Observations
from forecast.baselines.state_space.moments import Moments
from forecast.baselines.state_space.system import LinearSystem

__all__ = ["Fit", "expectation_maximisation", "maximised"]

# Of the variance of the values, which are of size one: below it a channel has no noise.
_LEAST_NOISE = 1e-8


@dataclass(frozen=True, eq=False)
class Fit:
    """Parameters with the way that led to them.

    Args:
        system: the parameters of the largest likelihood found.
        log_likelihood: of each system before every iteration and after the last,
            `(num_iterations + 1, num_systems)`.
    """

    system: LinearSystem
    log_likelihood: NDArray


def expectation_maximisation(
    system: LinearSystem,
    of_row: NDArray,
    seen: Observations,
    most_iterations: int = 100,
    tolerance: float = 1e-5,
) -> Fit:
    """Fit all parameters; no iteration lowers the likelihood.

    The output noise of the channels stays independent of each other where it is at the start. The
    first state's distribution is that of the rows of a system, and stays as it is for a system
    with fewer than two rows an entry of the state.

    Args:
        system: parameters to start from.
        of_row: the system of each row, `(num_rows,)`; rows of one system share its parameters.
        seen: the observations, in units in which their variance is about one.
        most_iterations: at most so many, at least 1.
        tolerance: gain of log-likelihood for each value below which no further one is made.

    Source: Shumway, Stoffer (1982), "An approach to time series smoothing and forecasting using
    the EM algorithm"; Ghahramani, Hinton (1996), "Parameter estimation for linear dynamical
    systems".
    """
    likelihoods = []
    for _ in range(most_iterations):
        moments = Moments.of(system, of_row, seen)
        likelihoods.append(moments.log_likelihood)
        if len(likelihoods) > 1:
            gain = likelihoods[-1].sum() - likelihoods[-2].sum()
            if gain <= tolerance * moments.num_values.sum():
                return Fit(system, np.array(likelihoods))
        system = maximised(system, moments)
    likelihoods.append(Moments.of(system, of_row, seen).log_likelihood)
    return Fit(system, np.array(likelihoods))


def maximised(system: LinearSystem, moments: Moments) -> LinearSystem:
    """The parameters that maximise the expected log-likelihood of states and observations.

        A = sum E x[t+1] x[t]' (sum E x[t] x[t]')^-1,   Q = mean of E (x[t+1] - A x[t]) (...)'
        C = sum y E x' (sum E x x')^-1,                 R = mean of E (y - C x)^2, by channel

    Args:
        system: the parameters that the moments were taken under; kept where nothing was seen.
        moments: see `Moments`.
    """
    transition, state_noise = _moves(system, moments)
    readout, output_noise = _outputs(system, moments)
    found = replace(
        system,
        transition=transition,
        state_noise=state_noise,
        readout=readout,
        output_noise=output_noise,
    )
    return _started(found, moments)


def _moves(system: LinearSystem, moments: Moments) -> tuple[NDArray, NDArray]:
    """A and Q; those there were where there is no pair of steps."""
    before, product = moments.square_before, moments.product
    some = (moments.num_moves > 0)[:, None, None]
    transition = product @ np.linalg.pinv(before, hermitian=True)
    cross = transition @ product.swapaxes(1, 2)
    left = moments.square_after - cross - cross.swapaxes(1, 2)
    left = left + transition @ before @ transition.swapaxes(1, 2)
    noise = _positive(left / np.maximum(moments.num_moves, 1)[:, None, None])
    return np.where(some, transition, system.transition), np.where(some, noise, system.state_noise)


def _outputs(system: LinearSystem, moments: Moments) -> tuple[NDArray, NDArray]:
    """C and R; those there were for a channel without a value."""
    count = moments.num_values
    some, rows = count > 0, moments.told[:, :, None, :]
    found = (rows @ np.linalg.pinv(moments.square_seen, hermitian=True))[:, :, 0]
    readout = np.where(some[:, :, None], found, system.readout)
    told = (readout * moments.told).sum(axis=2)
    again = np.einsum("spi,spij,spj->sp", readout, moments.square_seen, readout)
    noise = (moments.power - 2.0 * told + again) / np.maximum(count, 1)
    before = np.diagonal(system.output_noise, axis1=1, axis2=2)
    noise = np.where(some, np.maximum(noise, _LEAST_NOISE), before)
    return readout, noise[:, :, None] * np.eye(system.num_channels)


def _started(system: LinearSystem, moments: Moments) -> LinearSystem:
    """Mean and covariance of the first state, where there are rows enough to tell."""
    enough = moments.num_rows >= 2 * system.state_size
    count = np.maximum(moments.num_rows, 1)[:, None]
    mean = moments.start / count
    square = moments.start_square / count[:, :, None]
    spread = _positive(square - mean[:, :, None] * mean[:, None, :])
    return replace(
        system,
        start_mean=np.where(enough[:, None], mean, system.start_mean),
        start_covariance=np.where(enough[:, None, None], spread, system.start_covariance),
    )


def _positive(covariance: NDArray) -> NDArray:
    """The nearest covariance: symmetric, without negative eigenvalues."""
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.swapaxes(1, 2)))
    return (vectors * np.maximum(values, 0.0)[:, None, :]) @ vectors.swapaxes(1, 2)
