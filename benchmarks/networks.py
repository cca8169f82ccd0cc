"""Does the default network beat the best linear forecaster? Three seeds, with significance.

    python benchmarks/networks.py --part validation
    python benchmarks/networks.py --again "the new default network beside the linear bar"

Every public panel with its official split, and series that no linear forecast follows: the default
LSTM with three seeds (losses averaged, spread shown) beside AR, PooledAR and their weighted
combination, on the same machine. Skill is the share of the loss of the best linear forecaster (the
best on what is scored: the hardest rival) that the network saves, with a 95 % interval and a test
of equal accuracy over origins, or over series where there is one origin. Data are read from the
folder given by --data. Looks at test parts of the public panels go to
benchmarks/test_scores.jsonl; of the other series they are not counted.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from accuracy import reason
from catalogue import ALL_PANELS, every, read_named
from forecasters import made
from ledger import PATH, Ledger, LedgerError, Version
from losses import losses_of
from numpy.typing import NDArray
from panels import PANELS, Panel, Parts

from forecast.evaluation.significance import equal_accuracy, panel_skill_interval
from forecast.forecaster import Forecaster

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
LINEAR = ("AR", "PooledAR", "Combine")


@dataclass(frozen=True)
class Fitted:
    """One forecaster on one panel: its losses at each origin and series, and how it was fitted."""

    losses: NDArray
    seconds: float
    choices: str
    num_steps: int | None


@dataclass(frozen=True)
class Trials:
    """Fits on one panel, of which those on its test part are written into the ledger.

    Args:
        name: the panel.
        panel: what it is.
        parts: its rows.
        arguments: of the command line: part, again.
        code: what is scored.
    """

    name: str
    panel: Panel
    parts: Parts
    arguments: argparse.Namespace
    code: Version

    def fitted(self, forecaster: Forecaster, label: str) -> Fitted:
        """Fit it, score it, say so."""
        part, began = self.arguments.part, time.perf_counter()
        forecaster.fit(self.parts.train, horizon=self.panel.horizon)
        seconds = time.perf_counter() - began
        losses = losses_of(forecaster, self.panel, self.parts, part)
        print(f"  {label}: {np.nanmean(losses):.4f} ({seconds:.0f} s)", flush=True)
        if part == "test" and self.name in PANELS:
            score = {self.panel.measure: float(np.nanmean(losses))}
            Ledger(PATH).add(self.code, self.name, forecaster.name, score, forecaster.choices_,
                             self.arguments.again or "")  # fmt: skip
        num_steps = getattr(forecaster, "num_steps_", None)
        return Fitted(losses, seconds, forecaster.choices_, num_steps)


def measured(name: str, arguments: argparse.Namespace, version_: Version) -> dict[str, Any]:
    """One row: all forecasters on one panel."""
    panel = ALL_PANELS[name]
    parts = read_named(name, arguments.data, arguments.part)
    trials = Trials(name, panel, parts, arguments, version_)
    wanted = {model: (model, 0) for model in LINEAR}
    wanted |= {f"{arguments.model} seed {seed}": (arguments.model, seed)
               for seed in arguments.seeds}  # fmt: skip
    found = {
        label: trials.fitted(made(model, panel, seed, arguments.max_seconds), label)
        for label, (model, seed) in wanted.items()
    }
    losses = {label: one.losses for label, one in found.items()}
    return _row(name, panel, arguments, losses) | {
        "seconds": {label: one.seconds for label, one in found.items()},
        "choices": {label: one.choices for label, one in found.items()},
    }


def _row(
    name: str, panel: Panel, arguments: argparse.Namespace, losses: dict[str, NDArray]
) -> dict[str, Any]:
    scores = {label: float(np.nanmean(loss)) for label, loss in losses.items()}
    seeds = [label for label in losses if label not in LINEAR]
    best = min(LINEAR, key=lambda label: scores[label])
    network = np.mean([losses[label] for label in seeds], axis=0)
    return {
        "panel": name,
        "measure": panel.measure,
        **{label: scores[label] for label in LINEAR},
        arguments.model: float(np.mean([scores[label] for label in seeds])),
        "spread": float(np.std([scores[label] for label in seeds], ddof=len(seeds) > 1)),
        "best linear": best,
        **saved(panel, network, losses[best]),
    }


def saved(panel: Panel, losses: NDArray, rival: NDArray) -> dict[str, Any]:
    """The share of a rival's loss that is saved, its interval, and the test of equal accuracy.

    Args:
        panel: whose origins they are.
        losses: `(num_origins, num_series)`.
        rival: as losses.
    """
    thin = every(panel, len(losses))
    reach = (panel.horizon, panel.stride * thin)
    pair = losses[::thin], rival[::thin]
    test = equal_accuracy(pair[0] - pair[1], *reach)
    interval = panel_skill_interval(*pair, *reach)
    return {
        "skill": 1.0 - float(np.nanmean(losses)) / float(np.nanmean(rival)),
        "interval": None if interval is None else [float(interval.low), float(interval.high)],
        "p": None if test.p_value is None else float(test.p_value),
        "test over": test.basis,
    }


def table(rows: list[dict[str, Any]], model: str) -> str:
    """The rows as text."""
    shown = pd.DataFrame(rows)
    shown["seconds"] = [np.mean([s for n, s in row["seconds"].items() if n not in LINEAR])
                        for row in rows]  # fmt: skip
    shown["interval"] = [
        "-" if row["interval"] is None else "{:.1%} to {:.1%}".format(*row["interval"])
        for row in rows
    ]
    columns = ["panel", "measure", *LINEAR, model, "spread", "skill", "interval", "p", "test over",
               "seconds"]  # fmt: skip
    return shown[columns].round(4).to_string(index=False)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = list(ALL_PANELS)
    parser.add_argument("--dataset", choices=names, action="append", help="repeatable")
    parser.add_argument("--model", default="LSTM")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--max-seconds", type=float, default=None)
    parser.add_argument("--part", choices=["test", "validation"], default="test")
    parser.add_argument("--again", type=reason, default=None, metavar="REASON")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, default=None)
    arguments = parser.parse_args()
    arguments.dataset = arguments.dataset or names
    return arguments


def write(rows: list[dict[str, Any]], arguments: argparse.Namespace, version_: Version) -> None:
    """Keep the rows after every panel."""
    path = arguments.output or (RESULTS / "networks.json" if arguments.part == "test" else None)
    if path is None:
        return
    packages = ("keras-forecast", "tensorflow", "keras", "numpy")
    record = {
        "part": arguments.part,
        "model": arguments.model,
        "seeds": arguments.seeds,
        "max_seconds": arguments.max_seconds,
        **vars(version_),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {package: version(package) for package in packages},
        "rows": rows,
    }
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def main() -> None:
    """Run, print the table, write the JSON after every panel."""
    arguments, version_ = parsed(), Version.of_tree()
    rows: list[dict[str, Any]] = []
    try:
        if arguments.part == "test" and arguments.again is None:
            for name in set(arguments.dataset) & set(PANELS):
                Ledger(PATH).refuse_second_look(name, [*LINEAR, arguments.model])
        for name in arguments.dataset:
            print(name, flush=True)
            rows.append(measured(name, arguments, version_))
            write(rows, arguments, version_)
    except (LedgerError, FileNotFoundError) as error:
        raise SystemExit(f"error: {error}") from error
    if rows:
        with pd.option_context("display.width", 250):
            print(table(rows, arguments.model))


if __name__ == "__main__":
    main()
