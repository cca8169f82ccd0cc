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

__all__ = ["Fit", "Starts", "baum_welch", "restarts"]

# Probability of staying in a state where a start is drawn.
_STAYING = 0.8


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
    """

    number: int
    seed: int
    num_classes: int | None = None


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


def restarts(
    starts: Starts, num_states: int, of_row: NDArray, values: NDArray
) -> list[HiddenChain]:
    """Chains to start from: of normal values one by their quantiles; the others drawn.

    Args:
        starts: how many, and of what kind.
        num_states: states of each.
        of_row: the chain of each row, `(num_rows,)`.
        values: all that were observed, `(num_values,)`.
    """
    rng = np.random.default_rng(starts.seed)
    staying = _STAYING if num_states > 1 else 1.0
    leaving = (1.0 - staying) / max(1, num_states - 1)
    moves = np.where(np.eye(num_states, dtype=bool), staying, leaving)
    first = np.full(num_states, 1.0 / num_states)
    made = []
    for number in range(starts.number if num_states > 1 else 1):
        drawn: Emission
        if starts.num_classes is None:
            drawn = _gaussian_start(values, num_states, rng if number else None)
        else:
            drawn = _categorical_start(values, num_states, starts.num_classes, rng)
        made.append(_repeated(HiddenChain(first[None], moves[None], drawn), int(of_row.max()) + 1))
    return made


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
    found = np.zeros((len(of_row), chain.num_states, chain.num_states))
    transition, valid = chain.transition[of_row], seen.valid.T
    for step in range(len(after) - 1):
        later = walk.density[step + 1] + after[step + 1]
        later = np.exp(later - later.max(axis=1, keepdims=True))
        joint = np.exp(walk.filtered[step])[:, :, None] * transition * later[:, None, :]
        total = joint.sum(axis=(1, 2), keepdims=True)
        share = joint / np.where(total > 0.0, total, 1.0)
        found += share * valid[step + 1][:, None, None]
    return found


def _shares(counts: NDArray, before: NDArray) -> NDArray:
    """Counts as shares of their sum; the shares there were where nothing was counted."""
    total = counts.sum(axis=-1, keepdims=True)
    some = total > 1e-12
    return np.where(some, counts / np.where(some, total, 1.0), before)


def _gaussian_start(
    values: NDArray, num_states: int, rng: np.random.Generator | None
) -> Gaussian:  # fmt: skip
    """Means at quantiles of the values, or at some of them drawn."""
    shares = (np.arange(num_states) + 0.5) / num_states
    means = np.quantile(values, shares if rng is None else np.sort(rng.random(num_states)))
    size = max(float(np.std(values)), 1e-6)
    spread = np.ones(num_states) if rng is None else rng.uniform(0.3, 1.2, num_states)
    return Gaussian(means[None], (size * spread)[None])


def _categorical_start(
    values: NDArray, num_states: int, num_classes: int, rng: np.random.Generator
) -> Categorical:
    """The shares of the classes, each state's shifted at random."""
    shares = np.bincount(values.astype(np.int64), minlength=num_classes) + 1.0
    factors = rng.gamma(1.0, size=(num_states, num_classes)) if num_states > 1 else 1.0
    drawn = np.broadcast_to(shares, (num_states, num_classes)) * factors
    return Categorical((drawn / drawn.sum(axis=1, keepdims=True))[None])


def _repeated(chain: HiddenChain, count: int) -> HiddenChain:
    """The same chain so many times."""
    places, emission = np.zeros(count, dtype=np.intp), chain.emission
    parts = vars(emission)
    repeated = type(emission)(**{name: part[places] for name, part in parts.items()})
    return HiddenChain(chain.start[places], chain.transition[places], repeated)
