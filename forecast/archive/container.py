"""A zip file of stored members of which every byte is known from names, sizes and contents.

There is one way to write given members, and only that way is read: no compression, no comments, no
extra fields, one date, members side by side in the order of the directory. Nothing can hide
between them, and any zip tool can look inside.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from forecast.archive.errors import BundleError

__all__ = ["Member", "is_plain", "read_directory", "write_container"]

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_NEEDED, _DATE = 20, 33  # version 2.0; 1 January 1980
_MOST_MEMBERS, _MOST_BYTES = 2**16 - 2, 2**32 - 2
_NAME = re.compile(r"[A-Za-z0-9_][\w.\-]*(/[\w\-][\w.\-]*)*", re.ASCII)
_LONGEST_NAME = 200
_SYMBOLIC_LINK = 0o120000

Buffer = bytes | memoryview


@dataclass(frozen=True)
class Member:
    """A file inside the container.

    Args:
        name: plain relative path.
        size: bytes of its content.
        checksum: CRC-32 of the content.
        start: place of the first byte of its local header.
    """

    name: str
    size: int
    checksum: int
    start: int

    @property
    def data_start(self) -> int:
        """Place of the first byte of the content."""
        return self.start + _LOCAL.size + len(self.name)

    @property
    def end(self) -> int:
        """Place after the last byte of the content."""
        return self.data_start + self.size

    def local_header(self) -> bytes:
        """The bytes before the content."""
        sizes = (self.checksum, self.size, self.size, len(self.name), 0)
        return _LOCAL.pack(b"PK\3\4", _NEEDED, 0, 0, 0, _DATE, *sizes) + self.name.encode()

    def directory_entry(self) -> bytes:
        """The bytes in the directory at the end of the file."""
        sizes = (self.checksum, self.size, self.size, len(self.name), 0, 0, 0, 0, 0, self.start)
        return (
            _CENTRAL.pack(b"PK\1\2", _NEEDED, _NEEDED, 0, 0, 0, _DATE, *sizes) + self.name.encode()
        )


def is_plain(name: str) -> bool:
    """Whether a name is a relative path of letters, digits, '_', '.', '-'.

    Example:
        >>> is_plain("state/model.window.npy"), is_plain("../window.npy")
        (True, False)
    """
    return len(name) <= _LONGEST_NAME and bool(_NAME.fullmatch(name))


def write_container(file: BinaryIO, contents: Mapping[str, Sequence[Buffer]]) -> None:
    """Write members in order.

    Args:
        file: opened for writing.
        contents: pieces of the content of each member by name.

    Raises:
        BundleError: for more than the 4 GiB or 65,534 members that a plain zip file can hold.
    """
    members: list[Member] = []
    for name, pieces in contents.items():
        size, checksum = 0, 0
        for piece in pieces:
            size, checksum = size + len(piece), zlib.crc32(piece, checksum)
        members.append(Member(name, size, checksum, members[-1].end if members else 0))
    if members[-1].end > _MOST_BYTES or len(members) > _MOST_MEMBERS:
        raise BundleError(
            f"a bundle of {members[-1].end:,} bytes in {len(members):,} members is too large; it "
            f"may have {_MOST_BYTES:,} in {_MOST_MEMBERS:,}. Save fewer series in one."
        )
    for member, pieces in zip(members, contents.values(), strict=True):
        file.write(member.local_header())
        for piece in pieces:
            file.write(piece)
    file.write(_directory(members))


def read_directory(file: BinaryIO) -> dict[str, Member]:
    """The members by name, in order; their contents are not read.

    Raises:
        BundleError: if anything but these contents is not as `write_container` would write it.
    """
    size = file.seek(0, os.SEEK_END)
    end = _read(file, size - _END.size, _END.size) if size >= _END.size else b""
    if end[:4] != b"PK\5\6":
        raise BundleError(
            "it is no bundle, or it is damaged: it does not end as one. Give what save wrote."
        )
    length, start = _END.unpack(end)[5:7]
    if start + length + _END.size != size:
        raise BundleError("it is no bundle, or it is damaged: its directory is not at its end.")
    directory = _read(file, start, length)
    members = _members(directory)
    names = {member.name for member in members}
    for member in members:
        if member.name in names:
            names.remove(member.name)
        else:
            raise BundleError(f"member {member.name!r} occurs more than once.")
    starts = [0, *(member.end for member in members)]
    is_ours = [*(member.start for member in members), start] == starts
    is_ours = is_ours and bool(members) and directory + end == _directory(members)
    if not is_ours or any(_header(file, member) != member.local_header() for member in members):
        raise BundleError(
            "it is damaged, or was written by another program: its members do not lie as in a "
            "bundle. Write it again."
        )
    return {member.name: member for member in members}


def _directory(members: Sequence[Member]) -> bytes:
    """The end of the file."""
    entries = b"".join(member.directory_entry() for member in members)
    counts = (len(members), len(members), len(entries), members[-1].end, 0)
    return entries + _END.pack(b"PK\5\6", 0, 0, *counts)


def _members(directory: bytes) -> list[Member]:
    """What the entries of a directory say."""
    members, place = [], 0
    while place < len(directory):
        if directory[place : place + 4] != b"PK\1\2" or len(directory) - place < _CENTRAL.size:
            raise BundleError("it is no bundle, or it is damaged: its directory cannot be read.")
        entry = _CENTRAL.unpack_from(directory, place)
        begin = place + _CENTRAL.size
        name = directory[begin : begin + entry[10]].decode("latin-1")
        place = begin + sum(entry[10:13])
        _refuse_odd(name, entry)
        members.append(Member(name, entry[9], entry[7], entry[16]))
    return members


def _refuse_odd(name: str, entry: tuple) -> None:
    """Say what is wrong with a member that this library would not have written."""
    if not is_plain(name):
        raise BundleError(f"member {name[:_LONGEST_NAME]!r} is not a plain relative path.")
    if entry[4] or entry[3] & 1:
        raise BundleError(f"member {name!r} is compressed or encrypted; bundles are stored.")
    if entry[8] != entry[9]:
        raise BundleError(f"member {name!r} states two different sizes.")
    if entry[15] >> 16 & 0o170000 == _SYMBOLIC_LINK:
        raise BundleError(f"member {name!r} is a symbolic link.")


def _header(file: BinaryIO, member: Member) -> bytes:
    return _read(file, member.start, member.data_start - member.start)


def _read(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)
