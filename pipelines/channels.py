"""Channels: several series that are looked at together, on one grid of time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from .columns import CHANNEL, Columns
from .frames.parsing import parse_numbers
from .panel import Panel


@dataclass(frozen=True, order=True)
class ChannelId:
    """The id of one channel of a series, where `target_col` names several columns.

    Args:
        series: id of the series.
        channel: column of its values.

    Example:
        >>> str(ChannelId("a", "load"))
        'a/load'
    """

    series: Any
    channel: str

    def __str__(self) -> str:
        """Series and channel."""
        return f"{self.series}/{self.channel}"


@dataclass(frozen=True, eq=False)
class ChannelValues:
    """The columns of values of a long frame.

    Args:
        values: float64 of shape (n, num_channels), NaN where missing.

    Example:
        >>> ChannelValues(np.array([[np.nan, 1.0], [np.nan, np.nan]])).row_numbers.tolist()
        [0.0, nan]
    """

    values: np.ndarray

    @staticmethod
    def read(data: pd.DataFrame, columns: Columns, place: Callable[..., str]) -> ChannelValues:
        """Read the columns of a frame; `place(row, column=)` says in words where a number stands.

        Raises:
            ValueError: for text or infinity, naming column and series.
        """
        read = []
        for name in columns.channels:
            column = parse_numbers(data[name], partial(place, column=name))
            infinite = np.isinf(column)
            if infinite.any():
                stands = place(int(np.argmax(infinite)), column=name)
                raise ValueError(f"{stands} is infinite. Replace inf by NaN (missing) or a number.")
            read.append(column)
        return ChannelValues(np.stack(read, axis=1))

    @property
    def row_numbers(self) -> np.ndarray:
        """The number of each row that has a value in any channel, else NaN; shape (n,).

        A panel laid out from these says for each step of a series which row of the frame it is.
        """
        return np.where(np.isnan(self.values).all(axis=1), np.nan, np.arange(len(self.values)))

    def laid_out(self, rows: Panel, columns: Columns) -> Panel:
        """One series for each channel.

        Args:
            rows: the panel of `row_numbers`.
            columns: names of the channels.

        Returns:
            Panel of rows.num_series * num_channels series, the channels of each in order.
        """
        names = columns.channels
        repeated = rows.take(np.repeat(np.arange(rows.num_series), len(names)))
        ids = np.empty(repeated.num_series, dtype=object)
        ids[:] = [ChannelId(series, name) for series in rows.ids for name in names]
        known = repeated.observed
        values = np.full(repeated.num_rows, np.nan)
        channels = repeated.codes % len(names)
        values[known] = self.values[repeated.values[known].astype(np.int64), channels[known]]
        return replace(repeated, ids=ids, values=values, num_channels=len(names))


def begun_systems(panel: Panel, seen: Collection[Any] = ()) -> tuple[Panel, np.ndarray]:
    """The systems from the first step at which all their channels have a value.

    Args:
        panel: systems of `panel.num_channels` series.
        seen: ids of series whose earlier steps were seen before; their systems stay whole.

    Returns:
        The panel of the systems that have such a step, and the positions in the given one of the
        first channels of those that have none.
    """
    count = panel.num_channels
    begun = pd.Index(panel.ids[::count]).isin(pd.Index(list(seen)))
    first = np.where(begun, 0, _first_complete(panel))
    skipped = np.repeat(np.maximum(first, 0), count)
    panel = panel.tail(skipped) if skipped.any() else panel
    never = np.flatnonzero(first < 0)
    if not len(never):
        return panel, never
    kept = np.flatnonzero(first >= 0)
    return panel.take((kept[:, None] * count + np.arange(count)).ravel()), never * count


def _first_complete(panel: Panel) -> np.ndarray:
    """First step of each system at which all its channels have a value, -1 without any."""
    count, known = panel.num_channels, panel.observed
    lengths = panel.lengths[::count]
    systems = np.repeat(np.arange(len(lengths)), lengths)
    steps = np.arange(len(systems)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    source = panel.offsets[:-1:count][systems] + steps
    complete = np.ones(len(systems), dtype=bool)
    for channel in range(count):
        complete &= known[source + channel * lengths[systems]]
    at = np.flatnonzero(complete)[::-1]  # the first step is written last
    first = np.full(len(lengths), -1)
    first[systems[at]] = steps[at]
    return first


def one_system(panel: Panel, ids: np.ndarray) -> Panel:
    """All series of a panel as the channels of one system, on the steps of all.

    Args:
        panel: the series, without covariates in what follows.
        ids: the channels in order; one that the panel lacks has no value at any step.

    Returns:
        Panel of len(ids) series from the first start to the last end; NaN where a series has no
        step.
    """
    starts, first = panel.starts, panel.starts.min()
    leads = panel.frequency.locate(starts, first)
    ends = leads + panel.lengths
    length = int(ends.max())
    values = np.full((len(ids), length), np.nan)
    for row, source in enumerate(pd.Index(panel.ids).get_indexer(pd.Index(ids))):
        if source >= 0:
            values[row, leads[source] : ends[source]] = panel.row(source)
    offsets = np.arange(len(ids) + 1, dtype=np.int64) * length
    start = starts.take(np.repeat(int(np.argmin(leads)), len(ids)))
    return Panel(
        np.asarray(ids, dtype=object), values.ravel(), offsets, start, panel.frequency,
        num_channels=len(ids),
    )  # fmt: skip


def channel_notes(whole: Panel, begun: Panel, lost: tuple[Any, ...]) -> tuple[str, ...]:
    """What `begun_systems` did to the data, in plain sentences."""
    count = whole.num_channels
    gone = whole.num_rows // count - begun.num_rows // count
    missing = int((~begun.observed).sum())
    notes = []
    if gone:
        notes.append(f"{gone} first steps left out, at which not all channels have a value yet.")
    if missing:
        notes.append(f"{missing} missing values of channels kept as missing.")
    if lost:
        names = ", ".join(map(repr, lost[:5]))
        notes.append(f"{len(lost)} series whose channels never all have a value left out: {names}.")
    return tuple(notes)


def refuse_wide_channels(columns: Columns, shape: str) -> None:
    """Refuse several targets for a frame whose columns are all series.

    Args:
        columns: names that were asked for.
        shape: what the user gave, in words.

    Raises:
        ValueError: saying which long frame to give.
    """
    if columns.channels:
        raise ValueError(
            f"several target columns {list(columns.channels)} need a long frame; got {shape}, "
            f"whose columns are series. Give a frame with the columns {list(columns.all_names)}, "
            f"or leave target_col out and say channels={columns.id!r} to a VAR."
        )


def series_ids(ids: np.ndarray) -> np.ndarray:
    """The id of the series that each id belongs to: its own, or that of its channel's series."""
    found = np.empty(len(ids), dtype=object)
    found[:] = [entry.series if isinstance(entry, ChannelId) else entry for entry in ids]
    return found


def split_ids(frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """A frame of results whose ids are of channels, with the id and the channel in two columns."""
    ids = frame[columns.id]
    parted = frame.copy()
    parted[columns.id] = series_ids(ids.to_numpy())
    beside = list(parted.columns).index(columns.id) + 1
    parted.insert(beside, CHANNEL, [entry.channel for entry in ids])
    return parted
