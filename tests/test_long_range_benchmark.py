"""The benchmark of long memory: its tasks, its layers, and a training in small."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from benchmark_material import ROOT  # noqa: F401 (makes the scripts importable)

import long_range as benchmark  # isort: skip

RNG = np.random.default_rng(1)


def test_adding_asks_for_the_sum_of_one_number_from_each_half() -> None:
    task = benchmark.Adding(7)
    sequences, sums = task.draw(RNG, 4000)
    values, marks = sequences[:, :, 0], sequences[:, :, 1]
    np.testing.assert_array_equal(marks[:, :3].sum(axis=1), 1)
    np.testing.assert_array_equal(marks[:, 3:].sum(axis=1), 1)
    np.testing.assert_allclose(sums[:, 0], (values * marks).sum(axis=1), rtol=1e-6)
    assert sums.var() == pytest.approx(task.without_memory, rel=0.05)


def test_copy_asks_for_the_first_symbols_after_the_signal() -> None:
    task = benchmark.Copy(6)
    one_hot, wanted = task.draw(RNG, 50)
    tokens = one_hot.argmax(axis=2)
    assert tokens.shape == wanted.shape == (50, 26)
    assert set(tokens[:, :10].ravel()) == set(range(1, 9))
    np.testing.assert_array_equal(tokens[:, 15], benchmark.SIGNAL)
    np.testing.assert_array_equal(wanted[:, 16:], tokens[:, :10])
    assert not wanted[:, :16].any()
    assert not np.delete(tokens[:, 10:], 5, axis=1).any()
    assert benchmark.Copy(100).without_memory == pytest.approx(0.1733, abs=1e-4)


@pytest.mark.long
def test_a_run_in_small_is_kept(tmp_path, monkeypatch, capsys) -> None:
    tasks = (benchmark.Adding(4, units=3), benchmark.Copy(3, units=3))
    monkeypatch.setattr(benchmark, "TASKS", tasks)
    monkeypatch.setattr(benchmark, "NUM_TEST", 8)
    path = tmp_path / "long_range.json"
    options = ["--most-steps", "2", "--every", "1", "--output", str(path)]
    monkeypatch.setattr(sys, "argv", ["long_range.py", *options])
    benchmark.main()
    rows = json.loads(path.read_text())["rows"]
    assert [row["layer"] for row in rows] == [*benchmark.LAYERS] * 2
    assert {row["steps to target"] for row in rows[:5]} == {None}
    assert all(row["steps"] == 2 and len(row["losses"]) == 2 for row in rows)
    assert "identity and ReLU" in capsys.readouterr().out
