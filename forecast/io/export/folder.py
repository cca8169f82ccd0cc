"""Folders that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["check_new", "new_folder"]


def check_new(path: str | Path) -> None:
    """Refuse a path that `new_folder` could not make.

    Raises:
        FileExistsError: if there is something.
        FileNotFoundError: if the folder around it does not exist.
    """
    target = Path(path)
    if target.exists() or target.is_symlink():
        raise FileExistsError(
            f"{target} exists already, and an export replaces nothing: a server may be reading it. "
            f"Give a new name, such as a number for each version ({target / '1'})."
        )
    if not target.parent.is_dir():
        raise FileNotFoundError(f"folder {target.parent} does not exist; create it first.")


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """A temporary folder beside `path` that gets its name when the block ends without an error.

    A process that is killed leaves at most a hidden folder `.<random>.name`, which may be removed.

    Args:
        path: folder to make.

    Yields:
        Where to write.

    Raises:
        FileExistsError: if there is something already.
        FileNotFoundError: if the folder around it does not exist.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as outer:
        ...     with new_folder(Path(outer) / "1") as temporary:
        ...         _ = (temporary / "a.txt").write_text("whole")
        ...     [file.name for file in (Path(outer) / "1").iterdir()]
        ['a.txt']
    """
    check_new(path)
    target = Path(path).resolve()
    temporary = target.with_name(f".{secrets.token_hex(4)}.{target.name}")
    temporary.mkdir()
    try:
        yield temporary
        _flush(temporary)
        check_new(target)  # a rename would replace an empty folder of that name
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _flush(folder: Path) -> None:
    """Wait until all files are on the disk: the rename may reach it before the content does."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb+") as opened:
                os.fsync(opened.fileno())
