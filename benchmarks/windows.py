"""Windows a second and a frame to a panel, beside keras, neuralforecast and darts, in one run.

    python benchmarks/windows.py

builds the source of windows of 10,000 series of 1,000 steps (context 168, horizon 48) and walks
through batches of 256: ours through the whole epoch, the peers through a number of batches after
their full build, since an epoch takes them many minutes. Then it turns 1,000,000 rows of a long
frame into a panel, beside neuralforecast's preparation. Each contender runs in a fresh process,
and they take turns round by round; rates are medians of the rounds, ratios medians of the ratios
of each round. Memory is what a process grows beyond the series and what it held before.
neuralforecast and darts live in an environment of their own in the folder for temporary files,
made at the first run. Prints two tables and writes benchmarks/results/windows.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from closed_form_data import simulated
from environments import Environment
from keeping import RESULTS, keep
from windows_measure import Task

ROOT = Path(__file__).resolve().parent.parent
RESULT = RESULTS / "windows.json"
# Of this torch there is a build without CUDA where an index offers one.
PEERS = Environment(
    "keras-forecast-window-peers",
    packages=("torch==2.13.0", "neuralforecast", "darts"),
    modules=("neuralforecast", "darts"),
    reported=("neuralforecast", "darts", "torch", "numpy", "pandas"),
)
OURS = "ours"
READ = "read_frame, freq given"
PREPARATIONS = {READ: False, "read_frame, freq inferred": False, "neuralforecast": True}


@dataclass(frozen=True)
class Contender:
    """A source of windows, as a row of the table.

    Args:
        name: as the scripts call it.
        order: of its windows, in words.
        is_peer: whether it runs in the peers' environment.
        share: batches timed, as a share of those asked for; None for the whole epoch.
        shuffled: whether it is asked for a random order.
    """

    name: str
    order: str
    is_peer: bool
    share: float | None
    shuffled: bool

    @property
    def row(self) -> tuple[str, str]:
        """Name and order."""
        return self.name, self.order


IN_ORDER, RANDOM = "in order", "random"
CONTENDERS = (
    Contender(OURS, IN_ORDER, False, None, False),
    Contender("keras, side by side", "all series at a time", False, 5.0, False),
    Contender("darts, no workers", IN_ORDER, True, 1.0, False),
    Contender("neuralforecast, 1 series a step", "random in 1 series", True, 5.0, True),
    Contender("ours, tf.data", IN_ORDER, False, 10.0, False),
    Contender("darts, 2 workers", IN_ORDER, True, 1.0, False),
    Contender("keras, end to end", IN_ORDER, False, 0.5, False),
    Contender(OURS, RANDOM, False, None, True),
    Contender("darts, no workers", RANDOM, True, 1.0, True),
    Contender("neuralforecast, 32 series a step", "random in 32 series", True, 0.1, True),
    Contender("ours, tf.data", RANDOM, False, 10.0, True),
    Contender("darts, 2 workers", RANDOM, True, 1.0, True),
    Contender("keras, end to end", RANDOM, False, 0.5, True),
)


def measured(task: Task, python: Path | None) -> dict[str, Any]:
    """What a contender's process prints; ours and Keras run in this environment."""
    script = "windows_ours.py" if python is None else "windows_peer.py"
    command = [python or sys.executable, ROOT / "benchmarks" / script, task.text()]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, env={**os.environ, **quiet}
    )
    if done.returncode:
        raise SystemExit(f"error: {task.contender} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def epochs(arguments: argparse.Namespace, path: Path, python: Path | None) -> list[dict[str, Any]]:
    """All sources of windows, taking turns; a row for each."""
    task = Task("", str(path), arguments.context, arguments.horizon, arguments.batch,
                seed=arguments.seed)  # fmt: skip
    found: dict[Contender, list[dict[str, Any]]] = {}
    for _ in range(arguments.rounds):
        for contender in CONTENDERS:
            is_wanted = not arguments.sources or contender.name in arguments.sources
            if not is_wanted or (contender.is_peer and python is None):
                continue
            share = contender.share
            batches = None if share is None else max(2, round(share * arguments.peer_batches))
            own = replace(task, contender=contender.name, batches=batches,
                          shuffled=contender.shuffled)  # fmt: skip
            result = measured(own, python if contender.is_peer else None)
            found.setdefault(contender, []).append(result)
    steps = arguments.steps - arguments.context - arguments.horizon + 1
    return epoch_rows(found, arguments.series * steps)


def epoch_rows(found: dict[Contender, list[dict[str, Any]]], total: int) -> list[dict[str, Any]]:
    """Rows of the table: rates, and how often ours is faster.

    Args:
        found: what each contender measured, round by round.
        total: windows of an epoch.
    """
    rates = {contender.row: _rates(results) for contender, results in found.items()}
    rows = []
    for contender, results in found.items():
        middle = pd.DataFrame(results).median()
        rate, first = float(np.median(rates[contender.row])), middle["seconds to the first batch"]
        ratios = {
            f"ours {order} / it": float(np.median(rates[OURS, order] / rates[contender.row]))
            for order in (IN_ORDER, RANDOM)
        }
        rows.append({
            "source": contender.name, "order": contender.order, "windows a second": rate, **ratios,
            "first batch s": first, "epoch s": first + total / rate,
            "batches timed": int(middle["batches"]), "extra MB": middle["extra bytes"] / 1e6,
            "times the series": middle["times the series"],
        })  # fmt: skip
    return rows


def _rates(results: list[dict[str, Any]]) -> np.ndarray:
    """Windows a second of each round, after the first batch."""
    return np.array([one["windows in the others"] / one["seconds of the others"]
                     for one in results])  # fmt: skip


def preparations(arguments: argparse.Namespace, python: Path | None) -> list[dict[str, Any]]:
    """A long frame to a panel, sorted and shuffled, beside neuralforecast's preparation."""
    rows = []
    for shuffled in (False, True):
        task = Task("", rows=arguments.rows, series=arguments.frame_series, shuffled=shuffled,
                    seed=arguments.seed)  # fmt: skip
        found: dict[str, list[dict[str, Any]]] = {}
        for _ in range(arguments.rounds):
            for name, is_peer in PREPARATIONS.items():
                if not is_peer or python is not None:
                    result = measured(replace(task, contender=name), python if is_peer else None)
                    found.setdefault(name, []).append(result)
        rows += preparation_rows(found, "shuffled" if shuffled else "sorted")
    return rows


def preparation_rows(found: dict[str, list[dict[str, Any]]], order: str) -> list[dict[str, Any]]:
    """Rows of the table: seconds, and how often reading with a given frequency is faster."""
    seconds = {name: np.array([one["seconds"] for one in each]) for name, each in found.items()}
    return [
        {
            "preparation": name,
            "rows": order,
            "seconds": float(np.median(seconds[name])),
            "it / read_frame": float(np.median(seconds[name] / seconds[READ])),
            "extra MB": float(np.median([one["extra bytes"] for one in each])) / 1e6,
            "times the frame": float(np.median([one["times the frame"] for one in each])),
        }
        for name, each in found.items()
    ]


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--context", type=int, default=168)
    parser.add_argument("--horizon", type=int, default=48)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--peer-batches", type=int, default=100, help="of darts; see CONTENDERS")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--frame-series", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sources", nargs="*", help="of windows, ours among them; all by default")
    parser.add_argument("--without-peers", action="store_true", help="keras and ours only")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the tables, write the JSON."""
    arguments = arguments_of()
    python = None if arguments.without_peers else PEERS.python()
    if python is None:
        print("neuralforecast and darts are left out: not asked for, or not to be installed.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.npy"
        np.save(path, simulated(arguments.series, arguments.steps, arguments.seed))
        windows = epochs(arguments, path, python)
    frames = preparations(arguments, python)
    for rows in (windows, frames):
        print(pd.DataFrame(rows).round(3).to_string(index=False))
    packages = ("keras", "tensorflow", "numpy", "pandas", "pyarrow")
    keep(arguments.output, vars(arguments), packages, versions_of_the_peers=PEERS.versions(python),
         windows=windows, frames=frames)  # fmt: skip


if __name__ == "__main__":
    main()
