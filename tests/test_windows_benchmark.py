"""The benchmark of windows runs, counts every window and says what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))  # scripts, which import their neighbours

import windows as benchmark  # noqa: E402
from windows_measure import Task, frame_of, measured_epoch, measured_preparation  # noqa: E402
from windows_ours import keras_side_by_side, keras_windows, ours, ours_in_tensorflow  # noqa: E402
from windows_ours import read as read_with_freq  # noqa: E402

SERIES, STEPS = 5, 40
TASK = Task("", context=7, horizon=3, batch=16)
TOTAL = SERIES * (STEPS - 7 - 3 + 1)


@pytest.fixture
def values():
    return np.random.default_rng(3).normal(size=(SERIES, STEPS))


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("epoch", [ours, ours_in_tensorflow, keras_windows])
def test_an_epoch_has_every_window_once(epoch, shuffled, values):
    pytest.importorskip("tensorflow")
    task = Task("", context=7, horizon=3, batch=16, shuffled=shuffled)
    assert sum(epoch(values, task)) == TOTAL


def test_series_side_by_side_have_the_same_windows(values):
    pytest.importorskip("tensorflow")
    assert sum(keras_side_by_side(values, TASK)) == TOTAL


@pytest.mark.parametrize("batches, timed", [(None, TOTAL), (2, 48)])
def test_an_epoch_is_timed_after_its_first_batch(batches, timed, values, tmp_path):
    np.save(tmp_path / "series.npy", values)
    path = str(tmp_path / "series.npy")
    task = Task("", path, context=7, horizon=3, batch=16, batches=batches)
    found = measured_epoch(ours, task)
    assert found["windows in the first batch"] == 16
    assert found["windows in the first batch"] + found["windows in the others"] == timed
    assert found["seconds of the others"] > 0


def test_frames_hold_the_same_rows_in_either_order():
    sorted_rows, shuffled = (frame_of(Task("", rows=600, series=20, shuffled=mixed))
                             for mixed in (False, True))  # fmt: skip
    assert not shuffled["ds"].equals(sorted_rows["ds"])
    back = shuffled.sort_values(["unique_id", "ds"]).reset_index(drop=True)
    expected = sorted_rows.sort_values(["unique_id", "ds"]).reset_index(drop=True)
    assert back.equals(expected)
    found = measured_preparation(read_with_freq, Task("", rows=600, series=20))
    assert found["seconds"] > 0


def test_ratios_are_medians_of_the_rounds():
    ours_row = benchmark.CONTENDERS[0]
    peer = next(one for one in benchmark.CONTENDERS if one.name.startswith("darts"))
    mixed = next(one for one in benchmark.CONTENDERS if one.row == ("ours", "random"))

    def rounds(*rates):
        return [{"seconds to the first batch": 2.0, "seconds of the others": 1.0, "batches": 9,
                 "windows in the others": rate, "windows in the first batch": 1,
                 "extra bytes": 3e6, "times the series": 0.5} for rate in rates]  # fmt: skip

    found = {ours_row: rounds(100, 300, 800), peer: rounds(10, 60, 40), mixed: rounds(20, 30, 40)}
    rows = {(row["source"], row["order"]): row for row in benchmark.epoch_rows(found, 600)}
    row = rows[peer.row]
    assert row["windows a second"] == 40 and row["ours in order / it"] == 10
    assert row["ours random / it"] == 1 and row["epoch s"] == 2 + 600 / 40
    assert row["extra MB"] == 3


@pytest.mark.long
def test_a_small_run_writes_its_table(tmp_path):
    pytest.importorskip("tensorflow")
    path = tmp_path / "results" / "small.json"
    sizes = {"series": 6, "steps": 60, "context": 7, "horizon": 3, "batch": 16, "rounds": 1,
             "peer-batches": 4, "rows": 400, "frame-series": 20}  # fmt: skip
    options = [f"--{name}={value}" for name, value in sizes.items()]
    command = [sys.executable, FOLDER / "windows.py", *options, "--without-peers",
               f"--output={path}", "--sources", "ours"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    assert "neuralforecast and darts are left out" in done.stdout
    record = json.loads(path.read_text())
    assert {"settings", "machine", "versions", "versions of the peers"} <= set(record)
    first = record["windows"][0]
    assert (first["source"], first["order"], first["ours in order / it"]) == ("ours", "in order", 1)
    assert len(record["windows"]) == 2
    names = [(row["preparation"], row["rows"]) for row in record["frames"]]
    assert ("read_frame, freq given", "shuffled") in names
