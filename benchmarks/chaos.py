"""Echo-state networks on chaos and memory, beside linear and quadratic regressions on lags.

    python benchmarks/chaos.py

Ten seeds each, in float64; a row shows the median and the range. Mackey-Glass (delay 17): 3,000
steps to learn, 1,000 more steps taught, then 50 free runs; log10 of the root mean squared error 84
steps ahead over the deviation, once on the real file (seeds draw the reservoir) and once simulated
(a series of its own for each seed). Laser: Santa Fe set A, 1,000 steps to learn, the next 1,000
one step ahead, NMSE. NARMA-10 read from its input alone, NMSE. Lorenz: 5,000 steps of 0.025 to
learn, median over 20 free runs of the time until the error passes 0.4 of the size of the series, in
Lyapunov times. Memory: sum over 200 delays of the squared correlation with the delayed input, as a
share of the units. Settings were chosen on other simulated series, on the laser on the first 1,000
steps; nothing here was tuned on what it scores. Real series are read from ../shared/data; their
rows are left out where it is absent. Prints a table and writes benchmarks/results/chaos.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from chaos_tasks import (
    DATA,
    LagDesign,
    capacity,
    laser,
    lorenz_time,
    mackey_glass_error,
    narma_error,
)
from keeping import RESULTS, keep

from forecast.models.echo import EchoDesign, EchoReadout, Reservoir

RESULT = RESULTS / "chaos.json"
ESN = "echo-state network"


@dataclass(frozen=True)
class Task:
    """One measurement.

    Args:
        measure: a number of a design and a seed.
        unit: what the number is.
        target: what we set ourselves.
        more_is_better: whether the target is to be exceeded.
        designs: contenders by name.
    """

    measure: Callable[[Any, int], float]
    unit: str
    target: float
    more_is_better: bool
    designs: Mapping[str, EchoDesign | LagDesign]


def network(reservoir: Reservoir, **readout: Any) -> EchoDesign:
    """One reservoir in float64."""
    return EchoDesign((reservoir,), readout=EchoReadout(**readout), dtype="float64")


def plain(lags: int, quadratic_lags: int, ridge: float) -> dict[str, LagDesign]:
    """The regressions beside a network."""
    return {
        f"linear, {lags} lags": LagDesign(lags, 0, ridge),
        f"products of {quadratic_lags} lags": LagDesign(lags, quadratic_lags, ridge),
    }


_MACKEY_GLASS = plain(32, 8, 1e-12) | {
    ESN: network(Reservoir(1000, 1.1, 0.6, 0.1, 0.2, 0.02), washout=200, ridge=1e-15)
}
_REAL = {"Mackey-Glass 17, file": "mackey_glass_17", "Santa Fe laser": "santafe_laser"}
TASKS = {
    "Mackey-Glass 17, file": Task(
        partial(mackey_glass_error, simulated=False), "log10 NRMSE84", -4.3, False, _MACKEY_GLASS
    ),
    "Mackey-Glass 17, simulated": Task(
        partial(mackey_glass_error, simulated=True), "log10 NRMSE84", -4.3, False, _MACKEY_GLASS
    ),
    "Santa Fe laser": Task(laser, "NMSE", 0.006, False, plain(20, 10, 1e-5) | {
        ESN: network(Reservoir(500, 0.5, 1.0, 0.3, 0.3), washout=60, ridge=1e-9),
    }),
    "NARMA-10 from its input": Task(narma_error, "NMSE", 0.010, False, plain(50, 12, 1e-12) | {
        ESN: network(
            Reservoir(1000, 0.95, 0.9, 0.03, 0.2, topology="orthogonal"), washout=200, ridge=1e-7
        ),
    }),
    "Lorenz": Task(lorenz_time, "Lyapunov times", 8.0, True, plain(2, 2, 1e-10) | {
        ESN: network(Reservoir(500, 0.6, 1.0, 0.1, 0.3, 0.02), washout=200, ridge=1e-14),
    }),
    "linear memory of 100 units": Task(capacity, "share of the units", 0.9, True, {
        f"{ESN}, {name}": network(
            Reservoir(100, 0.9, 1.0, scaling, 0.0, 0.1, topology), washout=200, ridge=ridge
        )
        for name, topology, scaling, ridge in (
            ("cycle", "cycle", 1e-4, 0.0), ("rotation", "orthogonal", 1e-4, 0.0),
            ("random", "sparse", 1e-4, 0.0), ("random, strong input", "sparse", 1.0, 1e-10),
        )
    }),
}  # fmt: skip


def rows_of(name: str, task: Task, num_seeds: int) -> list[dict[str, Any]]:
    """A row for each contender."""
    rows = []
    for contender, design in task.designs.items():
        began = time.perf_counter()
        values = np.array([task.measure(design, seed) for seed in range(num_seeds)])
        row = {"task": name, "what": contender, "measure": task.unit,
               "median": float(np.median(values)), "least": float(values.min()),
               "most": float(values.max()), "target": task.target,
               "reached": bool(np.median(values) >= task.target if task.more_is_better
                               else np.median(values) <= task.target),
               "seconds a seed": (time.perf_counter() - began) / num_seeds,
               "values": values.tolist()}  # fmt: skip
        rows.append(row)
        print(f"{name}, {contender}: {row['median']:.4g}", flush=True)
    return rows


def replaced(path: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a file, those of the same task replaced by newer ones."""
    kept = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    places = [index for index, row in enumerate(kept) if row["task"] == rows[0]["task"]]
    first = places[0] if places else len(kept)
    others = [row for row in kept if row["task"] != rows[0]["task"]]
    return [*others[:first], *rows, *others[first:]]


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument(
        "--task", choices=list(TASKS), help="one of them only; rows of the others stay"
    )
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the table, write the JSON."""
    arguments = arguments_of()
    rows: list[dict[str, Any]] = []
    for name, task in TASKS.items():
        missing = name in _REAL and not (DATA / _REAL[name]).is_dir()
        if missing or arguments.task not in (None, name):
            continue
        rows += rows_of(name, task, arguments.seeds)
    table = pd.DataFrame(rows).drop(columns=["values"])
    print(table.round(4).to_string(index=False))
    if arguments.task is not None:
        rows = replaced(arguments.output, rows)
    keep(arguments.output, {"seeds": arguments.seeds}, ("keras", "numpy", "scipy"), rows=rows)


if __name__ == "__main__":
    main()
