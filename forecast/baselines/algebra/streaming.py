"""One lag regression for all series of a file too large for memory, in one pass.

`AR` and `PooledAR` hold the whole panel in memory and do more: intervals, terms, coefficients of
each series. This is for the panel that does not fit: `fit_lags(read_batches(path), lags)` reads it
once, and `LagFit.predict` continues any series from its last values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram_tree import LEAF_ROWS, GramTree
from forecast.checks import check_positive_integer

__all__ = ["LagFit", "fit_lags", "read_batches"]


@dataclass(frozen=True, eq=False)
class LagFit:
    """`y[t] = b + sum_k a_k y[t - lag_k]`, one for all series.

    Args:
        lags: as given, `(num_lags,)`.
        coefficients: a, in the order of the lags, `(num_lags,)`.
        intercept: b.
        num_rows: regression rows that were used: target and lags known, all of one series.
        num_steps: rows of the file.
    """

    lags: NDArray
    coefficients: NDArray
    intercept: float
    num_rows: int
    num_steps: int

    def predict(self, values: NDArray, horizon: int) -> NDArray:
        """Forecasts, step by step from the forecasts before.

        There is no label of time or series here, no interval and no gap: for these fit `AR` or
        `PooledAR` on a part of the file that fits into memory.

        Args:
            values: the newest steps of each series, oldest first, at least as many as the longest
                lag, `(num_series, num_steps)`.
            horizon: steps ahead, at least 1.

        Returns:
            `(num_series, horizon)`.

        Raises:
            ValueError: too few steps, or a value that is not finite.

        Example:
            >>> import numpy as np
            >>> fit = LagFit(np.array([1]), np.array([0.5]), 1.0, num_rows=9, num_steps=10)
            >>> fit.predict(np.array([[10.0], [2.0]]), horizon=3).tolist()
            [[6.0, 4.0, 3.0], [2.0, 2.0, 2.0]]
        """
        check_positive_integer("horizon", horizon)
        longest = int(self.lags.max())
        if np.ndim(values) != 2 or np.shape(values)[1] < longest:
            raise ValueError(
                f"Values of shape {np.shape(values)} came; expected (num_series, num_steps) with "
                f"at least {longest} steps, the longest lag. Give more of the newest steps."
            )
        recent = np.asarray(values, dtype=np.float64)[:, -longest:]
        if not np.isfinite(recent).all():
            position = int(np.flatnonzero(~np.isfinite(recent).all(axis=1))[0])
            raise ValueError(
                f"The last {longest} steps of the series in row {position} hold NaN or an infinite "
                "value; expected numbers. Fill the gap first."
            )
        path = np.concatenate([recent, np.zeros((len(recent), horizon))], axis=1)
        for step in range(longest, longest + horizon):
            path[:, step] = path[:, step - self.lags] @ self.coefficients + self.intercept
        return path[:, longest:]


def fit_lags(
    batches: Iterable[tuple[NDArray, NDArray]], lags: NDArray | list[int], ridge: float = 0.0
) -> LagFit:
    """Fit the pooled regression of series on their own lags, batch after batch.

    For a panel larger than memory (see `read_batches`): what is held is one batch, the last
    `max(lags)` values, and the sums. The result does not depend on how the rows were cut into
    batches, to the last bit.

    Args:
        batches: pairs of ids and values, both `(num_rows,)`, in the order of the file; the rows
            of a series follow each other, in order of time; NaN where a value is unknown.
        lags: 1-based lags without repetition, `(num_lags,)`.
        ridge: penalty as a share of the variance, at least 0.

    Returns:
        Coefficients, intercept and counts.

    Raises:
        ValueError: a lag below 1 or twice, a series whose rows are not together, an infinite
            value, or no row whose lags are all known.

    Example:
        >>> import numpy as np
        >>> ids, values = np.repeat(["a", "b"], 20), np.tile(0.5 ** np.arange(20.0), 2)
        >>> fit = fit_lags([(ids[:7], values[:7]), (ids[7:], values[7:])], lags=[1])
        >>> fit.coefficients.round(6).tolist(), fit.num_rows
        ([0.5], 38)
        >>> fit.predict(np.array([[4.0]]), horizon=2).round(6).tolist()
        [[2.0, 1.0]]
    """
    chosen = np.asarray(lags, dtype=np.int64)
    if not len(chosen) or chosen.min() < 1 or len(np.unique(chosen)) != len(chosen):
        raise ValueError(
            f"lags={chosen.tolist()} came; expected different whole numbers, 1 or larger. "
            "Lag 1 is the step before."
        )
    reader = _Reader(chosen)
    for ids, values in batches:
        reader.read(np.asarray(ids), np.asarray(values, dtype=np.float64))
    total = reader.tree.total()
    if not total.weight > 0:
        raise ValueError(
            f"None of {reader.tree.stop} rows has its value and its lags "
            f"{chosen.tolist()} known; expected series longer than {chosen.max()} steps "
            "without gaps. Use fewer lags."
        )
    fit = total.solve(ridge)
    intercept, count = float(fit.intercepts[0]), round(float(total.weight))
    return LagFit(chosen, fit.coefficients[:, 0], intercept, count, reader.tree.stop)


class _Reader:
    """Turns batches of a long table into rows of lags; carries what the next batch needs."""

    def __init__(self, lags: NDArray) -> None:
        self.lags = lags
        self.tree = GramTree(len(lags) + 1)
        self._values = np.full(int(lags.max()), np.nan)
        self._age = 0  # steps since the current series began
        self._current: object = None
        self._seen: set[object] = set()

    def read(self, ids: NDArray, values: NDArray) -> None:
        """Take in one batch."""
        if not len(ids):
            return
        ages = self._ages(ids)
        if np.isinf(values).any():
            position = int(np.flatnonzero(np.isinf(values))[0])
            raise ValueError(
                f"Series {ids.tolist()[position]!r} holds an infinite value at row "
                f"{self.tree.stop + position}; expected numbers, or NaN where unknown. "
                "Replace it before fitting."
            )
        carried = len(self._values)
        known = np.concatenate([self._values, values])
        for begin in range(0, len(values), LEAF_ROWS):
            end = min(begin + LEAF_ROWS, len(values))
            self._add(known[begin : end + carried], ages[begin:end] >= carried)
        self._values = known[len(values) :]

    def _add(self, values: NDArray, whole: NDArray) -> None:
        """Rows of one slab; the first `max(lags)` values only serve as lags."""
        carried, count = len(self._values), len(whole)
        offsets = carried - np.append(self.lags, 0)
        columns = np.stack([values[begin : begin + count] for begin in offsets])
        # Lags that reach into the series before, and gaps, count for nothing.
        used = whole & np.isfinite(columns).all(axis=0)
        columns[:, ~used] = 0.0
        self.tree.add(columns.T, used.astype(np.float64))

    def _ages(self, ids: NDArray) -> NDArray:
        """Steps since the series of each row began."""
        begins = np.flatnonzero(np.concatenate([[ids[0] != self._current], ids[1:] != ids[:-1]]))
        for name in ids[begins].tolist():
            if name in self._seen:
                raise ValueError(
                    f"Rows of series {name!r} came in two places; expected the rows of a series "
                    "one after the other. Sort the file by series and time."
                )
            self._seen.add(name)
        positions = np.arange(len(ids))
        latest = np.full(len(ids), -self._age)
        latest[begins] = begins
        ages = positions - np.maximum.accumulate(latest)
        self._age, self._current = int(ages[-1]) + 1, ids[-1]
        return ages


def read_batches(
    path: str | PathLike[str],
    id_col: str = "unique_id",
    target_col: str = "y",
    batch_size: int = 2**16,
) -> Iterator[tuple[NDArray, NDArray]]:
    """Ids and values of a Parquet file, batch after batch; needs pyarrow.

    The file is in the long format, its rows sorted by series and time.

    Args:
        path: the file.
        id_col: column that names the series.
        target_col: column of the values.
        batch_size: rows of a batch, at least 1.

    Yields:
        Ids and float64 values, both `(num_rows,)`; a null value is NaN.

    Raises:
        ImportError: pyarrow is not installed.
        ValueError: a column is missing from the file.

    Example:
        >>> import tempfile
        >>> import pandas as pd
        >>> names, values = ["a"] * 20 + ["b"] * 20, [0.5**step for step in range(20)] * 2
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pd.DataFrame({"unique_id": names, "y": values}).to_parquet(f"{folder}/long.parquet")
        ...     fit = fit_lags(read_batches(f"{folder}/long.parquet", batch_size=7), lags=[1, 2])
        >>> fit.num_steps, fit.num_rows
        (40, 36)
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError(f"reading {path} needs pyarrow: pip install pyarrow.") from error
    # Read ahead, whole groups of rows would pile up in memory.
    with parquet.ParquetFile(path, pre_buffer=False, buffer_size=2**20) as file:
        missing = {id_col, target_col} - set(file.schema_arrow.names)
        if missing:
            raise ValueError(
                f"Column {sorted(missing)[0]!r} is not in {path}; expected it among "
                f"{file.schema_arrow.names}. Name the columns with id_col and target_col."
            )
        for batch in file.iter_batches(batch_size, columns=[id_col, target_col]):
            # Ids repeat: as positions in a short list they become few Python objects.
            coded = batch.column(id_col).dictionary_encode()
            names = coded.dictionary.to_numpy(zero_copy_only=False)
            values = batch.column(target_col).cast(pa.float64())
            yield names[coded.indices.to_numpy()], values.to_numpy(zero_copy_only=False)
