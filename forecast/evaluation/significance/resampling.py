"""Bootstrap draws: blocks of successive origins, or single series."""

from __future__ import annotations

import math

import numpy as np

from forecast.evaluation.metrics import Array

__all__ = ["block_positions", "resampled_means"]

_MOST_DRAWN = 4_000_000  # positions held at once


def block_positions(
    count: int, length: int, generator: np.random.Generator, num_draws: int = 4000
) -> np.ndarray:
    """Positions (draws, count) of a moving-block bootstrap.

    Args:
        count: values in order.
        length: of a block.
        generator: of the draws.
        num_draws: samples.

    Example:
        >>> block_positions(4, 2, np.random.default_rng(0), num_draws=1)
        array([[2, 3, 1, 2]])
    """
    num_blocks = math.ceil(count / length)
    starts = generator.integers(0, count - length + 1, size=(num_draws, num_blocks, 1))
    return (starts + np.arange(length)).reshape(num_draws, -1)[:, :count]


def resampled_means(values: Array, reach: int, seed: int, num_draws: int = 2000) -> Array:
    """Means (draws, columns) of rows drawn in blocks with replacement.

    Args:
        values: (rows, columns), the rows in order.
        reach: length of a block; 1 draws single rows.
        seed: of the draws.
        num_draws: samples.

    Example:
        >>> resampled_means(np.array([[1.0, 2.0], [3.0, 6.0]]), 2, seed=0, num_draws=1)
        array([[2., 4.]])
    """
    count, generator = len(values), np.random.default_rng(seed)
    part = max(min(_MOST_DRAWN // count, num_draws), 1)
    parts = [
        _means(values, block_positions(count, reach, generator, min(part, num_draws - first)))
        for first in range(0, num_draws, part)
    ]
    return np.concatenate(parts)


def _means(values: Array, positions: np.ndarray) -> Array:
    """By how often each row was drawn: one product instead of a copy of the rows a draw."""
    num_draws, count = len(positions), len(values)
    flat = positions + count * np.arange(num_draws)[:, None]
    drawn = np.bincount(flat.ravel(), minlength=num_draws * count).reshape(num_draws, count)
    return drawn.astype(np.float64) @ values / count
