"""Combinations in bundles: members inside members, and files nested to do harm."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from io_samples import later_rows, long_frame, members, with_manifest, write_members

import forecast as fc
from forecast.io import BundleError, load, save
from forecast.io.nesting import check_depth


def nested():
    inner = fc.Combine([fc.AR(lags=[1, 12]), fc.SeasonalNaive(12)], method="weighted", alias="in")
    return fc.Combine((inner, fc.Naive(), fc.Drift()), method="mean")


@pytest.fixture(scope="module")
def fitted():
    return nested().fit(long_frame(), horizon=4)


@pytest.fixture(scope="module")
def good(fitted, tmp_path_factory) -> dict[str, bytes]:
    """Members of the file of a sound nested combination."""
    path = tmp_path_factory.mktemp("good") / "model.kfc"
    save(fitted, path)
    return members(path)


def refuse(path, message: str) -> None:
    with pytest.raises(BundleError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_a_combination_of_combinations_comes_back_bit_for_bit(fitted, good, tmp_path):
    loaded = load(write_members(tmp_path / "model.kfc", good))
    assert repr(loaded) == repr(fitted) and loaded.choices_ == fitted.choices_
    assert isinstance(loaded.forecasters, tuple)
    for call in (lambda f: f.predict(11, [80, 95]), lambda f: f.sample(9, 4, seed=2)):
        pd.testing.assert_frame_equal(call(loaded), call(fitted), check_exact=True)
    save(loaded, tmp_path / "again.kfc")
    assert members(tmp_path / "again.kfc") == good


def test_update_goes_on_from_where_it_stood(tmp_path):
    frame = long_frame()
    new = later_rows(frame)
    saved = nested().fit(frame.drop(index=new.index))
    save(saved, tmp_path / "model.kfc")
    loaded = load(tmp_path / "model.kfc").update(new)
    pd.testing.assert_frame_equal(loaded.predict(6), saved.update(new).predict(6), check_exact=True)


def test_a_network_may_be_a_member(tmp_path):
    network = fc.LSTMForecaster(
        units=4,
        design=fc.NetworkDesign(linear="highway"),
        training=fc.Training(num_steps=2, num_checks=1),
    )
    saved = fc.Combine([network, fc.AR(lags=3)], method="weighted").fit(long_frame(), horizon=3)
    save(saved, tmp_path / "model.kfc")
    loaded = load(tmp_path / "model.kfc")
    assert repr(loaded) == repr(saved) and loaded.history_ == saved.history_
    pd.testing.assert_frame_equal(loaded.predict(7, [80]), saved.predict(7, [80]), check_exact=True)


def test_linear_members_are_loaded_without_tensorflow(good, tmp_path):
    path = write_members(tmp_path / "model.kfc", good)
    code = f"import sys, forecast; forecast.load({str(path)!r}); sys.exit('keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_member_of_the_users_is_refused(tmp_path):
    mine = type("Mine", (fc.Naive,), {"__module__": "mine"})
    with pytest.raises(BundleError, match="a bundle cannot hold a Mine: only the classes of this"):
        save(fc.Combine([mine(), fc.Drift()]).fit(long_frame()), tmp_path / "model.kfc")
    assert not list(tmp_path.iterdir())


# Files that were changed --------------------------------------------------------------------------


def deep(levels: int) -> dict:
    """A combination of a combination of ... as the manifest has it."""
    entry = {"$forecaster": "Naive", "arguments": {}}
    for _ in range(levels):
        entry = {"$forecaster": "Combine", "arguments": {"forecasters": [entry]}}
    return entry


def deep_model(levels: int) -> dict:
    entry = {"class": "NaiveModel", "config": {}}
    for _ in range(levels):
        entry = {"class": "CombinedModel", "config": {"block_length": 1}, "members": [entry]}
    return entry


def many(levels: int) -> list:
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [30, 100, 150])
@pytest.mark.parametrize("section", ["forecaster", "model", "fitted"])
def test_a_file_nested_deep_is_refused(section, levels, good, tmp_path):
    hostile = {
        "forecaster": lambda: {"class": "Combine", "arguments": {"forecasters": [deep(levels)]}},
        "model": lambda: deep_model(2 * levels),
        "fitted": lambda: {"estimate": many(5 * levels)},
    }[section]()
    content = with_manifest(good, lambda manifest: manifest.update({section: hostile}))
    refuse(write_members(tmp_path / "m.kfc", content), "nested deeper than 64 levels; combine few")


def test_what_could_not_be_loaded_is_not_saved(tmp_path):
    combination = fc.Naive()
    for level in range(30):
        combination = fc.Combine([combination], alias=f"c{level}")
    combination.fit(long_frame(("a",), 20), horizon=1)
    with pytest.raises(BundleError, match="nested deeper than 64 levels"):
        combination.save(tmp_path / "model.kfc")
    assert not list(tmp_path.iterdir())


def test_depth_is_counted_without_recursion():
    check_depth(many(63))
    with pytest.raises(BundleError, match="nested deeper than 64 levels"):
        check_depth(many(64))
    with pytest.raises(BundleError, match="nested deeper than 64 levels"):
        check_depth({"a": 1, "b": many(100_000)})


def member(change) -> dict:
    """A change of the first member of the model."""

    def changed(manifest):
        change(manifest["model"]["members"][0])

    return changed


CHANGES = {
    "an unknown forecaster": (
        lambda m: m["forecaster"]["arguments"].update(forecasters=[{"$forecaster": "os.system"}]),
        r"describes no forecaster of this library|asks for the forecaster 'os\.system'",
    ),
    "a model as a forecaster": (
        lambda m: m["forecaster"]["arguments"].update(
            forecasters=[{"$forecaster": "ARModel", "arguments": {}}]),
        "asks for the forecaster 'ARModel'",
    ),
    "no members": (
        lambda m: m["forecaster"]["arguments"].update(forecasters=[]),
        "describes no forecaster .*at least one forecaster",
    ),
    "a number as a member": (
        lambda m: m["forecaster"]["arguments"].update(forecasters=[3]), "must be a forecaster such",
    ),
    "an unknown model": (member(lambda m: m.update({"class": "Popen"})), "the model 'Popen'"),
    "a forecaster as a model": (member(lambda m: m.update({"class": "AR"})), "the model 'AR'"),
    "a member less": (lambda m: m["model"]["members"].pop(), "describes no forecaster|its states"),
    "no models": (lambda m: m["model"].update(members=[]), "describes no forecaster"),
    "members of nothing": (
        lambda m: m["model"]["members"][2].update(members=[{"class": "NaiveModel", "config": {}}]),
        "describes no forecaster of this library",
    ),
    "members as text": (lambda m: m["model"].update(members="abc"), "describes no forecaster"),
    "a length of text": (
        lambda m: m["model"]["config"].update(block_length="4"), "must be a whole number",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_changed_manifests(case, good, tmp_path):
    change, message = CHANGES[case]
    refuse(write_members(tmp_path / "model.kfc", with_manifest(good, change)), message)


@given(st.data())
def test_any_entry_may_be_nonsense(good, tmp_path_factory, data):
    """It ends in BundleError or in a forecaster, never in another error."""
    manifest = json.loads(good["manifest.json"])
    place = manifest[data.draw(st.sampled_from(["forecaster", "model"]))]
    while True:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 3)) == 0:
            break
        place = inner
    nonsense = st.none() | st.integers() | st.text() | st.just({"$forecaster": 1}) | st.just([[]])
    place[key] = data.draw(nonsense)
    content = good | {"manifest.json": json.dumps(manifest).encode()}
    path = write_members(tmp_path_factory.mktemp("nonsense") / "model.kfc", content)
    try:
        load(path)
    except BundleError as error:
        assert str(path) in str(error)


def test_a_changed_array_of_a_member_is_seen(good, tmp_path):
    name = "model/member0.member0.coefficients.npy"
    assert name in good
    content = good | {name: good[name][:-8] + np.float64(7.0).tobytes()}
    refuse(write_members(tmp_path / "m.kfc", content), r"coefficients\.npy' was changed: its SHA-2")
