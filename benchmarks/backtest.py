"""A backtest of a recurrent network beside darts', and the memory it takes.

    python benchmarks/backtest.py

200 series of 1,000 steps, 50 origins, 24 steps ahead from each: 240,000 forecasts of an LSTM of 2
layers of 40 units that has been trained for a few batches (accuracy is not looked at), without
refits. Ours reads the frame, absorbs every history once, forecasts from each origin as it is
passed and returns a frame. darts' `historical_forecasts(retrain=False)` is given its own objects,
so only its forecasts are timed; it takes minutes, so it is timed on some of the series and scaled
to all of them (it takes series after series). Beside it stands what a user of darts can do by
hand: cut the pieces before all origins and predict them in one call; it forgets all but the last
48 steps. Each contender runs in a fresh process after a warm-up, on 2 threads, and they take turns
round by round; ratios are medians of the ratios of each round.

Memory: the peak of our process less the returned frame, at 50 and at 500 origins.
darts lives in an environment of its own in the folder for temporary files, made at the first run.
Prints two tables and writes benchmarks/results/backtest.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from backtest_measure import Task
from closed_form_data import simulated
from environments import Environment
from keeping import RESULTS, keep

ROOT = Path(__file__).resolve().parent.parent
RESULT = RESULTS / "backtest.json"
PEERS = Environment(
    "keras-forecast-state-peers",
    packages=("torch>=2.13", "gluonts[torch]", "darts"),
    modules=("darts",),
    reported=("darts", "torch", "numpy", "pandas"),
)
OURS, NO_FRAME = "ours", "ours, no frame"
HISTORICAL, BY_HAND = "darts, historical_forecasts", "darts, pieces cut by hand"
PEER_NAMES = (HISTORICAL, BY_HAND)
# Origins and steps between them that end at the same step.
MEMORY = ((50, 10), (500, 1))


def measured(task: Task, python: Path | None) -> dict[str, Any]:
    """What a contender's process prints; ours run in this environment."""
    script = "backtest_ours.py" if python is None else "backtest_peer.py"
    command = [python or sys.executable, ROOT / "benchmarks" / script, task.text()]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, env={**os.environ, **quiet}
    )
    if done.returncode:
        raise SystemExit(f"error: {task.contender} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def turns(arguments: argparse.Namespace, task: Task, python: Path | None) -> list[dict[str, Any]]:
    """All contenders, round by round; a row for each."""
    found: dict[str, list[dict[str, Any]]] = {}
    for _ in range(arguments.rounds):
        for name in (OURS, HISTORICAL, NO_FRAME, BY_HAND):
            is_peer = name in PEER_NAMES
            if is_peer and python is None:
                continue
            some = arguments.peer_series if name == HISTORICAL else None
            own = replace(task, contender=name, series=some)
            found.setdefault(name, []).append(measured(own, python if is_peer else None))
    return speed_rows(found)


def speed_rows(found: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows of the table: seconds for all forecasts, and how often ours is faster.

    Args:
        found: what each contender measured, round by round.
    """
    whole = found[OURS][0]["forecasts"]
    seconds = {
        name: np.array([one["seconds"] * whole / one["forecasts"] for one in each])
        for name, each in found.items()
    }
    return [
        {
            "contender": name,
            "seconds": float(np.median(seconds[name])),
            "it / ours": float(np.median(seconds[name] / seconds[OURS])),
            "forecasts timed": each[0]["forecasts"],
            "rounds": [round(float(one), 3) for one in seconds[name]],
        }
        for name, each in found.items()
    ]


def memory(task: Task) -> list[dict[str, Any]]:
    """Peak memory less the returned frame, at few and at many origins."""
    rows: list[dict[str, Any]] = []
    for windows, stride in MEMORY:
        # Fitted before the first origin of both.
        own = replace(task, contender=OURS, windows=windows, stride=stride)
        found = measured(own, None)
        beside = (found["peak bytes"] - found["frame bytes"]) / 1e6
        rows.append({
            "origins": windows, "seconds": found["seconds"], "peak MB": found["peak bytes"] / 1e6,
            "frame MB": found["frame bytes"] / 1e6, "peak less frame MB": beside,
            "it / fewest origins": beside / rows[0]["peak less frame MB"] if rows else 1.0,
        })  # fmt: skip
    return rows


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--windows", type=int, default=50)
    parser.add_argument("--stride", type=int, default=10)
    parser.add_argument("--horizon", type=int, default=24)
    parser.add_argument("--units", type=int, default=40)
    parser.add_argument("--peer-series", type=int, default=8, help="of historical_forecasts")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-peers", action="store_true", help="ours only")
    parser.add_argument("--without-memory", action="store_true", help="speed only")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the tables, write the JSON."""
    arguments = arguments_of()
    python = None if arguments.without_peers else PEERS.python()
    if python is None:
        print("darts is left out: not asked for, or not to be installed.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.npy"
        np.save(path, simulated(arguments.series, arguments.steps, arguments.seed))
        task = Task(OURS, str(path), arguments.windows, arguments.stride, arguments.horizon,
                    units=arguments.units, seed=arguments.seed)  # fmt: skip
        speed = turns(arguments, task, python)
        kept = [] if arguments.without_memory else memory(task)
    for rows in (speed, kept):
        print(pd.DataFrame(rows).drop(columns="rounds", errors="ignore").round(3).to_string())
    packages = ("keras", "tensorflow", "numpy", "pandas", "pyarrow")
    keep(arguments.output, vars(arguments), packages, versions_of_the_peers=PEERS.versions(python),
         speed=speed, memory=kept)  # fmt: skip


if __name__ == "__main__":
    main()
