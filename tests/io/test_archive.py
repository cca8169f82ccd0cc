"""The file around a bundle: one way to write it, and not a byte that is not covered."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from io_samples import members, ours, write_members

from forecast.archive.archive import open_archive, write_archive
from forecast.archive.container import is_plain
from forecast.archive.npy import ArrayHeader
from forecast.io import BundleError

CONTENT = {"name": "Z\u00fcrich", "numbers": [1, 0.1, -0.0, 1e300, 2**70], "nothing": None}


def arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(8)
    return {
        "a/square": random.normal(size=(3, 4)),
        "a/fortran": np.asfortranarray(random.normal(size=(3, 4))),
        "a/strided": random.normal(size=(6, 8))[::2, ::2],
        "b.whole": np.arange(7, dtype=np.int32),
        "b.truth": np.array([True, False]),
        "scalar": np.array(2.5),
        "empty": np.zeros((0, 3)),
        "big_endian": np.arange(3.0).astype(">f8"),
        "single": random.normal(size=2).astype(np.float32),
    }


def read(path, **options):
    with open_archive(path, **options) as archive:
        return archive.manifest, archive.arrays("")


@pytest.fixture
def path(tmp_path):
    write_archive(tmp_path / "a.kfc", CONTENT, arrays())
    return tmp_path / "a.kfc"


def refuse(path, message: str, **options) -> None:
    with pytest.raises(BundleError, match=message):
        read(path, **options)


def test_what_was_written_comes_back(path):
    manifest, found = read(path)
    assert manifest == CONTENT
    assert list(found) == list(arrays())
    for name, array in arrays().items():
        native = array.astype(array.dtype.newbyteorder("="))
        np.testing.assert_array_equal(found[name], native, strict=True)
        assert found[name].flags.writeable


def test_the_order_in_memory_is_kept(path):
    """Products of matrices round differently in another order."""
    _, found = read(path)
    assert found["a/fortran"].flags.f_contiguous and found["a/square"].flags.c_contiguous


def test_writing_what_was_read_gives_the_same_bytes(path, tmp_path):
    write_archive(tmp_path / "again.kfc", *read(path))
    assert (tmp_path / "again.kfc").read_bytes() == path.read_bytes()


def test_some_arrays_can_be_read_alone(path):
    with open_archive(path) as archive:
        assert sorted(archive.arrays("a/")) == ["fortran", "square", "strided"]
        assert archive.headers["a/square"].shape == (3, 4)


def test_zip_tools_and_numpy_can_read_it(path, tmp_path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "a" / "square.npy"), arrays()["a/square"])
    np.testing.assert_array_equal(np.load(tmp_path / "a" / "fortran.npy"), arrays()["a/fortran"])
    assert np.load(tmp_path / "scalar.npy") == 2.5
    manifest = (tmp_path / "manifest.json").read_bytes()
    said = (tmp_path / "manifest.sha256").read_text()
    assert said == f"{hashlib.sha256(manifest).hexdigest()}  manifest.json\n"
    hashes = json.loads(manifest)["arrays"]
    data = (tmp_path / "b.whole.npy").read_bytes()
    assert hashes["b.whole.npy"] == hashlib.sha256(data).hexdigest()


def test_every_changed_byte_is_seen(path):
    """Every byte of the file, one after the other: manifest, headers, arrays, directory."""
    write_archive(path, CONTENT, {name: arrays()[name] for name in ("a/fortran", "b.truth")})
    sound = path.read_bytes()
    for place in range(len(sound)):
        data = bytearray(sound)
        data[place] ^= 1 << (place % 8)
        path.write_bytes(bytes(data))
        with pytest.raises(BundleError):
            read(path)


def test_every_cut_is_seen(path):
    sound = path.read_bytes()
    for size in range(0, len(sound), 37):
        path.write_bytes(sound[:size])
        with pytest.raises(BundleError):
            read(path)
        path.write_bytes(sound[size + 1 :])
        with pytest.raises(BundleError):
            read(path)


@pytest.mark.parametrize("more", [b"\0", b"PK\5\6" + bytes(18), b"x" * 70_000])
def test_bytes_before_and_after_are_seen(more, path):
    sound = path.read_bytes()
    path.write_bytes(more + sound)
    refuse(path, "directory|do not lie|no manifest")
    path.write_bytes(sound + more)
    refuse(path, "does not end as one|directory")


def test_members_in_another_order(path):
    content = members(path)
    write_members(path, dict(reversed(content.items())))
    refuse(path, "no manifest")
    first, second, *others = content
    write_members(path, {name: content[name] for name in (first, second, *reversed(others))})
    refuse(path, "not in the order of the manifest")


def test_a_bundle_of_the_second_version(tmp_path):
    """As keras-forecast wrote it before: by zipfile, with a manifest over several lines."""
    manifest = {"format": "keras-forecast bundle", "format_version": 2, "arrays": {}}
    with zipfile.ZipFile(tmp_path / "old.kfc", "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    refuse(tmp_path / "old.kfc", "format version 2, this library reads 3. .*fit the forecaster aga")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace(b'"name"', b'"nothing"'), "not written as this library"),
        (lambda text: text.replace(b'{"format"', b'{"name": 1, "format"'), "not written as this"),
        (lambda text: text.replace(b": null", b": NaN"), "cannot be read"),
        (lambda text: text.replace(b": null", b": Infinity"), "cannot be read"),
        (lambda text: text.replace(b": null", b": 1e999"), "cannot be read"),
        (lambda text: text.replace(b"0.1", b"0.10"), "not written as this library writes it"),
        (lambda text: text + b"\n", "not written as this library writes it"),
        (lambda text: text.replace(b": null", b": " + b"9" * 5000), "cannot be read"),
        (lambda text: b'{"a": ' + b"[" * 100_000, "cannot be read"),
        (lambda text: text.decode().encode("utf-16"), "cannot be read|not written as"),
        (lambda text: b"[" + b"[]," * 10**6, "more entries than the limit of 536,870,912 bytes"),
        (lambda text: b"[" + b"0," * 3 * 10**6, "more entries than the limit of 536,870,912 byt"),
    ],
)  # fmt: skip
def test_a_manifest_with_the_right_hash_in_other_words(change, message, path):
    content = members(path)
    write_members(path, content | {"manifest.json": change(content["manifest.json"])})
    refuse(path, message)


def test_a_larger_file_than_allowed(path):
    refuse(path, r"it takes [\d,]+ bytes, more than the limit of 1,000; load\(", max_bytes=1000)


def test_a_pipe_and_a_folder_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(FileNotFoundError, match=r"there is no file .*; check"):
            read(path)


def test_more_than_four_gibibytes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("forecast.archive.container._MOST_BYTES", 2000)
    with pytest.raises(BundleError, match="is too large; it may have 2,000"):
        write_archive(tmp_path / "a.kfc", CONTENT, arrays())
    assert not list(tmp_path.iterdir())


@given(st.text(max_size=20))
def test_plain_names_stay_inside(name):
    if is_plain(name):
        parts = name.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert "\\" not in name and ":" not in name and "\0" not in name


@given(arrays_of.arrays(arrays_of.scalar_dtypes(), arrays_of.array_shapes(min_dims=0, max_dims=4)))
def test_headers_are_those_that_numpy_reads(array):
    header = ArrayHeader.of(array)
    if not header.holds_numbers:
        return
    data = header.to_bytes()
    assert len(data) % 64 == 0
    assert ArrayHeader.of_bytes("a", data) == header
    import io

    found = np.load(io.BytesIO(ours(array)), allow_pickle=False)
    np.testing.assert_array_equal(found, array.astype(header.dtype))


# Kills a copy of itself that writes over the file all the time, once for each line that it is sent.
KILLER = """
import os, random, signal, sys, time
import numpy as np
from forecast.archive.archive import write_archive

