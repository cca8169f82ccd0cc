"""Size and power of the tests, counted as benchmarks/significance.py does, on fewer runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))  # scripts, which import their neighbours

import significance as benchmark  # noqa: E402
from significance_data import Design  # noqa: E402


def test_losses_of_simulated_forecasters_are_as_described() -> None:
    design = Design(num_origins=3, num_series=2, horizon=4, step_size=2, shock=0.5)
    first, second = design.losses(np.random.default_rng(3))
    generator = np.random.default_rng(3)
    shared = generator.normal(size=8)
    for losses in (first, second):
        common, own = 0.5 * generator.normal(size=8), generator.normal(size=(2, 8))
        for origin, series in np.ndindex(3, 2):
            steps = slice(2 * origin, 2 * origin + 4)
            error = np.cumsum((shared + common + own[series])[steps])
            assert losses[origin, series] == pytest.approx(np.abs(error).mean())


def test_a_worse_forecaster_has_larger_losses_by_the_known_share() -> None:
    designs = (Design(20000, horizon=1, step_size=1, worse=worse) for worse in (0.0, 0.25))
    equal, worse = (design.losses(np.random.default_rng(0))[1] for design in designs)
    np.testing.assert_allclose(worse, 1.25 * equal)
    assert Design(8, worse=0.25).skill == pytest.approx(0.2)


@pytest.mark.slow
@pytest.mark.parametrize(("overlap", "num_origins"), [(1, 8), (2, 20), (3, 45)])
def test_size_over_origins_is_three_to_eight_percent(overlap: int, num_origins: int) -> None:
    design = benchmark.with_overlap(overlap, num_origins, num_series=10)
    assert 0.03 <= benchmark.rejections(design, runs=2000, seed=1) <= 0.08


@pytest.mark.slow
def test_few_overlapping_origins_would_reject_too_often() -> None:
    design = benchmark.with_overlap(4, 8, num_series=10)
    assert benchmark.rejections(design, runs=1000, seed=1) == 0.0
    assert benchmark.rejections(design, runs=1000, seed=1, raw=True) > 0.1


@pytest.mark.slow
def test_over_series_size_is_right_without_a_common_shock_and_wrong_with_one() -> None:
    independent, shaken = (Design(4, 30, shock=shock) for shock in (0.0, 0.5))
    assert 0.03 <= benchmark.rejections(independent, runs=400, seed=2) <= 0.08
    assert benchmark.rejections(shaken, runs=200, seed=2) > 0.15


@pytest.mark.slow
def test_power_grows_with_the_difference() -> None:
    power = [
        benchmark.rejections(Design(20, 20, worse=worse), runs=300, seed=3)
        for worse in (0.0, 0.1, 0.25)
    ]
    assert power[0] < 0.1 < power[1] < power[2]
    assert power[2] > 0.8


def test_the_kept_figures_are_of_all_parts_and_right_where_a_p_value_is_given() -> None:
    kept = json.loads((FOLDER / "results" / "significance.json").read_text(encoding="utf-8"))
    assert set(benchmark.PARTS) <= set(kept)
    assert all(row["3 to 8 %"] for row in kept["size over origins"])
    independent = [row for row in kept["size over series"] if row["common shock"] == 0.0]
    assert independent and all(row["3 to 8 %"] for row in independent)


def test_a_short_run_prints_and_keeps_its_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "OVERLAPS", (1, 2))
    monkeypatch.setattr(benchmark, "TOO_FEW", ((2, 8),))
    path = tmp_path / "significance.json"
    benchmark.main(["--runs", "3", "--slow-runs", "2", "--out", str(path)])
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert len(kept["size over origins"]) == 8
    assert capsys.readouterr().out.count("| --- |") >= 5
