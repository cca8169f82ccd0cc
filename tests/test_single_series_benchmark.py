"""The benchmark of a few long series: seeds are averaged, and it writes its table."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))


@pytest.mark.long
def test_it_writes_its_table(tmp_path, monkeypatch):
    import single_series

    values = np.random.default_rng(3).normal(size=300).cumsum()
    frame = pd.DataFrame({"unique_id": "walk", "ds": range(300), "y": values})
    task = single_series.Task(lambda folder: frame, 5, 10, 5)
    monkeypatch.setattr(single_series, "TASKS", {"walk": task})
    path = tmp_path / "found.json"
    command = ["single_series.py", "--seeds", "0", "1", "--output", str(path)]
    monkeypatch.setattr(sys, "argv", command)
    single_series.main()
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [row["model"] for row in rows] == ["AR", "PooledAR", "Combine", "LSTM"]
    for row in rows:
        assert row["steps"] == 300 and 0.5 < row["MASE"] < 10.0
        assert 50.0 < row["coverage 80 %"] <= row["coverage 95 %"] <= 100.0
