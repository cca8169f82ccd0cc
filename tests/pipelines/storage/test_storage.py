"""Panels in folders and pickles, and slices that copy nothing."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import ChannelId, Frequency, Panel, open_panel, save_panel
from forecast.pipelines.covariates.table import Covariate, CovariateSchema, CovariateTable

CLOCKS = {
    "D": pd.date_range("1999-12-30", periods=9, freq="D"),
    "h": pd.date_range("2024-03-30", periods=9, freq="h", tz="Europe/Berlin"),
    "MS": pd.date_range("1800-01-01", periods=9, freq="MS", unit="us"),
    "min": pd.date_range("2024-03-30", periods=9, freq="min", unit="ns", tz="UTC"),
    3: pd.Index(np.arange(-3, 24, 3)),
}
SCHEMA = CovariateSchema(
    future=(Covariate("price"), Covariate("Wetter", ("Regen", "Schnee"))),
    past=(Covariate("temperature"),),
    static=(Covariate("kind", ("Ä",)),),
)


def make(lengths, seed=0, alias="D", ids=None, covariates=True):
    """A panel of random series with missing steps and covariates of all kinds."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    total, count = int(offsets[-1]), len(lengths)
    values = rng.normal(size=total)
    values[rng.random(total) < 0.3] = np.nan
    ids = [f"s{i}" for i in range(count)] if ids is None else ids
    objects = np.empty(count, dtype=object)
    objects[:] = ids[:count]
    future, past = rng.normal(size=(total, 2)), rng.normal(size=(total, 1))
    known = CovariateTable(future, past, np.zeros((count, 1)), SCHEMA)
    table = known if covariates else CovariateTable()
    starts = CLOCKS[alias][rng.integers(0, 9, count)]
    return Panel(objects, values, offsets, starts, Frequency(alias), table)


def assert_same(left, right):
    assert left.ids.tolist() == right.ids.tolist()
    assert [type(entry) for entry in left.ids] == [type(entry) for entry in right.ids]
    for name in ("values", "offsets"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))
    pd.testing.assert_index_equal(left.starts, right.starts)
    assert (left.frequency, left.num_channels) == (right.frequency, right.num_channels)
    for kind in ("future", "past", "static"):
        mine, other = (getattr(panel.covariates, kind) for panel in (left, right))
        np.testing.assert_array_equal(mine, other)
    assert left.covariates.schema == right.covariates.schema


panels = st.builds(
    make,
    lengths=st.lists(st.integers(0, 7), min_size=1, max_size=6),
    seed=st.integers(0, 99),
    alias=st.sampled_from([*CLOCKS]),
    ids=st.sampled_from([None, [5, -3, 2**62, 0, 1, 2], ["é", "\ud800", 7, "", "a/b", "7"],
                         [ChannelId(1, "load"), ChannelId("x", "y"), 1, 2, 3, 4]]),
    covariates=st.booleans(),
)  # fmt: skip


@given(panel=panels, cut=st.integers(0, 5))
def test_saved_and_pickled_panels_come_back(tmp_path_factory, panel, cut):
    folder = tmp_path_factory.mktemp("store") / "panel"
    save_panel(panel, folder)
    mapped = open_panel(folder)
    part = np.arange(min(cut, panel.num_series - 1), panel.num_series)
    for one, other in ((panel, mapped), (panel.take(part), mapped.take(part))):
        assert_same(one, other)
        for copied in (pickle.loads(pickle.dumps(other)), copy.deepcopy(other)):
            assert_same(one, copied)
    assert_same(pickle.loads(pickle.dumps(panel)), panel)
    again = folder.with_name("again")
    save_panel(mapped, again)
    assert_same(open_panel(again), panel)


@pytest.fixture
def saved(tmp_path):
    """A panel with two systems of two channels, and its folder."""
    panel = replace(make([40, 40, 30, 30]), num_channels=2)
    save_panel(panel, tmp_path / "panel")
    return panel, tmp_path / "panel"


