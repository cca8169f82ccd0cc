"""Files that are no bundle, were changed or would do harm are refused with a message."""

from __future__ import annotations

import io
import json
import pickle
import stat
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from io_samples import (
    long_frame,
    members,
    npy,
    with_array,
    with_manifest,
    write_members,
    write_zip,
)

import forecast as fc
from forecast.archive.archive import write_archive
from forecast.io import BundleError, load, save


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> dict[str, bytes]:
    """Members of a sound bundle."""
    path = tmp_path_factory.mktemp("good") / "model.kfc"
    save(fc.AR(lags=2).fit(long_frame()), path)
    return members(path)


def refuse(path, message: str) -> None:
    with pytest.raises(BundleError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_the_sound_bundle_loads(good, tmp_path):
    assert load(write_members(tmp_path / "model.kfc", good)).name == "AR"


def test_an_absent_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*absent\.kfc; check the path"):
        load(tmp_path / "absent.kfc")


@pytest.mark.parametrize("content", [b"", b"unique_id,ds,y\n", pickle.dumps({"a": 1})])
def test_another_kind_of_file(content, tmp_path):
    (tmp_path / "other.kfc").write_bytes(content)
    refuse(tmp_path / "other.kfc", "is no bundle, or it is damaged")


@pytest.mark.parametrize("size", [100, 1000, -30])
def test_a_file_cut_short(size, good, tmp_path):
    path = write_members(tmp_path / "model.kfc", good)
    path.write_bytes(path.read_bytes()[:size])
    refuse(path, "is no bundle, or it is damaged")


# Members ------------------------------------------------------------------------------------------


def test_compressed_members(good, tmp_path):
    path = write_zip(tmp_path / "model.kfc", good, zipfile.ZIP_DEFLATED)
    refuse(path, r"member 'manifest\.json' is compressed or encrypted; bundles are stored")


def test_a_member_that_occurs_twice(good, tmp_path):
    path = write_members(tmp_path / "model.kfc", good)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore", UserWarning)
        archive.writestr("manifest.json", "{}")
    refuse(path, r"member 'manifest\.json' occurs more than once")


OUTSIDE = ["/etc/passwd", "../outside.npy", "state/../../outside.npy", "a\\b.npy", "C:/a.npy"]


@pytest.mark.parametrize("name", [*OUTSIDE, "a/", "."])
def test_names_that_leave_the_bundle(name, good, tmp_path):
    path = write_members(tmp_path / "model.kfc", good | {name: b""})
    refuse(path, "is not a plain relative path")


def test_a_symbolic_link(good, tmp_path):
    path = write_members(tmp_path / "model.kfc", good)
    link = zipfile.ZipInfo("link.npy")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    refuse(path, r"member 'link\.npy' is a symbolic link")


def test_a_member_that_is_not_in_the_manifest(good, tmp_path):
    path = write_members(tmp_path / "model.kfc", good | {"extra.npy": npy(np.zeros(3))})
    refuse(path, r"member 'extra\.npy' is not in the manifest")


def test_a_member_that_is_missing(good, tmp_path):
    content = {name: data for name, data in good.items() if name != "steps/clock.npy"}
    refuse(
        write_members(tmp_path / "model.kfc", content), r"member 'steps/clock\.npy' .* is missing"
    )


def test_a_changed_member(good, tmp_path):
    content = good | {"model/centres.npy": npy(np.zeros(2))}
    path = write_members(tmp_path / "model.kfc", content)
    refuse(path, r"member 'model/centres\.npy' was changed: its SHA-256 is not the manifest's")


def test_a_flipped_byte(good, tmp_path):
    path = write_members(tmp_path / "model.kfc", good)
    content = bytearray(path.read_bytes())
    position = content.index(good["steps/clock.npy"]) + len(good["steps/clock.npy"]) - 1
    content[position] ^= 1
    path.write_bytes(bytes(content))
    refuse(path, r"member 'steps/clock\.npy' was changed: its SHA-256 is not the manifest's")


def test_more_bytes_than_allowed(good, tmp_path):
    path = write_members(tmp_path / "model.kfc", good)
    with pytest.raises(BundleError, match=r"bytes, more than the limit of 1,000; load\(path, max_"):
        load(path, max_bytes=1000)


# Arrays -------------------------------------------------------------------------------------------


def test_a_pickle_in_an_array(good, tmp_path):
    data = npy(np.array([print], dtype=object), allow_pickle=True)
    path = write_members(tmp_path / "model.kfc", with_array(good, "steps/clock.npy", data))
    refuse(path, r"member 'steps/clock\.npy' is of dtype object; a bundle holds numbers only")


def test_a_shape_larger_than_its_bytes(good, tmp_path):
    header = io.BytesIO()
    description = {"descr": "<f8", "fortran_order": False, "shape": (2**40,)}
    np.lib.format.write_array_header_1_0(header, description)
    path = write_members(tmp_path / "m.kfc", with_array(good, "steps/clock.npy", header.getvalue()))
    refuse(
        path, r"member 'steps/clock\.npy' does not have the size that its shape \(1099511627776,\)"
    )


def test_an_array_that_is_none(good, tmp_path):
    path = write_members(tmp_path / "model.kfc", with_array(good, "steps/clock.npy", b"no array"))
    refuse(path, r"member 'steps/clock\.npy' is no \.npy array")


def test_an_unknown_version_of_npy(good, tmp_path):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.zeros(2), version=(2, 0))
    path = write_members(tmp_path / "m.kfc", with_array(good, "steps/clock.npy", buffer.getvalue()))
    refuse(path, r"member 'steps/clock\.npy' is of an unknown version of \.npy")


