"""Covariates as models see them: numbers only, by what the training part has shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..panel import Panel
from .future import FutureCovariates
from .rows import KINDS, MISSING_LABEL
from .table import Covariate, CovariateSchema, CovariateTable

UNSEEN = "unseen"
"""The first place of every column of categories: labels that the training part has not, or none."""
# A column of 0 and 1 for each label of an id would not fit into memory, and tell nothing.
_MOST_LABELS = 256
_NO_COLUMNS = CovariateSchema()


@dataclass(frozen=True)
class Encoding:
    """How covariates become numbers; known from the training part alone.

    A column of K labels becomes K + 1 columns of 0 and 1, ``x_k = 1 if label = k else 0``, whose
    first, "unseen", stands for labels that the training part has not and for missing ones. Numbers
    stay as they are. What is unknown of the past (NaN) stays unknown.

    Args:
        schema: the columns, with the labels of the training part.
        kind: "one_hot", or "codes" for one column of positions, 0 for unseen and 1 to K, as an
            embedding looks them up.
        spread_static: whether what is static also stands last among what is known ahead, the same
            at each step.

    Raises:
        ValueError: for an unknown kind.

    Example:
        >>> schema = CovariateSchema(static=(Covariate("kind", ("mall", "street")),))
        >>> [column.name for column in Encoding(schema).encoded.static]
        ['kind=unseen', 'kind=mall', 'kind=street']
    """

    schema: CovariateSchema = _NO_COLUMNS
    kind: str = "one_hot"
    spread_static: bool = False

    def __post_init__(self) -> None:
        """Refuse a kind that is unknown."""
        if self.kind not in ("one_hot", "codes"):
            raise ValueError(f"`kind` must be 'one_hot' or 'codes'; got {self.kind!r}.")

    @property
    def encoded(self) -> CovariateSchema:
        """The columns after encoding."""
        future, past, static = (self._columns(getattr(self.schema, kind)) for kind in KINDS)
        return CovariateSchema((*future, *static) if self.spread_static else future, past, static)

    @property
    def num_spread(self) -> int:
        """Number of static columns among those known ahead; they are the last ones."""
        return len(self._columns(self.schema.static)) if self.spread_static else 0

    def apply(self, panel: Panel) -> Panel:
        """The panel with encoded covariates; those that the encoding does not know are left away.

        Args:
            panel: as read, with labels of its own.

        Returns:
            The same series; nothing is copied where nothing changes.

        Raises:
            ValueError: if a column is lacking, or holds text in place of numbers or the reverse.
        """
        if self.schema == _NO_COLUMNS or not panel.num_series:
            return panel.without_covariates()
        self._refuse_without_numbers(panel)
        table = panel.covariates
        future, past, static = (
            self._encode(getattr(table, kind), getattr(table.schema, kind), kind) for kind in KINDS
        )
        if self.spread_static and static.shape[1]:
            future = np.concatenate([future, np.repeat(static, panel.lengths, axis=0)], axis=1)
        encoded = CovariateTable(future, past, static, self.encoded)
        return replace(panel, covariates=encoded)

    def ahead(self, future: FutureCovariates, static: np.ndarray) -> np.ndarray:
        """What is known ahead of the steps to forecast, encoded.

        Args:
            future: as read.
            static: encoded static columns of each series, shape (num_series, num_spread).

        Returns:
            float64 of shape (num_series, horizon, num_columns).
        """
        num_series, horizon, count = future.values.shape
        flat = future.values.reshape(num_series * horizon, count)
        rows = self._encode(flat, future.columns, "future")
        rows = np.concatenate([rows, np.repeat(static, horizon, axis=0)], axis=1)
        return rows.reshape(num_series, horizon, rows.shape[1])

    def _refuse_without_numbers(self, panel: Panel) -> None:
        """Refuse a column known ahead that is empty where the training part had numbers."""
        numeric = {column.name for column in self.schema.future if not column.is_categorical}
        for position, column in enumerate(panel.covariates.schema.future):
            if column.name not in numeric or column.categories != ():
                continue
            missing = panel.covariates.future[:, position] == MISSING_LABEL
            if missing.any():
                step = int(np.argmax(missing))
                raise ValueError(
                    f"covariate missing: column {column.name!r} of series "
                    f"{panel.ids[panel.codes[step]]!r}, time {panel.flat_times()[step]}, is empty "
                    "as in all rows that have a value. Fill it, or make the value missing there."
                )

    def _columns(self, columns: tuple[Covariate, ...]) -> tuple[Covariate, ...]:
        return tuple(encoded for column in columns for encoded in self._columns_of(column))

    def _columns_of(self, column: Covariate) -> tuple[Covariate, ...]:
        if column.categories is None:
            return (column,)
        labels = (UNSEEN, *column.categories)
        if self.kind == "codes":
            return (Covariate(column.name, labels),)
        return tuple(Covariate(f"{column.name}={label}") for label in labels)

    def _encode(
        self, array: np.ndarray, columns: tuple[Covariate, ...], kind: str
    ) -> np.ndarray:  # fmt: skip
        """All columns of a kind, float64 of shape (n, num_encoded)."""
        known = getattr(self.schema, kind)
        if columns == known and not any(column.is_categorical for column in known):
            return array
        found = {column.name: position for position, column in enumerate(columns)}
        parts = []
        for column in known:
            if column.name not in found:
                raise ValueError(f"the {kind} covariate {column.name!r} is missing.")
            position = found[column.name]
            _refuse_other_kind(column, columns[position], array[:, position])
            parts.append(self._numbers(array[:, position], column, columns[position]))
        return np.concatenate(parts, axis=1) if parts else np.empty((len(array), 0))

    def _numbers(self, entries: np.ndarray, known: Covariate, given: Covariate) -> np.ndarray:
        """One column, shape (n, num_encoded)."""
        if known.categories is None:
            return entries[:, None]
        places = {label: place for place, label in enumerate(known.categories, start=1)}
        looked_up = np.array([*(places.get(label, 0) for label in given.categories or ()), 0])
        unknown = np.isnan(entries)
        codes = looked_up[np.where(unknown, -1, entries).astype(np.int64)]  # -1 is missing, the 0
        if self.kind == "codes":
            return np.where(unknown, np.nan, codes)[:, None]
        columns = (codes[:, None] == np.arange(len(places) + 1)).astype(np.float64)
        columns[unknown] = np.nan
        return columns


def fit_encoding(
    panel: Panel,
    kind: str = "one_hot",
    kinds: tuple[str, ...] = KINDS,
    spread_static: bool = False,
) -> Encoding:
    """The encoding of what a panel has shown.

    Args:
        panel: the training part: labels that come later are unseen.
        kind: "one_hot" or "codes", see `Encoding`.
        kinds: those of "future", "past" and "static" that are used.
        spread_static: see `Encoding`.

    Raises:
        ValueError: for more than 256 labels of one column in "one_hot", or a column known ahead
            without any entry.

    Example:
        >>> import pandas as pd
        >>> from ..columns import Columns, CovariateColumns
        >>> from ..frames.frame import read_frame
        >>> df = pd.DataFrame({"unique_id": ["a", "b"], "ds": 1, "y": 2.0, "kind": ["x", "z"]})
        >>> panel = read_frame(df, Columns(more=CovariateColumns(static=["kind"])), 1).panel
        >>> fit_encoding(panel.take([0])).apply(panel).covariates.static.tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    table = panel.covariates
    if "future" in kinds:
        _refuse_empty(table.schema.future)
    seen = {}
    for name in kinds:
        columns = getattr(table.schema, name)
        array = getattr(table, name)
        seen[name] = tuple(_seen(array[:, i], column) for i, column in enumerate(columns))
        if kind == "one_hot":
            _refuse_many(seen[name], name)
    return Encoding(CovariateSchema(**seen), kind, spread_static)


