"""The benchmark of backtests runs, counts every forecast and says what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))  # scripts, which import their neighbours

import backtest as benchmark  # noqa: E402


def test_a_part_that_was_timed_is_scaled_to_the_whole_and_ratios_are_paired():
    def rounds(count, *seconds):
        return [{"seconds": one, "forecasts": count} for one in seconds]

    found = {
        benchmark.OURS: rounds(1000, 1.0, 2.0, 10.0),
        benchmark.HISTORICAL: rounds(100, 1.0, 1.0, 3.0),
    }
    row = benchmark.speed_rows(found)[1]
    assert row["seconds"] == 10 and row["it / ours"] == 5
    assert row["rounds"] == [10, 10, 30] and row["forecasts timed"] == 100


@pytest.mark.long
def test_a_small_run_writes_its_table(tmp_path):
    pytest.importorskip("tensorflow")
    path = tmp_path / "results" / "small.json"
    sizes = {"series": 3, "steps": 120, "windows": 4, "stride": 3, "horizon": 5, "units": 4,
             "rounds": 1}  # fmt: skip
    options = [f"--{name}={value}" for name, value in sizes.items()]
    command = [sys.executable, FOLDER / "backtest.py", *options, "--without-peers",
               "--without-memory", f"--output={path}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    assert "darts is left out" in done.stdout
    record = json.loads(path.read_text())
    assert {"settings", "machine", "versions", "versions of the peers", "memory"} <= set(record)
    assert [row["contender"] for row in record["speed"]] == [benchmark.OURS, benchmark.NO_FRAME]
    assert all(row["forecasts timed"] == 3 * 4 * 5 for row in record["speed"])
