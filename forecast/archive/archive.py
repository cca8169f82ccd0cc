"""A manifest and arrays in one file, of which every byte is covered by a hash or known.

The manifest, JSON, holds the SHA-256 of every array; a member beside it holds that of the manifest;
all other bytes follow from these (see `container`). Nothing is extracted to the disk, unpickled or
executed, and every shape is known before memory is taken for it.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from forecast.archive.container import Member, is_plain, read_directory, write_container
from forecast.archive.errors import BundleError
from forecast.archive.kind import BUNDLE, Kind
from forecast.archive.npy import PREFIX_LENGTH, ArrayHeader, array_data, header_length
from forecast.files import replaced_file

__all__ = [
    "DEFAULT_LIMIT",
    "Archive",
    "open_archive",
    "to_json",
    "write_archive",
]

DEFAULT_LIMIT = 512 * 2**20
_MANIFEST, _DIGEST = "manifest.json", "manifest.sha256"
# Values of a manifest take memory, lists and objects time as well: at most one for so many bytes.
_BYTES_A_VALUE, _BYTES_A_LIST = 256, 2048
_CHUNK = 2**18
# A message may quote what a file says, which may be long.
_LONGEST_REASON = 800


def write_archive(
    path: str | Path,
    content: Mapping[str, Any],
    arrays: Mapping[str, NDArray],
    kind: Kind = BUNDLE,
) -> None:
    """Write a manifest and arrays; the file appears whole or not at all.

    Args:
        path: file to write; an older one is replaced.
        content: JSON entries of the manifest; format, version and hashes are added.
        arrays: arrays of numbers by name.
        kind: its name and version go first.

    Raises:
        BundleError: for an array that does not hold numbers, a name that is no plain path, or more
            than 4 GiB.
        OSError: if the file cannot be written; an older one is left as it was.
    """
    members = {f"{name}.npy": _pieces(name, array) for name, array in arrays.items()}
    hashes = {name: _hash(*pieces) for name, pieces in members.items()}
    manifest = {"format": kind.name, "format_version": kind.version, **content, "arrays": hashes}
    data = to_json(manifest)
    digest = f"{_hash(data)}  {_MANIFEST}\n".encode()
    with replaced_file(path) as temporary, temporary.open("xb") as file:
        write_container(file, {_MANIFEST: [data], _DIGEST: [digest], **members})


@contextmanager
def open_archive(
    path: str | Path, max_bytes: int = DEFAULT_LIMIT, kind: Kind = BUNDLE
) -> Iterator[Archive]:  # fmt: skip
    """Open what `write_archive` wrote; manifest and headers are checked, no array is read yet.

    Args:
        path: file to read.
        max_bytes: a larger file is refused.
        kind: what it must be.

    Raises:
        FileNotFoundError: if there is no such file.
        BundleError: if the file is no bundle, damaged, too large or not of a known version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}; check the path.")
    with Path(path).open("rb") as file:
        try:
            yield Archive(file, kind, max_bytes)
        except BundleError as error:
            reason = textwrap.shorten(str(error), _LONGEST_REASON)
            raise BundleError(f"{path} is refused: {reason}") from error


