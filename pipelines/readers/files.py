"""Files of users, read into frames."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from .tsf import read_tsf


def read_file(path: str | Path) -> pd.DataFrame:
    r"""Read a .csv, .parquet or .tsf file.

    Args:
        path: the file; its suffix says what it is (.csv and .tsf may be compressed: .csv.gz).

    Returns:
        pandas DataFrame with at least one row.

    Raises:
        FileNotFoundError: if there is no such file.
        ImportError: if a .parquet file is to be read and no parquet engine is installed.
        ValueError: if the suffix is unknown, or the file is empty, unreadable, has no rows or
            is not separated by commas.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "data.csv"
        ...     _ = path.write_text("unique_id,ds,y\na,2024-01-01,1.5\n")
        ...     read_file(path)["y"].tolist()
        [1.5]
    """
    path = Path(path)
    last = reversed(path.suffixes[-2:])
    kind = next((suffix for suffix in last if suffix.lower() in _READERS), None)
    if kind is None:
        raise ValueError(
            f"{path} has an unknown suffix {path.suffix!r}; give .csv, .parquet or .tsf."
        )
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; check the path.")
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty (0 bytes).")
    frame = _read(path, kind.lower())
    if not len(frame):
        raise ValueError(f"{path} has no rows, only the columns {list(frame.columns)}.")
    _refuse_other_separator(path, frame)
    return frame


def _refuse_other_separator(path: Path, frame: pd.DataFrame) -> None:
    """Refuse a file whose only column is a header cut at another character than a comma."""
    header = str(frame.columns[0])
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if frame.shape[1] == 1 and separator in header:
            raise ValueError(
                f"{path} seems to be separated by {name}, not commas: its only column is "
                f"{header!r}. Save it with commas, or read it with "
                f"pd.read_csv({path.name!r}, sep={separator!r})."
            )


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
    ".tsf": lambda path: read_tsf(path)[0],
}


# What parsers, decoders, parquet and the kinds of compression raise derives from these.
_UNREADABLE = (ValueError, OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def _read(path: Path, kind: str) -> pd.DataFrame:
    try:
        return _READERS[kind](path)
    except ImportError as error:
        raise ImportError(f"reading {path} needs a parquet engine: pip install pyarrow.") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} cannot be read: it is no text in UTF-8 ({error}). Save it in UTF-8, or read "
            f"it with pd.read_csv({path.name!r}, encoding='cp1252')."
        ) from error
    except _UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as {kind}: {error}.") from error
