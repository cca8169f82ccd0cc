"""The benchmark of updates runs at a tiny size, and compares like with like."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))  # scripts, which import their neighbours

import streaming as benchmark  # noqa: E402
from closed_form_data import simulated  # noqa: E402

import forecast as fc  # noqa: E402


def test_frames_are_stretches_of_the_series():
    values = simulated(3, 50, 0)
    frame = benchmark.frame_of(values, 40, 50)
    np.testing.assert_array_equal(frame["y"].to_numpy().reshape(3, 10), values[:, 40:])
    assert (frame["ds"].min() - benchmark.START).total_seconds() == 40 * 3600
    assert list(frame["unique_id"].unique()) == ["series 0", "series 1", "series 2"]


def test_turns_time_both_and_go_first_in_turn():
    order = []
    found = benchmark.turns(lambda: order.append(0), lambda: order.append(1), 4)
    assert found.shape == (4, 2) and (found > 0).all()
    assert order == [0, 1] + [1, 0, 0, 1] * 2  # a round of each first, which is not timed
    first, second, ratio = benchmark.compared(np.array([[1.0, 4.0], [2.0, 6.0], [9.0, 9.0]]))
    assert (first, second, ratio) == (2.0, 6.0, 3.0)


def test_both_tables_of_a_linear_forecaster():
    models = [fc.AR(lags=2, season_length=24)]
    [row] = benchmark.history_rows(models, simulated(3, 401, 1), (100, 400), 2)
    assert row["forecaster"] == "AR" and row["long / short"] > 0
    assert row["ms after 100"] > 0 and row["ms after 400"] > 0
    pooled = fc.PooledAR(lags=[1, 2], season_length=24, block_length=1)
    rows = benchmark.context_rows(pooled, simulated(4, 120, 1), 50, 2)
    names = ["whole call", "engine alone", "reading the frame alone"]
    assert [row["what"] for row in rows] == names
    assert all(row["ms, 50 rows a series"] > 0 for row in rows)


@pytest.mark.long
def test_a_small_run_writes_its_table(tmp_path):
    pytest.importorskip("tensorflow")
    path = tmp_path / "results" / "small.json"
    sizes = {"short": 100, "long": 300, "history-series": 2, "pairs": 2, "series": 5,
             "context": 30, "rounds": 1, "training-steps": 2}  # fmt: skip
    options = [f"--{name}={value}" for name, value in sizes.items()]
    command = [sys.executable, FOLDER / "streaming.py", *options, f"--output={path}"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    record = json.loads(path.read_text())
    assert [row["forecaster"] for row in record["history"]] == ["AR", "PooledAR", "LSTM"]
    assert len(record["context"]) == 3 and {"settings", "machine", "versions"} <= set(record)
