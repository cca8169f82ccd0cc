"""The categorical head beside SciPy and its gradient in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from forecast.heads import Categorical
from forecast.heads.categorical import log_softmax
from forecast.models.compiled import value_and_gradients
from forecast.models.design import NetworkDesign

RNG = np.random.default_rng(12)
RAW = RNG.normal(0.0, 4.0, (5, 7, 4))
TARGET = RNG.integers(0, 4, (5, 7))
WEIGHT = RNG.uniform(0.0, 1.0, (5, 7)) * (RNG.random((5, 7)) < 0.8)
HEAD = Categorical(4)


def test_the_likelihood_is_that_of_scipy():
    found = np.asarray(
        HEAD.log_likelihood(ops.convert_to_tensor(RAW), ops.convert_to_tensor(TARGET))
    )
    shares = special.softmax(RAW, axis=-1)
    once = np.eye(4)[TARGET]
    pairs = zip(once.reshape(-1, 4), shares.reshape(-1, 4), strict=True)
    wanted = [stats.multinomial.logpmf(one, 1, share / share.sum()) for one, share in pairs]
    np.testing.assert_allclose(found.ravel(), wanted, rtol=1e-9)
    np.testing.assert_allclose(HEAD.probabilities(RAW), shares, rtol=1e-12)
    loss = HEAD.loss(*map(ops.convert_to_tensor, (RAW, TARGET.astype(float), WEIGHT)))
    assert float(loss) == pytest.approx(-np.average(found, weights=WEIGHT), rel=1e-12)


def test_its_gradient_is_the_shares_less_what_came():
    at = [ops.convert_to_tensor(RAW)]
    target, weight = ops.convert_to_tensor(TARGET), ops.convert_to_tensor(WEIGHT)
    _, gradient = value_and_gradients(lambda parts: HEAD.loss(parts[0], target, weight), at)
    wanted = (special.softmax(RAW, axis=-1) - np.eye(4)[TARGET]) * WEIGHT[..., None]
    np.testing.assert_allclose(np.asarray(gradient), wanted / WEIGHT.sum(), atol=1e-12)


@pytest.mark.parametrize("as_tensor", [False, True])
def test_large_outputs_do_not_overflow(as_tensor):
    raw = np.array([[1e4, 0.0, -1e4], [-1e4, -1e4, -1e4]])
    found = np.asarray(log_softmax(ops.convert_to_tensor(raw) if as_tensor else raw))
    np.testing.assert_allclose(found, special.log_softmax(raw, axis=-1), rtol=1e-12)
    assert np.isfinite(found).all()


def test_a_training_starts_at_the_shares_of_the_classes():
    target, weight = np.array([0, 0, 2, 2, 2, 1]), np.array([1, 1, 1, 1, 1, 0.0])
    shares = HEAD.probabilities(HEAD.start(target, weight)[None])[0]
    np.testing.assert_allclose(shares, np.array([2.5, 0.5, 3.5, 0.5]) / 7.0)


def test_classes_are_no_numbers():
    with pytest.raises(ValueError, match=r"head=Categorical\(\) is for symbols.*fc\.SymbolLSTM"):
        NetworkDesign(head=Categorical(3))
    with pytest.raises(ValueError, match="`num_classes` must be a whole number of at least 1"):
        Categorical(0)
