"""Networks of symbols looked into: derivatives and gates by hand, and what refuses them."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import forecast as fc
from forecast.diagnostics.series_walk import SeriesWalk
from forecast.diagnostics.state_view import jacobian_of
from forecast.models.symbols.model import SymbolNetworkModel

TRAINING = fc.Training(num_steps=1, num_checks=1)
UNITS = 3


@cache
def words() -> Any:
    return fc.symbols.from_text({"one": "abracadabra", "other": "barbara"})


@cache
def fitted(cls: Any, embedding: int | None = None) -> Any:
    """A network with weights that are all different, and large enough for its state to move."""
    network = cls(units=UNITS, embedding=embedding, training=TRAINING).fit(words())
    rng, body = np.random.default_rng(3), network.fitted_.model.body
    weights = [rng.normal(0.0, 0.6, weight.shape).astype("float32") for weight in body.weights]
    model = SymbolNetworkModel(body.with_weights(weights), end=None)
    found = copy(network)
    found.fitted_ = replace(network.fitted_, model=model)
    return found


def steps_of(network: Any) -> list[tuple[Any, Any]]:
    walk = SeriesWalk.of(network, words(), 3, 2, symbols=True)
    return [walk.part.seen(*step) for step in walk.steps("test")]


def sigmoid(values: NDArray) -> NDArray:
    return 1.0 / (1.0 + np.exp(-values))


def test_the_jacobian_of_a_plain_network_is_that_of_its_equation() -> None:
    """`h' = tanh(W[y] + U h + b)`, so `d h' / d h = diag(1 - h'^2) U`."""
    network = fitted(fc.SymbolRNN)
    model = network.fitted_.model
    kernel, recurrent, bias = (np.float64(weight) for weight in model.body.weights[:3])
    for state, block in steps_of(network):
        hidden, codes = state.arrays["cell0"], block.values[:, 0].astype(int)
        after = np.tanh(kernel[codes] + hidden @ recurrent + bias)
        expected = (1.0 - after**2)[:, :, None] * recurrent.T
        np.testing.assert_allclose(model.jacobian(state, block), expected, rtol=1e-4, atol=1e-6)
        blind = SimpleNamespace(dynamics=model.dynamics, observe=model.observe)
        for fed in (False, True):
            found = jacobian_of(blind, state, block, fed)
            np.testing.assert_allclose(found, expected, rtol=5e-3, atol=5e-4)


def test_gates_see_the_embedding_of_a_symbol() -> None:
    network = fitted(fc.SymbolLSTM, embedding=2)
    model = network.fitted_.model
    table, kernel, recurrent, bias = (np.float64(weight) for weight in model.body.weights[:4])
    for state, block in steps_of(network):
        hidden, codes = state.arrays["cell0"], block.values[:, 0].astype(int)
        total = table[codes] @ kernel + hidden @ recurrent + bias
        (gates,) = model.gates(state, block)
        for place, name in ((0, "input"), (1, "forget"), (3, "output")):
            expected = sigmoid(total[:, place * UNITS : (place + 1) * UNITS])
            np.testing.assert_allclose(gates[name], expected, rtol=1e-4)


def test_frames_and_verdicts_are_those_of_numbers() -> None:
    network = fitted(fc.SymbolLSTM, embedding=2)
    flow = fc.gradient_flow(network, words(), num_steps=3)
    assert flow.table["unique_id"].unique().tolist() == ["one", "other"]
    assert flow.verdict.startswith("SymbolLSTM, along 2 series: 3 steps back")
    spectrum = fc.jacobian_spectrum(network, words(), free_running=True, num_steps=2)
    assert f"({2 * UNITS} numbers)" in spectrum.verdict
    gates = fc.gate_activity(network, words(), num_steps=2)
    assert set(gates.table["gate"]) == {"input", "forget", "output"}


def test_what_needs_numbers_refuses_symbols_and_says_what_takes_them() -> None:
    network = fitted(fc.SymbolRNN)
    for look in (fc.memory_capacity, fc.lyapunov_exponent, fc.residual_diagnostics):
        with pytest.raises(TypeError, match=r"of symbols SymbolRNN: gradient_flow, .* take"):
            look(network, words())
    with pytest.raises(ValueError, match="SymbolRNN has no gates"):
        fc.gate_activity(network, words())
    chain = fc.MarkovChain(order=1).fit(words())
    with pytest.raises(ValueError, match="MarkovChain has no state that gradients go through"):
        fc.gradient_flow(chain, words())
    with pytest.raises(TypeError, match="Call the class to make one"):
        fc.gradient_flow(fc.SymbolLSTM, words())


def test_patterns_are_sent_to_what_judges_them() -> None:
    pattern = fc.SummaryForecaster()
    pattern.fitted_ = None
    with pytest.raises(TypeError, match=r"Summary, which forecasts .* fc\.compare_held_out"):
        fc.gradient_flow(pattern, words())
