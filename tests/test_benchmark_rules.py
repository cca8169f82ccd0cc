"""Rules of the accuracy benchmark: which model is chosen, and how often a test is looked at."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, which import their neighbours

import accuracy  # noqa: E402
from forecasters import expanded, made  # noqa: E402
from ledger import Ledger, LedgerError, Version  # noqa: E402
from panels import PANELS  # noqa: E402

# Models -------------------------------------------------------------------------------------------


def test_models_are_found_by_name():
    assert expanded(["linear", "AR", "LSTM"]) == ["naive", "AR", "PooledAR", "Combine", "LSTM"]
    assert made("naive", PANELS["m4_hourly"], 0, 1.0).name == "SeasonalNaive"
    assert made("naive", PANELS["m4_weekly"], 0, 1.0).name == "Naive"
    with pytest.raises(ValueError, match="no forecaster of forecast is called 'compare'"):
        made("compare", PANELS["m4_hourly"], 0, 1.0)


def test_the_linear_forecaster_best_in_its_training_part_is_chosen():
    def row(model, role, training):
        return {"model": model, "role": role, "training MASE": training, "choices": "lags 1"}

    rows = [row("LSTM", "network", 0.1), row("A", "linear", None), row("B", "linear", 0.7),
            row("C", "linear", 0.6)]  # fmt: skip
    assert accuracy.chosen(rows)["choices"] == "C: lags 1"
    assert accuracy.chosen(rows[:1]) is None


# The ledger ---------------------------------------------------------------------------------------

FIRST, SECOND = Version("a" * 40, False), Version("b" * 40, True)


def test_the_ledger_counts_the_looks_and_only_grows(tmp_path):
    ledger = Ledger(tmp_path / "scores.jsonl")
    assert ledger.lines() == []
    ledger.add(FIRST, "p", "AR", {"MASE": 0.9}, "lags 1", "no reason is needed")
    before = ledger.path.read_bytes()
    assert ledger.add(SECOND, "p", "AR", {"MASE": 0.8}, "lags 2", "why")["count"] == 2
    ledger.add(SECOND, "p", "VAR", {"MASE": 0.8}, "")
    assert ledger.path.read_bytes().startswith(before)
    lines = ledger.lines()
    assert [(line["model"], line["count"], line["dirty"]) for line in lines] == [
        ("AR", 1, False), ("AR", 2, True), ("VAR", 1, True)]  # fmt: skip
    assert [line.get("note") for line in lines] == [None, "why", None]


def test_each_test_is_scored_once_whatever_the_commit(tmp_path):
    ledger = Ledger(tmp_path / "scores.jsonl")
    ledger.add(FIRST, "p", "AR", {}, "")
    ledger.add(SECOND, "p", "AR", {}, "")
    ledger.refuse_second_look("q", ["AR"])
    ledger.refuse_second_look("p", ["VAR"])
    with pytest.raises(
        LedgerError,
        match=r"p was scored with AR already \(looks: 2, last on .* bbbbbbbbbb.*--again",
    ):
        ledger.refuse_second_look("p", ["VAR", "AR"])


def test_the_looks_before_this_rule_count():
    with pytest.raises(LedgerError, match="m4_hourly was scored with AR already"):
        Ledger(ROOT / "benchmarks" / "test_scores.jsonl").refuse_second_look("m4_hourly", ["AR"])


@pytest.mark.parametrize("reason", [[], [""], ["  "]])
def test_another_look_needs_a_reason(reason, capsys):
    with pytest.raises(SystemExit):
        accuracy.parsed(["--again", *reason])
    assert "--again" in capsys.readouterr().err


def test_a_broken_line_is_named(tmp_path):
    path = tmp_path / "scores.jsonl"
    path.write_text('{"panel": "p"}\n{"pan', encoding="utf-8")
    with pytest.raises(LedgerError, match="line 2 is no JSON object"):
        Ledger(path).lines()


def test_a_tree_without_git_has_no_commit(tmp_path):
    assert Version.of_tree(tmp_path / "nowhere") == Version("no git", True)


def test_the_recorded_ledger_counts_without_a_gap():
    seen: dict[tuple[str, str], int] = {}
    for line in Ledger(ROOT / "benchmarks" / "test_scores.jsonl").lines():
        key = line["panel"], line["model"]
        seen[key] = seen.get(key, 0) + 1
        assert line["count"] == seen[key], line
        assert line["part"] == "test"
    assert seen["m4_hourly", "LSTM"] >= 3
