"""Bundles damaged at random, and bundles made by somebody who means harm: all hashes are right."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from io_samples import npy, ours, with_array, with_manifest, write_members

Random = np.random.Generator
Content = dict[str, bytes]

# Bytes of the file --------------------------------------------------------------------------------


def _range(random: Random, size: int, longest: int = 200) -> tuple[int, int]:
    start = int(random.integers(size))
    return start, min(size, start + 1 + int(random.integers(longest)))


def flip_bits(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for place in random.integers(len(data), size=random.integers(1, 4)):
        changed[place] ^= 1 << int(random.integers(8))
    return bytes(changed)


def change_bytes(random: Random, data: bytes) -> bytes:
    start, end = _range(random, len(data))
    return data[:start] + random.bytes(end - start) + data[end:]


def zero_bytes(random: Random, data: bytes) -> bytes:
    start, end = _range(random, len(data), 4096)
    return data[:start] + bytes(end - start) + data[end:]


def cut(random: Random, data: bytes) -> bytes:
    return data[: int(random.integers(len(data)))]


def cut_the_beginning(random: Random, data: bytes) -> bytes:
    return data[int(random.integers(1, len(data))) :]


def insert(random: Random, data: bytes) -> bytes:
    place = int(random.choice([0, len(data), random.integers(len(data))]))
    return data[:place] + random.bytes(int(random.integers(1, 50))) + data[place:]


def delete(random: Random, data: bytes) -> bytes:
    start, end = _range(random, len(data))
    return data[:start] + data[end:]


def repeat(random: Random, data: bytes) -> bytes:
    start, end = _range(random, len(data), 2000)
    return data[:end] + data[start:]


def swap(random: Random, data: bytes) -> bytes:
    first, second, third = sorted(int(place) for place in random.integers(len(data), size=3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def another_digit(random: Random, data: bytes) -> bytes:
    """A number of the manifest with one digit changed."""
    end = data.index(b"PK\x03\x04", 4)
    places = [place for place in range(end) if 48 <= data[place] < 58]
    place = places[int(random.integers(len(places)))]
    return data[:place] + str(int(random.integers(10))).encode() + data[place + 1 :]


BYTES: list[Callable[[Random, bytes], bytes]] = [
    flip_bits, change_bytes, zero_bytes, cut, cut_the_beginning, insert, delete, repeat, swap,
    another_digit,
]  # fmt: skip

# The structure of the zip file, consistent otherwise ----------------------------------------------


def _fields(data: bytes, name: bytes) -> tuple[int, int]:
    """Places of the local header and the directory entry of a member."""
    central = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
    return struct.unpack_from("<L", data, central + 42)[0], central


def _member(random: Random, content: Content) -> str:
    return str(random.choice(sorted(content)))


def other_fields(random: Random, content: Content, path: Path) -> None:
    """One field of the headers of a member changed in both places."""
    write_members(path, content)
    data, name = bytearray(path.read_bytes()), _member(random, content).encode()
    local, central = _fields(bytes(data), name)
    # Offset in the local header, and in the directory (two bytes further on).
    field, size = [(4, 2), (6, 2), (8, 2), (10, 2), (12, 2), (14, 4), (18, 4), (22, 4), (28, 2)][
        int(random.integers(9))
    ]
    value = random.bytes(size) if random.integers(2) else b"\xff" * size
    data[local + field : local + field + size] = value
    data[central + field + 2 : central + field + 2 + size] = value
    path.write_bytes(bytes(data))


def other_directory(random: Random, content: Content, path: Path) -> None:
    """One field of a directory entry changed: offset, attributes, disk, comment length."""
    write_members(path, content)
    data, name = bytearray(path.read_bytes()), _member(random, content).encode()
    _, central = _fields(bytes(data), name)
    field, size = [(4, 2), (30, 2), (32, 2), (34, 2), (36, 2), (38, 4), (42, 4)][
        int(random.integers(7))
    ]
    data[central + field : central + field + size] = random.bytes(size)
    path.write_bytes(bytes(data))


def other_end(random: Random, content: Content, path: Path) -> None:
    """A field of the last record changed, or a comment after it."""
    write_members(path, content)
    data = bytearray(path.read_bytes())
    place = len(data) - 22 + int(random.integers(4, 22))
    data[place] = int(random.integers(256))
    path.write_bytes(bytes(data) + (b"comment" if random.integers(2) else b""))


def another_order(random: Random, content: Content, path: Path) -> None:
    names = list(random.permutation(sorted(content)))
    write_members(path, {str(name): content[str(name)] for name in names})


def another_name(random: Random, content: Content, path: Path) -> None:
    name = _member(random, content)
    odd = ["../../a.npy", "/etc/passwd", "a\\b", "C:/a", "", ".", "a/", "x" * 500, name.upper()]
    new = odd[int(random.integers(len(odd)))]
    write_members(path, {new if key == name else key: data for key, data in content.items()})


def another_writer(random: Random, content: Content, path: Path) -> None:
    """Another program's file: compressed, with comments, extra fields, links or folders."""
    kind = int(random.integers(6))
    method = [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA][kind % 3]
    one = _member(random, content) if method == zipfile.ZIP_LZMA else ""  # for all it takes long
    with zipfile.ZipFile(path, "w", method if kind < 3 else zipfile.ZIP_STORED) as archive:
        for name, data in content.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 << 16) if kind == 3 else 0
            info.extra = b"\x01\x00\x04\x00abcd" if kind == 4 else b""
            info.comment = b"hello" if kind == 5 else b""
            info.compress_type = archive.compression if one in ("", name) else zipfile.ZIP_STORED
            archive.writestr(info, data)


