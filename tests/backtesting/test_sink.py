"""What is written to a Parquet file is the frame that would have been returned, or nothing."""

from __future__ import annotations

import builtins

import numpy as np
import pandas as pd
import pytest
from backtesting.frames import ragged

import forecast as fc
from forecast.backtesting import parquet as parquet_module

pytest.importorskip("pyarrow")

FRAME = ragged(gaps=0.05).drop(columns=["z", "price"])


def hourly(frame):
    return frame.assign(ds=frame["ds"].min() + (frame["ds"] - frame["ds"].min()) / 24)


KINDS = {
    "text": FRAME,
    "time zone": FRAME.assign(ds=FRAME["ds"].dt.tz_localize("America/New_York")),
    "hours": hourly(FRAME),
    "nanoseconds": FRAME.assign(ds=FRAME["ds"].astype("datetime64[ns]")),
    "integer time": FRAME.assign(ds=(FRAME["ds"] - FRAME["ds"].min()).dt.days),
    "short integers": FRAME.assign(
        ds=(FRAME["ds"] - FRAME["ds"].min()).dt.days.astype("int32"),
        unique_id=FRAME["unique_id"].map({"a": 7, "b": 5, "c": 6}).astype("int16"),
    ),
    "category": FRAME.assign(unique_id=FRAME["unique_id"].astype("category")),
    "multi-index": FRAME.set_index(["unique_id", "ds"]),
    "wide": FRAME.pivot(index="ds", columns="unique_id", values="y"),
    "series": FRAME[FRAME["unique_id"] == "a"].set_index("ds")["y"],
}


