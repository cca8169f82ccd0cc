"""Forecasts that were made elsewhere, for exactly the rows of a comparison."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.backtesting.plan import Plan
from forecast.backtesting.table import Table
from forecast.evaluation import Protocol
from forecast.output import interval_names

__all__ = ["GivenForecasts"]

_CUTOFF = "cutoff"


@dataclass(frozen=True, eq=False)
class GivenForecasts:
    """Columns of forecasts in the order of the rows of a comparison.

    Args:
        names: of the models.
        columns: their forecasts and limits by the name of the column.
    """

    names: tuple[str, ...] = ()
    columns: dict[str, NDArray] = field(default_factory=dict)

    @staticmethod
    def read(forecasts: Any, plan: Plan) -> GivenForecasts:
        """The models of a frame whose rows are exactly those of a plan.

        Args:
            forecasts: frame as of `cross_validation`, of any order of rows; None for none.
            plan: its origins say which rows are compared.

        Raises:
            TypeError: for what is no frame.
            ValueError: for other origins, series or steps, for another actual value or for NaN; the
                message names the first.
        """
        if forecasts is None:
            return GivenForecasts()
        keys = Table.of_plan(plan, ()).frame()
        given = _as_pandas(forecasts)
        names = _names(given, plan)
        given = given.iloc[_places(given, keys, plan)]
        _refuse_other_actuals(given, keys, plan)
        columns = {}
        for name in names:
            for column in (name, *_limits(name, plan)):
                there = column in given.columns
                values = given[column] if there else pd.Series(np.nan, index=given.index)
                columns[column] = values.to_numpy(np.float64, na_value=np.nan)
        return GivenForecasts(tuple(names), columns)

    def beside(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A backtest frame with these columns beside its own."""
        return frame.assign(**self.columns) if self.columns else frame

    def noted(self, protocol: Protocol) -> Protocol:
        """A protocol that says where these forecasts come from."""
        words = dict.fromkeys(self.names, "elsewhere")
        return replace(
            protocol,
            roles={**protocol.roles, **dict.fromkeys(self.names, "other")},
            refit={**protocol.refit, **words},
            choices={**protocol.choices, **dict.fromkeys(self.names, "given as forecasts")},
        )


def _as_pandas(forecasts: Any) -> pd.DataFrame:
    if not hasattr(forecasts, "columns"):
        raise TypeError(f"forecasts must be a frame as of cross_validation; got {forecasts!r}.")
    import narwhals.stable.v2 as nw

    frame = nw.from_native(forecasts, eager_only=True).to_pandas()
    named = [name for name in frame.index.names if name is not None]
    return (frame.reset_index(level=named) if named else frame).reset_index(drop=True)


def _keys(plan: Plan) -> list[str]:
    columns = plan.reading.layout.columns
    return [columns.id, columns.time, _CUTOFF]


def _limits(name: str, plan: Plan) -> list[str]:
    return [limit for level in plan.levels for limit in interval_names(name, level)]


def _names(given: pd.DataFrame, plan: Plan) -> list[str]:
    """The columns of forecasts: all but keys, actual values, limits and scores of paths."""
    for name in _keys(plan):
        if name not in given.columns:
            raise ValueError(
                f"the frame of forecasts has no column {name!r}; it has "
                f"{', '.join(map(str, given.columns))}. Give one as cross_validation makes it."
            )
    beside = {*_keys(plan), plan.reading.layout.columns.target, "channel"}
    ends = ("-crps",)
    names = [
        str(name)
        for name in given.columns
        if name not in beside
        and not ("-lo-" in str(name) or "-hi-" in str(name) or str(name).endswith(ends))
    ]
    if not names:
        raise ValueError("the frame of forecasts has no column of forecasts beside its keys.")
    return names


def _places(given: pd.DataFrame, keys: pd.DataFrame, plan: Plan) -> NDArray:
    """The row of `given` that belongs to each row of the comparison."""
    names = _keys(plan)
    wanted = pd.MultiIndex.from_frame(keys[names])
    found = pd.MultiIndex.from_arrays([_alike(given[name], keys[name]) for name in names])
    for odd, what in (
        (found.duplicated(), "twice"),
        (wanted.get_indexer(found) < 0, "which this comparison has not"),
    ):
        if odd.any():
            raise ValueError(
                f"the frame of forecasts has a row {what}: {_row(found, odd)}. {_RULE}"
            )
    places = found.get_indexer(wanted)
    if (places < 0).any():
        raise ValueError(
            f"the frame of forecasts lacks {int((places < 0).sum())} of {len(places)} rows, the "
            f"first: {_row(wanted, places < 0)}. {_RULE}"
        )
    return places


_RULE = (
    "All models must forecast the same rows: call cross_validation with the same data, horizon, "
    "n_windows, step_size, gap and align."
)


def _row(index: pd.MultiIndex, odd: NDArray) -> str:
    key, time, cutoff = index[int(np.argmax(odd))]
    return f"series {key!r}, {time}, cutoff {cutoff}"


def _alike(column: pd.Series, like: pd.Series) -> pd.Series:
    """Times in the unit of ours, whatever that of theirs."""
    if pd.api.types.is_datetime64_any_dtype(like) and pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.as_unit(like.dt.unit)
    return column


def _refuse_other_actuals(given: pd.DataFrame, keys: pd.DataFrame, plan: Plan) -> None:
    target = plan.reading.layout.columns.target
    if target not in given.columns:
        return
    theirs, ours = given[target].to_numpy(np.float64), keys[target].to_numpy(np.float64)
    other = ~np.isclose(theirs, ours, rtol=1e-9, atol=0.0, equal_nan=True)
    if other.any():
        row = int(np.argmax(other))
        index = pd.MultiIndex.from_frame(keys[_keys(plan)])
        raise ValueError(
            f"the frame of forecasts has the actual value {theirs[row]} where the data have "
            f"{ours[row]} ({_row(index, other)}): it was made from other data."
        )
