"""Hidden Markov models against brute force over all paths of short series."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from forecast.baselines.markov.chain import HiddenChain
from forecast.baselines.markov.emissions import Categorical, Gaussian, Seen, logarithm
from forecast.baselines.markov.expectation import Starts, baum_welch, begun
from forecast.baselines.markov.recursions import backward, forward, posterior, viterbi


def chain_of(num_states: int, kind: str, seed: int) -> HiddenChain:
    """Random and asymmetric in every part."""
    rng = np.random.default_rng(seed)
    start, transition = rng.random(num_states), rng.random((num_states, num_states)) ** 2
    start, transition = start / start.sum(), transition / transition.sum(axis=1, keepdims=True)
    if kind == "gaussian":
        means, sizes = rng.normal(size=num_states), rng.uniform(0.3, 1.5, num_states)
        emission = Gaussian(means[None], sizes[None])
    else:
        classes = rng.random((num_states, 4))
        emission = Categorical((classes / classes.sum(axis=1, keepdims=True))[None])
    return HiddenChain(start[None], transition[None], emission)


def values_of(kind: str, shape: tuple[int, int], seed: int) -> np.ndarray:
    """A fifth is missing."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=shape) if kind == "gaussian" else rng.integers(0, 4, shape) * 1.0
    values[rng.random(shape) < 0.2] = np.nan
    return values


def probability(chain: HiddenChain, state: int, value: float) -> float:
    if np.isnan(value):
        return 1.0
    emission = chain.emission
    if isinstance(emission, Gaussian):
        return float(norm.pdf(value, emission.means[0, state], emission.deviations[0, state]))
    return float(emission.classes[0, state, int(value)])


def all_paths(chain: HiddenChain, values: np.ndarray) -> dict[tuple[int, ...], float]:
    """Joint probability of every path with the values."""
    found = {}
    for path in product(range(chain.num_states), repeat=len(values)):
        joint = chain.start[0, path[0]]
        for before, after in pairwise(path):
            joint *= chain.transition[0, before, after]
        for state, value in zip(path, values, strict=True):
            joint *= probability(chain, state, value)
        found[path] = joint
    return found


def walked(chain: HiddenChain, seen: Seen):
    of_row = np.zeros(len(seen.values), dtype=np.int64)
    walk = forward(chain, of_row, logarithm(chain.start)[of_row], seen)
    return of_row, walk, posterior(walk, backward(chain, of_row, walk, seen))


@pytest.mark.parametrize("kind", ["gaussian", "categorical"])
@pytest.mark.parametrize("num_states", [1, 2, 3])
def test_likelihood_posterior_and_path_equal_brute_force(kind, num_states):
    chain, values = chain_of(num_states, kind, seed=num_states), values_of(kind, (4, 6), seed=2)
    of_row, walk, told = walked(chain, Seen.of(values))
    states, best = viterbi(chain, of_row, Seen.of(values))
    for row, series in enumerate(values):
        paths = all_paths(chain, series)
        total = sum(paths.values())
        np.testing.assert_allclose(walk.log_likelihood[row], np.log(total), rtol=1e-10)
        wanted = np.zeros((6, num_states))
        for path, joint in paths.items():
            wanted[np.arange(6), path] += joint / total
        np.testing.assert_allclose(told[row], wanted, atol=1e-12)
        most = max(paths, key=paths.__getitem__)
        assert tuple(states[row]) == most
        np.testing.assert_allclose(best[row], np.log(paths[most]), rtol=1e-10)
        last = np.zeros(num_states)
        for path, joint in paths.items():
            last[path[-1]] += joint / total
        np.testing.assert_allclose(
            np.exp(walk.ahead[-1][row]), last @ chain.transition[0], atol=1e-12
        )


@settings(max_examples=15)
@given(lengths=st.lists(st.integers(1, 9), min_size=2, max_size=4), seed=st.integers(0, 99))
def test_padding_changes_nothing_and_each_row_is_alone(lengths, seed):
    chain, values = chain_of(3, "gaussian", seed), values_of("gaussian", (len(lengths), 9), seed)
    valid = np.arange(9) < np.array(lengths)[:, None]
    seen = Seen(np.nan_to_num(values), valid & ~np.isnan(values), valid)
    of_row, walk, told = walked(chain, seen)
    states, _ = viterbi(chain, of_row, seen)
    for row, length in enumerate(lengths):
        alone = Seen.of(values[[row], :length])
        _, own, wanted = walked(chain, alone)
        np.testing.assert_allclose(walk.log_likelihood[row], own.log_likelihood[0], atol=1e-12)
        np.testing.assert_allclose(told[row, :length], wanted[0], atol=1e-12)
        np.testing.assert_allclose(walk.ahead[-1][row], own.ahead[-1][0], atol=1e-12)
        path, _ = viterbi(chain, of_row[:1], alone)
        np.testing.assert_array_equal(states[row, :length], path[0])


