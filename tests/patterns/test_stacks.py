"""The layers of the patterns against float64 NumPy, with random weights."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.cells import lstm_step, simple_rnn_step

from forecast.models.body import Body
from forecast.patterns.form import PatternForm

LENGTHS = np.array([5, 3, 1])
GATES = {"LSTM": "ifco", "SimpleRNN": "h"}


def _random(form: PatternForm) -> Body:
    rng = np.random.default_rng(0)
    blank = Body(form)
    return blank.with_weights([rng.normal(0.0, 0.5, weight.shape) for weight in blank.weights])


def _said(body: Body, features: np.ndarray) -> np.ndarray:
    valid = np.arange(features.shape[1]) < LENGTHS[:, None]
    outputs, states = body.encode(features, valid, [])
    assert not states
    return outputs


def _walk(weights, layer: str, features: np.ndarray) -> np.ndarray:
    """The states of a one-layer network along one series."""
    kernel, recurrent, bias = (np.asarray(w, dtype=np.float64) for w in weights)
    parts = {"W": kernel.T, "U": recurrent.T, "b": bias}
    gates = GATES[layer]
    named = {
        f"{p}_{g}": a[i * 4 : (i + 1) * 4] for p, a in parts.items() for i, g in enumerate(gates)
    }
    step = lstm_step if layer == "LSTM" else simple_rnn_step
    state, found = (np.zeros(4),) * (2 if layer == "LSTM" else 1), []
    for x in features:
        state = step(x, state, named)
        found.append(state[0])
    return np.array(found)


@pytest.mark.parametrize("layer", ["LSTM", "SimpleRNN"])
def test_two_directions_are_two_networks_and_one_readout(layer):
    """The second reads each series from its own end: padding moves nothing."""
    body = _random(PatternForm(layer, 4, 1, 3, 0, num_outputs=2, bidirectional=True))
    features = np.random.default_rng(1).normal(size=(3, 5, 3))
    found = _said(body, features)
    *layers, kernel, bias = body.weights
    for row, length in enumerate(LENGTHS):
        own = features[row, :length]
        ahead = _walk(layers[:3], layer, own)
        behind = _walk(layers[3:], layer, own[::-1])[::-1]
        expected = np.concatenate([ahead, behind], axis=1) @ kernel + bias
        np.testing.assert_allclose(found[row, :length], expected, atol=2e-6)


def test_a_feed_forward_network_sees_its_step_alone():
    body = _random(PatternForm("Dense", 4, 2, 3, 0, num_outputs=2))
    features = np.random.default_rng(1).normal(size=(3, 5, 3))
    first, b1, second, b2, kernel, bias = (w.astype(np.float64) for w in body.weights)
    hidden = np.tanh(np.tanh(features @ first + b1) @ second + b2)
    np.testing.assert_allclose(_said(body, features), hidden @ kernel + bias, atol=2e-6)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match=r"`layer` must be one of LSTM, GRU.*got 'Conv'"):
        PatternForm("Conv", 4, 1, 3, 0)
    with pytest.raises(ValueError, match="has no direction"):
        PatternForm("Dense", 4, 1, 3, 0, bidirectional=True)
