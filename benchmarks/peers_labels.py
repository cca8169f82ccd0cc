"""Names of series at an origin: `us_births@3` is the series before the origin number 3."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pandas as pd

__all__ = ["by_origin", "labelled", "name_of", "origin_of"]


def labelled(name: str, origin: int) -> str:
    """The name with the number of the origin."""
    return f"{name}@{origin}"


def name_of(label: str) -> str:
    """The name without the origin."""
    return label.rpartition("@")[0]


def origin_of(label: str) -> int:
    """The number of the origin."""
    return int(label.rpartition("@")[2])


def by_origin(frame: pd.DataFrame) -> Iterator[tuple[int, dict[str, pd.DataFrame]]]:
    """Each origin, in the order of the rows, and its rows by the name of the series."""
    rows = dict(list(frame.groupby("unique_id", sort=False)))
    for origin, labels in groupby(rows, origin_of):
        yield origin, {name_of(label): rows[label] for label in labels}
