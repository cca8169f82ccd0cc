"""Networks that read a window beside the default network and the linear bar, on whole M4 panels.

    python benchmarks/window_networks.py --part validation --num-series 40 --steps 40
    python benchmarks/window_networks.py --dataset m4_weekly

Encoder and decoder, a causal convolution, a transformer, and encoder and decoder with additive
attention, each with its defaults, beside the default LSTM: the same seed, the same number of
updates, the same linear forecasters inside. Skill is the share of a rival's loss that is saved,
with a 95 % interval and a test of equal accuracy over series: beside the linear forecaster that is
best on what is scored, and beside the LSTM. Looks at test parts go to benchmarks/test_scores.jsonl,
rows to benchmarks/results/window_networks.json after every fit, in the place of those kept of the
same panel and model.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from accuracy import reason
from forecasters import made
from keeping import RESULTS, keep
from ledger import PATH, Ledger, LedgerError, Version
from networks import LINEAR, Fitted, Trials, saved
from panels import PANELS, Panel, Parts, read

ROOT = Path(__file__).resolve().parent.parent
DATASETS = ("m4_weekly", "m4_hourly")
DEFAULT = "LSTM"
NETWORKS = (DEFAULT, "Seq2Seq", "TemporalConvolution", "Transformer", "Attention")
_STEPS = 300


def rows_of(
    trials: Trials, networks: Sequence[str], seed: int, num_steps: int
) -> Iterator[dict[str, Any]]:
    """A row a forecaster of one panel, each as soon as it is scored."""
    models = (*LINEAR, *networks)
    forecasters = [made(model, trials.panel, seed, None, num_steps) for model in models]
    found: dict[str, Fitted] = {}
    for model, forecaster in zip(models, forecasters, strict=True):
        found[model] = trials.fitted(forecaster, model)
        yield _row(trials, found, model)


def _row(trials: Trials, found: dict[str, Fitted], model: str) -> dict[str, Any]:
    """The last one fitted, beside the best linear one and the default network."""
    one = found[model]
    row = {
        "panel": trials.name,
        "measure": trials.panel.measure,
        "model": model,
        "score": _score(one),
        "steps": one.num_steps,
        "seconds": one.seconds,
        "choices": one.choices,
    }
    if model in LINEAR:
        return row
    best = min(LINEAR, key=lambda name: _score(found[name]))
    row |= {"best linear": best} | saved(trials.panel, one.losses, found[best].losses)
    if model != DEFAULT:
        row[f"beside {DEFAULT}"] = saved(trials.panel, one.losses, found[DEFAULT].losses)
    return row


def _score(one: Fitted) -> float:
    return float(np.nanmean(one.losses))


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text."""
    shown = pd.DataFrame(
        {name: row[name] for name in ("panel", "measure", "model", "score", "steps", "seconds")}
        | _beside("linear", row)
        | _beside(DEFAULT, row.get(f"beside {DEFAULT}", {}))
        for row in rows
    )
    return shown.round(4).to_string(index=False, na_rep="-")


def _beside(rival: str, found: dict[str, Any]) -> dict[str, Any]:
    """What is saved, in columns named after the rival."""
    if "skill" not in found:
        return {}
    interval = "-"
    if found["interval"] is not None:
        interval = "{:.1%} to {:.1%}".format(*found["interval"])
    return {
        f"saved of {rival}": f"{found['skill']:.1%}",
        f"interval ({rival})": interval,
        f"p ({rival})": found["p"],
    }


def parts_of(panel: Panel, arguments: argparse.Namespace) -> Parts:
    """The rows of the first series, of all without a number."""
    whole = read(panel, arguments.data, arguments.part)
    ids = whole.train["unique_id"].unique()[: arguments.num_series]
    frames = (whole.train, whole.between, whole.held)
    return Parts(*(frame[frame["unique_id"].isin(ids)] for frame in frames))


def merged(path: Path, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, and those of a file of results that they do not replace, in order."""
    old = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    found = {(row["panel"], row["model"]): row for row in (*old, *rows)}
    order = (*LINEAR, *NETWORKS)
    return sorted(found.values(), key=lambda row: (DATASETS.index(row["panel"]),
                                                   order.index(row["model"])))  # fmt: skip


def parsed(texts: Sequence[str] | None) -> argparse.Namespace:
    """The command line.

    Raises:
        SystemExit: where a test part would be scored in part.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=DATASETS, action="append", help="repeatable")
    parser.add_argument("--network", choices=NETWORKS[1:], action="append", help="repeatable")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=_STEPS, help="updates of each network")
    parser.add_argument("--part", choices=["test", "validation"], default="test")
    parser.add_argument("--num-series", type=int, default=None, help="of the validation part")
    parser.add_argument("--again", type=reason, default=None, metavar="REASON")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, default=None)
    arguments = parser.parse_args(texts)
    if arguments.part == "test":
        if arguments.num_series is not None:
            parser.error("--num-series is for --part validation: a test part is scored whole")
        arguments.output = arguments.output or RESULTS / "window_networks.json"
    arguments.dataset = arguments.dataset or list(DATASETS)
    arguments.network = [DEFAULT, *(arguments.network or NETWORKS[1:])]
    return arguments


def main(texts: Sequence[str] | None = None) -> None:
    """Run, keep every row, print the table."""
    arguments, code = parsed(texts), Version.of_tree()
    rows: list[dict[str, Any]] = []
    try:
        if arguments.part == "test" and arguments.again is None:
            for name in arguments.dataset:
                Ledger(PATH).refuse_second_look(name, [*LINEAR, *arguments.network])
        for name in arguments.dataset:
            print(name, flush=True)
            panel = PANELS[name]
            trials = Trials(name, panel, parts_of(panel, arguments), arguments, code)
            for row in rows_of(trials, arguments.network, arguments.seed, arguments.steps):
                rows.append(row)
                write(rows, arguments, code)
    except (LedgerError, FileNotFoundError) as error:
        raise SystemExit(f"error: {error}") from error
    with pd.option_context("display.width", 250):
        print(table(rows))


def write(rows: Sequence[dict[str, Any]], arguments: argparse.Namespace, code: Version) -> None:
    """Keep the rows beside those of others."""
    if arguments.output is not None:
        settings, packages = vars(arguments) | vars(code), ("numpy", "keras", "tensorflow")
        keep(arguments.output, settings, packages, rows=merged(arguments.output, rows))


if __name__ == "__main__":
    main()
