"""A comparison in a file: the same verdict, table and report; damage and foreign files refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.archive.archive import write_archive
from forecast.archive.errors import BundleError
from forecast.archive.kind import COMPARISON


def frame(ids=("a", "b"), times=None) -> pd.DataFrame:
    generator, parts = np.random.default_rng(8), []
    times = pd.date_range("2020-01-06", periods=40, freq="W-MON") if times is None else times
    for name in ids:
        values = 30 + np.cumsum(generator.standard_normal(len(times)))
        parts.append(pd.DataFrame({"unique_id": name, "ds": times, "y": values}))
    return pd.concat(parts, ignore_index=True)


def compared(data: pd.DataFrame, **options) -> fc.evaluation.Comparison:
    return fc.compare(fc.AR(lags=1, alias="one"), data, 2, n_windows=8, **options)


@pytest.fixture(scope="module")
def result() -> fc.evaluation.Comparison:
    return compared(frame())


def again(result, folder):
    result.save(folder / "result.kfr")
    return fc.load_comparison(folder / "result.kfr")


def assert_same(found, wanted) -> None:
    assert found.verdict == wanted.verdict and found.protocol == wanted.protocol
    for name in ("table", "by_step", "by_series", "choices"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(wanted, name))
    pd.testing.assert_frame_equal(found.to_frame(), wanted.to_frame())
    pd.testing.assert_frame_equal(found.material.history, wanted.material.history)
    pd.testing.assert_frame_equal(found.run.seconds, wanted.run.seconds)
    assert found.run.settings == wanted.run.settings
    assert found.material.notes == wanted.material.notes
    for name in ("columns", "split", "levels", "horizon", "denominators", "replicates"):
        assert getattr(found.backtest, name) == getattr(wanted.backtest, name), name


INTEGERS = np.arange(5, 45)
ZONED = pd.date_range("2020-01-06", periods=40, freq="h", tz="Europe/Berlin")
CASES = {
    "text ids": lambda: frame(),
    "whole ids, whole times": lambda: frame((7, 3), INTEGERS),
    "time zone": lambda: frame(times=ZONED),
    "categories": lambda: frame().astype({"unique_id": "category"}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_loaded_is_what_was_saved(case, tmp_path) -> None:
    wanted = compared(CASES[case]())
    assert_same(again(wanted, tmp_path), wanted)


def test_channels_are_loaded_as_channels(tmp_path) -> None:
    data = frame().assign(z=lambda f: f["y"] * 2 + np.arange(len(f)))
    wanted = compared(data, target_col=["y", "z"])
    found = again(wanted, tmp_path)
    assert_same(found, wanted)
    assert [key.channel for key in found.backtest.denominators] == ["y", "z", "y", "z"]


def test_the_report_is_the_same(result, tmp_path) -> None:
    pages = []
    for number, one in enumerate((result, again(result, tmp_path))):
        path = tmp_path / f"{number}.html"
        one.to_html(path)
        pages.append(path.read_text(encoding="utf-8"))
    assert pages[0] == pages[1]


def test_a_changed_byte_is_refused(result, tmp_path) -> None:
    path = tmp_path / "result.kfr"
    result.save(path)
    good = path.read_bytes()
    for place in np.random.default_rng(0).integers(len(good), size=60):
        bad = bytearray(good)
        bad[place] ^= 1 << int(place % 8)
        path.write_bytes(bad)
        with pytest.raises(BundleError, match=r"result.kfr is refused"):
            fc.load_comparison(path)
    for length in (0, 10, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(BundleError, match=r"result.kfr is refused: it is no bundle"):
            fc.load_comparison(path)


def test_foreign_files_are_refused(result, tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file"):
        fc.load_comparison(tmp_path / "none.kfr")
    model = tmp_path / "model.kfc"
    fc.Naive().fit(frame()).save(model)
    with pytest.raises(BundleError, match="does not say that it is a keras-forecast comparison"):
        fc.load_comparison(model)
    result.save(tmp_path / "result.kfr")
    with pytest.raises(BundleError, match="does not say that it is a keras-forecast bundle"):
        fc.load(tmp_path / "result.kfr")
    with pytest.raises(BundleError, match="more than the limit of 1,000"):
        fc.load_comparison(tmp_path / "result.kfr", max_bytes=1000)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "describes no comparison"),
        ({"comparison": 3}, "it holds a int, a comparison is expected"),
        ({"comparison": {"$record": "Popen", "fields": {}}}, "asks for the record 'Popen'"),
        ({"comparison": {"$record": "Comparison", "fields": {}}}, "describes no comparison"),
        ({"comparison": {"$frame": {"columns": [], "index": None}}}, "describes no comparison"),
        ({"comparison": {"$array": "b"}}, "describes no comparison"),
    ],
)  # fmt: skip
def test_a_manifest_of_another_structure_is_refused(content, message, tmp_path) -> None:
    path = tmp_path / "odd.kfr"
    write_archive(path, content, {"a": np.zeros(1)}, COMPARISON)
    with pytest.raises(BundleError, match=message):
        fc.load_comparison(path)


def test_a_newer_version_is_refused(result, tmp_path) -> None:
    path = tmp_path / "newer.kfr"
    write_archive(path, {"comparison": 0}, {}, replace(COMPARISON, version=2))
    with pytest.raises(BundleError, match=r"the format version 2, this library reads 1\. Update"):
        fc.load_comparison(path)


def test_what_cannot_be_saved_is_refused_and_the_older_file_stays(result, tmp_path) -> None:
    path = tmp_path / "result.kfr"
    path.write_text("older")
    odd = replace(result, run=replace(result.run, settings={"made of": object()}))
    with pytest.raises(BundleError, match=r"cannot hold <object object.*of type object"):
        odd.save(path)
    ids = frame().assign(unique_id=lambda f: f["unique_id"].map({"a": 1.5, "b": 2.5}))
    with pytest.raises(BundleError, match=r"1\.5"):
        compared(ids).save(path)
    assert path.read_text() == "older"
