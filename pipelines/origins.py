"""Rolling origins: where histories end and forecasts begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_MOST_WINDOWS = 20


@dataclass(frozen=True, eq=False)
class Origins:
    """The steps known at each origin.

    Args:
        ends: int64 of shape (num_windows, num_series): number of steps known, earliest origin
            first; -1 where a series has no such origin.
        horizon: number of steps forecast from each origin.
        step_size: number of steps between two origins.

    Example:
        >>> Origins(np.array([[6], [8]]), horizon=2, step_size=2).num_windows
        2
    """

    ends: np.ndarray
    horizon: int
    step_size: int

    @property
    def num_windows(self) -> int:
        """Number of origins."""
        return self.ends.shape[0]


def rolling_origins(
    lengths: np.ndarray,
    horizon: int,
    n_windows: int | None = None,
    step_size: int | None = None,
    min_length: int = 1,
) -> Origins:
    """Origins aligned to the end of each series, the last one `horizon` steps before it.

    ``ends[k] = length - horizon - (n_windows - 1 - k) * step_size``. With length 10, horizon 2 and
    three windows (``=`` known, ``>`` forecast, ``.`` not used)::

        step        0 1 2 3 4 5 6 7 8 9
        ends[0]=4   = = = = > > . . . .
        ends[1]=6   = = = = = = > > . .
        ends[2]=8   = = = = = = = = > >

    Args:
        lengths: number of steps of each series, int of shape (num_series,).
        horizon: number of steps forecast, at least 1.
        n_windows: number of origins, at least 1. Default: as many as fit the longest series while
            at least half of it (and `min_length`) is known at the first, at most 20.
        step_size: steps between two origins, at least 1. Default: `horizon`.
        min_length: fewest steps a series must have before an origin, at least 1.

    Returns:
        The origins; a series too short for one of them has -1 there.

    Raises:
        ValueError: if an argument is below 1 or no series is long enough for all origins.

    Example:
        >>> rolling_origins(np.array([10, 5]), horizon=2, n_windows=3).ends.tolist()
        [[4, -1], [6, 1], [8, 3]]
    """
    step = horizon if step_size is None else step_size
    for name, number in (("horizon", horizon), ("n_windows", n_windows), ("step_size", step),
                         ("min_length", min_length)):  # fmt: skip
        _require_positive(name, number)
    lengths = np.asarray(lengths, dtype=np.int64)
    longest = int(lengths.max(initial=0))
    windows = n_windows or _default_windows(longest, horizon, step, min_length)
    if longest - horizon - (windows - 1) * step < min_length:
        fit = max(0, (longest - horizon - min_length) // step + 1)
        many = "1 origin" if windows == 1 else f"{windows} origins"
        lower = "the horizon" if n_windows is None else "n_windows, horizon"
        raise ValueError(
            f"{many} of horizon {horizon}, {step} steps apart, after at least "
            f"{min_length} known steps do not fit: the longest series has {longest} steps, enough "
            f"for {fit}. Lower {lower} or step_size, or give longer series."
        )
    back = np.arange(windows - 1, -1, -1)[:, None] * step
    ends = lengths - horizon - back
    return Origins(np.where(ends >= min_length, ends, -1), horizon, step)


def _default_windows(longest: int, horizon: int, step: int, min_length: int) -> int:
    known = max(-(-longest // 2), min_length)
    return int(np.clip((longest - horizon - known) // step + 1, 1, _MOST_WINDOWS))


def _require_positive(name: str, number: int | None) -> None:
    whole = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
    if number is not None and not (whole and number >= 1):
        raise ValueError(f"{name} must be a whole number of at least 1; got {number!r}.")
