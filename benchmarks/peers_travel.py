"""What travels to a contender's process and back: Parquet files, and dates where it needs them."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pandas as pd
from catalogue import ALL_PANELS
from panels import Panel, Parts
from peers_contenders import Contender
from peers_measure import Task
from peers_origins import histories

from forecast.pipelines import read_frame

__all__ = ["received", "sent"]

# Steps that are only counted are hours from here on for peers, which need dates. Ours count them.
FIRST = pd.Timestamp("2000-01-01")


def sent(
    contender: Contender, name: str, parts: Parts, arguments: Namespace, folder: Path
) -> Task:  # fmt: skip
    """Write the rows that a contender gets, which lie before the origins.

    Args:
        contender: who gets them.
        name: of the panel.
        parts: its rows.
        arguments: of the command line: limits, cores, seed.
        folder: for the files.
    """
    panel = ALL_PANELS[name]
    frames = {"train": parts.train}
    if panel.num_windows != 1:
        frames["histories"] = histories(panel, parts)
    made = folder / "forecasts.parquet"
    made.unlink(missing_ok=True)
    for key, frame in frames.items():
        rows = _dated(frame) if contender.is_peer else frame
        rows.to_parquet(folder / f"{key}.parquet", index=False)
    return Task(
        contender.name, name, forecasts=str(made), horizon=panel.horizon, season=panel.season,
        freq=_frequency(panel, parts), max_seconds=arguments.max_seconds,
        cap_seconds=arguments.cap_seconds, cores=arguments.cores, seed=arguments.seed,
        **{key: str(folder / f"{key}.parquet") for key in frames},
    )  # fmt: skip


def received(task: Task, parts: Parts) -> pd.DataFrame:
    """The forecasts that a contender wrote, at the times of the panel."""
    forecasts = pd.read_parquet(task.forecasts).astype({"unique_id": object})
    if _counted(parts.train) and not _counted(forecasts):
        steps = (forecasts["ds"] - FIRST) // pd.Timedelta(hours=1)
        forecasts = forecasts.assign(ds=steps)
    return forecasts


def _counted(frame: pd.DataFrame) -> bool:
    return pd.api.types.is_integer_dtype(frame["ds"])


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    if not _counted(frame):
        return frame
    return frame.assign(ds=FIRST + pd.to_timedelta(frame["ds"], unit="h"))


def _frequency(panel: Panel, parts: Parts) -> str:
    """pandas' name of it: of the panel, or read from the times of a series."""
    first = parts.train[parts.train["unique_id"] == parts.train["unique_id"].iloc[0]]
    return panel.freq or read_frame(_dated(first)).panel.frequency.alias
