"""Some of many: positions that are spread evenly."""

from __future__ import annotations

import numpy as np

__all__ = ["evenly_spread"]


def evenly_spread(count: int, most: int) -> np.ndarray:
    """At most `most` of `count` positions, spread evenly from the first to the last.

    Args:
        count: positions there are, at least 0.
        most: positions wanted, at least 1.

    Returns:
        Increasing positions, int64; all of them where `most` is not less than `count`.

    Example:
        >>> evenly_spread(9, 3).tolist(), evenly_spread(2, 3).tolist()
        ([0, 4, 8], [0, 1])
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))
