"""Benchmarks of a network's choices: what is set side by side is what it chooses from."""

from __future__ import annotations

import argparse

import numpy as np
import pytest
from benchmark_material import ROOT  # noqa: F401 (makes the scripts importable)
from models.material import frame_of, seasonal_values

import highways as benchmark  # isort: skip
from panels import Panel, Parts  # isort: skip
import scales  # isort: skip

SMALL = Panel("", 6, 4, "MASE", None, num_windows=3, stride=2)


@pytest.mark.slow
def test_what_is_taken_has_the_smaller_error_from_the_origins(monkeypatch) -> None:
    frame = frame_of(seasonal_values(3, 90, seed=5))
    train, held = frame[frame["ds"] < 80], frame[frame["ds"] >= 80]
    parts = Parts(train, frame[:0], held)
    monkeypatch.setattr(benchmark, "parts_of", lambda *_: (SMALL, parts))
    row = benchmark.measured("small", 0, argparse.Namespace(num_steps=20, data=None))
    errors = [row[f"{kind}, from its origins"] for kind in ("mean", "newest")]
    assert row["taken"] == ("mean" if errors[0] < errors[1] else "newest")
    scores = [row[kind] for kind in ("training", "mean", "newest")]
    assert np.isfinite(scores).all()
    assert len(set(scores)) == 3


def test_the_scale_taken_is_that_of_the_library(tmp_path) -> None:
    row = scales.measured("henon", tmp_path)
    assert row["taken"] == "series"
    assert 0.0 < row["series"] < row["window"] <= 1.0
