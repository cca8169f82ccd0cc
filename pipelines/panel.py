"""A ragged panel: many series of unequal length on one grid, in one flat array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from .block import Block
from .calendar.frequency import Frequency
from .covariates.table import CovariateTable
from .storage.mapping import by_name, opened


@dataclass(frozen=True, eq=False)
class Panel:
    """Series of unequal length, end to end in one array, each step on the frequency's grid.

    Step t of series i is ``values[offsets[i] + t]``; NaN is a step that exists without a value.

    Args:
        ids: object array of shape (num_series,).
        values: float64 of shape (total_steps,).
        offsets: int64 of shape (num_series + 1,), from 0 to total_steps.
        starts: time of the first step of each series, shape (num_series,).
        frequency: distance between two steps.
        covariates: what is known beside the values, aligned with them; nothing by default.
        num_channels: consecutive series that are the channels of one system, on the same steps.
        weights: what each step counts in a training, by name, each of shape (total_steps,).

    Raises:
        ValueError: if the shapes do not fit together.

    Example:
        >>> panel = Panel(np.array(["a"], object), np.array([1.0, np.nan, 3.0]), np.array([0, 3]),
        ...               pd.DatetimeIndex(["2024-01-01"]), Frequency("D"))
        >>> panel.ends[0]
        Timestamp('2024-01-03 00:00:00')
        >>> panel.block(1, 3).observed.tolist()
        [[False, True]]
    """

    ids: np.ndarray
    values: np.ndarray
    offsets: np.ndarray
    starts: pd.Index
    frequency: Frequency
    covariates: CovariateTable = field(default_factory=CovariateTable)
    num_channels: int = 1
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        count = len(self.ids)
        if len(self.offsets) != count + 1 or len(self.starts) != count:
            raise ValueError(
                f"{count} ids need {count + 1} offsets and {count} starts; "
                f"got {len(self.offsets)} and {len(self.starts)}."
            )
        ends = self.offsets[[0, -1]].tolist()
        if ends != [0, len(self.values)] or np.any(np.diff(self.offsets) < 0):
            raise ValueError("offsets must rise from 0 to the number of values.")
        fitted = self.covariates.fitted_to(len(self.values), count)
        object.__setattr__(self, "covariates", fitted)
        odd = [name for name, own in self.weights.items() if own.shape != self.values.shape]
        if odd:
            raise ValueError(f"weights {odd} need the shape {self.values.shape} of the values.")
        if self.num_channels > 1 and not self._whole(np.arange(count), self.lengths):
            raise ValueError(
                f"the {self.num_channels} channels of each system must have the same steps; got "
                f"lengths {self.lengths[: 2 * self.num_channels].tolist()}."
            )

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: an array that is mapped from a file goes by its place there."""
        return by_name(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(opened(state))

    def __repr__(self) -> str:
        """Size and grid; the arrays would fill the screen."""
        return (
            f"Panel({self.num_series} series, {self.num_rows} steps, freq={self.frequency.alias!r})"
        )

    @property
    def num_series(self) -> int:
        """Number of series."""
        return len(self.ids)

    @property
    def lengths(self) -> np.ndarray:
        """Number of steps of each series, int64 of shape (num_series,)."""
        return np.diff(self.offsets)

    @property
    def num_rows(self) -> int:
        """Number of steps of all series together."""
        return len(self.values)

    @property
    def num_covariates(self) -> int:
        """Number of columns known ahead."""
        return self.covariates.future.shape[1]

    @property
    def observed(self) -> np.ndarray:
        """Whether each step has a value, bool of shape (total_steps,)."""
        return ~np.isnan(self.values)

    @property
    def codes(self) -> np.ndarray:
        """The series of each step as its position in `ids`, int64 of shape (total_steps,)."""
        return np.repeat(np.arange(self.num_series), self.lengths)

    @property
    def ends(self) -> pd.Index:
        """Time of the last step of each series (an empty one: the step before its start)."""
        return self.frequency.shift(self.starts, self.lengths - 1)

    def row(self, i: int) -> np.ndarray:
        """Values of series `i`: a view, float64 of shape (lengths[i],)."""
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    def times(self, i: int) -> pd.Index:
        """Times of the steps of series `i`, shape (lengths[i],)."""
        return self.frequency.range(self.starts[i], int(self.lengths[i]))

    def flat_times(self) -> pd.Index:
        """Times of all steps in the order of `values`, shape (total_steps,)."""
        steps = np.arange(self.num_rows) - np.repeat(self.offsets[:-1], self.lengths)
        return self.frequency.shift(self.starts.take(self.codes), steps)

    def take(self, indices: np.ndarray) -> Panel:
        """The panel of some series.

        Args:
            indices: positions of the series in the order wanted, or a mask, as NumPy takes them.

        Returns:
            A panel of len(indices) series, of whole systems if these are in `indices`; its
            arrays are views where the series follow one another as they do here.
        """
        indices = np.arange(self.num_series)[indices]
        return self._gather(indices, self.lengths[indices])

    def head(self, lengths: np.ndarray) -> Panel:
        """The panel of the first steps of each series.

        Args:
            lengths: steps to keep, int of shape (num_series,) or one for all; 0 is allowed,
                more than a series has keeps all of it.

        Returns:
            A panel of the same series.

        Raises:
            ValueError: if a length is negative.
        """
        lengths = np.broadcast_to(np.asarray(lengths, dtype=np.int64), (self.num_series,))
        if np.any(lengths < 0):
            raise ValueError(f"lengths must be at least 0; got {int(lengths.min())}.")
        return self._gather(np.arange(self.num_series), np.minimum(lengths, self.lengths))

    def tail(self, skipped: np.ndarray) -> Panel:
        """The panel without the first steps of each series.

        Args:
            skipped: steps to leave out, int of shape (num_series,), at most the lengths.

        Returns:
            A panel of the same series.

        Raises:
            ValueError: if a number is negative or above the length.
        """
        if np.any((skipped < 0) | (skipped > self.lengths)):
            raise ValueError("steps to leave out are at least 0 and at most the lengths.")
        starts = self.frequency.shift(self.starts, skipped)
        kept = self._gather(np.arange(self.num_series), self.lengths - skipped, skipped)
        return replace(kept, starts=starts)

    def _gather(
        self, indices: np.ndarray, lengths: np.ndarray, skipped: np.ndarray | int = 0
    ) -> Panel:
        """The first `lengths` steps of the series at `indices`, after those skipped."""
        everything = np.array_equal(indices, np.arange(self.num_series))
        if everything and np.array_equal(lengths, self.lengths) and not np.any(skipped):
            return self  # a panel is never changed: no copy is needed
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        first = self.offsets[indices] + skipped
        source = _stretches(first, lengths)
        return Panel(
            self.ids[indices], self.values[source], offsets, self.starts.take(indices),
            self.frequency, self.covariates.gather(source, indices),
            self.num_channels if self._whole(indices, lengths) else 1,
            {name: weights[source] for name, weights in self.weights.items()},
        )  # fmt: skip

    def _whole(self, indices: np.ndarray, lengths: np.ndarray) -> bool:
        """Whether these series of these lengths are whole systems, channel after channel."""
        if self.num_channels == 1 or len(indices) % self.num_channels:
            return self.num_channels == 1
        systems, lengths = (part.reshape(-1, self.num_channels) for part in (indices, lengths))
        ordered = (systems[:, :1] % self.num_channels == 0) & (
            systems == systems[:, :1] + np.arange(self.num_channels)
        )
        return bool(ordered.all() and (lengths == lengths[:, :1]).all())

    def block(self, start: np.ndarray | int, stop: np.ndarray | int) -> Block:
        """Steps start to stop (exclusive) of every series, right-padded to the widest.

        Args:
            start: first step, int of shape (num_series,) or one for all; clipped to the lengths.
            stop: step after the last, like `start`.

        Returns:
            Block of num_series rows.
        """
        start, stop = np.clip(start, 0, self.lengths), np.clip(stop, 0, self.lengths)
        widths = np.maximum(stop - start, 0)
        steps = np.arange(widths.max(initial=0))
        valid = steps < widths[:, None]
        source = ((self.offsets[:-1] + start)[:, None] + steps)[valid]
        values = np.full(valid.shape, np.nan)
        values[valid] = self.values[source]
        known = self.covariates
        covariates = np.zeros((*valid.shape, known.future.shape[1]))
        past_covariates = np.full((*valid.shape, known.past.shape[1]), np.nan)
        if not known.is_empty:
            covariates[valid], past_covariates[valid] = known.future[source], known.past[source]
        observed = ~np.isnan(values)
        values = np.where(observed, values, 0.0)
        return Block(values, observed, valid, covariates, past_covariates)

    def futures(self, ends: np.ndarray | int, horizon: int) -> np.ndarray:
        """Covariates of the `horizon` steps after the first `ends` steps of every series.

        Args:
            ends: steps known, int of shape (num_series,) or one for all.
            horizon: number of steps, at least 0.

        Returns:
            float64 of shape (num_series, horizon, num_covariates); beyond the end of a series its
            last row stands in, so nothing later is needed to score the steps that are there.
        """
        if not self.num_covariates:
            return np.empty((self.num_series, horizon, 0))
        ends = np.broadcast_to(np.asarray(ends, dtype=np.int64), (self.num_series,))
        last = np.maximum(self.lengths - 1, 0)[:, None]
        steps = np.clip(ends[:, None] + np.arange(horizon), 0, last)
        source = np.minimum(self.offsets[:-1, None] + steps, max(self.num_rows - 1, 0))
        known = self.lengths > 0
        found = np.zeros((self.num_series, horizon, self.num_covariates))
        found[known] = self.covariates.future[source[known]]
        return found

    def without_covariates(self) -> Panel:
        """The same series, for a model that looks at their values only; nothing is copied."""
        return self if self.covariates.is_empty else replace(self, covariates=CovariateTable())

    def flat_future_times(self, horizon: int, lengths: np.ndarray | None = None) -> pd.Index:
        """The times that follow each series, series after series in one index.

        Args:
            horizon: number of times for each series, at least 0.
            lengths: steps known of each series (default: all), int of shape (num_series,).

        Returns:
            Index of shape (num_series * horizon,).
        """
        known = self.lengths if lengths is None else np.asarray(lengths, dtype=np.int64)
        known = np.broadcast_to(known, (self.num_series,))
        steps = known[:, None] + np.arange(horizon)
        return self.frequency.shift(self.starts.repeat(horizon), steps.reshape(-1))

    def future_times(self, horizon: int, lengths: np.ndarray | None = None) -> list[pd.Index]:
        """The `horizon` times after the end (or after step ``lengths[i]``) of each series.

        Args:
            horizon: number of times for each series, at least 0.
            lengths: steps known of each series (default: all), int of shape (num_series,).

        Returns:
            One Index of shape (horizon,) for each series.
        """
        flat = self.flat_future_times(horizon, lengths)
        return [flat[i * horizon : (i + 1) * horizon] for i in range(self.num_series)]


def _stretches(first: np.ndarray, lengths: np.ndarray) -> np.ndarray | slice:
    """The steps of stretches that start at `first`; a slice where each follows the one before."""
    if len(first) and np.array_equal(first[1:], (first + lengths)[:-1]):
        return slice(int(first[0]), int(first[-1] + lengths[-1]))  # views: nothing is copied
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(first - before, lengths)
