"""The benchmark of scheduled sampling: its series, its networks, and how it scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from benchmark_material import ROOT  # noqa: F401 (makes the scripts importable)

import scheduled_sampling as benchmark  # isort: skip


def test_series_are_cut_to_what_is_learned_and_forecast(tmp_path) -> None:
    length = 2000 + 49 * 20 + 84
    assert list(benchmark.frames(tmp_path)) == ["Lorenz, simulated"]
    folder = tmp_path / benchmark.REAL
    folder.mkdir()
    values = np.arange(float(length + 10))[::-1]
    real = pd.DataFrame({"ds": np.arange(length + 10)[::-1], "y": values})
    real.to_parquet(folder / "data.parquet")
    first, second = benchmark.frames(tmp_path).values()
    assert len(first) == len(second) == length
    np.testing.assert_array_equal(first["y"], np.arange(length))


def test_ways_differ_in_what_is_fed_alone() -> None:
    made = {way: benchmark.network(way, 30, 2).training for way in benchmark.WAYS}
    assert [training.teacher_forcing for training in made.values()] == [*benchmark.WAYS.values()]
    assert len({training.num_steps for training in made.values()}) == 1
    assert benchmark.network(benchmark.LINEAR, 30, 2).training.num_steps == 1


@pytest.mark.slow
def test_errors_are_those_of_forecasts_from_every_origin(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(benchmark, "NUM_TRAIN", 300)
    monkeypatch.setattr(benchmark, "NUM_ORIGINS", 4)
    [frame] = benchmark.frames(tmp_path).values()
    found = benchmark.measured(frame, benchmark.LINEAR, 1, seed=0)
    fitted = benchmark.network(benchmark.LINEAR, 1, 0).fit(frame[:300], horizon=84)
    missed = []
    for start in (300, 320, 340, 360):
        forecasts = fitted.condition(frame[:start]).predict(84)["network"].to_numpy()
        missed.append(frame["y"].to_numpy()[start : start + 84] - forecasts)
    errors = np.sqrt(np.square(missed).mean(axis=0)) / frame["y"][:300].std()
    for ahead in benchmark.AHEAD:
        np.testing.assert_allclose(found[f"{ahead} ahead"], errors[ahead - 1], rtol=1e-4)
    np.testing.assert_allclose(found["all steps"], errors.mean(), rtol=1e-4)
