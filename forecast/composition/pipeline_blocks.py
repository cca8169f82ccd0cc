"""Pieces of a block: some columns, or rows that begin later."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Block

__all__ = ["columns", "shifted", "shifted_back"]


def columns(block: Block, steps: slice) -> Block:
    """Some columns of a block."""
    return Block(**{field.name: getattr(block, field.name)[:, steps] for field in fields(block)})


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
    inside = places < block.num_steps
    places = np.minimum(places, block.num_steps - 1)

    def moved(array: NDArray) -> NDArray:
        beside = (..., *[None] * (array.ndim - 2))
        return np.take_along_axis(array, places[beside], axis=1)

    found = {field.name: moved(getattr(block, field.name)) for field in fields(block)}
    masks = {name: found[name] & inside for name in ("observed", "valid")}
    values = np.where(masks["observed"], found["values"], 0.0)
    return replace(block, **{**found, **masks, "values": values})


def shifted_back(values: NDArray, skipped: NDArray) -> NDArray:
    """Values of a shifted block where they belong, `(num_rows, num_steps)`; NaN before them."""
    if not skipped.any():
        return values
    places = np.arange(values.shape[1]) - skipped[:, None]
    return np.where(places < 0, np.nan, np.take_along_axis(values, np.maximum(places, 0), axis=1))
