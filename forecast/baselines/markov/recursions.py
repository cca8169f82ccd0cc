"""Forward, backward and Viterbi's recursion in log space, over many series at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.markov.chain import HiddenChain
from forecast.baselines.markov.emissions import Seen, logarithm

__all__ = ["Forward", "backward", "forward", "log_sum", "posterior", "viterbi"]


@dataclass(frozen=True, eq=False)
class Forward:
    """The walk of the filter; time comes first.

    Args:
        density: log of each value's density in each state, 0 where not observed,
            `(num_steps, num_rows, num_states)`.
        ahead: log-probability of the states before each step was seen, and after the last,
            `(num_steps + 1, num_rows, num_states)`.
        filtered: once it was seen, `(num_steps, num_rows, num_states)`.
        log_likelihood: of all values of each row, `(num_rows,)`.
    """

    density: NDArray
    ahead: NDArray
    filtered: NDArray
    log_likelihood: NDArray


def log_sum(values: NDArray, axis: int) -> NDArray:
    """`log sum exp` along an axis of finite numbers.

    Example:
        >>> float(log_sum(np.log([1.0, 2.0, 5.0]), 0).round(6)) == float(np.log(8.0).round(6))
        True
    """
    largest = values.max(axis=axis, keepdims=True)
    total = np.exp(values - largest).sum(axis=axis, keepdims=True)
    return (largest + np.log(total)).squeeze(axis)


def forward(chain: HiddenChain, of_row: NDArray, before: NDArray, seen: Seen) -> Forward:
    """Filter many rows.

    `f[t] = a[t] b(y[t]) / sum`, `a[t+1] = f[t] A`, a the probabilities before a step is seen, b
    the densities (1 for a value that is missing), all in logarithms.

    Args:
        chain: the parameters.
        of_row: the chain of each row, `(num_rows,)`.
        before: log-probability of the states before the first step, `(num_rows, num_states)`.
        seen: the values.
    """
    density = chain.emission.log_density(of_row, seen).swapaxes(0, 1)
    moves, valid = _moves(chain, of_row), seen.valid.T
    whole = np.asarray(seen.valid.all(axis=0))
    ahead = np.empty((len(density) + 1, *before.shape))
    ahead[0] = before
    for step, densities in enumerate(density):
        after = _moved(ahead[step] + densities, moves)
        ahead[step + 1] = (
            after if whole[step] else np.where(valid[step, :, None], after, ahead[step])
        )
    joint = ahead[:-1] + density
    total = log_sum(joint, 2)
    likelihood = np.where(valid, total, 0.0).sum(axis=0)
    return Forward(density, ahead, joint - total[:, :, None], likelihood)


def backward(chain: HiddenChain, of_row: NDArray, walk: Forward, seen: Seen) -> NDArray:
    """Log-probability of what follows each step given its state, up to a constant for each step.

    `c[t] = A (b(y[t+1]) c[t+1])`, in logarithms; 0 at the last step of a row, and for the state
    under which what follows is most probable: the sums of long series would leave no digits.

    Returns:
        `(num_steps, num_rows, num_states)`.
    """
    valid, whole = seen.valid.T, np.asarray(seen.valid.all(axis=0))
    moves = np.ascontiguousarray(_moves(chain, of_row).swapaxes(-1, -2))
    found = np.zeros(walk.density.shape)
    for step in range(len(found) - 2, -1, -1):
        told = _moved(walk.density[step + 1] + found[step + 1], moves)
        told -= np.maximum.reduce(told, axis=1, keepdims=True)
        found[step] = told if whole[step + 1] else np.where(valid[step + 1, :, None], told, 0.0)
    return found


def _moves(chain: HiddenChain, of_row: NDArray) -> NDArray:
    """A, or that of each row where there are several, without zeros."""
    moves = np.exp(logarithm(chain.transition))
    return moves[0] if len(moves) == 1 else moves[of_row]


def _moved(joint: NDArray, moves: NDArray) -> NDArray:
    """`log sum_i p_i A_ij` of the shares p of exp(joint), `(num_rows, num_states)`.

    Nothing is lost below the largest share: A has no entry under 1e-300.
    """
    shares = np.exp(joint - np.maximum.reduce(joint, axis=1, keepdims=True))
    shares /= np.add.reduce(shares, axis=1, keepdims=True)
    if moves.ndim == 2:
        return np.log(shares @ moves)
    return np.log((shares[:, None] @ moves)[:, 0])


def posterior(walk: Forward, after: NDArray) -> NDArray:
    """Probability of each state at each step given all values, `(num_rows, num_steps, K)`."""
    joint = walk.filtered + after
    return np.exp(joint - log_sum(joint, 2)[:, :, None]).swapaxes(0, 1)


def viterbi(chain: HiddenChain, of_row: NDArray, seen: Seen) -> tuple[NDArray, NDArray]:
    """The most probable path of states, and its log-probability jointly with the values.

    Args:
        chain: the parameters.
        of_row: the chain of each row, `(num_rows,)`.
        seen: the values.

    Returns:
        States from 0, `(num_rows, num_steps)` (the last one stands still in padding), and
        `(num_rows,)`.

    Source: Viterbi (1967); Rabiner (1989).
    """
    density = chain.emission.log_density(of_row, seen).swapaxes(0, 1)
    moves, valid = logarithm(chain.transition)[of_row], seen.valid.T
    states = np.arange(chain.num_states)
    best = logarithm(chain.start)[of_row] + density[0]
    came_from = np.empty(density.shape, dtype=np.intp)
    for step in range(1, len(density)):
        scores = best[:, :, None] + moves
        came_from[step] = np.where(valid[step][:, None], scores.argmax(axis=1), states)
        best = np.where(valid[step][:, None], scores.max(axis=1) + density[step], best)
    path = np.empty(seen.valid.shape, dtype=np.intp)
    path[:, -1] = best.argmax(axis=1)
    rows = np.arange(len(path))
    for step in range(len(density) - 1, 0, -1):
        path[:, step - 1] = came_from[step, rows, path[:, step]]
    return path, best.max(axis=1)