def test_states_of_another_shape(good, tmp_path):
    content = with_array(good, "state/model.window.npy", npy(np.zeros((2, 99))))
    refuse(
        write_members(tmp_path / "model.kfc", content),
        r"'model\.window' is float64 of shape \(2, 99\); its mod",
    )


def test_fewer_states_than_series(good, tmp_path):
    content = with_array(good, "steps/clock.npy", npy(np.zeros(1, dtype=np.int64)))
    refuse(
        write_members(tmp_path / "m.kfc", content),
        r"'steps/clock' is int64 of shape \(1,\); its model needs .*\(2,\)",
    )


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([object()])], ids=["text", "object"])
def test_only_numbers_are_written(array, tmp_path):
    with pytest.raises(BundleError, match="a bundle holds numbers only"):
        write_archive(tmp_path / "model.kfc", {}, {"a": array})
    with pytest.raises(BundleError, match=r"array name '\.\./a' is no plain path"):
        write_archive(tmp_path / "model.kfc", {}, {"../a": np.zeros(1)})
    assert not list(tmp_path.iterdir())


# Manifests ----------------------------------------------------------------------------------------

CHANGES = {
    "no JSON": (b"{", r"its manifest\.json cannot be read"),
    "deep JSON": (b"[" * 100_000, r"its manifest\.json cannot be read"),
    "not an object": (b"[]", "does not say that it is a keras-forecast bundle"),
    "another format": ({"format": "other"}, "does not say that it is a keras-forecast bundle"),
    "a later version": (
        {"format_version": 4}, "it has the format version 4, this library reads 3. Update keras",
    ),
    "an earlier version": (
        {"format_version": 2}, "this library reads 3. It is of an older .*: fit the forecaster aga",
    ),
    "no version": ({"format_version": None}, "it has the format version None"),
    "no arrays": ({"arrays": None}, "does not list its arrays"),
    "an unknown section": ({"hook": "os.system"}, "unknown or a missing section 'hook'"),
    "an unknown class": (
        {"forecaster": {"class": "os.system", "arguments": {}}},
        "asks for the forecaster 'os.system'; known are AR, ",
    ),
    "an unknown model": (
        {"model": {"class": "Lambda", "config": {}}}, "asks for the model 'Lambda'; known are ARM",
    ),
    "an unknown dataclass": (
        {"forecaster": {"class": "AR", "arguments": {"a": {"$dataclass": "Popen", "fields": {}}}}},
        "asks for the settings 'Popen'",
    ),
    "an unknown argument": (
        {"forecaster": {"class": "AR", "arguments": {"order": 3}}}, "describes no forecaster .*ord",
    ),
    "a bad argument": (
        {"forecaster": {"class": "AR", "arguments": {"lags": -3}}}, "describes no forecaster .*lag",
    ),
    "another model's class": (
        {"model": {"class": "NaiveModel", "config": {}}}, "describes no forecaster of this library",
    ),
    "a missing entry": ({"fitted": {}}, "describes no forecaster of this library"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_manifests(case, good, tmp_path):
    change, message = CHANGES[case]
    if isinstance(change, bytes):
        content = good | {"manifest.json": change}
    else:
        content = with_manifest(good, lambda manifest: manifest.update(change))
    refuse(write_members(tmp_path / "model.kfc", content), message)


def test_no_manifest(tmp_path):
    path = write_members(tmp_path / "model.kfc", {"steps/clock.npy": npy(np.zeros(2))})
    refuse(path, r"it has no manifest\.json with its hash, so it is no bundle")


def test_an_id_that_occurs_twice(good, tmp_path):
    content = with_manifest(good, lambda m: m["store"].update(ids=["a", "a"]))
    refuse(write_members(tmp_path / "model.kfc", content), "a series id occurs twice")


def test_an_unknown_shape_of_frame(good, tmp_path):
    content = with_manifest(good, lambda m: m["reading"]["layout"].update(backend="os"))
    refuse(write_members(tmp_path / "model.kfc", content), "unknown shape 'long' or library 'os'")


@given(st.data())
def test_any_change_is_refused_or_harmless(good, tmp_path_factory, data):
    """Mutated bytes end in BundleError or in a forecaster, never in another error."""
    path = write_members(tmp_path_factory.mktemp("mutated") / "model.kfc", good)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    try:
        load(path)
    except BundleError as error:
        assert str(path) in str(error)


@given(st.data())
def test_any_entry_of_the_manifest_may_be_nonsense(good, tmp_path_factory, data):
    manifest = json.loads(good["manifest.json"])
    place = manifest
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    nonsense = st.none() | st.integers() | st.text() | st.just({"$float": "x"}) | st.just([[]])
    place[key] = data.draw(nonsense)
    content = good | {"manifest.json": json.dumps(manifest).encode()}
    path = write_members(tmp_path_factory.mktemp("nonsense") / "model.kfc", content)
    try:
        load(path)
    except BundleError as error:
        assert str(path) in str(error)


def test_baselines_are_loaded_without_tensorflow(good, tmp_path):
    path = write_members(tmp_path / "model.kfc", good)
    code = f"import sys, forecast; forecast.load({str(path)!r}); sys.exit('keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
