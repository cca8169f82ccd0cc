"""Sample paths of a network beside GluonTS' DeepAR, in one run.

    python benchmarks/rollout.py

draws 100 paths of 24 steps for each of 200 series of 336 hourly steps: ours by `sample` of an LSTM
of 2 layers of 40 units, the peer by `predict` of DeepAR with 2 layers of 40 units, which draws as
many paths in parallel. Both are trained for a few batches before: what is timed is the drawing.
Other sizes follow. Each contender lives in a process of its own and they take turns call by call,
with a pause between; seconds are medians, the ratio is the median of the ratios of each turn. The
first call, with all that is compiled or started once, stands apart. Memory is what a call takes
beyond what its process held before. GluonTS lives in an environment of its own in the folder for
temporary files, made at the first run. Prints a table and writes benchmarks/results/rollout.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from environments import Environment
from keeping import RESULTS, keep
from rollout_measure import Task

ROOT = Path(__file__).resolve().parent.parent
RESULT = RESULTS / "rollout.json"
PEERS = Environment(
    "keras-forecast-state-peers",
    packages=("torch>=2.13", "gluonts[torch]", "darts"),
    modules=("gluonts.torch",),
    reported=("gluonts", "torch", "numpy", "pandas"),
)
SIZES = (
    Task(),
    Task(paths=10),
    Task(series=1),
    Task(series=2000),
    Task(paths=10, horizon=168),
)
# Threads of the contender before wait busily for some time before they sleep.
PAUSE = 0.5
OURS, PEER = "keras-forecast", "GluonTS DeepAR"


class Contender:
    """A process that draws paths whenever it is told to.

    Args:
        python: that runs it.
        script: what it runs.
        task: what it draws.
    """

    def __init__(self, python: Path | str, script: str, task: Task) -> None:
        """Start it and wait for its first call."""
        command = [python, ROOT / "benchmarks" / script, task.text()]
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env={**os.environ, **quiet},
        )  # fmt: skip
        self.first = self._answer()

    def call(self) -> dict[str, float]:
        """One more call: seconds and memory."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()

    def _answer(self) -> dict[str, float]:
        """The next line that is an answer; what libraries print is passed over."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        self.errors.seek(0)
        raise SystemExit(f"error: {self.process.args} failed:\n{self.errors.read()[-2000:]}")


@contextmanager
def started(task: Task, python: Path | None) -> Iterator[dict[str, Contender]]:
    """Ours, and the peer where there is one."""
    contenders = {OURS: Contender(sys.executable, "rollout_ours.py", task)}
    try:
        if python is not None:
            contenders[PEER] = Contender(python, "rollout_peer.py", task)
        yield contenders
    finally:
        for contender in contenders.values():
            contender.close()


def turns(task: Task, python: Path | None, rounds: int) -> list[dict[str, Any]]:
    """Rows of the table for one size."""
    with started(task, python) as contenders:
        found: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, contender in contenders.items():
                time.sleep(PAUSE)
                found[name].append(contender.call())
        first = {name: contender.first["seconds"] for name, contender in contenders.items()}
    return rows_of(task, found, first)


def rows_of(
    task: Task, found: dict[str, list[dict[str, float]]], first: dict[str, float]
) -> list[dict[str, Any]]:
    """A row for each contender: medians, and how often ours is faster in a turn."""
    seconds = {name: np.array([one["seconds"] for one in each]) for name, each in found.items()}
    return [
        {
            "series": task.series,
            "paths": task.paths,
            "steps ahead": task.horizon,
            "name": name,
            "seconds": float(np.median(seconds[name])),
            "it / ours": float(np.median(seconds[name] / seconds[OURS])),
            "core seconds": float(np.median([one["core seconds"] for one in each])),
            "first call s": first[name],
            "extra MB": float(np.max([one["extra bytes"] for one in each])) / 1e6,
        }
        for name, each in found.items()
    ]


def rounds_of(task: Task, rounds: int) -> int:
    """Turns for one size: fewer where a call of the peer takes ten seconds and more."""
    is_large = task.series * task.paths * task.horizon > 1_000_000
    return min(rounds, 2) if is_large else rounds


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns; of ten times the paths, 2")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="the first so many only")
    parser.add_argument("--without-peers", action="store_true", help="ours only")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the table, write the JSON."""
    arguments = arguments_of()
    python = None if arguments.without_peers else PEERS.python()
    if python is None:
        print("GluonTS is left out: not asked for, or not to be installed.")
    rows: list[dict[str, Any]] = []
    for task in SIZES[: arguments.sizes]:
        rows += turns(task, python, rounds_of(task, arguments.rounds))
    print(pd.DataFrame(rows).round(3).to_string(index=False))
    settings = {"rounds": arguments.rounds, "steps of each series": SIZES[0].steps}
    packages = ("keras", "tensorflow", "numpy", "pandas")
    keep(arguments.output, settings, packages, versions_of_the_peers=PEERS.versions(python),
         rows=rows)  # fmt: skip


if __name__ == "__main__":
    main()
