"""Speed of a reservoir beside reservoirpy's, in one run.

    python benchmarks/echo_state.py

runs 500 units over 10,000 steps, a sparse random reservoir (a tenth of the weights is not zero) and
a cycle, and 100 sequences of 1,000 steps: ours as a Keras layer on TensorFlow in float32, the
peer's `Reservoir.run` with the same weights in its own form, float64 and sparse, on one thread,
which is its fastest. Then a readout is fitted one step ahead and 24 steps are forecast, fed back,
the penalty being given to both. Both forecast one series from where the fit has left off; of many
the peer keeps only the last state, and runs each once more. Each contender lives in a process of
its own and they take turns call by call; seconds are medians, a ratio is the median of the ratios
of each turn: by the clock, and of the processor's seconds of all threads, which other work on the
machine disturbs less. The first call, with what is compiled, stands apart. Both run the same
reservoir: the mean size of the last states is shown.
The peer lives in an environment of its own in the folder for temporary files, made at the first
run. Prints a table and writes benchmarks/results/echo_state.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from echo_state_measure import Task
from environments import Environment
from keeping import RESULTS, keep
from rollout import PAUSE, Contender

RESULT = RESULTS / "echo_state.json"
PEERS = Environment(
    "keras-forecast-echo-peers",
    packages=("reservoirpy>=0.4",),
    modules=("reservoirpy.nodes",),
    reported=("reservoirpy", "numpy", "scipy"),
)
OURS, PEER = "keras-forecast", "reservoirpy"
# How many times as fast as the peer each of them is meant to be.
SIZES = (
    (Task(), 2.0),
    (Task("cycle"), 8.0),
    (Task(series=100, steps=1000), 10.0),
    (Task("cycle", 100, 1000), 10.0),
    (Task(is_fit=True), 4.0),
    (Task("cycle", is_fit=True), 4.0),
    (Task(series=100, steps=1000, is_fit=True), 10.0),
    (Task("cycle", 100, 1000, is_fit=True), 10.0),
)


def turns(task: Task, python: Path | None, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Answers of each contender: the first call, then a call in each round."""
    contenders = {OURS: Contender(sys.executable, "echo_state_ours.py", task)}
    if python is not None:
        contenders[PEER] = Contender(python, "echo_state_peer.py", task)
    found = {name: [contender.first] for name, contender in contenders.items()}
    for _ in range(rounds):
        for name, contender in contenders.items():
            time.sleep(PAUSE)
            found[name].append(contender.call())
    for contender in contenders.values():
        contender.close()
    return found


def rows_of(
    task: Task, target: float, found: dict[str, list[dict[str, float]]]
) -> list[dict[str, Any]]:
    """A row for each contender: median seconds, and how often ours is faster in a turn."""
    seconds, worked = (
        {name: np.array([one[key] for one in each]) for name, each in found.items()}
        for key in ("seconds", "cpu seconds")
    )
    return [
        {
            "job": "fit, 24 ahead" if task.is_fit else "run",
            "topology": task.topology,
            "sequences": task.series,
            "steps": task.steps,
            "name": name,
            "seconds": float(np.median(taken[1:])),
            "it / ours": float(np.median(taken[1:] / seconds[OURS][1:])),
            "cpu, it / ours": float(np.median(worked[name][1:] / worked[OURS][1:])),
            "target": target,
            "first call s": float(taken[0]),
            "mean size at the end": found[name][-1]["mean size"],
        }
        for name, taken in seconds.items()
    ]


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="the first so many only")
    parser.add_argument("--without-peers", action="store_true", help="ours only")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the table, write the JSON."""
    arguments = arguments_of()
    python = None if arguments.without_peers else PEERS.python()
    if python is None:
        print("reservoirpy is left out: not asked for, or not to be installed.")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of NumPy; TensorFlow has threads of its own
    rows: list[dict[str, Any]] = []
    for task, target in SIZES[: arguments.sizes]:
        rows += rows_of(task, target, turns(task, python, arguments.rounds))
    print(pd.DataFrame(rows).round(4).to_string(index=False))
    settings = {"rounds": arguments.rounds, "units": SIZES[0][0].units}
    packages = ("keras", "tensorflow", "numpy")
    keep(arguments.output, settings, packages, versions_of_the_peers=PEERS.versions(python),
         rows=rows)  # fmt: skip


if __name__ == "__main__":
    main()
