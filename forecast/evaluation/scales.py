"""The scales of MASE and RMSSE of the rows of a backtest frame."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, Literal

import numpy as np

from forecast.evaluation.backtest_frame import BacktestFrame
from forecast.evaluation.metrics import Array, mase_denominator, rmsse_denominator
from forecast.evaluation.names import CHANNEL
from forecast.pipelines import Columns, Panel, default_season, read_frame

__all__ = ["row_scales"]


def row_scales(
    frame: BacktestFrame, train_df: Any, season_length: int | None, freq: Any
) -> tuple[Array, Array]:
    """MASE and RMSSE denominators of each row's series, on data before its first cutoff.

    Args:
        frame: the rows.
        train_df: long, wide or single series.
        season_length: m, from the frequency and the data by default.
        freq: of the data; inferred by default.

    Returns:
        (rows,) of each.

    Raises:
        ValueError: a series of the frame without data before its first cutoff.
    """
    found = np.full((2, len(frame.first_rows)), np.nan)
    for numbers, panel in _panels(frame, train_df, freq):
        season = default_season(panel, season_length).length
        for row, number in enumerate(numbers):
            history = panel.row(row)
            found[:, number] = (
                mase_denominator(history, season),
                rmsse_denominator(history, season),
            )
    return found[0, frame.series], found[1, frame.series]


def _panels(frame: BacktestFrame, train_df: Any, freq: Any) -> Iterator[tuple[np.ndarray, Panel]]:
    """Of each target: numbers of its series in the frame, and what is known of these."""
    rows = frame.first_rows
    channels = rows[CHANNEL] if CHANNEL in rows.columns else None
    for channel in [None] if channels is None else channels.unique():
        of_channel = np.full(len(rows), True) if channels is None else channels == channel
        numbers = np.flatnonzero(of_channel)
        target = frame.target_col if channel is None else channel
        panel = read_frame(train_df, Columns(frame.id_col, frame.time_col, target), freq).panel
        yield numbers, _known(frame, panel, numbers)


def _known(frame: BacktestFrame, panel: Panel, numbers: np.ndarray) -> Panel:
    """The series of the frame, up to their first cutoffs."""
    place = {key: position for position, key in enumerate(panel.ids.tolist())}
    ids = frame.first_rows[frame.id_col].to_numpy()[numbers].tolist()
    positions = np.array([_position(key, place) for key in ids])
    side: Literal["left", "right"] = "right" if frame.has_cutoff else "left"
    limits = frame.first_known
    lengths = [
        int(panel.times(position).searchsorted(limits[number], side=side))
        for position, number in zip(positions, numbers, strict=True)
    ]
    if not min(lengths):
        key = ids[int(np.argmin(lengths))]
        raise ValueError(
            f"train_df has no row of series {key!r} up to its first cutoff, "
            f"{limits[numbers[int(np.argmin(lengths))]]}; give the data that the forecasters knew"
        )
    return panel.take(positions).head(np.array(lengths))


def _position(key: Hashable, place: dict[Hashable, int]) -> int:
    if key not in place:
        raise ValueError(
            f"train_df has no series {key!r}, which the frame of forecasts has; give its data "
            "before the first cutoff too"
        )
    return place[key]
