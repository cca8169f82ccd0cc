"""The loop of a reservoir on JAX: one scan over what the inputs add to the drive."""

from __future__ import annotations

from typing import Any

import jax
from jax import numpy as jnp

from forecast.layers.echo_state_cell import echo_step, project

__all__ = ["run"]


def run(inputs: Any, state: Any, mask: Any, weights: tuple[Any, Any, Any, Any]) -> Any:
    """States after each step, shape (batch, steps, units).

    Args:
        inputs: shape (batch, steps, features), or with the noise of the units beside them.
        state: before the first step, shape (batch, units).
        mask: bool, shape (batch, steps), False where a row stands still; or None.
        weights: kernel, recurrent kernel, bias and leak rate.
    """
    weights = tuple(jnp.asarray(weight, inputs.dtype) for weight in weights)
    mask = jnp.ones(inputs.shape[:2], bool) if mask is None else mask
    return _loop(inputs, state, mask, *weights)


@jax.jit
def _loop(
    inputs: Any,
    state: Any,
    mask: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    leak_rate: Any,
) -> Any:
    def body(state: Any, step: tuple[Any, Any]) -> tuple[Any, Any]:
        drive, valid = step
        after = echo_step(drive, state, recurrent_kernel, bias, leak_rate)
        after = jnp.where(valid[:, None], after, state)
        return after, after

    _, states = jax.lax.scan(body, state, (jnp.swapaxes(project(inputs, kernel), 0, 1), mask.T))
    return jnp.swapaxes(states, 0, 1)