def test_thousands_of_steps_neither_vanish_nor_overflow():
    """The likelihood of the whole is far below the smallest float."""
    chain, values = chain_of(2, "gaussian", 3), values_of("gaussian", (1, 5000), 1)
    values[0, 2500] = 1e12
    _, walk, told = walked(chain, Seen.of(values))
    assert walk.log_likelihood[0] < -5000.0 and np.isfinite(walk.log_likelihood).all()
    np.testing.assert_allclose(told.sum(axis=2), 1.0, rtol=1e-9)


@pytest.mark.parametrize("kind", ["gaussian", "categorical"])
@pytest.mark.parametrize("pooled", [True, False])
def test_no_iteration_lowers_the_likelihood(kind, pooled):
    seen = Seen.of(values_of(kind, (5, 50), seed=7))
    of_row = np.zeros(5, dtype=np.int64) if pooled else np.arange(5)
    starts = Starts(3, seed=1, num_classes=None if kind == "gaussian" else 4)
    for num_states in (1, 2, 4):
        first = begun(starts, num_states, of_row, seen, 2)
        fit = baum_welch(first.chain, of_row, seen, 30, 0.0)
        gains = np.diff(fit.log_likelihood, axis=0)
        assert (gains >= -1e-9 * np.abs(fit.log_likelihood[1:])).all()
        assert fit.log_likelihood[0].sum() >= first.log_likelihood[-1].sum() - 1e-9


def drawn(chain: HiddenChain, num_rows: int, num_steps: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.empty((num_rows, num_steps))
    for row in values:
        state = rng.choice(chain.num_states, p=chain.start[0])
        for step in range(num_steps):
            means, sizes = chain.emission.means[0], chain.emission.deviations[0]
            row[step] = rng.normal(means[state], sizes[state])
            state = rng.choice(chain.num_states, p=chain.transition[0, state])
    return values


def test_the_chain_that_generated_the_values_is_found():
    moves = np.array([[0.9, 0.08, 0.02], [0.1, 0.7, 0.2], [0.05, 0.15, 0.8]])
    emission = Gaussian(np.array([[-1.5, 0.1, 1.2]]), np.array([[0.3, 0.2, 0.5]]))
    true = HiddenChain(np.array([[0.5, 0.3, 0.2]]), moves[None], emission)
    seen, of_row = Seen.of(drawn(true, 20, 120, seed=4)), np.zeros(20, dtype=np.int64)
    first = begun(Starts(4, seed=0), 3, of_row, seen, 10)
    found = baum_welch(first.chain, of_row, seen, 100, 1e-7).chain.ordered()
    np.testing.assert_allclose(found.emission.means, emission.means, atol=0.06)
    np.testing.assert_allclose(found.emission.deviations, emission.deviations, atol=0.05)
    np.testing.assert_allclose(found.transition, true.transition, atol=0.06)
    least = walked(true, seen)[1].log_likelihood.sum()
    assert least < walked(found, seen)[1].log_likelihood.sum() < least + 25.0


def test_ordering_states_changes_no_likelihood():
    chain, seen = chain_of(4, "categorical", 5), Seen.of(values_of("categorical", (3, 20), 2))
    wanted, found = (walked(c, seen)[1].log_likelihood for c in (chain, chain.ordered()))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert (np.diff(chain.ordered().emission.classes[0] @ np.arange(4)) >= 0).all()


def test_a_median_halves_the_mixture():
    rng = np.random.default_rng(2)
    shares = rng.dirichlet(np.ones(3), size=50)
    emission = Gaussian(rng.normal(size=(1, 3)), rng.uniform(0.1, 2.0, (1, 3)))
    found = emission.point(np.zeros(50, dtype=np.int64), shares)
    below = norm.cdf((found[:, None] - emission.means) / emission.deviations)
    np.testing.assert_allclose((shares * below).sum(axis=1), 0.5, atol=1e-12)


def test_shapes_that_do_not_fit_together_are_refused():
    chain = chain_of(2, "gaussian", 0)
    with pytest.raises(ValueError, match=r"`transition` must be of the shape \(1, 2, 2\)"):
        HiddenChain(chain.start, np.ones((1, 3, 3)), chain.emission)
