"""Compiled functions: one trace serves every number of rows and steps."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from keras import ops
from models.material import body_of

from forecast.models import program
from forecast.models.compiled import compiled
from forecast.models.stack import RecurrentStack


def test_one_trace_for_all_sizes() -> None:
    traces = []

    def scaled(values, factor):
        traces.append(1)
        return ops.sum(values, axis=1), values * factor[:, None]

    function = compiled(scaled, [((None, None), "float32"), ((None,), "float32")])
    for rows, steps in [(2, 3), (5, 1), (1, 40), (64, 7)]:
        values = np.random.default_rng(rows).normal(size=(rows, steps))
        factor = np.arange(rows, dtype=float)
        total, product = function(values, factor)
        assert isinstance(total, np.ndarray) and total.dtype == np.float32
        np.testing.assert_allclose(total, values.sum(axis=1), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(product, values * factor[:, None], rtol=1e-6)
    assert len(traces) == 1


def test_a_wrong_number_of_arrays_is_refused() -> None:
    function = compiled(lambda values: (values,), [((None,), "float32")])
    with pytest.raises(ValueError, match="zip"):
        function(np.ones(2), np.ones(2))


@pytest.mark.parametrize("layer", ["LSTM", "EchoState"])
def test_bodies_of_one_form_are_traced_once_for_blocks_and_once_for_steps(
    layer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces: dict[str, int] = {"call": 0, "step": 0}

    def count(name: str) -> None:
        original = getattr(RecurrentStack, name)

        @functools.wraps(original)
        def counted(self, *args, **kwargs):
            traces[name] += 1
            return original(self, *args, **kwargs)

        monkeypatch.setattr(RecurrentStack, name, counted)

    count("call")
    count("step")
    program._program.cache_clear()
    body = body_of(layer, 3, units=4)
    for rows, steps in [(1, 2), (3, 50), (8, 1), (2, 17)]:
        features = np.ones((rows, steps, 3), dtype=np.float32)
        valid = np.ones((rows, steps), dtype=bool)
        _, states = body.encode(features, valid, body.initial_state(rows))
        body.step(features[:, 0], states)
    other = body_of(layer, 3, units=4, seed=7)
    for again in (body.with_weights([2 * weight for weight in body.weights]), other):
        again.step(features[:, 0], states)
    assert traces == {"call": 1, "step": 1}


def test_other_weights_reach_the_compiled_functions() -> None:
    body = body_of("GRU", 3, units=4)
    features, valid = np.ones((2, 5, 3), dtype=np.float32), np.ones((2, 5), dtype=bool)
    before, _ = body.encode(features, valid, body.initial_state(2))
    *rest, kernel, bias = body.weights
    other = body.with_weights([*rest, 2 * kernel, 2 * bias + 1])
    after, _ = other.encode(features, valid, body.initial_state(2))
    np.testing.assert_allclose(after, 2 * before + 1, rtol=1e-5)
