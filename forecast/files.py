"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["check_apart", "check_path", "check_table_path", "replaced_file", "write_table"]

_WRITERS = {".csv": "to_csv", ".parquet": "to_parquet"}
# What a killed process left behind is removed by a later one; a younger file may be in the making.
_ABANDONED_SECONDS = 3600.0
_LONGEST_STEM = 50


@contextmanager
def replaced_file(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends without an error.

    The content is on the disk before the name is, so a process that is killed (or a machine that
    stops) leaves the older file whole, and beside it at most a hidden file `.name.<random>.partial`
    that a later call for the same path removes after an hour. Two processes may write at once: the
    later one stays. Access rights of an older file are kept.

    Args:
        path: file to write; an older file there stays whole until the new one is on the disk.

    Yields:
        Where to write; it ends like `path`, so that writers which look at the suffix work.

    Raises:
        FileNotFoundError: if the folder does not exist.
        IsADirectoryError: if `path` is a folder.
        PermissionError: if folder or file may not be written to.

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
    _remove_abandoned(target)
    middle = f"{secrets.token_hex(4)}.partial"
    temporary = target.with_name(f".{target.stem[:_LONGEST_STEM]}.{middle}{target.suffix}")
    try:
        yield temporary
        _flush(temporary)
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
        _flush_folder(target.parent)
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
        PermissionError: if folder or file may not be written to, or `path` is a device.
    """
    target, folder = Path(path).resolve(), Path(path).parent
    if not target.parent.is_dir():
        missing = target.parent if folder.is_dir() else folder  # a link leads to another folder
        raise FileNotFoundError(f"folder {missing} does not exist; create it first")
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file")
    if not os.access(target.parent, os.W_OK):
        raise PermissionError(f"folder {target.parent} is read-only; give a path in another one")
    if target.exists() and not (target.is_file() and os.access(target, os.W_OK)):
        raise PermissionError(f"{path} is read-only or no file; give another path, or remove it")


def _flush(path: Path) -> None:
    """Wait until the file is on the disk: a rename may reach it before the content does."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Wait until the new name is on the disk, where the system can say so of a folder."""
    with suppress(OSError):  # the file is in its place already
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove_abandoned(target: Path) -> None:
    """Remove what processes left behind that were killed while they wrote to `target`."""
    stem, suffix = re.escape(target.stem[:_LONGEST_STEM]), re.escape(target.suffix)
    ours = re.compile(rf"\.{stem}\.[0-9a-f]{{8}}\.partial{suffix}")
    with suppress(OSError):  # another process may remove them too
        for path in target.parent.iterdir():
            if ours.fullmatch(path.name) and _age(path) > _ABANDONED_SECONDS:
                path.unlink()


def _age(path: Path) -> float:
    """Seconds since a file was last written to."""
    return time.time() - path.stat().st_mtime


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
