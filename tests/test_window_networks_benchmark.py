"""The benchmark of networks that read a window: names, rows, and what is kept of a run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from benchmark_material import WEEKLY, counted, write

import forecast as fc

import window_networks as benchmark  # isort: skip
from forecasters import made  # isort: skip
from networks import Fitted, Trials  # isort: skip

OLD = {"panel": "m4_weekly", "model": "Seq2Seq", "score": 0.0}
RNG = np.random.default_rng(3)


def of(mean: float) -> Fitted:
    return Fitted(mean * RNG.uniform(0.9, 1.1, (1, 40)), 1.0, "", 7)


def test_all_networks_are_forecasters_of_one_plan():
    found = {name: made(name, WEEKLY, 5, None, 30) for name in benchmark.NETWORKS}
    assert [one.name for one in found.values()] == list(benchmark.NETWORKS)
    assert {one.training for one in found.values()} == {fc.Training(num_steps=30)}
    assert {one.seed for one in found.values()} == {5}
    assert found["Attention"].design.attention == "additive"
    assert found["Seq2Seq"].design == fc.Seq2SeqDesign()


def test_a_row_stands_beside_the_best_linear_and_the_default():
    found = {"AR": of(2.0), "PooledAR": of(1.0), "Combine": of(3.0), "LSTM": of(0.8)}
    trials = Trials("m4_weekly", WEEKLY, None, None, None)
    assert "skill" not in benchmark._row(trials, found, "AR")
    assert "beside LSTM" not in benchmark._row(trials, found, "LSTM")
    found["Seq2Seq"] = of(0.4)
    row = benchmark._row(trials, found, "Seq2Seq")
    scores = {name: one.losses.mean() for name, one in found.items()}
    assert (row["best linear"], row["steps"], row["test over"]) == ("PooledAR", 7, "series")
    assert row["skill"] == pytest.approx(1 - scores["Seq2Seq"] / scores["PooledAR"])
    beside = row["beside LSTM"]
    assert beside["skill"] == pytest.approx(1 - scores["Seq2Seq"] / scores["LSTM"])
    assert beside["interval"][0] < beside["skill"] < beside["interval"][1]
    assert beside["p"] < 0.001


def test_a_run_in_small_keeps_the_rows_of_others(tmp_path, monkeypatch, capsys):
    frame = counted({f"W{name}": 70 + 9 * name for name in range(4)}, num_test=13, period=7)
    data, path = write(tmp_path, WEEKLY, frame), tmp_path / "rows.json"
    path.write_text(json.dumps({"rows": [{"panel": "m4_hourly", "model": "AR"}, OLD]}))
    monkeypatch.setattr(benchmark, "made", lambda name, *_: fc.AR(lags=len(name), alias=name))
    options = ["--part", "validation", "--dataset", "m4_weekly", "--num-series", "3"]
    options += ["--network", "Transformer"]
    for _ in range(2):
        benchmark.main([*options, "--data", str(data), "--output", str(path)])
    rows = json.loads(path.read_text())["rows"]
    models = ["AR", "PooledAR", "Combine", "LSTM", "Seq2Seq", "Transformer"]
    assert [row["model"] for row in rows] == [*models, "AR"]
    assert rows[4] == OLD
    assert all(row["steps"] is None and row["score"] > 0 for row in (*rows[:4], rows[5]))
    assert "saved of LSTM" in capsys.readouterr().out


def test_a_test_part_is_scored_whole_and_once(capsys):
    with pytest.raises(SystemExit):
        benchmark.parsed(["--num-series", "3"])
    assert "a test part is scored whole" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="was scored with AR already"):
        benchmark.main(["--dataset", "m4_weekly"])
