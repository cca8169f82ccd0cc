"""The script of the accuracy benchmark: what it runs, prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmark_material import HOURLY, WEEKLY, counted, write

import accuracy  # isort: skip
import forecasters  # isort: skip
import records  # isort: skip
from ledger import Ledger  # isort: skip


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Data, ledger and results of a small benchmark."""
    write(tmp_path, HOURLY, counted({"H1": 350, "H2": 320, "H3": 330}, num_test=48))
    monkeypatch.setattr(accuracy, "PATH", tmp_path / "scores.jsonl")
    monkeypatch.setattr(records, "RESULTS", tmp_path / "results")
    return tmp_path


def run(place: Path, *arguments: str) -> None:
    accuracy.main(["--data", str(place), "--dataset", "m4_hourly", *arguments])


def test_the_script_scores_writes_and_refuses_a_second_time(place, capsys):
    run(place, "--models", "SeasonalNaive,AR")
    assert "Scores on the TEST part" in capsys.readouterr().out
    record = json.loads((place / "results" / "accuracy_m4_hourly.json").read_text())
    assert set(record) == {"dataset", "seed", "max_seconds", "machine", "versions", "rows"}
    assert list(record["rows"][1]) == [
        "model", "sMAPE", "MASE", "OWA", "largest", "fit s", "predict s", "choices"]  # fmt: skip
    lines = Ledger(place / "scores.jsonl").lines()
    assert [line["model"] for line in lines] == ["SeasonalNaive", "AR"]
    assert lines[1]["scores"]["OWA"] == record["rows"][1]["OWA"]
    (place / HOURLY.file).unlink()  # refused before the data are opened
    with pytest.raises(SystemExit, match="scored with AR already"):
        run(place, "--models", "AR")
    with pytest.raises(SystemExit, match=r"hourly\.parquet is not there"):
        run(place, "--models", "AR", "--again", "the machine failed")


def test_a_second_look_is_possible_and_written(place, capsys):
    run(place, "--models", "SeasonalNaive")
    run(place, "--models", "SeasonalNaive", "--again", "a reason")
    last = Ledger(place / "scores.jsonl").lines()[-1]
    assert (last["count"], last["note"]) == (2, "a reason")
    title, header, row = capsys.readouterr().out.splitlines()[-3:]
    assert "looks" in title and row.split()[header.split().index("looks")] == "2"


def test_several_data_sets_share_a_file(place):
    write(place, WEEKLY, counted({"W1": 120, "W2": 100}, num_test=13))
    run(place, "--models", "Naive", "--dataset", "m4_weekly")
    record = json.loads((place / "results" / "accuracy_of_naive.json").read_text())
    assert [row["panel"] for row in record["rows"]] == ["m4_hourly", "m4_weekly"]
    assert record["part"] == "test"


def test_validation_is_said_and_leaves_no_trace(place, capsys):
    run(place, "--models", "SeasonalNaive,AR", "--part", "validation")
    assert "nothing of the test part was read" in capsys.readouterr().out
    assert not (place / "scores.jsonl").exists() and not (place / "results").exists()


def test_the_bar_keeps_the_panels_that_were_not_run_again(place, monkeypatch):
    monkeypatch.setattr(forecasters, "LINEAR", ("naive", "AR"))  # the others take long
    kept = {"panel": "hospital", "model": "AR", "score": 0.7}
    path = place / "results" / "linear_bar.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"part": "test", "rows": [kept]}), encoding="utf-8")
    run(place, "--models", "linear")
    rows = {(row["panel"], row["model"]): row for row in json.loads(path.read_text())["rows"]}
    assert rows.pop(("hospital", "AR")) == kept
    assert [model for _, model in rows] == ["SeasonalNaive", "AR", "chosen"]
    best = rows["m4_hourly", "chosen"]
    assert best["score"] == rows["m4_hourly", best["choices"].split(":")[0]]["OWA"]
    assert best["reached"] == (best["score"] <= 0.46)
    assert len(Ledger(place / "scores.jsonl").lines()) == 2  # the chosen one is no look of its own
    with pytest.raises(SystemExit, match="holds rows of the test part"):
        run(place, "--models", "linear", "--part", "validation", "--output", str(path))
