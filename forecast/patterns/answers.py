"""Labels in a frame: of every series, or of every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Columns, Covariate, CovariateSchema, CovariateTable, Panel

__all__ = ["Labels", "require_label", "with_label", "without_label"]


@dataclass(frozen=True)
class Labels:
    """The column of labels, and the classes that the training part has shown, sorted.

    Args:
        column: its name.
        classes: text, or whole or other numbers.

    Example:
        >>> Labels("kind", ("b", "a")).codes(("a", "c"), np.array([0.0, 1.0, np.nan])).tolist()
        [1, -1, -1]
    """

    column: str
    classes: tuple[Any, ...]

    @staticmethod
    def of(column: str, names: Sequence[Any] | None, entries: NDArray) -> Labels:
        """The classes among some entries.

        Args:
            column: name of the column.
            names: labels that numbers stand for; None where the numbers are the labels.
            entries: numbers, NaN where missing.

        Raises:
            ValueError: for fewer than two classes.
        """
        found = np.unique(entries[~np.isnan(entries)])
        classes = tuple(_label(entry, names) for entry in found.tolist())
        if len(classes) < 2:
            shown = f"one class only, {classes[0]!r}" if classes else "no label at all"
            raise ValueError(
                f"label column {column!r} has {shown}: to tell classes apart, training needs "
                "series or steps of two or more."
            )
        return Labels(column, classes)

    def codes(self, names: Sequence[Any] | None, entries: NDArray) -> NDArray[np.int64]:
        """The position of each entry among the classes, -1 where it is missing or not of them."""
        places = {label: place for place, label in enumerate(self.classes)}
        known = ~np.isnan(entries)
        found = np.full(entries.shape, -1, dtype=np.int64)
        found[known] = [places.get(_label(e, names), -1) for e in entries[known].tolist()]
        return found


def _label(entry: float, names: Sequence[Any] | None) -> Any:
    if names is not None:
        return names[int(entry)]
    return int(entry) if float(entry).is_integer() else float(entry)


def with_label(columns: Columns, column: str) -> Columns:
    """The columns with that of the labels last among the past ones, which may have gaps."""
    more = replace(columns.more, past=(*columns.more.past, column))
    return replace(columns, more=more)


def require_label(df: Any, column: str) -> None:
    """Refuse a frame without the column of labels.

    Raises:
        ValueError: naming the columns that there are.
    """
    present = list(getattr(df, "columns", ()))
    if column not in present:
        raise ValueError(
            f"there is no label column {column!r}; the frame has "
            f"{', '.join(map(repr, present[:10]))}. Name it with label_col=."
        )


def without_label(panel: Panel) -> tuple[Panel, Covariate, NDArray]:
    """The panel without its last past column, that column, and its entries at all steps."""
    table = panel.covariates
    schema = table.schema
    rest = CovariateSchema(schema.future, schema.past[:-1], schema.static)
    kept = CovariateTable(table.future, table.past[:, :-1], table.static, rest)
    return replace(panel, covariates=kept), schema.past[-1], table.past[:, -1]
