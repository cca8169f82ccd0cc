"""The file of a search: a record a line, of which the newest may be torn."""

from __future__ import annotations

import json
from pathlib import Path

from forecast.files import replaced_file

__all__ = ["mend_journal"]


def mend_journal(path: Path) -> None:
    """Cut off a record whose writing was interrupted; all before it stay.

    Args:
        path: of the journal; there may be none yet.

    Raises:
        ValueError: if the file holds anything else; it is left as it is.
    """
    if not path.exists() or not (content := path.read_bytes()):
        return
    *lines, torn = content.split(b"\n")
    for number, line in enumerate(lines):
        if not _is_record(line):
            raise ValueError(
                f"{path} holds no search: its line {number + 1} is no record of one. Give another "
                "path, or remove the file."
            )
    if not lines and not _begins_record(torn):
        raise ValueError(f"{path} holds no search. Give another path, or remove the file.")
    if torn:
        with replaced_file(path) as temporary:
            temporary.write_bytes(b"".join(line + b"\n" for line in lines))


def _is_record(line: bytes) -> bool:
    try:
        return "op_code" in json.loads(line)
    except (ValueError, TypeError):
        return False


def _begins_record(line: bytes) -> bool:
    return line.startswith(b'{"op_code"')