def write():
    for version in (1, 2) * 10_000:
        write_archive(sys.argv[1], {"version": version}, {"a": np.full(300_000, float(version))})

for line in sys.stdin:
    child = os.fork()
    if not child:
        write()
    time.sleep(float(line))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("killed", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_process_killed_while_it_saves_leaves_a_whole_file(tmp_path):
    path, random, versions = tmp_path / "model.kfc", np.random.default_rng(3), set()
    write_archive(path, {"version": 0}, {"a": np.zeros(3)})
    command = [sys.executable, "-c", KILLER, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as killer:
        assert killer.stdin is not None and killer.stdout is not None
        for moment in random.uniform(0.01, 0.08, size=30):
            killer.stdin.write(f"{moment}\n")
            assert killer.stdout.readline() == "killed\n"
            manifest, found = read(path)
            assert set(found["a"]) == {float(manifest["version"])}
            versions.add(manifest["version"])
        killer.stdin.close()
    assert versions <= {0, 1, 2} and len(versions) > 1
    left = [file for file in tmp_path.iterdir() if file != path]
    assert all(re.fullmatch(r"\.model\.[0-9a-f]{8}\.partial\.kfc", file.name) for file in left)
    for file in left:
        os.utime(file, (0, 0))
    write_archive(path, {"version": 3}, {})  # a later save removes what was left behind
    assert [file.name for file in tmp_path.iterdir()] == ["model.kfc"]
