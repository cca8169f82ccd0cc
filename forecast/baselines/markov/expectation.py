"""Expectation-maximisation of hidden Markov models (Baum and Welch), with restarts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.markov.chain import HiddenChain
from forecast.baselines.markov.emissions import (
    Categorical,
    Emission,
    Gaussian,
    Seen,
    added,
    logarithm,
)
from forecast.baselines.markov.recursions import Forward, backward, forward, posterior

__all__ = ["Fit", "Starts", "baum_welch", "begun"]

# Probability of staying in a state where a start is drawn.
_STAYING = 0.8
# Of drawn moves, by a gamma distribution of this shape: a state may well follow any other.
_EVENNESS = 5.0
_PIECE_NUMBERS = 2_000_000


@dataclass(frozen=True, eq=False)
class Fit:
    """Parameters with the way that led to them.

    Args:
        chain: the parameters.
        log_likelihood: of each chain before every iteration and after the last,
            `(num_iterations + 1, num_chains)`.
    """

    chain: HiddenChain
    log_likelihood: NDArray

    @property
    def score(self) -> float:
        """Log-likelihood of everything, at the end."""
        return float(self.log_likelihood[-1].sum())


@dataclass(frozen=True)
class Starts:
    """Where to start from.

    Args:
        number: of starts, at least 1.
        seed: of the draws.
        num_classes: of a categorical emission; None for normal values.
        lasting: whether states are likely to last at first, as those of weather do; else the
            moves are drawn as well, as letters ask for.
    """

    number: int
    seed: int
    num_classes: int | None = None
    lasting: bool = True


def baum_welch(
    chain: HiddenChain,
    of_row: NDArray,
    seen: Seen,
    most_iterations: int = 100,
    tolerance: float = 1e-5,
) -> Fit:
    """Fit all parameters; no iteration lowers the likelihood.

    Args:
        chain: parameters to start from.
        of_row: the chain of each row, `(num_rows,)`; rows of one chain share its parameters.
        seen: the values.
        most_iterations: at most so many, at least 1.
        tolerance: gain of log-likelihood for each value below which no further one is made.

    Source: Baum, Petrie, Soules, Weiss (1970); Rabiner (1989), section III.C.
    """
    likelihoods: list[NDArray] = []
    for _ in range(most_iterations):
        newer, likelihood = _improved(chain, of_row, seen)
        likelihoods.append(likelihood)
        if len(likelihoods) > 1:
            gain = likelihoods[-1].sum() - likelihoods[-2].sum()
            if gain <= tolerance * seen.observed.sum():
                return Fit(chain, np.array(likelihoods))
        chain = newer
    before = logarithm(chain.start)[of_row]
    last = forward(chain, of_row, before, seen).log_likelihood
    likelihoods.append(added(last, of_row, chain.num_chains))
    return Fit(chain, np.array(likelihoods))


def begun(
    starts: Starts, num_states: int, of_row: NDArray, seen: Seen, num_iterations: int
) -> Fit:  # fmt: skip
    """Some iterations from every start, all at once; of each chain what has the best likelihood.

    Of normal values one start has its means at their quantiles; the others are drawn.

    Args:
        starts: how many, and of what kind.
        num_states: states of each chain.
        of_row: the chain of each row, `(num_rows,)`.
        seen: the values.
        num_iterations: from each start, at most.
    """
    number = starts.number if num_states > 1 else 1
    count, values = int(of_row.max()) + 1, seen.values[seen.observed]
    rows = np.tile(np.arange(len(of_row)), number)
    apart = np.repeat(np.arange(number) * count, len(of_row))
    chain = _drawn(starts, num_states, number, values).take(np.repeat(np.arange(number), count))
    fit = baum_welch(chain, of_row[rows] + apart, seen.take(rows), num_iterations)
    best = fit.log_likelihood[-1].reshape(number, count).argmax(axis=0)
    chosen = best * count + np.arange(count)
    return Fit(fit.chain.take(chosen), fit.log_likelihood[:, chosen])


def _drawn(starts: Starts, num_states: int, number: int, values: NDArray) -> HiddenChain:
    """A chain for each start, whose states are all equally likely at first."""
    rng = np.random.default_rng(starts.seed)
    moves = np.tile(_lasting(num_states), (number, 1, 1))
    if not starts.lasting:
        moves = rng.gamma(_EVENNESS, size=moves.shape)
        moves /= moves.sum(axis=2, keepdims=True)
    first = np.full((number, num_states), 1.0 / num_states)
    shape, emission = (number, num_states), _gaussian_starts(values, num_states, number, rng)
    if starts.num_classes is not None:
        emission = _categorical_starts(values, shape, starts.num_classes, rng)
    return HiddenChain(first, moves, emission)


def _lasting(num_states: int) -> NDArray:
    """Moves between states of which each lasts for some steps."""
    staying = _STAYING if num_states > 1 else 1.0
    leaving = (1.0 - staying) / max(1, num_states - 1)
    return np.where(np.eye(num_states, dtype=bool), staying, leaving)


def _improved(chain: HiddenChain, of_row: NDArray, seen: Seen) -> tuple[HiddenChain, NDArray]:
    """The chain after one iteration, and the likelihood before it."""
    walk = forward(chain, of_row, logarithm(chain.start)[of_row], seen)
    after = backward(chain, of_row, walk, seen)
    told = posterior(walk, after)
    weights = told * seen.valid[:, :, None]
    first = added(weights[:, 0], of_row, chain.num_chains)
    moves = added(_moves(chain, of_row, walk, after, seen), of_row, chain.num_chains)
    newer = HiddenChain(
        _shares(first, chain.start),
        _shares(moves, chain.transition),
        chain.emission.maximised(of_row, seen, weights),
    )
    return newer, added(walk.log_likelihood, of_row, chain.num_chains)


def _moves(
    chain: HiddenChain, of_row: NDArray, walk: Forward, after: NDArray, seen: Seen
) -> NDArray:
    """Expected number of moves between states, `(num_rows, num_states, num_states)`."""
    size, num_rows = chain.num_states, len(of_row)
    found = np.zeros((num_rows, size, size))
    transition, valid = chain.transition[of_row], seen.valid.T[1:, :, None, None]
    later = walk.density[1:] + after[1:]
    later = np.exp(later - later.max(axis=2, keepdims=True))
    earlier = np.exp(walk.filtered[:-1])
    piece = max(1, _PIECE_NUMBERS // (num_rows * size**2))
    for begin in range(0, len(later), piece):
        part = slice(begin, begin + piece)
        joint = earlier[part, :, :, None] * transition * later[part, :, None, :]
        total = joint.sum(axis=(2, 3), keepdims=True)
        found += (valid[part] * joint / np.where(total > 0.0, total, 1.0)).sum(axis=0)
    return found


def _shares(counts: NDArray, before: NDArray) -> NDArray:
    """Counts as shares of their sum; the shares there were where nothing was counted."""
    total = counts.sum(axis=-1, keepdims=True)
    some = total > 1e-12
    return np.where(some, counts / np.where(some, total, 1.0), before)


def _gaussian_starts(
    values: NDArray, num_states: int, number: int, rng: np.random.Generator
) -> Emission:  # fmt: skip
    """Means at quantiles of the values: even ones for the first start, drawn for the others."""
    shares = np.sort(rng.random((number, num_states)), axis=1)
    shares[0] = (np.arange(num_states) + 0.5) / num_states
    spread = rng.uniform(0.3, 1.2, (number, num_states))
    spread[0] = 1.0
    return Gaussian(np.quantile(values, shares), max(float(np.std(values)), 1e-6) * spread)


def _categorical_starts(
    values: NDArray, shape: tuple[int, int], num_classes: int, rng: np.random.Generator
) -> Emission:
    """The shares of the classes, each state's shifted at random."""
    shares = np.bincount(values.astype(np.int64), minlength=num_classes) + 1.0
    factors = rng.gamma(1.0, size=(*shape, num_classes)) if shape[1] > 1 else np.ones((*shape, 1))
    drawn = shares * factors
    return Categorical(drawn / drawn.sum(axis=2, keepdims=True))
