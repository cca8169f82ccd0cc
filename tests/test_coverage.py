"""Intervals cover what they say at every step ahead, on processes of known law; the benchmark."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import forecast as fc

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))  # scripts, which import their neighbours

import coverage as benchmark  # noqa: E402
from coverage_data import PROCESSES, scores_of  # noqa: E402

from forecast.adaptive import adaptive_width  # noqa: E402
from forecast.calibration import Calibration  # noqa: E402


@pytest.mark.slow
@pytest.mark.parametrize("process", list(PROCESSES))
@pytest.mark.parametrize("model", ["AR", "Naive"])
def test_coverage_is_within_three_points_at_every_step_ahead(process, model):
    """4,000 series, the last 8 of 108 steps held out; the standard error is 0.6 points at most."""
    values = PROCESSES[process](np.random.default_rng(11), 4_000, 108)
    found = benchmark.coverage(benchmark.FORECASTERS[model](), values, 8)
    for (_, level), by_step in found.items():
        np.testing.assert_allclose(by_step, level, atol=3.0)


def test_the_benchmark_counts_what_lies_within():
    values = PROCESSES["AR(2)"](np.random.default_rng(2), 6, 60)
    found = benchmark.coverage(fc.Naive(), values, 5)
    frame = benchmark.long_frame(values)
    known = frame[frame.groupby("unique_id").cumcount() < 55]
    made = fc.Naive().fit(known, horizon=5).predict(5, [80, 95]).merge(frame)
    for level in (80, 95):
        inside = made["y"].between(made[f"Naive-lo-{level}"], made[f"Naive-hi-{level}"])
        wanted = 100 * inside.to_numpy().reshape(6, 5).mean(axis=0)
        np.testing.assert_allclose(found["conformal", level], wanted)


def test_the_benchmark_follows_scores_as_the_forecasters_do():
    scores = scores_of(np.random.default_rng(3), np.linspace(1, 3, 90), 4)
    residuals = np.random.default_rng(4).normal(size=(200, 1))
    calibration = Calibration(residuals, residuals, 1.0, np.nan)
    width = calibration.half_width(5, 1)[0]  # the lowest rung: nothing below it to keep above
    after = np.pad(scores, ((0, 0), (0, 1)))
    found = benchmark.followed(after, width, 5, 0.1, 64)[:, -1:]
    wanted = adaptive_width(calibration, scores[:, -64:], 5, 1)
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_a_small_run_writes_its_tables(tmp_path):
    path = tmp_path / "coverage.json"
    command = [sys.executable, FOLDER / "coverage.py", "--series", "20", "--steps", "60"]
    command += ["--horizon", "4", "--models", "Naive", "--data", tmp_path, "--output", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "nn5_daily is left out" in done.stdout and "variance doubles" in done.stdout
    record = json.loads(path.read_text())
    assert [row["data"] for row in record["simulated"]] == [
        name for name in PROCESSES for _ in range(4)
    ]
    for row in record["simulated"]:
        assert len(row["by step"]) == 4
        assert row["lowest"] <= row["mean"] <= row["highest"]
    assert {"settings", "machine", "versions", "noise"} <= set(record)
