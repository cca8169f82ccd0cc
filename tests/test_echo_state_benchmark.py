"""The benchmark of reservoirs measures what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))  # scripts, which import their neighbours

import echo_state as benchmark  # noqa: E402
from echo_state_measure import Task  # noqa: E402


def test_the_reservoirs_are_what_they_are_called():
    _, sparse, _ = Task(units=40).weights()
    assert np.abs(np.linalg.eigvals(sparse)).max() == pytest.approx(0.9)
    assert 0.05 < (sparse != 0).mean() < 0.15
    _, cycle, _ = Task("cycle", units=40).weights()
    assert cycle[1, 0] == cycle[0, 39] == 0.9 and (cycle != 0).sum() == 40
    assert Task(series=2, steps=7).inputs().shape == (2, 7, 1)


@pytest.mark.parametrize("topology", ["sparse", "cycle"])
def test_ours_runs_the_reservoir_of_the_task(topology):
    from echo_state_ours import prepared

    task = Task(topology, series=2, steps=9, units=20)
    kernel, recurrent, bias = task.weights()
    state = np.zeros((2, 20))
    for step in task.inputs().swapaxes(0, 1):
        state = 0.7 * state + 0.3 * np.tanh(state @ recurrent.T + step @ kernel.T + bias)
    np.testing.assert_allclose(prepared(task)()[:, -1], state, atol=1e-6)


def test_ratios_are_those_of_each_turn_without_the_first_call():
    def calls(*seconds):
        return [{"seconds": s, "cpu seconds": 2 * s**2, "mean size": 0.5} for s in seconds]

    found = {benchmark.OURS: calls(9.0, 1.0, 2.0, 4.0), benchmark.PEER: calls(7.0, 3.0, 10.0, 12.0)}
    ours, peer = benchmark.rows_of(Task(), 2.0, found)
    assert (ours["seconds"], ours["first call s"], ours["it / ours"]) == (2.0, 9.0, 1.0)
    assert (peer["seconds"], peer["first call s"], peer["it / ours"]) == (10.0, 7.0, 3.0)
    assert peer["cpu, it / ours"] == 9.0
