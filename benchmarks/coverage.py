"""Coverage of 80 and 95 % intervals at each step ahead, on simulated series and on nn5_daily.

    python benchmarks/coverage.py

forecasts 24 steps of 4,000 series of 200 steps each: AR(2) processes, random walks and negative
binomial counts, of very different size. Forecasters see the 200 steps alone; coverage is counted
at every step ahead, for split conformal and adaptive intervals, and must lie within 3 points of the
level. Three origins of nn5_daily are then reported, from its training part: nothing of the test
part is read. Last, noise that changes shows what adaptive intervals do, and how the rate and the
number of scores that they look back on were chosen. Prints three tables and writes
benchmarks/results/coverage.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from coverage_data import PROCESSES, SHIFTS, scores_of
from keeping import RESULTS, keep
from numpy.typing import NDArray
from panels import PANELS, read

import forecast as fc
from forecast.forecaster import Forecaster

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
RESULT = RESULTS / "coverage.json"
LEVELS, KINDS = (80, 95), ("conformal", "adaptive")
ALLOWED = 3.0
RATES, MEMORIES = (0.05, 0.1, 0.2), (32, 64, 100)
FORECASTERS: dict[str, Callable[[], Forecaster]] = {
    "AR": fc.AR,
    "PooledAR": lambda: fc.PooledAR(lags=8),
    "Naive": fc.Naive,
    "SeasonalNaive": lambda: fc.SeasonalNaive(season_length=7),
}


def long_frame(values: NDArray) -> pd.DataFrame:
    """Series of equal length, a row each, as a long frame of days."""
    num_series, steps = values.shape
    days = pd.date_range("2000-01-01", periods=steps, freq="D")
    ids = np.repeat(np.arange(num_series), steps)
    return pd.DataFrame({"unique_id": ids, "ds": np.tile(days, num_series), "y": values.ravel()})


def coverage(forecaster: Forecaster, values: NDArray, horizon: int) -> dict[tuple[str, int], Any]:
    """Coverage in percent at each step of the last `horizon`, forecast from what lies before.

    Args:
        forecaster: fitted here.
        values: series of equal length, `(num_series, num_steps)`.
        horizon: steps held out.

    Returns:
        By kind and level, an array `(horizon,)`.
    """
    known, actual = values[:, :-horizon], values[:, -horizon:]
    forecaster.fit(long_frame(known), horizon=horizon, freq="D")
    found = {}
    for kind in KINDS:
        made = forecaster.predict(horizon, level=list(LEVELS), intervals=kind)
        for level in LEVELS:
            low, high = (
                made[f"{forecaster.name}-{side}-{level}"].to_numpy().reshape(actual.shape)
                for side in ("lo", "hi")
            )
            found[kind, level] = 100.0 * ((low <= actual) & (actual <= high)).mean(axis=0)
    return found


def rows_of(data: str, model: str, parts: list[dict[tuple[str, int], Any]]) -> Iterator[dict]:
    """A row a kind and level; coverage is averaged over origins."""
    for kind, level in parts[0]:
        by_step = np.mean([part[kind, level] for part in parts], axis=0)
        yield {
            "data": data,
            "model": model,
            "intervals": kind,
            "level": level,
            "lowest": float(by_step.min()),
            "mean": float(by_step.mean()),
            "highest": float(by_step.max()),
            "within 3 points": bool(np.abs(by_step - level).max() <= ALLOWED),
            "by step": [round(float(value), 2) for value in by_step],
        }


def simulated(arguments: argparse.Namespace) -> list[dict]:
    """Coverage on every process."""
    rows = []
    for place, (name, process) in enumerate(PROCESSES.items()):
        rng = np.random.default_rng([arguments.seed, place])
        values = process(rng, arguments.series, arguments.steps + arguments.horizon)
        for model in arguments.models:
            began = time.perf_counter()
            found = coverage(FORECASTERS[model](), values, arguments.horizon)
            rows += rows_of(name, model, [found])
            print(f"{name}, {model}: {time.perf_counter() - began:.0f} s", flush=True)
    return rows


def reported(arguments: argparse.Namespace) -> list[dict]:
    """Coverage on the end of the training part of nn5_daily; nothing where it is not there."""
    panel = PANELS["nn5_daily"]
    if not (arguments.data / panel.file).is_file():
        print(f"{arguments.data / panel.file} is not there: nn5_daily is left out.")
        return []
    parts = read(panel, arguments.data, "validation")
    frame = pd.concat([parts.train, parts.held])
    values = frame.pivot(index="unique_id", columns="ds", values="y").to_numpy()
    rows = []
    for model in arguments.models:
        ends = [values.shape[1] - back * panel.horizon for back in range(3)]
        found = [coverage(FORECASTERS[model](), values[:, :end], panel.horizon) for end in ends]
        rows += rows_of("nn5_daily", model, found)
    return rows


def followed(scores: NDArray, width: float, level: int, rate: float, memory: int) -> NDArray:
    """Widths before each score, each replayed over the scores in memory, `(num_rows, steps)`."""
    steps, miss = scores.shape[1], 1.0 - level / 100.0
    padded = np.pad(scores, ((0, 0), (memory, 0)), constant_values=np.nan)
    logs = np.zeros(scores.shape)
    for age in range(memory):
        seen = padded[:, age : age + steps]
        moved = logs + rate * ((seen > width * np.exp(logs)) - miss)
        logs = np.where(np.isnan(seen), logs, moved)
    return width * np.exp(logs)


def shifted(arguments: argparse.Namespace) -> list[dict]:
    """One-step coverage of both kinds where noise is steady, doubles its variance or drifts."""
    rng = np.random.default_rng(arguments.seed)
    first = scores_of(rng, np.ones(400), 100)[:, 100:]
    rows = []
    for name, deviations in SHIFTS.items():
        scores = scores_of(rng, deviations, max(arguments.series // 10, 20))
        for level in LEVELS:
            width = float(np.quantile(first, level / 100.0))
            split = {"intervals": "conformal", "rate": None, "memory": None}
            ways = [(split, np.full(scores.shape, width))]
            for rate, memory in [(rate, memory) for rate in RATES for memory in MEMORIES]:
                way = {"intervals": "adaptive", "rate": rate, "memory": memory}
                ways.append((way, followed(scores, width, level, rate, memory)))
            for way, widths in ways:
                inside = 100.0 * (scores <= widths)
                rows.append({"noise": name, "level": level, **way, **_parts(inside, widths)})
    return rows


def _parts(inside: NDArray, widths: NDArray) -> dict[str, float]:
    """Coverage before the change at step 250 and after it; the mean width before."""
    means = {
        "before": inside[:, 100:250],
        "20 steps after": inside[:, 250:270],
        "30 more": inside[:, 270:300],
        "200 more": inside[:, 300:],
        "width before": widths[:, 100:250],
    }
    return {name: round(float(part.mean()), 3) for name, part in means.items()}


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=4_000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--horizon", type=int, default=24)
    parser.add_argument("--models", nargs="*", default=list(FORECASTERS), choices=FORECASTERS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the public panels")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the tables, write the JSON."""
    arguments = arguments_of()
    parts = {
        "simulated": simulated(arguments),
        "nn5_daily": reported(arguments),
        "noise": shifted(arguments),
    }
    for rows in filter(None, parts.values()):
        shown = pd.DataFrame(rows).drop(columns="by step", errors="ignore")
        print(shown.round(2).to_string(index=False))
    keep(arguments.output, vars(arguments), ("numpy", "pandas"), **parts)


if __name__ == "__main__":
    main()
