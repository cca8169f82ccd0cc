"""Gradients of every loop equal float64 finite differences, under masks too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from layer_material import (
    LOOPS,
    MASK,
    as_list,
    inputs_of,
    ready,
    states_of,
    values_and_gradients,
    weighted_sum,
)

STEP = 1e-5
every_case = pytest.mark.parametrize("case", LOOPS)


def loss_of(layer: Any, mask: Any) -> Callable[[list[np.ndarray]], float]:
    """Return the loss as a function of inputs, initial states and weights."""
    num_states = len(layer.get_initial_state(1))

    def run(inputs: Any, states: list[Any]) -> Any:
        return weighted_sum(as_list(layer(inputs, initial_state=states, mask=mask)))

    if mask is not None:  # which is called often enough to be traced
        run = tf.function(run, autograph=False)

    def loss(sources: list[np.ndarray]) -> float:
        inputs, *rest = [tf.constant(source) for source in sources]
        for variable, value in zip(layer.trainable_weights, rest[num_states:], strict=True):
            variable.assign(value)
        return float(run(inputs, rest[:num_states]))

    return loss


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
@every_case
def test_gradient_is_the_finite_difference(case: str, mask: Any) -> None:
    """Along random directions through everything, and through each source alone."""
    layer = ready(case, return_sequences=True, return_state=True, dtype="float64")
    inputs, states = inputs_of(case).astype("float64"), states_of(layer)
    if mask is not None:
        inputs[~mask] = np.nan
    sources = [inputs, *states, *[np.asarray(weight) for weight in layer.trainable_weights]]
    gradients = values_and_gradients(layer, inputs, states, mask)[-len(sources) :]
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    rng, loss = np.random.default_rng(3), loss_of(layer, mask)
    alone = [[place] for place in range(len(sources))] if mask is not None else []
    for places in [list(range(len(sources))), *alone]:
        directions = [rng.normal(size=source.shape) for source in sources]
        moved = [
            [s + sign * STEP * d if place in places else s
             for place, (s, d) in enumerate(zip(sources, directions, strict=True))]
            for sign in (1, -1)
        ]  # fmt: skip
        upper, lower = (loss(part) for part in moved)
        slope = sum(float((gradients[place] * directions[place]).sum()) for place in places)
        size = sum(float(np.abs(gradients[place] * directions[place]).sum()) for place in places)
        assert slope == pytest.approx((upper - lower) / (2 * STEP), rel=0, abs=1e-7 * size + 1e-9)


@every_case
def test_masked_steps_have_no_gradient(case: str) -> None:
    layer = ready(case, return_sequences=True)
    inputs = inputs_of(case)
    inputs[~MASK] = np.nan
    output, gradient, *rest = values_and_gradients(layer, inputs, states_of(layer), MASK)
    assert all(np.isfinite(values).all() for values in (output, gradient, *rest))
    assert not gradient[~MASK].any()
    assert (np.abs(gradient[MASK]).reshape(MASK.sum(), -1).max(axis=1) > 0).all()
