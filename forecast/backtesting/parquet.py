"""A backtest that is written to a Parquet file origin by origin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forecast.files import check_path, replaced_file

__all__ = ["check_sink", "parquet_writer"]

# Rows are gathered until a row group is worth its overhead.
_ROWS_OF_A_GROUP = 65_536


def check_sink(sink: Any) -> Path:
    """Refuse a place to which the table could not be written, before any work.

    Args:
        sink: path of the file.

    Returns:
        The path.

    Raises:
        TypeError: for what is no path.
        ValueError: for another suffix than .parquet.
        FileNotFoundError: if the folder does not exist.
        IsADirectoryError: if it is a folder.
        ImportError: if pyarrow is not installed.
    """
    if not isinstance(sink, str | Path):
        raise TypeError(f"`sink` must be the path of a .parquet file; got {sink!r}.")
    path = Path(sink)
    check_path(path)
    if path.suffix.lower() != ".parquet":
        raise ValueError(f"`sink` is written as Parquet: give a path like cv.parquet; got {sink}.")
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "sink= writes Parquet, which needs pyarrow: pip install 'keras-forecast[parquet]'. "
            "Without sink= the frame is returned."
        ) from error
    return path


@contextmanager
def parquet_writer(path: Path) -> Iterator[_Rows]:
    """What takes frames, and writes them to a file that appears whole or not at all.

    Args:
        path: the file; an older one stays whole until the new one is complete.
    """
    with replaced_file(path) as temporary:
        rows = _Rows(temporary)
        try:
            yield rows
            rows.flush()
        finally:
            rows.close()


class _Rows:
    """Rows on their way to a file; the first frame says what the columns are.

    Args:
        path: file to write.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is written yet."""
        self._path = path
        self._writer: Any = None
        self._waiting: list[Any] = []

    def write(self, frame: Any) -> None:
        """Add the rows of a pandas or polars frame."""
        table = _as_table(frame)
        self._waiting.append(table if self._writer is None else table.cast(self._writer.schema))
        if self._writer is None:
            self._writer = _open(self._path, table.schema)
        if sum(one.num_rows for one in self._waiting) >= _ROWS_OF_A_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what waits as one row group."""
        import pyarrow

        if self._waiting:
            whole = pyarrow.concat_tables(self._waiting).unify_dictionaries()
            self._writer.write_table(whole, row_group_size=max(whole.num_rows, 1))
            self._waiting = []

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()


def _open(path: Path, schema: Any) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetWriter(path, schema)


def _as_table(frame: Any) -> Any:
    import pandas as pd
    import pyarrow

    if isinstance(frame, pd.DataFrame):
        return pyarrow.Table.from_pandas(frame, preserve_index=False)
    return frame.to_arrow()
