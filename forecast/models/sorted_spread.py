"""Sums of absolute deviations from many levels, by one sort.

    sum |x - l| = (2k - n) l + S_n - 2 S_k

S_k is the sum of the k values that are not above the level l. The paths of a series share their
history, so it is sorted once; each path then looks up k instead of walking over all values.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from forecast.models.tensor_inputs import Recent

__all__ = ["SortedSpread"]

Tensor = Any


class SortedSpread:
    """The sum of `|value - level|` over what is left of a history within the span.

    Args:
        recent: pasts when the rollout starts, without values of their own.
        span: newest values that count.
        num_bits: steps of the bisection; `2**num_bits` is above the span.
    """

    def __init__(self, recent: Recent, span: Tensor, num_bits: int) -> None:
        """Sort the newest values of each row; what is unknown stands at the end."""
        shared, known = recent.shared[:, :span], recent.known[:, :span]
        order = ops.argsort(ops.where(known > 0, shared, float("inf")), axis=1)
        room = 2**num_bits - ops.shape(shared)[1]
        self.num_bits = num_bits
        self.lags = _padded(order, room)
        self.known = _padded(ops.take_along_axis(known, order, axis=1), room)
        self.values = _padded(ops.take_along_axis(shared, order, axis=1), room)
        self.bounds = ops.where(self.known > 0, self.values, float("inf"))
        self.span = span

    def __call__(self, num_own: Tensor, level: Tensor) -> Tensor:
        """The sums after `num_own` values of each path's own, for `level`, `(n, m)`."""
        left = self.known * ops.cast(self.lags + num_own < self.span, level.dtype)
        kept = left * self.values
        first = 2**self.num_bits * ops.arange(ops.shape(level)[0], dtype="int32")[:, None]
        place = first + self._rank(first, level)
        below = ops.take(_before(left), place)
        sum_below = ops.take(_before(kept), place)
        count, total = ops.sum(left, axis=1)[:, None], ops.sum(kept, axis=1)[:, None]
        return (2.0 * below - count) * level + total - 2.0 * sum_below

    def _rank(self, first: Tensor, level: Tensor) -> Tensor:
        """How many values are not above the level, by bisection, `(n, m)`."""
        bounds = ops.reshape(self.bounds, (-1,))
        rank = ops.zeros_like(level, dtype="int32")
        for bit in reversed(range(self.num_bits)):
            further = rank + 2**bit
            rank = ops.where(ops.take(bounds, first + further - 1) <= level, further, rank)
        return rank


def _padded(values: Tensor, room: Tensor) -> Tensor:
    zeros = ops.zeros((ops.shape(values)[0], room), dtype=values.dtype)
    return ops.concatenate([values, zeros], axis=1)


def _before(values: Tensor) -> Tensor:
    """The sum of the values before each place of its row, in one line."""
    return ops.reshape(ops.cumsum(values, axis=1) - values, (-1,))
