"""Speed of the recurrent layers beside stock Keras and torch.nn on the CPU.

A training step is the way forward and back to the gradients of all weights, inference the way
forward; all outputs are computed. Each contender lives in a process of its own and they take
turns, with a pause between; seconds are medians of the turns, a ratio is the median of the ratios
of each turn. Stock Keras runs as a graph and compiled by XLA, and the better one counts. The first
call, with all that is traced and compiled, stands apart; memory is the peak beyond what the process
held before. The floor is what the matrix products take at the rate of large products of NumPy.
Torch lives in an environment of its own in the folder for temporary files, made at the first run.
Prints a table and writes benchmarks/results/layers.json.
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
from layers_measure import Task

FOLDER = Path(__file__).resolve().parent
RESULT = RESULTS / "layers.json"
PEERS = Environment(
    "keras-forecast-layer-peers",
    packages=("torch==2.13.0", "numpy"),
    modules=("torch", "numpy"),
    reported=("torch", "numpy"),
)
SIZES = (
    (64, 96, 8, 64),
    (64, 96, 8, 128),
    (256, 48, 1, 64),
    (32, 48, 4, 32),
    (32, 720, 8, 64),
)
LAYERS = ("LSTM", "GRU", "SimpleRNN")
WAYS = ("training", "inference")
OURS, TORCH = "ours", "torch"
KERAS = ("keras graph", "keras XLA")
# Threads of the contender before wait busily for some time before they sleep.
PAUSE = 0.05


class Contender:
    """A process that runs a layer whenever it is told to.

    Args:
        python: that runs it.
        script: what it runs.
        task: the layer and its size.
        name: which one of those that the script knows.
    """

    def __init__(self, python: Path | str, script: str, task: Task, name: str) -> None:
        """Start it; its first calls run meanwhile."""
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [python, FOLDER / script, task.text(), name], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors, text=True, env={**os.environ, **quiet},
        )  # fmt: skip

    def answer(self) -> dict[str, Any]:
        """The next line that is an answer; what libraries print is passed over."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        self.errors.seek(0)
        raise SystemExit(f"error: {self.process.args} failed:\n{self.errors.read()[-2000:]}")

    def turn(self, way: str) -> float:
        """Seconds of one call, the median of a turn."""
        self.process.stdin.write(f"{way}\n")
        self.process.stdin.flush()
        return self.answer()["seconds"]

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


@contextmanager
def started(task: Task, python: Path | None) -> Iterator[tuple[dict[str, Contender], dict]]:
    """All contenders, and their first answers; started one after the other."""
    scripts = {name: (sys.executable, "layers_keras.py") for name in (OURS, *KERAS)}
    if python is not None:
        scripts[TORCH] = (python, "layers_torch.py")
    contenders: dict[str, Contender] = {}
    first = {}
    try:
        for name, command in scripts.items():
            contenders[name] = Contender(*command, task, name)
            first[name] = contenders[name].answer()
        yield contenders, first
    finally:
        for contender in contenders.values():
            contender.close()


def rows_of_task(task: Task, python: Path | None, turns: int) -> list[dict[str, Any]]:
    """Rows of the table for one layer at one size: training and inference."""
    with started(task, python) as (contenders, first):
        seconds: dict[str, dict[str, list[float]]] = {
            way: {name: [] for name in contenders} for way in WAYS
        }
        for _ in range(turns):
            for way in WAYS:
                for name, contender in contenders.items():
                    time.sleep(PAUSE)
                    seconds[way][name].append(contender.turn(way))
    rate = rate_of_products()
    return [
        {
            **row_of(task, way, {name: np.array(each) for name, each in seconds[way].items()}),
            "floor ms": 1000 * task.operations(way) / rate,
            "ours first call s": first[OURS]["first"][way],
            "XLA first call s": first["keras XLA"]["first"][way],
            **{f"{name} MB": one["extra bytes"] / 1e6 for name, one in first.items()},
        }
        for way in WAYS
    ]


def row_of(task: Task, way: str, seconds: dict[str, np.ndarray]) -> dict[str, Any]:
    """Medians in milliseconds, and how often ours is faster in a turn."""
    keras = min(KERAS, key=lambda name: float(np.median(seconds[name])))
    ratios = {"keras / ours": float(np.median(seconds[keras] / seconds[OURS]))}
    if TORCH in seconds:
        ratios["torch / ours"] = float(np.median(seconds[TORCH] / seconds[OURS]))
    return {
        "layer": task.layer,
        "size": task.label(),
        "way": way,
        **{f"{name} ms": 1000 * float(np.median(each)) for name, each in seconds.items()},
        **ratios,
    }


def rate_of_products(size: int = 1024) -> float:
    """Floating point operations a second of NumPy's product of large float32 matrices."""
    matrix = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - began)
    return 2.0 * size**3 / min(seconds)


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=7, help="turns of each contender")
    parser.add_argument("--layers", default=",".join(LAYERS), help="names, with commas between")
    parser.add_argument("--quick", action="store_true", help="the smallest size, two turns")
    parser.add_argument("--without-peers", action="store_true", help="without torch")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the table, write the JSON."""
    arguments = arguments_of()
    python = None if arguments.without_peers else PEERS.python()
    if python is None:
        print("torch is left out: not asked for, or not to be installed.")
    sizes, turns = (SIZES[3:4], 2) if arguments.quick else (SIZES, arguments.turns)
    rows: list[dict[str, Any]] = []
    for layer in arguments.layers.split(","):
        for size in sizes:
            rows += rows_of_task(Task(layer, *size), python, turns)
    with pd.option_context("display.width", 250):
        print(pd.DataFrame(rows).round(2).to_string(index=False))
    settings = {"turns": turns, "layers": arguments.layers, "quick": arguments.quick}
    packages = ("keras", "tensorflow", "numpy", "pandas")
    keep(arguments.output, settings, packages, versions_of_the_peers=PEERS.versions(python),
         rows=rows)  # fmt: skip


if __name__ == "__main__":
    main()
