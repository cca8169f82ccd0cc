"""A recurrence over time on JAX: a scan of the packed step; JAX finds the derivative."""

from __future__ import annotations

from typing import Any

import jax
from jax import numpy as jnp

from forecast.layers.recurrences import Recurrence

__all__ = ["run"]

Tensors = tuple[Any, ...]


def run(
    recurrence: Recurrence,
    inputs: Any,
    mask: Any,
    states: Tensors,
    weights: Tensors,
    has_sequences: bool,
    training: bool,  # noqa: ARG001
) -> tuple[Any, Tensors]:
    """Outputs, None unless sequences are asked for, and last states.

    Args:
        recurrence: the step.
        inputs: `(rows, steps, features)`; finite at masked steps.
        mask: bool, `(rows, steps)`, or None.
        states: each `(rows, units)`.
        weights: of the cell, see `Recurrence.weight_shapes`.
        has_sequences: whether the states after all steps are asked for.
        training: part of the contract of kernels; JAX traces gradient and value together.
    """
    inputs, weights = recurrence.prepared(inputs, weights)

    def step(states: Tensors, current: tuple[Any, Any]) -> tuple[Tensors, Any]:
        values, valid = current
        after, _ = recurrence.step(values, states, weights)
        if valid is not None:
            after = tuple(
                jnp.where(valid, new, old) for new, old in zip(after, states, strict=True)
            )
        return after, after[0] if has_sequences else None

    over_time = (
        jnp.swapaxes(inputs, 0, 1),
        None if mask is None else jnp.swapaxes(mask, 0, 1)[:, :, None],
    )
    last, outputs = jax.lax.scan(step, states, over_time)
    return None if outputs is None else jnp.swapaxes(outputs, 0, 1), last
