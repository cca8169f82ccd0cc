"""Rolling origins: where histories begin and end, and which steps are forecast from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

_MOST_WINDOWS = 20


@dataclass(frozen=True, eq=False)
class Origins:
    """The steps known at each origin, and the steps forecast from there.

    Of series i, origin k knows the steps ``starts[k, i]`` to ``ends[k, i] - 1`` and scores the
    `horizon` steps from ``ends[k, i] + gap`` on.

    Args:
        ends: int64 of shape (num_windows, num_series): steps of the series up to the origin,
            earliest origin first; -1 where a series has no such origin.
        horizon: number of steps scored from each origin.
        step_size: number of steps between two origins.
        starts: first step known, of the shape of `ends`; None where every history is known from
            its beginning (expanding windows).
        gap: steps between the last known step and the first one scored.

    Example:
        >>> Origins(np.array([[6], [8]]), horizon=2, step_size=2, gap=3).steps_ahead
        5
    """

    ends: np.ndarray
    horizon: int
    step_size: int
    starts: np.ndarray | None = None
    gap: int = 0

    @property
    def num_windows(self) -> int:
        """Number of origins."""
        return self.ends.shape[0]

    @property
    def steps_ahead(self) -> int:
        """Steps from the last known one to the last one scored, ``gap + horizon``."""
        return self.gap + self.horizon

    def first_ends(self, lengths: np.ndarray) -> np.ndarray:
        """Steps known of each series at its first origin; all of a series that has none.

        Args:
            lengths: number of steps of each series, int of shape (num_series,).

        Example:
            >>> Origins(np.array([[-1, 3], [6, 5]]), horizon=2, step_size=2).first_ends([9, 8])
            array([6, 3])
        """
        return np.where(self.ends < 0, lengths, self.ends).min(axis=0)

    def windows(self, chosen: Any) -> Origins:
        """Some of the origins.

        Args:
            chosen: a slice, positions or a mask of the origins to keep.
        """
        starts = None if self.starts is None else self.starts[chosen]
        return replace(self, ends=self.ends[chosen], starts=starts)


def rolling_origins(
    lengths: np.ndarray,
    horizon: int,
    n_windows: int | None = None,
    step_size: int | None = None,
    min_length: int = 1,
    gap: int = 0,
    max_train_size: int | None = None,
) -> Origins:
    """Origins aligned to the end of each series, the last one `gap + horizon` steps before it.

    ``ends[k] = length - gap - horizon - (n_windows - 1 - k) * step_size`` and, with
    `max_train_size`, ``starts[k] = max(ends[k] - max_train_size, 0)``. With length 10, horizon 2
    and three windows (``=`` known, ``-`` gap, ``>`` scored, ``.`` not used)::

        step        0 1 2 3 4 5 6 7 8 9     gap=1   0 1 2 3 4 5 6 7 8 9     max_train_size=3
        ends[0]=4   = = = = > > . . . .     3       = = = - > > . . . .     . = = = > > . . . .
        ends[1]=6   = = = = = = > > . .     5       = = = = = - > > . .     . . . = = = > > . .
        ends[2]=8   = = = = = = = = > >     7       = = = = = = = - > >     . . . . . = = = > >

    Args:
        lengths: number of steps of each series, int of shape (num_series,).
        horizon: number of steps scored, at least 1.
        n_windows: number of origins, at least 1. Default: as many as fit the longest series while
            at least half of it (and `min_length`) is known at the first, at most 20.
        step_size: steps between two origins, at least 1. Default: `horizon`.
        min_length: fewest steps a series must have before an origin, at least 1.
        gap: steps between the last known step and the first one scored, at least 0.
        max_train_size: most steps known at an origin (a sliding window), at least `min_length`.
            Default: all (an expanding window).

    Returns:
        The origins; a series too short for one of them has -1 there.

    Raises:
        ValueError: if an argument is too small or no series is long enough for all origins.

    Example:
        >>> rolling_origins(np.array([10, 5]), horizon=2, n_windows=3).ends.tolist()
        [[4, -1], [6, 1], [8, 3]]
        >>> rolling_origins(np.array([10]), horizon=2, n_windows=3, max_train_size=3).starts[:, 0]
        array([1, 3, 5])
    """
    step = horizon if step_size is None else step_size
    _require({"horizon": horizon, "step_size": step, "min_length": min_length}, 1)
    _require({"gap": gap}, 0)
    if n_windows is not None:
        _require({"n_windows": n_windows}, 1)
    if max_train_size is not None:
        _require({"max_train_size": max_train_size}, min_length)
    lengths = np.asarray(lengths, dtype=np.int64)
    longest, ahead = int(lengths.max(initial=0)), gap + horizon
    windows = n_windows or _default_windows(longest, ahead, step, min_length)
    if longest < min_length + ahead + (windows - 1) * step:
        raise ValueError(_too_short(longest, horizon, windows, step, min_length, gap))
    ends = lengths - ahead - np.arange(windows - 1, -1, -1)[:, None] * step
    ends = np.where(ends >= min_length, ends, -1)
    starts = None if max_train_size is None else np.maximum(ends - max_train_size, 0)
    return Origins(ends, horizon, step, starts, gap)


def _default_windows(longest: int, ahead: int, step: int, min_length: int) -> int:
    known = max(-(-longest // 2), min_length)
    return int(np.clip((longest - ahead - known) // step + 1, 1, _MOST_WINDOWS))


def _too_short(
    longest: int, horizon: int, windows: int, step: int, min_length: int, gap: int
) -> str:
    """Why the origins do not fit, and what would help."""
    room = longest - gap - horizon - min_length
    needed, fit = longest - room + (windows - 1) * step, max(0, room // step + 1)
    after = f" after a gap of {gap}" if gap else ""
    lower = ["gap"] * bool(gap) + ["the horizon"]
    words = f"1 origin of horizon {horizon}{after} does not fit: it needs"
    if windows > 1:
        words = f"{windows} origins of horizon {horizon}{after}, {step} steps apart, do not fit: "
        words, lower = f"{words}they need", ["n_windows", *lower, "step_size"]
    return (
        f"{words} {needed} steps, {min_length} of them known at the first; the longest series has "
        f"{longest} steps, enough for {fit}. Lower {' or '.join(lower)}, or give longer series."
    )


def _require(numbers: Mapping[str, Any], least: int) -> None:
    for name, number in numbers.items():
        whole = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
        if not whole or number < least:
            raise ValueError(f"{name} must be a whole number of at least {least}; got {number!r}.")
