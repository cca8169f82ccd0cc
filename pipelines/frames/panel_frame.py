"""A panel written back as the user's frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..channels import series_ids
from ..columns import Columns
from ..covariates.calendar_features import calendar_names, features_for
from ..covariates.table import Covariate
from ..panel import Panel
from .frame import Reading
from .layout import Layout, write_frame


def panel_frame(data: Panel | Reading, layout: Layout | None = None) -> Any:
    """Write a panel in the shape and the library of the user's frame: the inverse of `read_frame`.

    Every step is a row, NaN where it has no value. So frame -> panel -> frame is the identity for
    a frame in the order of series and time whose gaps are rows without a value and whose series
    begin and end with one. Columns come as id, time, targets, covariates; targets as float64;
    times given as text or as date objects come back as datetimes.

    Args:
        data: a panel, or the reading of a frame (whose layout is used then).
        layout: shape and names of the frame; by default that of the reading, else a long pandas
            frame with the columns unique_id, ds and y.

    Returns:
        pandas DataFrame or Series, or polars DataFrame. A wide frame from a reading has its
        columns without any value, too.

    Raises:
        ValueError: if the layout names several targets and the panel has other channels.

    Example:
        >>> from forecast.pipelines import read_frame
        >>> wide = pd.DataFrame({"b": [1.0, None, 3.0]}, index=pd.date_range("2024", periods=3))
        >>> panel_frame(read_frame(wide)).equals(wide)
        True
    """
    panel = data.panel if isinstance(data, Reading) else data
    if layout is None:
        layout = data.layout if isinstance(data, Reading) else Layout()
    columns = layout.columns
    single = layout.kind in ("wide", "series")
    value_column = columns.target if single else None
    frame = write_frame(_long(panel, columns, single), _plain(layout), value_column)
    if layout.kind != "wide" or not panel.num_series:
        return frame
    names = layout.names if isinstance(data, Reading) else frame.columns
    return frame.reindex(index=_every_step(panel, layout).rename(layout.index_name), columns=names)


def _every_step(panel: Panel, layout: Layout) -> pd.Index:
    """The times from the first start to the last end, those at which no series has a step too."""
    first = panel.starts.min()
    last = int(panel.frequency.locate(panel.ends, first).max())
    times = panel.frequency.range(first, last + 1)
    return times if layout.time_dtype is None else times.astype(layout.time_dtype)


def _plain(layout: Layout) -> Layout:
    """The layout of a frame that has each target in a column of its own."""
    return replace(layout, columns=replace(layout.columns, channels=()))


def _long(panel: Panel, columns: Columns, single: bool) -> pd.DataFrame:
    """A long frame of every step; unless `single`, with the covariates beside the values."""
    every = np.arange(panel.num_series).reshape(-1, _num_targets(panel, columns))
    first = panel.take(every[:, 0])
    frame = pd.DataFrame({
        columns.id: pd.Series(np.repeat(series_ids(first.ids), first.lengths), dtype=object),
        columns.time: first.flat_times(),
    })  # fmt: skip
    for position, name in enumerate(columns.channels or (columns.target,)):
        frame[name] = panel.take(every[:, position]).values
    return frame if single else _with_covariates(frame, first, columns)


def _num_targets(panel: Panel, columns: Columns) -> int:
    """Number of channels that are columns; those that are series of their own are rows."""
    if columns.channels and panel.num_channels != len(columns.channels):
        raise ValueError(
            f"the layout has the targets {list(columns.channels)}, but the panel has "
            f"{panel.num_channels} channels. Give the layout that the panel was read with."
        )
    return len(columns.channels) or 1


def _with_covariates(frame: pd.DataFrame, panel: Panel, columns: Columns) -> pd.DataFrame:
    """The frame with the columns of the panel's covariates, without those made of the times."""
    table = panel.covariates
    derived = set(calendar_names(features_for(columns.calendar, panel.frequency)))
    entries = {
        "future": table.future, "past": table.past, "static": table.static[panel.codes]
    }  # fmt: skip
    for kind, values in entries.items():
        for position, covariate in enumerate(getattr(table.schema, kind)):
            if covariate.name not in derived:
                frame[covariate.name] = _labelled(values[:, position], covariate)
    return frame


def _labelled(codes: np.ndarray, covariate: Covariate) -> Any:
    """Numbers as they are, positions of categories as their labels."""
    if covariate.categories is None:
        return codes
    known = np.where(np.isnan(codes), -1, codes).astype(np.int64)
    return pd.Categorical.from_codes(known, pd.Index(covariate.categories))
