"""The speed benchmark runs, and says what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "closed_form.py"


@pytest.mark.long
def test_a_small_run_writes_its_table(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "results" / "small.json"
    sizes = {"series": 30, "statsmodels-series": 3, "rows": 5000, "rounds": 1}
    options = [f"--{name}={value}" for name, value in sizes.items()]
    command = [sys.executable, SCRIPT, *options, "--without-peers", f"--output={path}"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    assert "statsforecast is left out" in done.stdout
    record = json.loads(path.read_text())
    names = [row["what"] for row in record["rows"]]
    assert "fit and forecast" in names and "statsmodels AutoReg" in names
    assert record["largest difference of forecasts from statsmodels"] < 1e-8
    assert record["streamed"]["whole"]["rows"] == 5000
    assert record["streamed"]["whole"]["rows used"] == 5000 - 10 * 24
    assert {"settings", "machine", "versions"} <= set(record)
