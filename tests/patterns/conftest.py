"""One fit of each pattern for all tests, on data whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from pattern_material import curves_frame, few, latched_frame, persistent_frame, seasonal_frame

import forecast as fc


@pytest.fixture(scope="session")
def classified():
    """A class that the sign of an autoregressive coefficient decides."""
    network = fc.SeriesClassifier(units=8, training=few(100, 0.02))
    return fc.compare_held_out(network, persistent_frame())


@pytest.fixture(scope="session")
def labelled():
    """Labels that only the first value of each series decides."""
    network = fc.SequenceLabeler(units=8, training=few(150, 0.02))
    return fc.compare_held_out(network, latched_frame(), label_col="state")


@pytest.fixture(scope="session")
def cold():
    """Curves that are a function of two static covariates."""
    network = fc.ColdStartForecaster(units=16, training=few(200, 0.02))
    return fc.compare_held_out(
        network, curves_frame(), horizon=10, static_covariates=["size", "kind"]
    )


@pytest.fixture(scope="session")
def summed():
    """Sums of the next steps of seasonal series of very different levels."""
    network = fc.SummaryForecaster(units=8, training=few(150, 0.03))
    return fc.compare_held_out(network, seasonal_frame(), horizon=4)


@pytest.fixture
def untrained(monkeypatch):
    """Fits draw random weights in place of a training: laws hold for any, and it takes seconds."""

    def drawn(body, *args, **kwargs):
        rng = np.random.default_rng(0)
        weights = [rng.normal(0.0, 0.4, weight.shape) for weight in body.weights]
        return body.with_weights(weights), {"num_steps": [0.0]}

    for module in ("classifier", "labeler", "cold_start", "summary"):
        monkeypatch.setattr(f"forecast.patterns.{module}.trained", drawn)


@pytest.fixture(params=["classified", "labelled", "cold", "summed"])
def fitted(request):
    """The fitted network of every pattern in turn, and its data; no test may change it."""
    result = request.getfixturevalue(request.param)
    frames = {
        "classified": persistent_frame, "labelled": latched_frame, "cold": curves_frame,
        "summed": seasonal_frame,
    }  # fmt: skip
    return result.network, frames[request.param]()
