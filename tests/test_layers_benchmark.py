"""The benchmark of the layers: what it times, counts and compares."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from benchmark_material import ROOT  # noqa: F401 (makes the scripts importable)

import layers  # isort: skip
from layers_measure import Task  # isort: skip


def test_operations_are_those_of_the_products():
    """4 gates of 5 units from 3 features and 5 units, 2 rows of 7 steps."""
    task = Task("LSTM", rows=2, steps=7, features=3, units=5)
    forward = 2 * 14 * 20 * 8
    assert task.operations("inference") == forward
    assert task.operations("training") == 2 * forward + 2 * 14 * 20 * 5
    assert task.label() == "2x7x3x5"
    assert task.inputs().shape == (2, 7, 3) and task.upstream().shape == (2, 7, 5)


def test_the_better_keras_counts_and_ratios_are_of_turns():
    seconds = {
        "ours": np.array([1.0, 2.0, 1.0]),
        "keras graph": np.array([3.0, 9.0, 3.0]),
        "keras XLA": np.array([5.0, 5.0, 5.0]),
        "torch": np.array([2.0, 3.0, 2.0]),
    }
    row = layers.row_of(Task("GRU", 2, 3, 1, 4), "inference", seconds)
    assert row["keras / ours"] == 3.0
    assert row["torch / ours"] == 2.0
    assert row["ours ms"] == 1000.0 and row["keras XLA ms"] == 5000.0


@pytest.mark.long
def test_a_contender_answers_in_its_own_process():
    task = Task("SimpleRNN", 2, 3, 1, 2)
    contender = layers.Contender(sys.executable, "layers_keras.py", task, layers.OURS)
    try:
        first = contender.answer()["first"]
        for way in layers.WAYS:
            assert contender.turn(way) < first[way], "what is compiled is compiled once"
    finally:
        contender.close()
