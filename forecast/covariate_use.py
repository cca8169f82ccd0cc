"""Which covariates a forecaster uses, and what it refuses of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.pipelines import (
    Columns,
    CovariateSchema,
    CovariateTable,
    Encoding,
    Panel,
    fit_encoding,
)
from forecast.store import StateStore

if TYPE_CHECKING:
    from forecast.serving import Serving

__all__ = [
    "covariate_settings",
    "encoding_for",
    "refuse_other_columns",
    "refuse_other_static",
    "seen_by",
    "share_of",
    "used_columns",
    "weight_columns",
]


def encoding_for(forecaster: Serving, panel: Panel) -> Encoding:
    """The encoding of the covariates that a forecaster uses, by its training series.

    Args:
        forecaster: says which kinds it uses.
        panel: the training series, with covariates as read.
    """
    uses = {
        "future": forecaster.uses_covariates,
        "past": forecaster.uses_past_covariates,
        "static": forecaster.uses_static_covariates,
    }
    kinds = tuple(kind for kind, used in uses.items() if used)
    return fit_encoding(panel, kinds=kinds, spread_static=forecaster.uses_static_covariates)


def used_columns(forecaster: Serving, columns: Columns) -> Columns:
    """The columns that a forecaster reads."""
    return columns.keeping(
        forecaster.uses_covariates,
        forecaster.uses_past_covariates,
        forecaster.uses_static_covariates,
    )


def weight_columns(forecasters: Iterable[Any]) -> tuple[str, ...]:
    """The columns that say what each row counts in the trainings of some, each once."""
    asked = [getattr(forecaster, "weight_columns", ()) for forecaster in forecasters]
    return tuple(dict.fromkeys(name for names in asked for name in names))


def share_of(forecaster: Serving, panel: Panel) -> tuple[int, int]:
    """First and end of the columns known ahead that a forecaster uses, of those encoded.

    Args:
        forecaster: a member of another, which uses some kinds of covariates.
        panel: as the other sees it; what is static stands last among what is known ahead.
    """
    spread = panel.covariates.static.shape[1]
    known = panel.num_covariates - spread
    first = 0 if forecaster.uses_covariates else known
    return first, known + spread if forecaster.uses_static_covariates else known


def seen_by(forecaster: Serving, panel: Panel) -> Panel:
    """A panel with encoded covariates as a forecaster sees it that uses some kinds of them."""
    table, columns = panel.covariates, slice(*share_of(forecaster, panel))
    past = slice(None) if forecaster.uses_past_covariates else slice(0)
    static = slice(None) if forecaster.uses_static_covariates else slice(0)
    schema = CovariateSchema(
        table.schema.future[columns], table.schema.past[past], table.schema.static[static]
    )
    if schema == table.schema:
        return panel
    seen = CovariateTable(table.future[:, columns], table.past[:, past], table.static[:, static],
                          schema)  # fmt: skip
    return replace(panel, covariates=seen)


def refuse_other_static(encoding: Encoding, store: StateStore, panel: Panel) -> None:
    """Refuse newer rows whose static covariates differ from those known.

    Args:
        encoding: of the covariates.
        store: what is known of each series.
        panel: newer rows, with encoded covariates.

    Raises:
        ValueError: naming column and series, with both entries.
    """
    if not encoding.num_spread:
        return
    rows = store.positions(panel.ids)
    seen = np.flatnonzero(rows >= 0)
    known = store.covariates[rows[seen], -encoding.num_spread :]
    given = panel.covariates.static[seen]
    changed = np.argwhere(known != given)
    if len(changed):
        series, place = changed[0]
        name, before, now = _entries(encoding, known[series], given[series], int(place))
        raise ValueError(
            f"static covariate {name!r} of series {panel.ids[seen[series]]!r} is {now} in these "
            f"rows and was {before} before. Give what it was, call condition(df) with the whole "
            "history, or name the column among the future_covariates."
        )


def _entries(
    encoding: Encoding, before: np.ndarray, now: np.ndarray, place: int
) -> tuple[str, Any, Any]:
    """The static column at an encoded place, and its entries in two encoded rows."""
    first = 0
    for column in encoding.schema.static:
        labels = None if column.categories is None else ("unseen", *column.categories)
        width = 1 if labels is None else len(labels)
        if place < first + width:
            break
        first += width
    if labels is None:
        return column.name, before[first], now[first]
    shown = [labels[int(np.argmax(row[first : first + width]))] for row in (before, now)]
    return column.name, repr(shown[0]), repr(shown[1])


def refuse_other_columns(forecaster: Serving, given: Columns) -> None:
    """Refuse a fitted forecaster for data of other targets or covariates than it was fitted on.

    Raises:
        ValueError: naming both.
    """
    own, given = (used_columns(forecaster, c) for c in (forecaster.layout_.columns, given))
    names = {"targets": "target_col", "future": "future_covariates", "past": "past_covariates",
             "static": "static_covariates", "calendar": "calendar_features"}  # fmt: skip
    for kind, argument in names.items():
        mine, theirs = getattr(own, kind), getattr(given, kind)
        if mine != theirs:
            raise ValueError(
                f"{forecaster.name} was fitted with {argument}={list(mine)}; got {list(theirs)}. "
                "Give the same columns in the same order, or set use_fitted=False."
            )


def covariate_settings(columns: Columns, shown: Sequence[Any]) -> dict[str, str]:
    """Which covariates there are and which forecasters use them, for the head of a comparison.

    Args:
        columns: names, with calendar features by name.
        shown: all forecasters of the comparison.
    """
    calendar: Any = columns.calendar
    kinds = (
        ("covariates", (*columns.future, *calendar), "uses_covariates"),
        ("past covariates", columns.past, "uses_past_covariates"),
        ("static covariates", columns.static, "uses_static_covariates"),
    )
    settings = {}
    for kind, names, use in kinds:
        if names:
            users = [forecaster.name for forecaster in shown if getattr(forecaster, use)]
            settings[kind] = ", ".join(names)
            settings[f"forecasters that use {_them(kind)}"] = ", ".join(users) or "none"
    return settings


def _them(kind: str) -> str:
    return "them" if kind == "covariates" else kind
