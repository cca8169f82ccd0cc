"""Hidden Markov chains of symbols beside `HiddenMarkov` of numbered classes, and by brute force."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from symbols.material import cycle_frame, parity_bits, parity_frame

import forecast as fc
from forecast.baselines.markov.chain import HiddenChain
from forecast.baselines.markov.emissions import Categorical
from forecast.baselines.markov.model import HiddenMarkovModel
from forecast.baselines.phase_scale import PhaseScale
from forecast.pipelines import Block
from forecast.protocol import Static
from forecast.symbols.hidden import HiddenModel
from forecast.symbols.model import symbol_block

RNG = np.random.default_rng(8)
CHAIN = HiddenChain(
    RNG.dirichlet(np.ones(3), 1),
    RNG.dirichlet(np.ones(3), (1, 3)),
    Categorical(RNG.dirichlet(np.ones(4), (1, 3))),
)


def of_path(path, end=None):
    """Probability of symbols by the sum over all paths of states."""
    start, moves, classes = CHAIN.start[0], CHAIN.transition[0], CHAIN.emission.classes[0]
    return sum(
        start[states[0]]
        * np.prod([moves[a, b] for a, b in pairwise(states)])
        * np.prod([classes[state, symbol] for state, symbol in zip(states, path, strict=True)])
        for states in product(range(3), repeat=len(path))
    )


def test_the_filter_is_the_sum_over_all_paths_of_states():
    model, state = HiddenModel(CHAIN, None), None
    state, seen = model.init_state(1, Static(np.array([-1]))), []
    for symbol in (2, 0, 0, 3, 1):
        told = np.exp(model.ahead(state))[0]
        wanted = np.array([of_path([*seen, other]) for other in range(4)])
        np.testing.assert_allclose(told, wanted / wanted.sum(), rtol=1e-10)
        state, _ = model.walk(state, symbol_block(np.array([symbol]), np.array([True])))
        seen.append(symbol)


def test_distributions_ahead_with_an_end_are_sums_over_all_continuations():
    model = HiddenModel(CHAIN, end=3)
    found = model.distributions(model.init_state(2, Static(np.array([-1, -1]))), 3)
    shares = np.zeros((3, 4))
    for path in product(range(4), repeat=3):
        length = path.index(3) + 1 if 3 in path else 3
        if set(path[length:]) - {3}:
            continue  # one that has ended stays so
        for step, symbol in enumerate(path):
            shares[step, symbol] += of_path(path[:length])
    np.testing.assert_allclose(found, [shares, shares], rtol=1e-10)


def test_the_same_chain_as_the_model_of_numbered_classes():
    nothing = np.zeros((1, 1))
    numbers = HiddenMarkovModel(CHAIN, np.array([0]), PhaseScale(nothing, nothing + 1.0))
    symbols, static = HiddenModel(CHAIN, None), Static(np.array([0]))
    values = RNG.integers(0, 4, (1, 30)).astype(float)
    known = RNG.random(values.shape) < 0.8
    block = Block(np.where(known, values, 0.0), known, np.ones(values.shape, dtype=bool))
    there, points = numbers.observe(numbers.init_state(1, static), block)
    here, codes = symbols.observe(symbols.init_state(1, static), block)
    np.testing.assert_allclose(
        symbols.distributions(here, 4), numbers.class_probabilities(there, 4), rtol=1e-9
    )
    np.testing.assert_array_equal(codes[:, 1:], points[:, 1:])


def test_hidden_states_remember_more_than_a_symbol():
    new = parity_frame(6, 120, 2)
    hidden = fc.HiddenMarkovChain(4, num_starts=2).fit(parity_frame(12, 120, 1))
    bits = fc.symbols.score(hidden, new.assign(unique_id=new["unique_id"] + 100))["bits"][0]
    assert bits < 0.6 * parity_bits(1)


def test_a_cycle_is_followed():
    hidden = fc.HiddenMarkovChain(5, num_starts=4, seed=1).fit(cycle_frame(100))
    assert hidden.predict(7)["HiddenMarkovChain"].tolist() == list("abcdbab")
    assert hidden.choices_ == "4 symbols, 5 states"


def test_arguments_out_of_range():
    with pytest.raises(ValueError, match="`num_states` must be a whole number"):
        fc.HiddenMarkovChain(0)
