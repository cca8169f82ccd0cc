"""A file appears whole or not at all."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from io_samples import long_frame

import forecast as fc
from forecast.archive.container import Member
from forecast.files import check_path, replaced_file, write_table
from forecast.io import load, save


def full_disk(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_the_new_file_takes_the_old_ones_place(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with replaced_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert (tmp_path / "a.txt").read_text() == "old"
        assert temporary.parent == tmp_path
    assert (tmp_path / "a.txt").read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_no_other(error, tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(error), replaced_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise error
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_does_not_exist(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match="nowhere does not exist; create it first"),
        replaced_file(tmp_path / "nowhere" / "a.txt"),
    ):
        pytest.fail("nothing can be written there")


def test_a_folder_that_does_not_exist_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"^folder nowhere does not exist; create it"):
        check_path("nowhere/a.txt")
    (tmp_path / "link.txt").symlink_to(tmp_path / "gone" / "a.txt")
    with pytest.raises(FileNotFoundError, match=r"folder /.*gone does not exist; create it first"):
        check_path("link.txt")


def test_a_folder_in_the_files_place(tmp_path):
    with (
        pytest.raises(IsADirectoryError, match="is a folder; give the name of a file"),
        replaced_file(tmp_path),
    ):
        pytest.fail("nothing can be written there")


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    with replaced_file(tmp_path / "link.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.parametrize(
    "step", ["os.fsync", "pathlib.Path.replace", "forecast.archive.archive.write_container"]
)
def test_a_bundle_that_cannot_be_written_leaves_the_old_one(step, tmp_path, monkeypatch):
    path = tmp_path / "model.kfc"
    save(fc.Naive().fit(long_frame()), path)
    drift = fc.Drift().fit(long_frame())
    monkeypatch.setattr(step, full_disk)
    with pytest.raises(OSError, match="No space left on device"):
        drift.save(path)
    monkeypatch.undo()
    assert load(path).name == "Naive"
    assert [file.name for file in tmp_path.iterdir()] == ["model.kfc"]


def test_a_disk_that_fills_half_way(tmp_path, monkeypatch):
    """The third member fails, after two were written."""
    path = tmp_path / "model.kfc"
    written, header = [], Member.local_header

    def fails_third(member):
        written.append(member)
        return full_disk() if len(written) == 3 else header(member)

    monkeypatch.setattr(Member, "local_header", fails_third)
    with pytest.raises(OSError, match="No space left on device"):
        save(fc.Naive().fit(long_frame()), path)
    assert len(written) == 3
    assert not list(tmp_path.iterdir())


def test_access_rights_of_the_older_file_are_kept(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "a.txt").chmod(0o640)
    with replaced_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("denied", ["folder", "file"])
def test_what_may_not_be_written_to_is_refused(denied, tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("old")
    place = tmp_path if denied == "folder" else tmp_path / "a.txt"
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != place)
    with pytest.raises(PermissionError, match="read-only"), replaced_file(tmp_path / "a.txt"):
        pytest.fail("nothing can be written there")
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_pipe_in_the_files_place(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PermissionError, match="or no file"), replaced_file(tmp_path / "pipe"):
        pytest.fail("a pipe must not be replaced by a file")


def test_what_a_killed_process_left_behind_is_removed_when_it_is_old(tmp_path):
    path = tmp_path / "model.kfc"
    old, young = tmp_path / ".model.0123abcd.partial.kfc", tmp_path / ".model.01234567.partial.kfc"
    others = [tmp_path / ".other.0123abcd.partial.kfc", tmp_path / ".model.kfc"]
    for file in (old, young, *others):
        file.write_text("half")
        os.utime(file, (0, 0))
    os.utime(young)
    with replaced_file(path) as temporary:
        temporary.write_text("new")
    assert {file.name for file in tmp_path.iterdir()} == {
        "model.kfc", young.name, *(file.name for file in others)
    }  # fmt: skip


def test_a_file_of_a_long_name(tmp_path):
    path = tmp_path / ("大" * 80 + ".kfc")
    with replaced_file(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


def test_two_writers_at_once_leave_one_whole_file(tmp_path):
    path = tmp_path / "a.txt"

    def write(text: str) -> None:
        for _ in range(20):
            with replaced_file(path) as temporary:
                temporary.write_text(text)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ["a" * 10_000, "b" * 20_000]))
    assert path.read_text() in ("a" * 10_000, "b" * 20_000)
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_the_file_may_be_read_as_the_users_mask_says(tmp_path):
    with replaced_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    mask = os.umask(0)
    os.umask(mask)
    assert Path(tmp_path / "a.txt").stat().st_mode & 0o777 == 0o666 & ~mask


# Tables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])
def test_a_table_is_written_without_its_index(suffix, tmp_path):
    frame = long_frame()
    write_table(tmp_path / f"table{suffix}", frame)
    written = fc.read_file(tmp_path / f"table{suffix}")
    assert written.columns.tolist() == frame.columns.tolist()
    np.testing.assert_allclose(written["y"], frame["y"], rtol=1e-14)


def test_a_table_of_an_unknown_kind(tmp_path):
    with pytest.raises(ValueError, match=r"unknown suffix '\.txt'; give \.csv or \.parquet"):
        write_table(tmp_path / "table.txt", long_frame())


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    (tmp_path / "table.csv").write_text("old")
    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left on device"):
        write_table(tmp_path / "table.csv", long_frame())
    assert (tmp_path / "table.csv").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]