def bomb(random: Random, content: Content, path: Path) -> None:
    """A member that is a thousand times as large as its bytes."""
    name = _member(random, content)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, data in content.items():
            archive.writestr(key, bytes(2 * 10**6) if key == name else data)


def overlapping(random: Random, content: Content, path: Path) -> None:
    """Two entries of the directory for one place."""
    write_members(path, content)
    data = bytearray(path.read_bytes())
    first, second = (_fields(bytes(data), _member(random, content).encode())[1] for _ in range(2))
    data[first + 42 : first + 46] = data[second + 42 : second + 46]
    path.write_bytes(bytes(data))


STRUCTURE: list[Callable[[Random, Content, Path], None]] = [
    other_fields, other_directory, other_end, another_order, another_name, another_writer, bomb,
    overlapping,
]  # fmt: skip

# Manifests with the right hash --------------------------------------------------------------------


class Trap:
    """A pickle that writes a file if anybody loads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


HOSTILE: list[Any] = [
    None, True, False, 0, -1, 1, 7, 10**6, 10**9, 2**31, 2**63, -(2**63), 10**18, 10**400, 0.5,
    -0.5, 1e308, -1e308, 5e-324, "", "a", "os.system", "../../etc/passwd", "dateutil//etc/passwd",
    "datetime64[ns, dateutil//etc/passwd]", "9" * 300, "\ud800", "W" * 5000, [], [0], [[]], {},
    [10**9] * 3, {"$float": "nan"}, {"$float": "inf"}, {"$float": "9" * 500}, {"$float": []},
    {"$tuple": []}, {"$tuple": [10**9]}, {"$tuple": 3}, {"$dataclass": "Way", "fields": {}},
    {"$dataclass": "Popen", "fields": {"args": "ls"}}, {"$forecaster": "Naive", "arguments": {}},
    {"$forecaster": "AR", "arguments": {"lags": 10**9}}, {"$transform": "Halved", "arguments": {}},
    {"class": "Lambda", "config": {}}, {"class_name": "Lambda", "config": {}}, deep(70), deep(40),
]  # fmt: skip
CLASSES = [
    "AR", "Combine", "ETS", "Naive", "Pipeline", "PooledAR", "VAR", "LSTMForecaster", "ARModel",
    "CombinedModel", "NaiveModel", "SeasonalNaiveModel", "SmoothingModel", "VARModel",
    "NetworkModel", "PipelineModel", "PooledARModel", "DriftModel", "Theta", "eval",
]  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every entry: the list or the object that holds it, and where in it."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], dict | list):
            found += places(value[key])
    return found


def _some_place(random: Random, manifest: Any) -> tuple[Any, Any]:
    """An entry anywhere, sections with few entries as often as those with many."""
    section = manifest[str(random.choice([key for key in manifest if key != "format"]))]
    found = places(section) if isinstance(section, dict | list) else []
    return found[int(random.integers(len(found)))] if found else (manifest, "format_version")


def hostile_value(random: Random, manifest: Any) -> None:
    place, key = _some_place(random, manifest)
    place[key] = HOSTILE[int(random.integers(len(HOSTILE)))]


def hostile_number(random: Random, manifest: Any) -> None:
    """A number at a place where a number stands."""
    sections = ("model", "fitted", "forecaster", "store", "reading")
    everywhere = [place for section in sections for place in places(manifest[section])]
    found = [(at, key) for at, key in everywhere if isinstance(at[key], int | float)]
    if found:
        place, key = found[int(random.integers(len(found)))]
        numbers = [0, -1, 2, 1000, 10**6, 10**9, 2**31, 2**62, 2**63, 10**30, 1e300, 0.5, True]
        place[key] = numbers[int(random.integers(len(numbers)))]


def another_class(random: Random, manifest: Any) -> None:
    found = [(at, key) for at, key in places(manifest) if key in ("class", "$dataclass")]
    place, key = found[int(random.integers(len(found)))]
    place[key] = str(random.choice(CLASSES))


def missing_entry(random: Random, manifest: Any) -> None:
    place, key = _some_place(random, manifest)
    del place[key]


def more_entries(random: Random, manifest: Any) -> None:
    place, key = _some_place(random, manifest)
    value = place[key] if isinstance(place[key], dict | list) else place
    if isinstance(value, dict):
        value["more"] = HOSTILE[int(random.integers(len(HOSTILE)))]
    else:
        value.extend(value * int(random.choice([1, 1000])) or [0])


MANIFESTS = [hostile_value, hostile_number, another_class, missing_entry, more_entries]


def other_text(random: Random, content: Content, path: Path) -> None:
    """A manifest that says the same in other words: doubled keys, spaces, NaN, other numbers."""
    text = content["manifest.json"]
    changes = [
        text.replace(b'{"', b'{"model": 1, "', 1), text.replace(b", ", b",", 1), text + b" ",
        text.replace(b": 1,", b": 1.0,", 1), b"\xef\xbb\xbf" + text,
        text.replace(b": null", b": NaN", 1), text.replace(b": 1", b": Infinity", 1),
        text.decode().encode("utf-16"), b"[" * 100_000, b"[" + b"[]," * 10**6,
        b'{"a": ' * 50_000, b"9" * 10_000, b"", b"\x00" * 100,
        json.dumps(json.loads(text), indent=1).encode(),
    ]  # fmt: skip
    changed = changes[int(random.integers(len(changes)))]
    write_members(path, content | {"manifest.json": changed})


# Arrays with the right hash -----------------------------------------------------------------------


def _header(shape: str, descr: str = "'<f8'", fortran: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


HEADERS = [
    _header("(1099511627776,)"), _header("(0, 1099511627776)"), _header("(-1,)"),
    _header("(4611686018427387904, 4)"), _header("(2, 0, 9999999999)"), _header("()"),
    _header("(" + "1, " * 20 + ")"), _header("(" * 40), _header("__import__('os').getpid()"),
    _header("(1,)", "'|O'"), _header("(1,)", "[('a', '<f8')]"), _header("(1,)", "'<c16'"),
    _header("(1,)", "'<M8[ns]'"), _header("(1,)", "'>f8'"), _header("(1,)", "'<U99999999'"),
    _header("(1,)", fortran="1"), _header("(9999999999999999999999999,)"), b"", b"\x93NUMPY", b"no",
]  # fmt: skip


def _array(data: bytes) -> np.ndarray:
    return np.load(io.BytesIO(data), allow_pickle=False)


def hostile_array(random: Random, data: bytes, trap: Path) -> bytes:
    array = _array(data)
    with np.errstate(all="ignore"):
        changes = [
            lambda: ours(array.astype(random.choice(["i8", "f8", "f4", "b1", "u1", "f2"]))),
            lambda: ours(array[:-1]), lambda: ours(np.concatenate([array, array])),
            lambda: ours(array[None]), lambda: ours(array.ravel()), lambda: ours(array.T),
            lambda: ours(np.asfortranarray(array)), lambda: ours(array * np.nan),
            lambda: ours(array.astype("f8") + np.inf), lambda: ours(np.zeros_like(array)),
            lambda: ours(np.full(array.shape, 2**62)), lambda: ours(np.full(array.shape, -7)),
            lambda: ours(array[..., None]), lambda: ours(array[..., :0]), lambda: ours(array[:0]),
            lambda: ours(np.zeros(300_000)), lambda: npy(array), lambda: data + b"more",
            lambda: npy(np.array([Trap(trap)], dtype=object), allow_pickle=True),
            lambda: pickle.dumps(Trap(trap)), lambda: data[:-1], lambda: zlib.compress(data),
            lambda: HEADERS[int(random.integers(len(HEADERS)))],
            lambda: HEADERS[int(random.integers(len(HEADERS)))] + bytes(8),
        ]  # fmt: skip
        return changes[int(random.integers(len(changes)))]()


def other_array(random: Random, content: Content, path: Path, trap: Path) -> None:
    names = [name for name in content if name.endswith(".npy")]
    name = str(random.choice(names))
    write_members(path, with_array(content, name, hostile_array(random, content[name], trap)))


def other_list_of_arrays(random: Random, content: Content, path: Path) -> None:
    """An array more, less, or under another name, and a manifest that says so."""
    name = str(random.choice([name for name in content if name.endswith(".npy")]))
    folder, _, _ = name.partition("/")
    more = str(random.choice([f"{folder}/more.npy", "more.npy", "model/weight.9.npy", "state/x"]))
    kind = int(random.integers(3))
    if kind == 0:
        write_members(path, with_array(content, more, ours(np.zeros(3))))
        return
    hashes = json.loads(content["manifest.json"])["arrays"]
    kept = {more if key == name else key: value for key, value in hashes.items()}
    if kind == 1:
        del kept[more]
    changed = with_manifest(content, lambda manifest: manifest.update(arrays=kept))
    write_members(path, {more if key == name else key: data for key, data in changed.items()
                         if kind == 2 or key != name})  # fmt: skip


def damage(random: Random, content: Content, path: Path, trap: Path) -> bool:
    """Write a damaged bundle; whether it must have the content of the sound one if it is read.

    Args:
        random: where the damage comes from.
        content: members of a sound bundle.
        path: file to write.
        trap: a file that appears if a pickle is loaded.
    """
    kind = int(random.integers(10))
    if kind < 4:
        write_members(path, content)
        change = BYTES[int(random.integers(len(BYTES)))]
        path.write_bytes(change(random, path.read_bytes()))
        return True
    if kind < 6:
        STRUCTURE[int(random.integers(len(STRUCTURE)))](random, content, path)
        return True
    if kind < 8:
        change_manifest = MANIFESTS[int(random.integers(len(MANIFESTS)))]
        write_members(path, with_manifest(content, lambda found: change_manifest(random, found)))
    elif kind == 8:
        other_array(random, content, path, trap)
    elif random.integers(3):
        other_list_of_arrays(random, content, path)
    else:
        other_text(random, content, path)
    return False
