"""The grid of times on which the steps of a series lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeGuard

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from .alias import is_tick, parse_alias, tick_length

_STEPS_PER_YEAR = {"W": 52, "ME": 12, "MS": 12, "BME": 12, "BMS": 12, "CBME": 12, "CBMS": 12,
                   "SME": 24, "SMS": 24, "WOM": 12, "LWOM": 12,
                   "QE": 4, "QS": 4, "BQE": 4, "BQS": 4}  # fmt: skip


@dataclass(frozen=True)
class Frequency:
    """Distance between two steps: a pandas offset, or a whole number for integer time.

    Absolute durations (hours and below) are counted in elapsed time, calendar offsets (days and
    above) by the clock on the wall, so both are right across daylight saving.

    Args:
        alias: pandas offset alias ("W-SAT", "h", "MS", ...; old names such as "M" or "H" are
            read too and replaced), or the integer step (at least 1).

    Raises:
        ValueError: if pandas does not know the alias or it does not move forward.

    Example:
        >>> Frequency("M").alias
        'ME'
        >>> Frequency("h").season_lengths
        (24, 168)
    """

    alias: str | int

    def __post_init__(self) -> None:
        """Bring the alias into its canonical spelling."""
        if _is_whole(self.alias):
            if self.alias < 1:
                raise ValueError(f"freq={self.alias} must be a whole number of at least 1.")
            object.__setattr__(self, "alias", int(self.alias))
        else:
            object.__setattr__(self, "alias", parse_alias(self.alias))

    @property
    def is_integer(self) -> bool:
        """Whether time is counted in whole numbers."""
        return isinstance(self.alias, int)

    @cached_property
    def offset(self) -> pd.offsets.BaseOffset:
        """The pandas offset; integer time has none (TypeError)."""
        if isinstance(self.alias, int):
            raise TypeError(f"integer time (freq={self.alias}) has no calendar offset.")
        return to_offset(self.alias)

    @property
    def season_lengths(self) -> tuple[int, ...]:
        """Usual season lengths in steps, shortest first; empty where there is no usual one."""
        if self.is_integer:
            return ()
        if is_tick(self.offset):
            return self._cycles()
        name = str(self.offset.freqstr).lstrip("0123456789").partition("-")[0]
        if name == "D":
            return {1: (7, 365), 7: (52,)}.get(self.offset.n, ())
        if name == "B":
            return (5,) if self.offset.n == 1 else ()
        length, rest = divmod(_STEPS_PER_YEAR.get(name, 1), self.offset.n)
        return (length,) if rest == 0 and length > 1 else ()

    def _cycles(self) -> tuple[int, ...]:
        """Day and week in steps; below a minute, minute and hour."""
        step = tick_length(self.offset)
        short = step < pd.Timedelta(minutes=1)
        cycles = [pd.Timedelta(minutes=1), pd.Timedelta(hours=1)] if short else [
            pd.Timedelta(days=1), pd.Timedelta(days=7)]  # fmt: skip
        return tuple(c // step for c in cycles if c % step == pd.Timedelta(0) and c > step)

    def range(self, start: Any, periods: int) -> pd.Index:
        """The times of `periods` consecutive steps.

        Args:
            start: first time (anything that pd.Timestamp reads, or an integer). A start beside
                the grid moves to the next step of the grid.
            periods: number of times, at least 0.

        Returns:
            DatetimeIndex in the time zone of `start`, or an integer Index.

        Example:
            >>> Frequency("MS").range("2024-01-01", 2)[-1]
            Timestamp('2024-02-01 00:00:00')
            >>> Frequency(2).range(5, 3).tolist()
            [5, 7, 9]
        """
        if isinstance(self.alias, int):
            return pd.Index(int(start) + self.alias * np.arange(periods, dtype=np.int64))
        return self._grid(_stamp(start), periods=periods)

    def _grid(self, start: pd.Timestamp, **until: Any) -> pd.DatetimeIndex:
        """Times from `start` on, up to `end=` (naive) or for `periods=`."""
        if is_tick(self.offset):
            return pd.date_range(start, freq=self.offset, unit=start.unit, **until)
        times = pd.date_range(_wall_clock(start), freq=self.offset, unit=start.unit, **until)
        return _localize(times, start.tz)

    def locate(self, times: pd.Index, start: Any) -> np.ndarray:
        """Number of steps from `start` to each time, and -1 for a time beside the grid.

        Args:
            times: times of shape (n,), in any order.
            start: the time of step 0.

        Returns:
            int64 of shape (n,); -1 also for times before `start`.

        Raises:
            ValueError: if one side has a time zone and the other has none.
        """
        if isinstance(self.alias, int):
            steps, rest = np.divmod(np.asarray(times, dtype=np.int64) - int(start), self.alias)
            return np.where((rest == 0) & (steps >= 0), steps, -1)
        start = _stamp(start)
        times = _same_zone(pd.DatetimeIndex(times), start)
        if is_tick(self.offset):
            return self._locate_tick(times, start)
        return self._locate_calendar(times, start)

    def _locate_tick(self, times: pd.DatetimeIndex, start: pd.Timestamp) -> np.ndarray:
        step, elapsed = tick_length(self.offset), times - start
        if step % pd.Timedelta(1, elapsed.unit):
            elapsed = elapsed.as_unit("ns")
        length = step // pd.Timedelta(1, elapsed.unit)
        steps = elapsed.asi8 // length
        on_grid = (steps * length == elapsed.asi8) & (steps >= 0)
        return steps if on_grid.all() else np.where(on_grid, steps, -1)

    def _locate_calendar(self, times: pd.DatetimeIndex, start: pd.Timestamp) -> np.ndarray:
        if not len(times):
            return np.zeros(0, dtype=np.int64)
        last = max(times.max(), start).tz_localize(None)
        # One day more, since a nonexistent wall clock time is shifted forward.
        grid = self._grid(start, end=last + pd.Timedelta(days=1).as_unit("us"))
        if not len(grid):
            return np.full(len(times), -1, dtype=np.int64)
        steps = np.asarray(grid.searchsorted(times), dtype=np.int64)
        exact = np.asarray(grid[np.minimum(steps, len(grid) - 1)] == times)
        return np.where(exact, steps, -1)

    def position(self, times: pd.Index, start: Any) -> np.ndarray:
        """Number of steps from `start` to each time.

        Args:
            times: times of shape (n,), in any order, at or after `start`.
            start: the time of step 0.

        Returns:
            int64 of shape (n,).

        Raises:
            ValueError: if a time does not lie on the grid, or the time zones do not fit.

        Example:
            >>> Frequency("D").position(pd.DatetimeIndex(["2024-03-01"]), "2024-02-28").tolist()
            [2]
        """
        steps = self.locate(times, start)
        if np.any(steps < 0):
            odd = times[int(np.argmax(steps < 0))]
            raise ValueError(
                f"time {odd} is not on the grid of freq={self.alias!r} that starts at {start}. "
                "Correct the time, resample the series, or pass the freq= that it follows."
            )
        return steps

    def shift(self, times: pd.Index, steps: np.ndarray) -> pd.Index:
        """Each time moved by its number of steps (negative: back).

        Args:
            times: times of shape (n,), all on one grid.
            steps: int array of shape (n,).

        Returns:
            Index of shape (n,).

        Example:
            >>> Frequency("W-SAT").shift(pd.DatetimeIndex(["2024-01-06"]), np.array([-1]))[0]
            Timestamp('2023-12-30 00:00:00')
        """
        steps = np.asarray(steps, dtype=np.int64)
        if isinstance(self.alias, int):
            return pd.Index(np.asarray(times, dtype=np.int64) + steps * self.alias)
        times = _fine(pd.DatetimeIndex(times))
        if not len(times):
            return times
        if is_tick(self.offset):
            return times + pd.to_timedelta(steps * tick_length(self.offset)).as_unit(times.unit)
        first = times.min()
        position = self.position(times, first) + steps
        back = int(min(position.min(), 0))
        # By the wall clock: in pandas 2 a day subtracted in a time zone is 24 hours.
        origin = first
        if back:
            origin = _localize(
                pd.DatetimeIndex([_wall_clock(first) + back * self.offset]), first.tz
            )[0]
        return self.range(origin, int(position.max()) - back + 1)[position - back]


def _is_whole(alias: Any) -> TypeGuard[int]:
    """Whether a step is a number; NumPy counts its durations among the integers."""
    is_integer = isinstance(alias, (int, np.integer))
    return is_integer and not isinstance(alias, (bool, np.timedelta64))


def _stamp(time: Any) -> pd.Timestamp:
    """A Timestamp in at least microseconds: coarser units cannot hold all offsets."""
    stamp = pd.Timestamp(time)
    return stamp.as_unit("us") if stamp.unit in ("s", "ms") else stamp


def _fine(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return times.as_unit("us") if times.unit in ("s", "ms") else times


def _localize(times: pd.DatetimeIndex, zone: Any) -> pd.DatetimeIndex:
    """Wall clock times in a zone; one that daylight saving skips moves forward."""
    if zone is None:
        return times
    first = np.ones(len(times), dtype=bool)
    return times.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")


def _wall_clock(time: pd.Timestamp) -> pd.Timestamp:
    """What the clock on the wall shows; the midnight that a time stands for if it was skipped."""
    naive = time.tz_localize(None)
    if time.tz is None:
        return naive
    midnight = naive.normalize()
    skipped = _localize(pd.DatetimeIndex([midnight]), time.tz)[0] == time
    return midnight if skipped else naive


def _same_zone(times: pd.DatetimeIndex, start: pd.Timestamp) -> pd.DatetimeIndex:
    """The times in the zone of `start`."""
    if (times.tz is None) != (start.tz is None):
        raise ValueError(
            f"the times have time zone {times.tz}, the grid's start {start} has {start.tz}. "
            "Give both the same: tz_localize adds a zone, tz_localize(None) removes it."
        )
    return _fine(times if times.tz is None else times.tz_convert(start.tz))
