"""Forecasts as long frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.pipelines import Columns
from forecast.store import StateStore

__all__ = ["interval_names", "point_frame", "refuse_taken_names", "sample_frame"]


def interval_names(alias: str, level: float) -> tuple[str, str]:
    """Names of the lower and the upper column.

    Example:
        >>> interval_names("LSTM", 80)
        ('LSTM-lo-80', 'LSTM-hi-80')
    """
    return f"{alias}-lo-{level:g}", f"{alias}-hi-{level:g}"


def refuse_taken_names(names: Sequence[str], taken: Sequence[str]) -> None:
    """Refuse columns of forecasts that would overwrite a column of the result, or each other.

    Args:
        names: columns to add.
        taken: columns that are there.

    Raises:
        ValueError: naming the first such column.

    Example:
        >>> refuse_taken_names(["AR", "AR-lo-80"], ["unique_id", "ds"])
    """
    columns = [*taken, *names]
    double = next((name for name in columns if columns.count(name) > 1), None)
    if double is not None:
        raise ValueError(
            f"column {double!r} would stand twice in the result, beside {columns}. Give the "
            "forecaster another name, as in AR(alias='AR-2'), or the column of the frame."
        )


def point_frame(
    store: StateStore, columns: Columns, alias: str, points: NDArray
) -> pd.DataFrame:  # fmt: skip
    """Point forecasts, `(num_series, horizon)`, after the end of each series."""
    refuse_taken_names([alias], [columns.id, columns.time])
    horizon = points.shape[1]
    return pd.DataFrame(
        {
            columns.id: np.repeat(store.ids, horizon),
            columns.time: _times_after(store, horizon),
            alias: points.ravel(),
        }
    )


def sample_frame(store: StateStore, columns: Columns, paths: NDArray) -> pd.DataFrame:
    """Sample paths, `(num_series, num_paths, horizon)`, path after path of each series."""
    num_series, num_paths, horizon = paths.shape
    times = _times_after(store, horizon)
    steps = np.arange(num_series * horizon).reshape(num_series, 1, horizon)
    rows = np.broadcast_to(steps, paths.shape).ravel()
    return pd.DataFrame(
        {
            # Repeated as a column: pandas looks at the text of each series once, not at every row.
            columns.id: pd.Series(store.ids).array.repeat(num_paths * horizon),
            columns.time: times[rows],
            "path": np.tile(np.repeat(np.arange(num_paths), horizon), num_series),
            columns.target: paths.ravel(),
        },
        copy=False,
    )


def _times_after(store: StateStore, horizon: int) -> pd.Index:
    steps = np.tile(np.arange(1, horizon + 1), len(store.ids))
    return store.frequency.shift(store.ends.repeat(horizon), steps)
