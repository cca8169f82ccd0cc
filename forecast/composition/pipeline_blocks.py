"""Pieces of a block: some steps of each row, or rows that begin later."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Block

__all__ = ["piece", "shifted", "shifted_back"]


def piece(block: Block, start: NDArray, num_steps: int) -> Block:
    """Some steps of each row, from a start of its own; beyond the last step, that one again.

    Args:
        block: right-padded.
        start: the first step of each row, `(num_rows,)`.
        num_steps: how many.

    Example:
        >>> block = Block(np.array([[1.0, 2.0]]), np.ones((1, 2), bool), np.ones((1, 2), bool))
        >>> piece(block, np.array([1]), 2).values.tolist()
        [[2.0, 2.0]]
    """
    if num_steps == block.num_steps and not start.any():
        return block
    return _at(block, start[:, None] + np.arange(num_steps))


def shifted(block: Block, skipped: NDArray) -> Block:
    """The block without the first steps of each row; padding stays on the right.

    Args:
        block: right-padded.
        skipped: steps of each row to leave out, `(num_rows,)`, at most those that are valid.

    Example:
        >>> block = Block(np.array([[1.0, 2.0]]), np.ones((1, 2), bool), np.ones((1, 2), bool))
        >>> moved = shifted(block, np.array([1]))
        >>> moved.values.tolist(), moved.valid.tolist()
        ([[2.0, 0.0]], [[True, False]])
    """
    if not skipped.any():
        return block
    places = np.arange(block.num_steps) + skipped[:, None]
    inside, found = places < block.num_steps, _at(block, places)
    observed, valid = found.observed & inside, found.valid & inside
    values = np.where(observed, found.values, 0.0)
    return replace(found, values=values, observed=observed, valid=valid)


def _at(block: Block, places: NDArray) -> Block:
    """The steps of each row at some places, `(num_rows, n)`; the last one beyond it."""
    places = np.minimum(places, block.num_steps - 1)

    def moved(array: NDArray) -> NDArray:
        beside = (..., *[None] * (array.ndim - 2))
        return np.take_along_axis(array, places[beside], axis=1)

    return Block(**{field.name: moved(getattr(block, field.name)) for field in fields(block)})


def shifted_back(values: NDArray, skipped: NDArray) -> NDArray:
    """Values of a shifted block where they belong, `(num_rows, num_steps)`; NaN before them."""
    if not skipped.any():
        return values
    places = np.arange(values.shape[1]) - skipped[:, None]
    return np.where(places < 0, np.nan, np.take_along_axis(values, np.maximum(places, 0), axis=1))
