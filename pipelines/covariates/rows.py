"""Covariates of the rows of a long frame, before they lie on the steps of a panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..frames.parsing import parse_numbers
from .table import Covariate, CovariateSchema

KINDS = ("future", "past", "static")
MISSING_LABEL = -1.0
"""Stands for a label that is missing where a series or a step must have one."""


@dataclass(frozen=True, eq=False)
class RowCovariates:
    """Covariates of rows: numbers, and positions in the sorted labels of categories.

    Args:
        numbers: float64 of shape (n, num_columns), the columns of the schema in order; NaN where
            missing.
        schema: names and labels of the columns.

    Example:
        >>> RowCovariates(np.zeros((3, 0)), CovariateSchema()).is_empty
        True
    """

    numbers: np.ndarray
    schema: CovariateSchema

    @staticmethod
    def none() -> RowCovariates:
        """Of no column."""
        return RowCovariates(np.empty((0, 0)), CovariateSchema())

    @property
    def is_empty(self) -> bool:
        """Whether there is no column."""
        return not self.numbers.shape[1]

    def take(self, rows: np.ndarray) -> RowCovariates:
        """Those of some rows: positions, or a mask."""
        return self if self.is_empty else RowCovariates(self.numbers[rows], self.schema)

    def of(self, kind: str) -> np.ndarray:
        """The columns of a kind ("future", "past", "static"): a view, shape (n, num_columns)."""
        first = 0
        for other in KINDS:
            count = len(getattr(self.schema, other))
            if other == kind:
                return self.numbers[:, first : first + count]
            first += count
        raise KeyError(kind)


def read_column(
    column: pd.Series, place: Callable[[int], str]
) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """A column of numbers, or the positions of its labels and these, sorted.

    Text and pandas' categories are labels; everything else must be numbers.

    Args:
        column: of any dtype.
        place: says in words where a row stands, for messages.

    Returns:
        float64 of the same length, NaN where missing; labels as text, None for numbers.

    Raises:
        ValueError: for infinity, dates, and text among numbers.

    Example:
        >>> read_column(pd.Series(["sun", None, "rain"]), str)
        (array([ 1., nan,  0.]), ('rain', 'sun'))
    """
    if not is_text(column):
        numbers = parse_numbers(column, place)
        refuse_infinite(numbers, place)
        return numbers, None
    codes, found = pd.factorize(column)
    texts = pd.Index([str(label) for label in found], dtype=object)
    positions, labels = pd.factorize(texts, sort=True)
    places = np.append(positions.astype(np.float64), np.nan)
    return places[codes], tuple(labels)


def labels_or_none(
    column: np.ndarray, labels: tuple[str, ...] | None
) -> tuple[str, ...] | None:  # fmt: skip
    """The labels of a column that was read; no label for one that is empty, whatever its dtype.

    A file that tells of no promotion is read as a column of NaN: only training says what it holds.
    """
    return () if labels is None and len(column) and np.isnan(column).all() else labels


def is_text(column: pd.Series) -> bool:
    """Whether a column holds labels: text only, or a dtype of categories."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or isinstance(dtype, pd.StringDtype):
        return True
    if isinstance(dtype, pd.ArrowDtype):
        return pd.api.types.is_string_dtype(dtype)
    return dtype == np.dtype(object) and pd.api.types.infer_dtype(column, skipna=True) == "string"


def refuse_infinite(column: np.ndarray, place: Callable[[int], str]) -> None:
    """Refuse infinity in a covariate.

    Raises:
        ValueError: naming column, series and time.
    """
    infinite = np.isinf(column)
    if infinite.any():
        raise ValueError(
            f"{place(int(np.argmax(infinite)))} is infinite; give a number that the model can use."
        )


def shown(entry: float, covariate: Covariate) -> Any:
    """An entry of a column in words: its number or its label."""
    if covariate.categories is None:
        return float(entry)
    return "missing" if entry < 0 or np.isnan(entry) else repr(covariate.categories[int(entry)])


def category_notes(schema: CovariateSchema) -> tuple[str, ...]:
    """Which columns were read as categories, in plain sentences."""
    columns = [column for kind in KINDS for column in getattr(schema, kind)]
    return tuple(
        f"covariate {column.name!r} is read as categories: {_listed(column.categories)}."
        for column in columns
        if column.categories
    )


def _listed(labels: tuple[str, ...]) -> str:
    more = f", ... ({len(labels)} labels)" if len(labels) > 5 else ""
    return f"{', '.join(map(repr, labels[:5]))}{more}"
