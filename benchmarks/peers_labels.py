"""Names of series at an origin: `us_births@3` is the series before the origin number 3."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

__all__ = ["at_origin", "by_origin", "name_of"]


def at_origin(frame: pd.DataFrame, origin: int) -> pd.DataFrame:
    """The rows with the origin beside the names of their series."""
    return frame.assign(unique_id=frame["unique_id"] + f"@{origin}")


def name_of(label: str) -> str:
    """The name without the origin."""
    return label.rpartition("@")[0]


def by_origin(frame: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Each origin, and its rows under the names of the series."""
    labels = frame["unique_id"].unique()
    names = {label: name_of(label) for label in labels}
    origins = {label: int(label.rpartition("@")[2]) for label in labels}
    for origin, rows in frame.groupby(frame["unique_id"].map(origins)):
        yield origin, rows.assign(unique_id=rows["unique_id"].map(names))