def test_a_mapped_panel_answers_like_one_in_memory(saved):
    panel, folder = saved
    mapped = open_panel(folder)
    assert mapped.num_channels == 2
    assert not mapped.values.flags.writeable
    indices, starts = np.array([3, 0, 2]), np.array([0, 35, 3, 9])
    assert_same(mapped.take(indices), panel.take(indices))
    assert_same(mapped.head(7), panel.head(7))
    assert_same(mapped.tail(starts), panel.tail(starts))
    one, other = mapped.block(starts, starts + 8), panel.block(starts, starts + 8)
    for name in ("values", "observed", "valid", "covariates", "past_covariates"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(mapped.futures(starts, 3), panel.futures(starts, 3))


def test_slices_of_series_that_follow_one_another_are_views():
    panel = make([3, 0, 5, 4])
    for part in (panel.take(np.array([1, 2, 3])), panel.take(np.array([2])).head(2),
                 panel.take(np.array([3])).tail(np.array([1]))):  # fmt: skip
        assert np.shares_memory(part.values, panel.values)
        assert np.shares_memory(part.covariates.past, panel.covariates.past)
    for part in (panel.take(np.array([2, 0])), panel.head(2), panel.take(np.array([0, 0]))):
        assert not np.shares_memory(part.values, panel.values)


def test_opening_reads_no_value(saved):
    """The values of a file that is all hole, much larger than memory."""
    _, folder = saved
    manifest = json.loads((folder / "panel.json").read_text())
    lengths = np.array([1 << 40, 5])
    manifest["arrays"] = {"values": {"dtype": "<f8", "shape": [int(lengths.sum())]},
                          "offsets": {"dtype": "<i8", "shape": [3]},
                          "starts": {"dtype": "<i8", "shape": [2]}}  # fmt: skip
    manifest["covariates"] = {"future": [], "past": [], "static": []}
    (folder / "panel.json").write_text(json.dumps({**manifest, "num_channels": 1}))
    (folder / "ids.json").write_text('["a", "b"]')
    np.save(folder / "offsets.npy", np.concatenate([[0], np.cumsum(lengths)]))
    np.save(folder / "starts.npy", np.zeros(2, np.int64))
    header = {"descr": "<f8", "fortran_order": False, "shape": (int(lengths.sum()),)}
    with (folder / "values.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        try:
            file.truncate(file.tell() + 8 * int(lengths.sum()))
        except OSError:
            pytest.skip("this file system has no files with holes")
    panel = open_panel(folder)
    assert panel.num_rows == lengths.sum()
    assert panel.row(1).tolist() == [0.0] * 5
    assert panel.take(np.array([0])).head(3).values.tolist() == [0.0] * 3
    assert panel.head(2).values.tolist() == [0.0] * 4
    assert panel.block(lengths - 2, lengths).observed.all()
    assert len(pickle.dumps(panel)) < 5000
    assert pickle.loads(pickle.dumps(panel.take(np.array([0])))).num_rows == lengths[0]


def test_a_pickle_of_a_mapped_panel_holds_the_place_of_its_values(saved, tmp_path):
    panel, folder = saved
    held = pickle.dumps(open_panel(folder).take(np.array([2])))
    np.testing.assert_array_equal(pickle.loads(held).values, panel.row(2))
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError, match="holds the place of the values, not the values"):
        pickle.loads(held)


def test_arrays_that_a_file_may_not_hold_are_pickled_by_value(tmp_path):
    np.save(tmp_path / "values.npy", np.arange(4.0))
    changed = np.load(tmp_path / "values.npy", mmap_mode="c")
    changed[1] = 7.0
    panel = replace(make([4], covariates=False), values=changed)
    strided = replace(panel, values=np.load(tmp_path / "values.npy", mmap_mode="r")[::-1])
    for one in (panel, strided):
        held = pickle.dumps(one)
        assert b"values.npy" not in held
        np.testing.assert_array_equal(pickle.loads(held).values, one.values)


def test_a_folder_is_written_whole_or_not_at_all(saved, tmp_path):
    panel, folder = saved
    with pytest.raises(FileExistsError, match="exists; give another name, or remove it first"):
        save_panel(panel, folder)
    with pytest.raises(FileNotFoundError, match="does not exist; create it first"):
        save_panel(panel, tmp_path / "none" / "panel")
    for odd in (1.5, ("a", 1), True, None):
        with pytest.raises(TypeError, match=r"series id .* is of type .*a file holds text and"):
            save_panel(make([2], ids=[odd]), tmp_path / "odd")
    assert [entry.name for entry in tmp_path.iterdir()] == ["panel"]
    assert {entry.suffix for entry in folder.iterdir()} == {".npy", ".json"}


def edited(folder, **changes):
    manifest = json.loads((folder / "panel.json").read_text())
    (folder / "panel.json").write_text(json.dumps({**manifest, **changes}))


DAMAGES = {
    "no manifest": (lambda folder: (folder / "panel.json").unlink(), "is no folder of a panel"),
    "foreign": (lambda folder: edited(folder, format="x"), "its panel.json is of something else"),
    "list": (lambda folder: (folder / "panel.json").write_text("[]"), "is of something else"),
    "cut manifest": (lambda folder: (folder / "panel.json").write_text("{"), "is damaged"),
    "newer": (lambda folder: edited(folder, version=2), "has version 2; this release reads"),
    "cut values": (lambda folder: (folder / "values.npy").write_bytes(
        (folder / "values.npy").read_bytes()[:-8]), "is damaged: .*Save or read it again"),
    "other values": (lambda folder: np.save(folder / "values.npy", np.zeros(3)),
                     r"values.npy holds .*\[3\].* where .*\[140\].* is expected"),
    "pickled": (lambda folder: np.save(folder / "offsets.npy", np.array([{}]), allow_pickle=True),
                "is damaged: .*allow_pickle"),
    "no array": (lambda folder: (folder / "past.npy").unlink(), "is damaged: .*past.npy"),
    "offsets": (lambda folder: np.save(folder / "offsets.npy", np.array([0, 9, 5, 7, 140])),
                "is damaged: offsets must rise"),
    "ids": (lambda folder: (folder / "ids.json").write_text('["a"]'), "is damaged: 1 ids need"),
    "an id": (lambda folder: (folder / "ids.json").write_text('["a", 2, 1.5, null]'),
              "is damaged: series id 1.5 is of type float"),
    "array name": (lambda folder: edited(folder, arrays={"../x": {}}), "unknown array '../x'"),
    "clock": (lambda folder: edited(folder, starts={"kind": "datetime", "unit": "us",
                                                    "zone": "Mars/Base"}), "is damaged"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_foreign_and_damaged_folders_are_refused(saved, damage):
    _, folder = saved
    change, message = DAMAGES[damage]
    change(folder)
    with pytest.raises(ValueError, match=message):
        open_panel(folder)


def test_a_missing_folder_is_refused(saved):
    _, folder = saved
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*panel; check the path"):
        open_panel(folder)