class Archive:
    """An opened archive.

    Args:
        file: opened for reading; whatever it holds is refused with a BundleError, or read.
        kind: what it must be.
        max_bytes: a larger file is refused.

    Attributes:
        manifest: JSON without format, version and hashes.
        headers: dtype and shape of each array by name.
    """

    def __init__(self, file: BinaryIO, kind: Kind, max_bytes: int) -> None:
        """Check all but the arrays themselves."""
        _check_size(file, max_bytes)
        _check_version(file, kind)
        self._file, self._kind, self._members = file, kind, read_directory(file)
        self.manifest = self._read_manifest(max_bytes)
        self._hashes = self.manifest.pop("arrays", None)
        self._check_list()
        names = {name: name.removesuffix(".npy") for name in self._hashes}
        self.headers = {short: self._header(name) for name, short in names.items()}

    def arrays(self, prefix: str) -> dict[str, NDArray]:
        """Read the arrays whose names begin so, named without it; their hashes are checked."""
        return {
            name.removeprefix(prefix): self._array(name)
            for name in self.headers
            if name.startswith(prefix)
        }

    def _array(self, name: str) -> NDArray:
        header, member = self.headers[name], self._members[f"{name}.npy"]
        start, entries = header.to_bytes(), header.blank()
        self._file.seek(member.data_start + len(start))
        digest, checksum = hashlib.sha256(start), zlib.crc32(start)
        view = memoryview(entries.view(np.uint8))  # type: ignore[arg-type]
        for at in range(0, len(view), _CHUNK):
            piece = view[at : at + _CHUNK]
            if self._file.readinto(piece) != len(piece):  # type: ignore[attr-defined]
                raise BundleError(f"member {member.name!r} became shorter while it was read.")
            digest.update(piece)
            checksum = zlib.crc32(piece, checksum)
        self._check(member, digest.hexdigest(), self._hashes[member.name], checksum)
        return header.shaped(entries)

    def _check_list(self) -> None:
        """Refuse other members than the manifest lists, or another order."""
        if not isinstance(self._hashes, dict):
            raise BundleError(f"its {_MANIFEST} does not list its arrays.")
        present, listed = list(self._members)[2:], list(self._hashes)
        for more, less, what in (
            (present, listed, "is not in the manifest"),
            (listed, present, "of the manifest is missing"),
        ):
            if set(more) - set(less):
                raise BundleError(f"member {min(set(more) - set(less))!r} {what}.")
        if present != listed:
            raise BundleError("its members are not in the order of the manifest.")

    def _read_manifest(self, max_bytes: int) -> dict[str, Any]:
        """The manifest, whose hash stands beside it."""
        if list(self._members)[:2] != [_MANIFEST, _DIGEST]:
            raise BundleError(f"it has no {_MANIFEST} with its hash, so it is no bundle.")
        data, digest = (self._small(self._members[name]) for name in (_MANIFEST, _DIGEST))
        expected, _, rest = digest.partition(b"  ")
        if expected.decode("latin-1") != _hash(data) or rest != f"{_MANIFEST}\n".encode():
            raise BundleError(f"its {_MANIFEST} was changed: its SHA-256 is another.")
        num_lists = data.count(b"[") + data.count(b"{")
        if num_lists > max_bytes // _BYTES_A_LIST or data.count(b",") > max_bytes // _BYTES_A_VALUE:
            raise BundleError(
                f"its {_MANIFEST} has more entries than the limit of {max_bytes:,} bytes allows "
                "for; load(path, max_bytes=...) raises the limit for files that you trust."
            )
        return _of_json(data, self._kind)

    def _small(self, member: Member) -> bytes:
        """The content of a member that is no array."""
        self._file.seek(member.data_start)
        data = self._file.read(member.size)
        self._check(member, "", "", zlib.crc32(data))
        return data

    def _header(self, name: str) -> ArrayHeader:
        """The header of an array, which must tell of exactly the bytes that follow it."""
        member = self._members[name]
        self._file.seek(member.data_start)
        prefix = self._file.read(min(PREFIX_LENGTH, member.size))
        length = header_length(name, prefix)
        rest = self._file.read(min(length, member.size) - PREFIX_LENGTH)
        header = ArrayHeader.of_bytes(name, prefix + rest)
        if length + header.num_bytes != member.size:
            raise BundleError(
                f"member {name!r} does not have the size that its shape {header.shape} needs."
            )
        return header

    def _check(self, member: Member, digest: str, expected: Any, checksum: int) -> None:
        if digest != expected:
            raise BundleError(
                f"member {member.name!r} was changed: its SHA-256 is not the manifest's."
            )
        if checksum != member.checksum:
            raise BundleError(f"it is damaged: the CRC-32 of {member.name!r} is another.")


def to_json(value: Any) -> bytes:
    """JSON in the one form that is read back.

    Example:
        >>> to_json({"a": [1, 0.5]})
        b'{"a": [1, 0.5]}'
    """
    return json.dumps(value, allow_nan=False).encode("ascii")


def _of_json(data: bytes, kind: Kind) -> dict[str, Any]:
    """The manifest; what `to_json` would not write is refused: doubled keys, NaN, odd numbers."""
    try:
        manifest = json.loads(data)
        is_ours = to_json(manifest) == data
    except (ValueError, RecursionError) as error:
        raise BundleError(f"its {_MANIFEST} cannot be read: {error}.") from error
    if not isinstance(manifest, dict) or manifest.pop("format", None) != kind.name:
        raise BundleError(f"its {_MANIFEST} does not say that it is a {kind.name}.")
    _refuse_version(manifest.pop("format_version", None), kind)
    if not is_ours:
        raise BundleError(f"its {_MANIFEST} is not written as this library writes it.")
    return manifest


def _check_size(file: BinaryIO, max_bytes: int) -> None:
    size = file.seek(0, 2)
    if size > max_bytes:
        raise BundleError(
            f"it takes {size:,} bytes, more than the limit of {max_bytes:,}; "
            "load(path, max_bytes=...) raises the limit for files that you trust."
        )


def _check_version(file: BinaryIO, kind: Kind) -> None:
    """Refuse an archive of another version by its first bytes: the rest may lie in another way."""
    file.seek(0)
    name = re.escape(kind.name).encode()
    version = rb'"format": "' + name + rb'",\s*"format_version": (\d{1,9})\D'
    found = re.search(version, file.read(_CHUNK)[:512])
    if found:
        _refuse_version(int(found[1]), kind)


def _refuse_version(version: Any, kind: Kind) -> None:
    if version == kind.version and isinstance(version, int):
        return
    is_older = isinstance(version, int) and version < kind.version
    advice = (
        f"It is of an older keras-forecast: {kind.remake}."
        if is_older
        else f"Update keras-forecast, or save the {kind.holds} again with this version."
    )
    raise BundleError(
        f"it has the format version {version!r}, this library reads {kind.version}. {advice}"
    )


def _pieces(name: str, array: NDArray) -> tuple[bytes, memoryview]:
    """An array as the content of a member."""
    array = np.asarray(array)
    header = ArrayHeader.of(array)
    if not is_plain(name):
        raise BundleError(
            f"array name {name!r} is no plain path of letters, digits, '_', '.', '-'."
        )
    if not header.holds_numbers:
        raise BundleError(f"array {name!r} is of dtype {array.dtype}; a bundle holds numbers only.")
    return header.to_bytes(), array_data(array)


def _hash(*pieces: bytes | memoryview) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
