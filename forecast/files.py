"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["check_apart", "check_path", "check_table_path", "replaced_file", "write_table"]

_WRITERS = {".csv": "to_csv", ".parquet": "to_parquet"}


@contextmanager
def replaced_file(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends without an error.

    Args:
        path: file to write; an older file there stays whole until the new one is on the disk.

    Yields:
        Where to write; it ends like `path`, so that writers which look at the suffix work.

    Raises:
        FileNotFoundError: if the folder does not exist.
        IsADirectoryError: if `path` is a folder.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replaced_file(Path(folder) / "a.txt") as temporary:
        ...         _ = temporary.write_text("whole")
        ...     [file.name for file in Path(folder).iterdir()]
        ['a.txt']
    """
    check_path(path)
    target = Path(path).resolve()  # through a link: the file behind it is replaced, not the link
    temporary = target.with_name(f".{secrets.token_hex(4)}.{target.name}")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_apart(*paths: str | Path | None) -> None:
    """Refuse two names for one file: what is written must not replace what is read.

    Args:
        *paths: files of one command; None where an option was not given.

    Raises:
        ValueError: naming the file.

    Example:
        >>> check_apart("model.kfc", "rows.csv", None)
    """
    seen: set[Path] = set()
    for path in paths:
        place = None if path is None else Path(path).resolve()
        if place in seen:
            raise ValueError(f"{path} is named twice; write to another file, or it would be lost")
        if place is not None:
            seen.add(place)


def check_path(path: str | Path) -> None:
    """Refuse a path that `replaced_file` could not write to.

    Raises:
        FileNotFoundError: if the folder does not exist.
        IsADirectoryError: if `path` is a folder.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"folder {target.parent} does not exist; create it first")
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder; give the name of a file")


def _flush(path: Path) -> None:
    """Wait until the file is on the disk: a rename may reach it before the content does."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def check_table_path(path: str | Path) -> None:
    """Refuse a path that `write_table` could not write to, before the work for it begins.

    Raises:
        ValueError: if the suffix is unknown.
        FileNotFoundError: if the folder does not exist.
        IsADirectoryError: if `path` is a folder.
    """
    suffix = Path(path).suffix
    if suffix.lower() not in _WRITERS:
        raise ValueError(f"{path} has an unknown suffix {suffix!r}; give .csv or .parquet.")
    check_path(path)


def write_table(path: str | Path, frame: Any) -> None:
    """Write a pandas frame, without its index, to a .csv or .parquet file as a whole.

    Args:
        path: file to write; its suffix says as what.
        frame: pandas DataFrame.

    Raises:
        ValueError: if the suffix is unknown.
        OSError: if the file cannot be written; an older one is left as it was.
    """
    check_table_path(path)
    with replaced_file(path) as temporary:
        getattr(frame, _WRITERS[Path(path).suffix.lower()])(temporary, index=False)
