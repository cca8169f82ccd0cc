"""Encoder, decoder and attention against their equations in float64 NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from seq2seq_material import Oracle, form_of, randomised, windows

from forecast.models.seq2seq.attention import StateAttention
from forecast.models.windowed.body import SizedNetwork, WindowBody
from forecast.models.windowed.view import WindowInputs

DESIGNS = {
    "plain": {"cell": "SimpleRNN", "context": "input"},
    "additive": {"cell": "LSTM", "bidirectional": True, "attention": "additive"},
    "dot": {"cell": "GRU", "num_layers": 2, "context": "state", "attention": "dot"},
    "all": {
        "cell": "GRU", "num_layers": 2, "bidirectional": True, "attention": "additive",
        "convolutions": 2, "dense": 4,
    },
}  # fmt: skip


def built(**design):
    form = form_of(**design)
    layers = SizedNetwork.of(form)
    layers.set_weights(randomised(form))
    return form, layers


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_network_equals_its_equations(design):
    form, layers = built(**design)
    inputs, rng = windows(), np.random.default_rng(2)
    truth = rng.normal(size=inputs.ahead.shape[:2]).astype("float32")
    forced = rng.random(truth.shape) < 0.5
    wanted, shares = Oracle(form, layers)(inputs, truth, forced)
    given = inputs.features, inputs.mask, inputs.ahead
    found = np.array(layers(*given, truth, forced))
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)
    free, shares = Oracle(form, layers)(inputs, truth, np.zeros_like(forced))
    np.testing.assert_allclose(np.array(layers(*given)), free, rtol=2e-5, atol=2e-5)
    if form.design.attention:
        weights = np.array(layers.network.attention(*given))
        np.testing.assert_allclose(weights, shares, rtol=2e-5, atol=2e-6)
        assert (weights[~np.broadcast_to(inputs.mask[:, None], weights.shape)] == 0.0).all()
        np.testing.assert_allclose(weights.sum(axis=2), 1.0, rtol=1e-5)


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_number_of_weights_is_known_before_they_are_made(design):
    form, layers = built(**design)
    assert form.num_weights == sum(weight.size for weight in layers.get_weights())


@pytest.mark.parametrize("kind", ["additive", "dot"])
def test_attention_is_exact_under_masks(kind):
    rng = np.random.default_rng(5)
    attention = StateAttention(kind, units=4, seed=1)
    state, memory = rng.normal(size=(3, 5)).astype("f4"), rng.normal(size=(3, 7, 6)).astype("f4")
    mask = np.array([[1, 1, 1, 1, 1, 1, 1], [0, 0, 1, 0, 1, 1, 0], [0] * 7], dtype=bool)
    attention(state, memory, mask)
    attention.set_weights([rng.normal(0.2, 0.7, w.shape) for w in attention.get_weights()])
    context, weights = (np.array(part) for part in attention(state, memory, mask))
    query = state.astype(float) @ np.array(attention.query.kernel, float)
    keys = memory.astype(float) @ np.array(attention.key.kernel, float)
    if kind == "additive":
        scores = np.tanh(query[:, None] + keys) @ np.array(attention.score.scale, float)
    else:
        scores = np.einsum("nu,ntu->nt", query, keys) / 2.0
    wanted = np.where(mask, np.exp(scores), 0.0)
    wanted /= np.maximum(wanted.sum(axis=1, keepdims=True), 1e-300)
    np.testing.assert_allclose(weights, wanted, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        context, np.einsum("nt,ntw->nw", wanted, memory), rtol=1e-5, atol=1e-6
    )
    assert not weights[2].any() and not context[2].any()
    garbage = np.where(mask[:, :, None], memory, 1e6).astype("f4")
    again = [np.array(part) for part in attention(state, garbage, mask)]
    np.testing.assert_array_equal(again[1], weights)
    np.testing.assert_array_equal(again[0], context)


def test_first_steps_do_not_depend_on_how_many_are_asked_for():
    form = form_of(**DESIGNS["all"])
    body, inputs = WindowBody(form, randomised(form)), windows()
    whole = body.corrections(inputs)
    few = WindowInputs(inputs.features, inputs.mask, inputs.ahead[:, :2])
    np.testing.assert_allclose(body.corrections(few), whole[:, :2], rtol=1e-5, atol=1e-6)


def test_padding_before_the_series_began_changes_nothing():
    form = form_of(**DESIGNS["all"])
    body, inputs = WindowBody(form, randomised(form)), windows()
    more = ((0, 0), (3, 0))
    padded = WindowInputs(
        np.pad(inputs.features, (*more, (0, 0))), np.pad(inputs.mask, more), inputs.ahead
    )
    np.testing.assert_allclose(
        body.corrections(padded), body.corrections(inputs), rtol=1e-5, atol=1e-6
    )


def test_new_network_corrects_nothing_and_its_size_scales_what_it_learns():
    form, inputs = form_of(**DESIGNS["additive"]), windows()
    assert not WindowBody(form).corrections(inputs).any()
    awake = WindowBody(form, randomised(form))
    np.testing.assert_allclose(
        awake.scaled(0.5).corrections(inputs), 0.5 * awake.corrections(inputs), rtol=1e-6
    )
    size = awake.trainable().weights[0]
    assert size.shape == () and not size.trainable


def test_seed_draws_the_weights_and_global_randomness_does_not():
    form = form_of(**DESIGNS["all"])
    first = WindowBody(form).weights
    keras.utils.set_random_seed(7)
    for one, other in zip(first, WindowBody(form).weights, strict=True):
        np.testing.assert_array_equal(one, other)
    other = WindowBody(form_of(seed=5, **DESIGNS["all"])).weights
    assert any((one != two).any() for one, two in zip(first, other, strict=True))


def test_weights_of_another_form_are_refused():
    weights = WindowBody(form_of(units=2)).weights
    with pytest.raises(ValueError, match="weights of the shapes"):
        WindowBody(form_of(units=3), weights)
