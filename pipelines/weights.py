"""Columns of weights: what each row of a user's frame counts in a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .columns import Columns
from .covariates.table import CovariateSchema, CovariateTable
from .frames.frame import Reading, read_frame
from .panel import Panel


def read_weighted(
    data: Any, columns: Columns = Columns(), freq: Any = None, weights: Sequence[str] = ()
) -> Reading:
    """`read_frame`, with columns of weights laid on the steps of the panel.

    A step without a row weighs nothing. Of several targets each counts as its row does.

    Args:
        data: see `read_frame`.
        columns: names of the other columns.
        freq: see `read_frame`.
        weights: names of the columns of weights, numbers of at least 0.

    Returns:
        The reading of the other columns; its panel has `weights`.

    Raises:
        ValueError: as `read_frame`, for a column that is missing or has a use already, and for a
            weight that is missing beside a value, no number or negative.

    Example:
        >>> import pandas as pd
        >>> df = pd.DataFrame({"unique_id": "a", "ds": [1, 2], "y": [5.0, 6.0], "w": [0.0, 2.0]})
        >>> read_weighted(df, freq=1, weights=["w"]).panel.weights["w"].tolist()
        [0.0, 2.0]
    """
    if not weights:
        return read_frame(data, columns, freq)
    _refuse_names(list(getattr(data, "columns", ())), columns, weights)
    # Read as what is known afterwards, then taken from there: no model shall see them.
    more = replace(columns.more, past=(*columns.past, *weights))
    reading = read_frame(data, replace(columns, more=more), freq)
    layout = reading.layout
    kept = replace(layout.columns, more=replace(layout.columns.more, past=columns.past))
    panel = _parted(reading.panel, len(columns.past), reading.layout.columns)
    return replace(reading, panel=panel, layout=replace(layout, columns=kept))


def _refuse_names(present: list[Any], columns: Columns, weights: Sequence[str]) -> None:
    for name in weights:
        if name not in present:
            raise ValueError(
                f"missing column {name!r} of weights; the frame has "
                f"{', '.join(map(repr, present[:10])) or 'no columns'}. Give a long frame with a "
                "weight of at least 0 in each row, or leave the column out of TargetWeights."
            )
        if name in columns.all_names:
            raise ValueError(
                f"column {name!r} of weights is the id, the time, a target or a covariate, too. "
                "Give a column of its own, for example a copy."
            )


def _parted(panel: Panel, num_past: int, columns: Columns) -> Panel:
    """The panel whose last past covariates have become weights."""
    table, weights = panel.covariates, {}
    for position, column in enumerate(table.schema.past[num_past:], start=num_past):
        numbers = table.past[:, position]
        _refuse_odd(panel, column.name, numbers, bool(column.categories), columns)
        weights[column.name] = np.where(panel.observed, numbers, 0.0)
    schema = replace(table.schema, past=table.schema.past[:num_past])
    rest = CovariateTable()
    if schema != CovariateSchema():
        rest = CovariateTable(table.future, table.past[:, :num_past], table.static, schema)
    return replace(panel, covariates=rest, weights=weights)


def _refuse_odd(
    panel: Panel, name: str, numbers: np.ndarray, is_text: bool, columns: Columns
) -> None:
    """Refuse what is no weight where there is a value."""
    if is_text:
        raise ValueError(
            f"column {name!r} of weights holds text; convert it, for example with pd.to_numeric."
        )
    odd = panel.observed & ~(numbers >= 0.0)
    if odd.any():
        step = int(np.argmax(odd))
        held = "missing" if np.isnan(numbers[step]) else f"{numbers[step]:g}"
        raise ValueError(
            f"column {name!r} of weights is {held} in series {panel.ids[panel.codes[step]]!r}, "
            f"time {panel.flat_times()[step]} ({int(odd.sum())} such rows). A weight is a number "
            f"of at least 0: give 0 for a row of which {', '.join(columns.targets)} is not to be "
            "learned."
        )
    if not (numbers[panel.observed] > 0.0).any():
        raise ValueError(
            f"column {name!r} of weights holds no number above 0: there is nothing to learn from."
        )
