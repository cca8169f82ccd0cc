"""What is known beside the values of a panel: known ahead, known afterwards, never changing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..storage.mapping import by_name, opened


@dataclass(frozen=True)
class Covariate:
    """A column beside the values.

    Args:
        name: the column.
        categories: labels of a column of categories, whose numbers are positions in here; None
            for a column of numbers.

    Example:
        >>> Covariate("weather", ("rain", "sun")).is_categorical
        True
    """

    name: str
    categories: tuple[str, ...] | None = None

    @property
    def is_categorical(self) -> bool:
        """Whether the column holds categories."""
        return self.categories is not None


@dataclass(frozen=True)
class CovariateSchema:
    """The columns of a `CovariateTable`, in order.

    Args:
        future: known ahead, such as a price or the calendar.
        past: known only up to the last observation, such as measured weather.
        static: one entry a series, such as the kind of a shop.
    """

    future: tuple[Covariate, ...] = ()
    past: tuple[Covariate, ...] = ()
    static: tuple[Covariate, ...] = ()


def _nothing() -> np.ndarray:
    """No column; the panel gives it the right number of rows."""
    return np.empty((0, 0))


@dataclass(frozen=True, eq=False)
class CovariateTable:
    """The columns beside the values of a panel, aligned with its steps and series.

    A column of categories holds positions in the `categories` of its `Covariate`.

    Args:
        future: known ahead, float64 of shape (total_steps, num_future); never NaN.
        past: known afterwards, float64 of shape (total_steps, num_past); NaN where unknown.
        static: never changing, float64 of shape (num_series, num_static).
        schema: names and kinds of the columns; by default numbers called "future0", "past0", ...

    Raises:
        ValueError: if the schema has another number of columns.

    Example:
        >>> CovariateTable(np.ones((3, 2))).schema.future[1].name
        'future1'
    """

    future: np.ndarray = field(default_factory=_nothing)
    past: np.ndarray = field(default_factory=_nothing)
    static: np.ndarray = field(default_factory=_nothing)
    schema: CovariateSchema = CovariateSchema()

    def __post_init__(self) -> None:
        """Name the columns that have no name, refuse a schema that does not fit."""
        if self.schema == CovariateSchema():
            names = {kind: self._unnamed(kind) for kind in ("future", "past", "static")}
            object.__setattr__(self, "schema", CovariateSchema(**names))
        for kind in ("future", "past", "static"):
            columns, named = getattr(self, kind).shape[-1], getattr(self.schema, kind)
            if columns != len(named):
                raise ValueError(
                    f"{columns} columns of {kind} covariates need as many names; got {len(named)}."
                )

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: an array that is mapped from a file goes by its place there."""
        return by_name(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(opened(state))

    def _unnamed(self, kind: str) -> tuple[Covariate, ...]:
        return tuple(Covariate(f"{kind}{i}") for i in range(getattr(self, kind).shape[-1]))

    @property
    def is_empty(self) -> bool:
        """Whether there is no column at all."""
        return not (self.future.shape[-1] or self.past.shape[-1] or self.static.shape[-1])

    def fitted_to(self, num_steps: int, num_series: int) -> CovariateTable:
        """The table with as many rows as a panel has steps and series where it has no column.

        Raises:
            ValueError: if a column has another number of rows.
        """
        rows = {"future": num_steps, "past": num_steps, "static": num_series}
        fitted = {}
        for kind, count in rows.items():
            array = getattr(self, kind)
            fitted[kind] = array if array.shape[-1] else np.empty((count, 0))
            if fitted[kind].ndim != 2 or len(fitted[kind]) != count:
                raise ValueError(
                    f"{kind} covariates must have the shape ({count}, num_columns), one row for "
                    f"each {'series' if kind == 'static' else 'step'}; got {array.shape}."
                )
        same = all(fitted[kind] is getattr(self, kind) for kind in rows)
        if same:
            return self
        return CovariateTable(fitted["future"], fitted["past"], fitted["static"], self.schema)

    def gather(self, steps: np.ndarray | slice, series: np.ndarray | slice) -> CovariateTable:
        """The rows of some steps and of some series; views where both are slices."""
        future = self.future[steps] if self.future.shape[1] else _nothing()
        past = self.past[steps] if self.past.shape[1] else _nothing()
        static = self.static[series] if self.static.shape[1] else _nothing()
        return CovariateTable(future, past, static, self.schema)
