"""The benchmark of sample paths measures what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))  # scripts, which import their neighbours

import rollout as benchmark  # noqa: E402
from rollout_measure import Task, measured  # noqa: E402


def test_series_are_the_same_for_all_contenders():
    values = Task(series=3, steps=50).values()
    assert values.shape == (3, 50) and np.isfinite(values).all()
    np.testing.assert_array_equal(values, Task(series=3, steps=50).values())


def test_a_call_is_measured_once():
    calls = []
    found = measured(lambda: calls.append(1))
    assert len(calls) == 1 and found["seconds"] >= 0 and found["core seconds"] >= 0


def test_ratios_are_those_of_each_turn():
    def call(seconds):
        return {"seconds": seconds, "core seconds": 2 * seconds, "extra bytes": 5e6}

    found = {
        benchmark.OURS: [call(1.0), call(2.0), call(4.0)],
        benchmark.PEER: [call(3.0), call(10.0), call(12.0)],
    }
    rows = benchmark.rows_of(Task(), found, {benchmark.OURS: 5.0, benchmark.PEER: 6.0})
    ours, peer = rows
    assert (ours["it / ours"], peer["it / ours"]) == (1.0, 3.0)
    assert (ours["seconds"], peer["core seconds"], peer["first call s"]) == (2.0, 20.0, 6.0)
    assert peer["extra MB"] == 5.0


def test_large_sizes_take_fewer_turns():
    turns = [benchmark.rounds_of(task, 7) for task in benchmark.SIZES]
    assert turns == [7, 7, 7, 2, 7]
    assert benchmark.rounds_of(Task(series=2000), 2) == 2
