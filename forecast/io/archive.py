"""The container of a bundle: an uncompressed zip of one JSON manifest and `.npy` arrays.

Nothing is extracted to the disk, unpickled or executed, and every size is known before memory is
taken for it.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.files import replaced_file
from forecast.io.errors import BundleError

__all__ = ["DEFAULT_LIMIT", "FORMAT", "FORMAT_VERSION", "read_archive", "write_archive"]

FORMAT = "keras-forecast bundle"
FORMAT_VERSION = 2
DEFAULT_LIMIT = 512 * 2**20
_MANIFEST = "manifest.json"
# Of no use but to make equal forecasters equal files.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_MEMBER = re.compile(r"[A-Za-z0-9_][\w.\-]*(/[\w\-][\w.\-]*)*", re.ASCII)
_NUMBERS = "biufc"


def write_archive(path: str | Path, content: Mapping[str, Any], arrays: Mapping[str, NDArray]):
    """Write a manifest and arrays; the file appears whole or not at all.

    Args:
        path: file to write; an older one is replaced.
        content: JSON entries of the manifest; format, version and hashes are added.
        arrays: arrays of numbers by name.

    Raises:
        BundleError: for an array that does not hold numbers, or a name that is no plain path.
        OSError: if the file cannot be written; an older one is left as it was.
    """
    members = {f"{name}.npy": _to_npy(name, array) for name, array in arrays.items()}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    manifest = {"format": FORMAT, "format_version": FORMAT_VERSION, **content, "arrays": hashes}
    text = json.dumps(manifest, indent=1, allow_nan=False, ensure_ascii=False)
    with replaced_file(path) as temporary, zipfile.ZipFile(temporary, "x") as archive:
        for name, data in {_MANIFEST: text.encode(), **members}.items():
            archive.writestr(zipfile.ZipInfo(name, _TIMESTAMP), data, zipfile.ZIP_STORED)


def read_archive(
    path: str | Path, max_bytes: int = DEFAULT_LIMIT
) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Read what `write_archive` wrote.

    Args:
        path: file to read.
        max_bytes: members of a larger total size are refused.

    Returns:
        The manifest without format, version and hashes, and the arrays by name.

    Raises:
        FileNotFoundError: if there is no such file.
        BundleError: if the file is no bundle, damaged, too large or not of a known version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}; check the path.")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist(), max_bytes)
            manifest = _read_manifest(archive)
            return manifest, _read_arrays(archive, manifest.pop("arrays"))
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise BundleError(f"{path} is no bundle, or it is damaged: {error}.") from error
    except BundleError as error:
        raise BundleError(f"{path} is refused: {error}") from error


def _to_npy(name: str, array: NDArray) -> bytes:
    array = np.asarray(array)
    if not _MEMBER.fullmatch(name):
        raise BundleError(
            f"array name {name!r} is no plain path of letters, digits, '_', '.', '-'."
        )
    if array.dtype.kind not in _NUMBERS:
        raise BundleError(f"array {name!r} is of dtype {array.dtype}; a bundle holds numbers only.")
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _check_members(infos: list[zipfile.ZipInfo], max_bytes: int) -> None:
    """Refuse members before anything of them is read."""
    total = sum(max(info.file_size, info.compress_size) for info in infos)
    if total > max_bytes:
        raise BundleError(
            f"its members take {total:,} bytes, more than the limit of {max_bytes:,}; "
            "load(path, max_bytes=...) raises the limit for files that you trust."
        )
    names = [info.filename for info in infos]
    for info in infos:
        name = info.orig_filename
        if not _MEMBER.fullmatch(name) or ".." in name.split("/"):
            raise BundleError(f"member {name!r} is not a plain relative path.")
        if names.count(info.filename) > 1:
            raise BundleError(f"member {name!r} occurs more than once.")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1:
            raise BundleError(f"member {name!r} is compressed or encrypted; bundles are stored.")
        if info.file_size != info.compress_size:
            raise BundleError(f"member {name!r} states two different sizes.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BundleError(f"member {name!r} is a symbolic link.")


def _read_manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    if _MANIFEST not in archive.namelist():
        raise BundleError(f"it has no {_MANIFEST}, so it is no bundle.")
    try:
        manifest = json.loads(archive.read(_MANIFEST))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"its {_MANIFEST} cannot be read: {error}.") from error
    if not isinstance(manifest, dict) or manifest.pop("format", None) != FORMAT:
        raise BundleError(f"its {_MANIFEST} does not say that it is a {FORMAT}.")
    version = manifest.pop("format_version", None)
    if version != FORMAT_VERSION:
        is_older = isinstance(version, int) and version < FORMAT_VERSION
        advice = (
            "It is of an older keras-forecast: fit the forecaster again with this one and save it."
            if is_older
            else "Update keras-forecast, or save the forecaster again with this version."
        )
        raise BundleError(
            f"it has the format version {version!r}, this library reads {FORMAT_VERSION}. {advice}"
        )
    if not isinstance(manifest.get("arrays"), dict):
        raise BundleError(f"its {_MANIFEST} does not list its arrays.")
    return manifest


def _read_arrays(archive: zipfile.ZipFile, hashes: dict[str, Any]) -> dict[str, NDArray]:
    present = set(archive.namelist()) - {_MANIFEST}
    if present - set(hashes):
        raise BundleError(f"member {min(present - set(hashes))!r} is not in the manifest.")
    if set(hashes) - present:
        raise BundleError(f"member {min(set(hashes) - present)!r} of the manifest is missing.")
    arrays = {}
    for name, expected in hashes.items():
        data = archive.read(name)
        if hashlib.sha256(data).hexdigest() != expected:
            raise BundleError(f"member {name!r} was changed: its SHA-256 is not the manifest's.")
        arrays[name.removesuffix(".npy")] = _from_npy(name, data)
    return arrays


def _from_npy(name: str, data: bytes) -> NDArray:
    """The array of a member, whose header must tell of exactly the bytes that follow it."""
    buffer = io.BytesIO(data)
    try:
        if np.lib.format.read_magic(buffer) != (1, 0):
            raise BundleError(f"member {name!r} is of an unknown version of .npy.")
        shape, _, dtype = np.lib.format.read_array_header_1_0(buffer)
    except BundleError:
        raise
    except ValueError as error:
        raise BundleError(f"member {name!r} is no .npy array: {error}.") from error
    if dtype.kind not in _NUMBERS:
        raise BundleError(f"member {name!r} is of dtype {dtype}; a bundle holds numbers only.")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data) - buffer.tell():
        raise BundleError(f"member {name!r} does not have the size that its shape {shape} needs.")
    return np.load(io.BytesIO(data), allow_pickle=False)
