"""What is kept of every series beside its model's state: range, errors, newest scores.

The same for all models. It scales intervals, bounds forecasts, and lets intervals adapt.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from forecast.protocol import Block

__all__ = ["NUM_SCORES", "Record", "blank_record", "mean_error", "newest_scores", "recorded"]

Record = Mapping[str, NDArray]

NUM_SCORES = 64
"""One-step errors that adaptive intervals look back on; chosen in `benchmarks/coverage.py`."""


def blank_record(num_rows: int) -> dict[str, NDArray]:
    """The record of series before their first step.

    Args:
        num_rows: number of series.

    Returns:
        `minimum` and `maximum` of the values; sum and number of the absolute one-step errors; and
        a ring of the newest `scores`, `|y_t - y'_t| / s_(t-1)` with s the mean absolute one-step
        error before: that of the i-th error, counted from 0, stands in column `i % NUM_SCORES`.
    """
    return {
        "minimum": np.full(num_rows, np.nan),
        "maximum": np.full(num_rows, np.nan),
        "error_sum": np.zeros(num_rows),
        "error_count": np.zeros(num_rows, dtype=np.int64),
        "scores": np.full((num_rows, NUM_SCORES), np.nan),
    }


def recorded(record: Record, block: Block, one_step: NDArray) -> dict[str, NDArray]:
    """The record after a block.

    Args:
        record: that before the block; not changed.
        block: newer steps of `num_rows` series.
        one_step: the forecast of each step made before it was seen, NaN where there is none.
    """
    errors = np.abs(np.where(block.observed, block.values, np.nan) - one_step)
    known = ~np.isnan(errors)
    errors = np.where(known, errors, 0.0)
    low = np.where(block.observed, block.values, np.inf).min(axis=1)
    high = np.where(block.observed, block.values, -np.inf).max(axis=1)
    seen = block.observed.any(axis=1)
    return {
        "minimum": np.where(seen, np.fmin(record["minimum"], low), record["minimum"]),
        "maximum": np.where(seen, np.fmax(record["maximum"], high), record["maximum"]),
        "error_sum": record["error_sum"] + errors.sum(axis=1),
        "error_count": record["error_count"] + known.sum(axis=1),
        "scores": _scored(record, errors, known, block),
    }


def mean_error(record: Record) -> NDArray:
    """Mean absolute one-step error of each series so far, NaN where there is none."""
    count = record["error_count"]
    return np.where(count > 0, record["error_sum"] / np.maximum(count, 1), np.nan)


def newest_scores(record: Record) -> NDArray:
    """The scores of the ring, `(num_rows, NUM_SCORES)`, oldest first; NaN where there is none."""
    first = record["error_count"][:, None] + np.arange(NUM_SCORES)
    return np.take_along_axis(record["scores"], first % NUM_SCORES, axis=1)


def _scored(record: Record, errors: NDArray, known: NDArray, block: Block) -> NDArray:
    """The ring after these errors. Only those that stay in it are divided and written."""
    places = record["error_count"][:, None] + known.cumsum(axis=1) - 1
    sums = record["error_sum"][:, None] + errors.cumsum(axis=1) - errors
    rows, steps = np.nonzero(known & (places >= places[:, -1:] + 1 - NUM_SCORES))
    place, size = places[rows, steps], np.abs(block.values[rows, steps])
    scale = sums[rows, steps] / np.maximum(place, 1)
    # Errors so far that are mere rounding (a constant series) are no scale.
    usable = scale > 1e-9 * size
    scores = record["scores"].copy()
    scores[rows, place % NUM_SCORES] = np.where(
        usable, errors[rows, steps] / np.where(usable, scale, 1.0), np.nan
    )
    return scores
