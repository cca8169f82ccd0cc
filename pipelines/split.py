"""How a backtest splits time: the settings of its origins, and the origins of a panel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .origins import Origins, rolling_origins
from .panel import Panel

_ALIGNMENTS = ("series", "calendar")


@dataclass(frozen=True)
class Split:
    """Settings of rolling origins.

    Two series of 10 and 7 steps, the second of which ended 2 steps before the first, with two
    origins of horizon 2 (``=`` known, ``>`` scored, ``.`` not used)::

        align="series"              align="calendar"
        = = = = = = > > . .         = = = = = = > > . .     origin 0
          = = = > > . .               = = = = = > >
        = = = = = = = = > >         = = = = = = = = > >     origin 1
          = = = = = > >               . . . . . . .         has ended

    Args:
        n_windows: number of origins; by default as many as fit, up to 20.
        step_size: steps between two origins; the horizon by default.
        gap: steps between the last known step and the first one scored, at least 0.
        max_train_size: most steps known at an origin (sliding windows); all by default (expanding
            windows).
        align: "series" counts origins back from the end of each series; "calendar" from the latest
            end, so that an origin is one moment for all series.

    Raises:
        ValueError: for an alignment of another name.

    Example:
        >>> Split(n_windows=3, gap=2).max_train_size is None
        True
    """

    n_windows: int | None = None
    step_size: int | None = None
    gap: int = 0
    max_train_size: int | None = None
    align: str = "series"

    def __post_init__(self) -> None:
        """Refuse an unknown alignment; numbers are checked with the horizon."""
        if self.align not in _ALIGNMENTS:
            raise ValueError(f"align must be 'series' or 'calendar'; got {self.align!r}.")

    @property
    def of_calendar(self) -> bool:
        """Whether an origin is one moment for all series."""
        return self.align == "calendar"

    @property
    def settings(self) -> dict[str, int | str]:
        """What is not the default, in words for the settings of a comparison."""
        found: dict[str, int | str] = {}
        if self.gap:
            found["steps of the gap before those scored"] = self.gap
        if self.max_train_size is not None:
            found["most steps known at an origin"] = self.max_train_size
        if self.of_calendar:
            found["origins of all series"] = "at one moment"
        return found

    def origins(self, panel: Panel, horizon: int, min_length: int = 1) -> Origins:
        """The origins of a panel.

        A series takes no part in an origin before which it has fewer than `min_length` steps (in
        the sliding window, counted from its first value there), or after which none of its steps
        is scored. Origins without any series are left out.

        Args:
            panel: the series.
            horizon: steps scored at each origin, at least 1.
            min_length: fewest steps that a series must have before an origin, at least 1.

        Returns:
            The origins; -1 where a series takes no part.

        Raises:
            ValueError: see `rolling_origins`; if no origin is left; and for ``align="calendar"``
                if the series lie on different grids.
        """
        behind = steps_behind(panel) if self.of_calendar else 0
        found = rolling_origins(
            panel.lengths + behind, horizon, self.n_windows, self.step_size, min_length,
            self.gap, self.max_train_size,
        )  # fmt: skip
        ends = np.where(found.ends + self.gap < panel.lengths, found.ends, -1)
        starts = found.starts
        if starts is not None:
            starts = first_values(panel, starts)
            ends = np.where(starts + min_length <= ends, ends, -1)
            starts = np.where(ends < 0, 0, starts)
        taken = (ends >= 0).any(axis=1)
        if not taken.any():
            raise ValueError(
                f"no origin is left: at each of {found.num_windows} moments, {found.step_size} "
                f"steps apart, every series has ended or has fewer than {min_length} steps known. "
                "Use more origins (n_windows), another align or a larger max_train_size."
            )
        return Origins(ends, horizon, found.step_size, starts, self.gap).windows(taken)


def first_values(panel: Panel, starts: np.ndarray) -> np.ndarray:
    """The first step with a value from each start on; of a system, with a value of each channel.

    Args:
        panel: the series.
        starts: steps at least 0, int64 of shape (num_windows, num_series).

    Returns:
        Steps of the shape of `starts`, beyond the end of a series where there is none.
    """
    complete = panel.observed
    if panel.num_channels > 1:
        first = np.arange(panel.num_series) // panel.num_channels * panel.num_channels
        step = np.arange(panel.num_rows) + (panel.offsets[first] - panel.offsets[:-1])[panel.codes]
        complete = np.bincount(step[complete], minlength=panel.num_rows)[step] == panel.num_channels
    valued = np.append(np.flatnonzero(complete), panel.num_rows)
    flat = np.minimum(panel.offsets[:-1] + starts, panel.num_rows)
    return valued[np.searchsorted(valued, flat)] - panel.offsets[:-1]


def steps_behind(panel: Panel) -> np.ndarray:
    """Steps from the end of each series to the latest end.

    Args:
        panel: the series.

    Returns:
        int64 of shape (num_series,), at least 0.

    Raises:
        ValueError: if two series lie on different grids.
    """
    ends = panel.ends
    steps = panel.frequency.locate(ends, ends.min())
    if (steps < 0).any():
        odd, first = int(np.argmax(steps < 0)), int(np.argmax(ends == ends.min()))
        raise ValueError(
            f"series {panel.ids[odd]!r} ends at {ends[odd]}, beside the grid of series "
            f"{panel.ids[first]!r}, which ends at {ends[first]} (freq={panel.frequency.alias!r}): "
            "they share no moment. Shift or resample one of them, or use align='series'."
        )
    return steps.max() - steps