def written_and_returned(tmp_path, forecasters, frame, horizon=3, **options):
    path = tmp_path / "cv.parquet"
    told = fc.cross_validation(forecasters, frame, horizon, sink=path, **options)
    assert told == path
    assert [file.name for file in tmp_path.iterdir()] == ["cv.parquet"]
    return pd.read_parquet(path), fc.cross_validation(forecasters, frame, horizon, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_read_back_is_the_frame(tmp_path, kind):
    both = [fc.Naive(), fc.AR(lags=2, season_length=1)]
    options = {"n_windows": 3, "step_size": 2, "level": [80]}
    pd.testing.assert_frame_equal(
        *written_and_returned(tmp_path, both, KINDS[kind], **options), check_exact=True
    )


def test_whole_seconds_come_back_in_milliseconds(tmp_path):
    """Parquet knows no coarser unit; the times are the same."""
    frame = FRAME.assign(ds=FRAME["ds"].astype("datetime64[s]"))
    read, returned = written_and_returned(tmp_path, fc.Naive(), frame, n_windows=2)
    assert read["ds"].dtype == read["cutoff"].dtype == "datetime64[ms]"
    pd.testing.assert_frame_equal(read, returned, check_dtype=False, check_exact=True)


@pytest.mark.parametrize("options", [
    {"refit": True, "num_paths": 5, "seed": 3}, {"refit": 2, "gap": 1}, {"refit": False},
    {"refit": True, "n_jobs": 2}, {"align": "calendar", "max_train_size": 30},
], ids=str)  # fmt: skip
def test_every_option_reaches_the_file(tmp_path, options):
    both = [fc.AR(lags=2, season_length=1), fc.PooledAR(lags=3, season_length=7)]
    found = written_and_returned(tmp_path, both, FRAME, n_windows=4, **options)
    pd.testing.assert_frame_equal(*found, check_exact=True)
    assert ("AR-crps" in found[0]) == ("num_paths" in options)


def test_channels_and_covariates_are_written(tmp_path):
    frame = ragged()
    frame = frame[frame["unique_id"] != "c"]
    found = written_and_returned(
        tmp_path, [fc.Naive(), fc.VAR(lags=1)], frame.drop(columns="price"), n_windows=3,
        target_col=["y", "z"], level=[90],
    )  # fmt: skip
    pd.testing.assert_frame_equal(*found, check_exact=True)
    found = written_and_returned(
        tmp_path, fc.PooledAR(lags=3), frame.drop(columns="z"), n_windows=3,
        future_covariates=["price"],
    )  # fmt: skip
    pd.testing.assert_frame_equal(*found, check_exact=True)


def test_polars_come_back_as_polars(tmp_path):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({name: FRAME[name].to_numpy() for name in FRAME})
    path = tmp_path / "cv.parquet"
    fc.cross_validation(fc.Naive(), frame, 3, n_windows=2, sink=path)
    returned = fc.cross_validation(fc.Naive(), frame, 3, n_windows=2)
    assert polars.read_parquet(path).equals(returned)


def test_rows_are_written_in_groups(tmp_path, monkeypatch):
    import pyarrow.parquet

    monkeypatch.setattr(parquet_module, "_ROWS_OF_A_GROUP", 20)
    path = tmp_path / "cv.parquet"
    fc.cross_validation(fc.Naive(), FRAME, 3, n_windows=9, sink=str(path))
    file = pyarrow.parquet.ParquetFile(path).metadata
    assert file.num_row_groups > 2
    assert file.num_rows == len(fc.cross_validation(fc.Naive(), FRAME, 3, n_windows=9))
    sizes = [file.row_group(group).num_rows for group in range(file.num_row_groups)]
    assert all(size >= 20 for size in sizes[:-1])


class Breaks(fc.Naive):
    def _estimate(self, task):
        if task.panel.lengths.max() > 110:
            raise RuntimeError("the power went out")
        return super()._estimate(task)


def test_an_interrupted_run_leaves_the_older_file_whole(tmp_path):
    path = tmp_path / "cv.parquet"
    fc.cross_validation(fc.Naive(), FRAME, 3, n_windows=2, sink=path)
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="the power went out"):
        fc.cross_validation([fc.Naive(), Breaks()], FRAME, 3, n_windows=6, sink=path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    path.unlink()
    with pytest.raises(RuntimeError, match="the power went out"):
        fc.cross_validation([Breaks()], FRAME, 3, n_windows=6, sink=path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "error", "words"), [
    ("missing/cv.parquet", FileNotFoundError, "does not exist; create it first"),
    (".", IsADirectoryError, "is a folder; give the name of a file"),
    ("cv.csv", ValueError, "written as Parquet: give a path like cv.parquet; got .*cv.csv"),
])  # fmt: skip
def test_a_place_that_cannot_be_written_is_refused_before_any_work(tmp_path, name, error, words):
    with pytest.raises(error, match=words):
        fc.cross_validation(Breaks(), FRAME, 3, n_windows=6, sink=tmp_path / name)
    with pytest.raises(TypeError, match=r"must be the path of a .parquet file; got 5"):
        fc.cross_validation(Breaks(), FRAME, 3, n_windows=6, sink=5)


def test_without_pyarrow_the_error_says_what_to_install(tmp_path, monkeypatch):
    load = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        ImportError, match=r"needs pyarrow: pip install 'keras-forecast\[parquet\]'"
    ):
        fc.cross_validation(Breaks(), FRAME, 3, n_windows=6, sink=tmp_path / "cv.parquet")


def test_origins_are_not_gathered_before_they_are_written(tmp_path, monkeypatch):
    """All forecasters walk side by side: what was said at an origin is written at once."""
    order = []
    monkeypatch.setattr(
        parquet_module._Rows, "write", lambda rows, frame: order.append(("write", len(frame)))
    )

    class Tells(fc.Naive):
        def _estimate(self, task):
            order.append(("fit", self.name))
            return super()._estimate(task)

    pair = [Tells(alias="first"), Tells(alias="second")]
    with pytest.raises(FileNotFoundError):  # nothing was written, so there is no file to move
        fc.cross_validation(pair, FRAME, 3, n_windows=3, sink=tmp_path / "cv.parquet")
    written = [index for index, (what, _) in enumerate(order) if what == "write"]
    later_fits = [index for index, (what, _) in enumerate(order) if what == "fit"][-2:]
    assert written[0] < later_fits[0] and len(written) == 3
    np.testing.assert_array_equal(np.diff(written) > 1, True)
