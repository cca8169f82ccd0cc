"""Size and power of the tests of a comparison, and how often its interval and set hold the truth.

    python benchmarks/significance.py

simulates comparisons of equally good forecasters (`significance_data.py`) whose losses share the
shocks of each period, at several overlaps of the horizons, numbers of origins and series, and
counts how often the test at the 5 % level tells them apart: 3 to 8 % is right. Then the test over
series, without and with a common shock, which it cannot see: that is why its p-values are labelled
"this period only". Then power against known differences, coverage of the 95 % interval of the
skill, and how often the confidence set holds all of five equally good models. Prints tables and
writes benchmarks/results/significance.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from keeping import RESULTS, keep
from significance_data import Design

from forecast.evaluation import diebold_mariano, equal_accuracy, model_confidence_set
from forecast.evaluation.metrics import mean
from forecast.evaluation.significance import origins_needed, panel_skill_interval

RESULT = RESULTS / "significance.json"
LEVEL, LOWEST, HIGHEST = 0.05, 0.03, 0.08
OVERLAPS = (1, 2, 3, 4, 6, 12)
TOO_FEW = ((2, 8), (2, 12), (3, 12), (4, 8), (4, 20), (6, 20))  # overlap and origins
EFFECTS = (0.0, 0.02, 0.05, 0.1, 0.2)


def rejections(design: Design, runs: int, seed: int, raw: bool = False) -> float:
    """Share of simulated comparisons in which the forecasters are told apart at the 5 % level.

    Args:
        design: of the comparisons.
        runs: their number.
        seed: of the draws.
        raw: test over origins even where they are fewer than a comparison asks for.
    """
    generator = np.random.default_rng(seed)
    found = 0
    for _ in range(runs):
        first, second = design.losses(generator)
        reach = (design.horizon, design.step_size)
        if raw:
            p_value = diebold_mariano(mean(first - second, 1), *reach).p_value
        else:
            p_value = equal_accuracy(first - second, *reach).p_value
        found += p_value is not None and p_value < LEVEL
    return found / runs


def with_overlap(overlap: int, num_origins: int, num_series: int, **options: float) -> Design:
    """Origins one step apart, each forecast `overlap` steps; four times both without overlap."""
    step = 1 if overlap > 1 else 4
    return Design(num_origins, num_series, overlap * step, step, **options)  # type: ignore[arg-type]


def size_over_origins(arguments: argparse.Namespace) -> Iterator[dict]:
    """At the fewest origins that a comparison asks for, and at twice as many."""
    for overlap in OVERLAPS:
        needed = origins_needed(overlap, 1)
        for num_origins in (needed, 2 * needed):
            for num_series in (1, 50):
                design = with_overlap(overlap, num_origins, num_series)
                share = rejections(design, arguments.runs, arguments.seed)
                yield size_row("origins", design, share)


def size_below_the_bound(arguments: argparse.Namespace) -> Iterator[dict]:
    """The same test on fewer overlapping origins than a comparison asks for: why it does."""
    for overlap, num_origins in TOO_FEW:
        design = with_overlap(overlap, num_origins, 50)
        share = rejections(design, arguments.runs, arguments.seed, raw=True)
        yield size_row("origins, too few", design, share)


def size_over_series(arguments: argparse.Namespace) -> Iterator[dict]:
    """Few origins: right without a shock that hits forecasters differently, wrong with one."""
    for shock in (0.0, 0.5):
        for num_series in (20, 50, 200):
            for num_origins in (1, 4):
                design = Design(num_origins, num_series, shock=shock)
                share = rejections(design, arguments.slow_runs, arguments.seed)
                yield size_row("series", design, share)


def size_row(test: str, design: Design, share: float) -> dict:
    return {
        "test": test,
        "origins": design.num_origins,
        "series": design.num_series,
        "horizon / step": design.overlap,
        "common shock": design.shock,
        "size %": round(100.0 * share, 2),
        "3 to 8 %": LOWEST <= share <= HIGHEST,
    }


def power(arguments: argparse.Namespace) -> Iterator[dict]:
    """Share told apart, by how much one forecaster saves of the other's error."""
    designs = {
        "8 origins, 50 series": Design(8, 50),
        "20 origins, 1 series": Design(20),
        "20 origins, 50 series": Design(20, 50),
        "45 origins, horizon 3 steps, 50 series": with_overlap(3, 45, 50),
        "100 origins, 1 series": Design(100),
        "1 origin, 100 series, no common shock": Design(1, 100, shock=0.0),
    }
    for name, design in designs.items():
        row: dict = {"comparison": name}
        runs = arguments.slow_runs if design.num_origins < 8 else arguments.runs
        for effect in EFFECTS:
            worse = replace(design, worse=effect / (1.0 - effect))
            row[f"skill {100 * effect:g} %"] = round(
                100.0 * rejections(worse, runs, arguments.seed), 1
            )
        yield row


def held(arguments: argparse.Namespace) -> Iterator[dict]:
    """How often the interval holds the skill (9 %), and the set all of five equal models."""
    for overlap, num_origins in ((1, 8), (1, 20), (2, 20), (3, 45), (4, 70)):
        design = with_overlap(overlap, num_origins, 50, worse=0.1)
        models = replace(design, num_models=5, worse=0.0)
        yield {
            "origins": num_origins,
            "horizon / step": overlap,
            "skill interval %": round(100.0 * interval_holds(design, arguments), 1),
            "all of 5 equal ones in the set %": round(100.0 * set_holds(models, arguments), 1),
        }


def interval_holds(design: Design, arguments: argparse.Namespace) -> float:
    generator = np.random.default_rng(arguments.seed)
    found = 0
    for run in range(arguments.slow_runs):
        first, second = design.losses(generator)
        reach = (design.horizon, design.step_size)
        interval = panel_skill_interval(first, second, *reach, seed=run)
        if interval is None:
            raise ValueError(f"{design} allows no interval; give it more origins")
        found += interval.low <= design.skill <= interval.high
    return found / arguments.slow_runs


def set_holds(design: Design, arguments: argparse.Namespace) -> float:
    generator = np.random.default_rng(arguments.seed)
    found = 0
    for run in range(arguments.slow_runs):
        losses = {str(m): mean(each, 1) for m, each in enumerate(design.losses(generator))}
        found += min(model_confidence_set(losses, design.overlap, seed=run).values()) >= LEVEL
    return found / arguments.slow_runs


PARTS = {
    "size over origins": size_over_origins,
    "size below the bound": size_below_the_bound,
    "size over series": size_over_series,
    "power in percent": power,
    "held in percent": held,
}


def show(name: str, rows: list[dict]) -> None:
    """A table in Markdown."""
    heads = list(rows[0])
    print(f"\n{name}\n\n| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for row in rows:
        print(f"| {' | '.join(str(row[head]) for head in heads)} |", flush=True)


def main(words: list[str] | None = None) -> None:
    """Run the parts and keep their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--runs", type=int, default=4000, help="comparisons a row over origins")
    parser.add_argument("--slow-runs", type=int, default=1000, help="a row of permutations, draws")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    arguments = parser.parse_args(words)
    tables = {}
    for name, part in PARTS.items():
        began = time.perf_counter()
        tables[name.replace(" ", "_")] = list(part(arguments))
        show(f"{name} ({time.perf_counter() - began:.0f} s)", tables[name.replace(" ", "_")])
    keep(arguments.out, vars(arguments), ["numpy", "scipy"], **tables)


if __name__ == "__main__":
    main()