def _seen(entries: np.ndarray, column: Covariate) -> Covariate:
    """The column with the labels that occur."""
    if column.categories is None:
        return column
    codes = np.unique(entries[entries >= 0]).astype(np.int64)
    return Covariate(column.name, tuple(column.categories[code] for code in codes))


def _refuse_empty(columns: tuple[Covariate, ...]) -> None:
    """Refuse a column known ahead of which training shows neither numbers nor labels."""
    for column in columns:
        if column.categories == ():
            raise ValueError(
                f"future covariate {column.name!r} is empty in all rows. Fill it, or leave it away."
            )


def _refuse_many(columns: tuple[Covariate, ...], kind: str) -> None:
    for column in columns:
        if column.categories is not None and len(column.categories) > _MOST_LABELS:
            raise ValueError(
                f"{kind} covariate {column.name!r} has {len(column.categories)} labels, for "
                f"example {column.categories[0]!r}; at most {_MOST_LABELS} are used. Group the "
                "rare ones, or convert the column with pd.to_numeric if it holds numbers."
            )


def _refuse_other_kind(known: Covariate, given: Covariate, entries: np.ndarray) -> None:
    """Refuse text where numbers were in training, and the reverse; an empty column is either."""
    if known.is_categorical == given.is_categorical or np.isnan(entries).all():
        return
    if given.categories == ():
        raise ValueError(
            f"covariate {known.name!r} is missing in all rows; the training part had numbers. "
            "Give one for every step."
        )
    if given.categories is not None:
        raise ValueError(
            f"covariate {known.name!r} holds text, for example {given.categories[0]!r}, where the "
            "training part had numbers. Convert it, for example with pd.to_numeric."
        )
    raise ValueError(
        f"covariate {known.name!r} holds numbers where the training part had the labels "
        f"{list(known.categories or ())[:5]}. Convert it, for example with .astype(str)."
    )
