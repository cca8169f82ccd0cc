"""Gram matrices of lags, straight from the series: no design matrix of all rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram, gram_of_rows
from forecast.baselines.algebra.solver import one_thread

__all__ = ["LagDesign", "lag_grams"]

# Numbers that one batch of series holds at a time: what fits a processor's cache.
_BATCH_NUMBERS = 2**18


@dataclass(frozen=True, eq=False)
class LagDesign:
    """Rows `(y[t - lag_1], ..., extra[t], y[t])`: which columns, and from which step on.

    Args:
        lags: 1-based lags in any order, without repetition, `(num_lags,)`.
        hold_back: steps at the start of each series that are no targets; at least the longest
            lag in any case.
        extra: further columns at the step of the target (trend, dummies, covariates),
            `(total_steps, num_extra)`; None for none.
        weights: weight of each target, `(total_steps,)`, at least 0; None for 1.
    """

    lags: NDArray
    hold_back: int = 0
    extra: NDArray | None = None
    weights: NDArray | None = None

    @property
    def first(self) -> int:
        """Steps before the first target."""
        return max(int(np.max(self.lags, initial=0)), self.hold_back)


def lag_grams(values: NDArray, starts: NDArray, stops: NDArray, design: LagDesign) -> Gram:
    """Sums of the regression of each series on its own lags.

    What a series gets does not depend on the others, to the last bit. A row counts if its target,
    its lags and its extra columns are all known. Where nothing is missing, a sum
    `sum_t y[t-i] y[t-j]` is the common core of its diagonal `j - i` plus what sticks out at both
    ends: `O(n p + p^2)` a series in place of `O(n p^2)`.

    Args:
        values: all series one after the other, `(total_steps,)`; NaN where unknown.
        starts: first step of each series in `values`, `(num_series,)`.
        stops: step after the last of each series, `(num_series,)`. Any stretches will do: to sum
            over the targets from step a to b only, start `design.first` steps before a.
        design: lags, extra columns, weights.

    Returns:
        Sums with leading axis `num_series`; columns are lags, then extra columns, then y.

    Example:
        >>> import numpy as np
        >>> values = 0.5 ** np.arange(6.0)
        >>> gram = lag_grams(values, np.array([0]), np.array([6]), LagDesign(np.array([1])))
        >>> gram.weight.tolist(), gram.solve().coefficients.round(6).tolist()
        ([5.0], [[[0.5]]])
    """
    starts, stops = np.asarray(starts, dtype=np.int64), np.asarray(stops, dtype=np.int64)
    num_extra = 0 if design.extra is None else design.extra.shape[1]
    size, count = len(design.lags) + num_extra + 1, len(starts)
    num_rows = None if design.weights is None else np.zeros(count)
    blank = np.zeros((count, size)), np.zeros((count, size, size))
    result = Gram(np.zeros(count), *blank, num_rows=num_rows)
    long_enough = stops - starts > design.first
    plain = long_enough & _is_plain(values, starts, stops, design)
    with one_thread():
        for kind, sums in ((plain, _diagonal_sums), (long_enough & ~plain, _dense_sums)):
            numbers = 2 if sums is _diagonal_sums else 2 * size
            for rows in _batches(np.flatnonzero(kind), stops - starts, numbers):
                part = sums(values, starts[rows], stops[rows], design)
                result.weight[rows], result.mean[rows] = part.weight, part.mean
                result.second[rows] = part.second
                if num_rows is not None:
                    num_rows[rows] = part.count
    return result


def _is_plain(values: NDArray, starts: NDArray, stops: NDArray, design: LagDesign) -> NDArray:
    """Series without gaps that are long enough for a core that all sums share."""
    if design.extra is not None or design.weights is not None:
        return np.zeros(len(starts), dtype=bool)
    begin, end = int(starts.min(initial=len(values))), int(stops.max(initial=0))
    unknown = begin + np.flatnonzero(~np.isfinite(values[begin:end]))
    complete = np.searchsorted(unknown, starts) == np.searchsorted(unknown, stops)
    return complete & (stops - starts > design.first + int(np.max(design.lags, initial=0)))


def _padded(lengths: NDArray) -> NDArray:
    """Lengths rounded up to one of 16 an octave, so by a sixteenth at most.

    Sums are grouped by where a series stands in its row, and with that by how long the row is: it
    has to follow from the series' own length, or its bits would tell of the others.
    """
    _, exponents = np.frexp(np.maximum(lengths, 1))
    unit = 2 ** np.maximum(exponents.astype(np.int64) - 5, 0)
    return -(-lengths // unit) * unit


def _batches(rows: NDArray, lengths: NDArray, numbers: int) -> Iterator[NDArray]:
    """Series of the same padded length together, as many as fit the cache."""
    padded = _padded(lengths[rows])
    order = np.argsort(padded, kind="stable")
    edges = np.flatnonzero(np.diff(padded[order])) + 1
    for alike in np.split(order, edges) if len(order) else []:
        step = max(1, _BATCH_NUMBERS // int(padded[alike[0]] * numbers))
        for begin in range(0, len(alike), step):
            yield rows[alike[begin : begin + step]]


def _aligned(values: NDArray, starts: NDArray, stops: NDArray) -> tuple[NDArray, NDArray]:
    """Series of one padded length, ends below one another, and which entries are theirs."""
    positions = stops[:, None] + np.arange(-int(_padded(stops - starts)[0]), 0)
    inside = positions >= starts[:, None]
    return values[np.where(inside, positions, starts[:, None])], inside


def _diagonal_sums(values: NDArray, starts: NDArray, stops: NDArray, design: LagDesign) -> Gram:
    """Sums of complete series, diagonal by diagonal."""
    block, inside = _aligned(values, starts, stops)
    lengths, first = stops - starts, design.first
    centre = np.where(inside, block, 0.0).sum(axis=1) / lengths
    block = np.where(inside, block - centre[:, None], 0.0)
    head = values[starts[:, None] + np.arange(first)] - centre[:, None]
    core = block * (np.arange(block.shape[1]) >= (block.shape[1] - lengths + first)[:, None])
    offsets = np.append(design.lags, 0)
    sums = _sums_over_targets(core, block, head, offsets)
    places, parts, width = np.empty((len(offsets), len(offsets)), dtype=np.int64), [], 0
    for apart, (near, far) in _diagonals(offsets).items():
        parts.append(_pair_sums(core, block, head, apart, int(offsets[near].max())))
        places[near, far] = places[far, near] = width + offsets[near]
        width += parts[-1].shape[1]
    products = np.concatenate(parts, axis=1)[:, places]
    weight = (lengths - first).astype(np.float64)
    mean = sums / weight[:, None]
    second = products - mean[:, :, None] * sums[:, None, :]
    return Gram(weight, centre[:, None] + mean, second)


def _diagonals(offsets: NDArray) -> dict[int, NDArray]:
    """Pairs of columns by how far apart their lags are, the nearer lag first."""
    apart = offsets[None, :] - offsets[:, None]
    return {
        int(distance): np.stack(np.nonzero(apart == distance))
        for distance in np.unique(apart[apart >= 0])
    }


def _pair_sums(core: NDArray, block: NDArray, head: NDArray, apart: int, reach: int) -> NDArray:
    """`sum_t x[t-i] x[t-i-apart]` over all targets t, for i = 0 .. reach: `(batch, reach + 1)`."""
    steps, first = block.shape[1], head.shape[1]
    begin, end = first, steps - reach
    # Row by row: einsum cuts long batches into stretches that have nothing to do with the rows.
    middle = np.vecdot(core[:, begin:end], block[:, begin - apart : end - apart])
    early = head[:, first - reach :] * head[:, first - reach - apart : first - apart]
    late = block[:, end:] * block[:, end - apart : steps - apart]
    return middle[:, None] + _both_ends(early, late)


def _sums_over_targets(core: NDArray, block: NDArray, head: NDArray, offsets: NDArray) -> NDArray:
    """`sum_t x[t-i]` over all targets t, for i in offsets: `(batch, len(offsets))`."""
    reach, first = int(offsets.max()), head.shape[1]
    end = block.shape[1] - reach
    ends = _both_ends(head[:, first - reach :], block[:, end:])
    return core[:, :end].sum(axis=1)[:, None] + ends[:, offsets]


def _both_ends(early: NDArray, late: NDArray) -> NDArray:
    """Sums of the last i of `early` and the first `reach - i` of `late`, i = 0 .. reach."""
    reach = early.shape[1]
    result = np.zeros((len(early), reach + 1))
    np.cumsum(early[:, ::-1], axis=1, out=result[:, 1:])
    result[:, :reach] += np.cumsum(late, axis=1)[:, ::-1]
    return result


def _dense_sums(values: NDArray, starts: NDArray, stops: NDArray, design: LagDesign) -> Gram:
    """Sums of any series, from the rows of one batch."""
    block, inside = _aligned(values, starts, stops)
    known = inside & np.isfinite(block)
    first, steps = design.first, block.shape[1]
    count = steps - first
    filled = np.where(known, block, 0.0)
    weights = np.ones((len(starts), count))
    columns = []
    for lag in np.append(design.lags, 0):
        here = slice(first - lag, first - lag + count)
        weights *= known[:, here]
        columns.append(filled[:, here])
    positions = np.maximum(stops[:, None] + np.arange(-count, 0), starts[:, None])
    if design.weights is not None:
        weights = weights * design.weights[positions]
    # Each series' first targets are held back, wherever its padding ends.
    weights *= np.arange(count) >= (steps - (stops - starts))[:, None]
    if design.extra is not None:
        extra = np.moveaxis(design.extra[positions], -1, 0)
        weights *= np.isfinite(extra).all(axis=0)
        columns[-1:-1] = list(np.where(np.isfinite(extra), extra, 0.0))
    return gram_of_rows(np.swapaxes(np.stack(columns, axis=1), 1, 2), weights)
