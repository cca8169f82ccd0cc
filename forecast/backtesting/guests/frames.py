"""What a guest is given: rows of a panel as a long frame with the user's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.pipelines import Columns, Covariate, Panel

__all__ = ["future_frame", "known_frame"]


def known_frame(panel: Panel, columns: Columns) -> pd.DataFrame:
    """All steps of a panel, a row a step, NaN where a step has no value.

    Args:
        panel: series with covariates as read.
        columns: names; of its covariates, those to be given.
    """
    table, codes = panel.covariates, panel.codes
    frame = {
        columns.id: _ids(panel, codes),
        columns.time: panel.flat_times(),
        columns.target: panel.values,
    }
    for names, found, schema in (
        (columns.future, table.future, table.schema.future),
        (columns.past, table.past, table.schema.past),
        (columns.static, table.static[codes], table.schema.static),
    ):
        frame |= _columns(names, found, schema)
    return pd.DataFrame(frame)


def future_frame(
    panel: Panel, columns: Columns, ends: NDArray, horizon: int
) -> pd.DataFrame:  # fmt: skip
    """Covariates of the steps after the first `ends` of each series.

    Args:
        panel: series with covariates as read.
        columns: names.
        ends: steps known of each, `(num_series,)`.
        horizon: steps ahead.
    """
    codes = np.arange(panel.num_series).repeat(horizon)
    found = panel.futures(ends, horizon).reshape(len(codes), -1)
    keys = {
        columns.id: _ids(panel, codes),
        columns.time: panel.flat_future_times(horizon, ends),
    }
    return pd.DataFrame(keys | _columns(columns.future, found, panel.covariates.schema.future))


def _ids(panel: Panel, codes: NDArray) -> Any:
    return pd.Series(panel.ids).infer_objects().take(codes).reset_index(drop=True)


def _columns(
    names: Sequence[str], found: NDArray, schema: Sequence[Covariate]
) -> dict[str, Any]:  # fmt: skip
    """The named columns of an array as read, labels in place of their numbers."""
    places = {column.name: place for place, column in enumerate(schema)}
    return {name: _entries(found[:, places[name]], schema[places[name]]) for name in names}


def _entries(values: NDArray, column: Covariate) -> Any:
    if column.categories is None:
        return values
    labels = np.array([*column.categories, None], dtype=object)
    known = ~np.isnan(values)
    return labels[np.where(known, values, -1).astype(np.int64)]
