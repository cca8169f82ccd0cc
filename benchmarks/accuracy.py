"""Accuracy of the default forecasters on public panels with their official splits.

    python benchmarks/accuracy.py --models linear
    python benchmarks/accuracy.py --dataset m4_hourly --max-seconds 100

The first runs the linear forecasters on all panels, prints one table and writes
benchmarks/results/linear_bar.json; the second writes benchmarks/results/accuracy_<dataset>.json;
several data sets without linear, accuracy_of_<models>.json.
Data are read from the folder given by --data (default: ../shared/data beside the checkout); none
of it belongs to the project. Every score on a test part is written to benchmarks/test_scores.jsonl,
and each test is scored once, whatever the commit; one more look needs `--again REASON`. Choose on
`--part validation`, which does not read the test part.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import records
from forecasters import DEFAULT, expanded, made
from ledger import PATH, Ledger, LedgerError, Version
from panels import PANELS, Panel, Parts, read
from scores import score

from forecast.forecaster import Forecaster

ROOT = Path(__file__).resolve().parent.parent


def measured(forecaster: Forecaster, panel: Panel, parts: Parts, part: str) -> dict[str, Any]:
    """Fit, forecast and score one forecaster."""
    began = time.perf_counter()
    forecaster.fit(parts.train, horizon=panel.horizon)
    fitted = time.perf_counter()
    scores = score(forecaster, panel, parts, part)
    seconds = {"fit s": fitted - began, "predict s": time.perf_counter() - fitted}
    calibration = forecaster.fitted_.calibration.mase
    return {
        "model": forecaster.name,
        **scores,
        **seconds,
        "choices": forecaster.choices_,
        "role": forecaster.role,
        "training MASE": calibration if np.isfinite(calibration) else None,
    }


def chosen(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The linear forecaster with the lowest MASE at origins of its training part.

    This is the rule by which `compare` picks its reference; nothing that is held out is used.
    """
    linear = [row for row in rows if row["role"] == "linear"]
    best = min(linear, key=lambda row: _or_infinite(row["training MASE"]), default=None)
    if best is None:
        return None
    return best | {"model": "chosen", "choices": f"{best['model']}: {best['choices']}"}


def _or_infinite(value: float | None) -> float:
    return float("inf") if value is None else value


def forecasters_for(name: str, arguments: argparse.Namespace) -> list[Forecaster]:
    """The forecasters asked for, with their defaults."""
    return [
        made(model, PANELS[name], arguments.seed, arguments.max_seconds)
        for model in expanded(arguments.models or list(DEFAULT))
    ]


def check_first_look(names: list[str], arguments: argparse.Namespace) -> None:
    """Refuse before anything is read if a test part was scored already."""
    if arguments.part == "test" and arguments.again is None:
        for name in names:
            models = [forecaster.name for forecaster in forecasters_for(name, arguments)]
            Ledger(PATH).refuse_second_look(name, models)


def run(name: str, arguments: argparse.Namespace, version: Version) -> Iterator[dict[str, Any]]:
    """Score every model once on one panel, writing each look at a test part to the ledger."""
    panel, rows = PANELS[name], []
    parts = read(panel, arguments.data, arguments.part)
    for forecaster in forecasters_for(name, arguments):
        row = measured(forecaster, panel, parts, arguments.part) | vars(version)
        if arguments.part == "test":
            scores = {key: row[key] for key in records.SCORES if key in row}
            why = arguments.again or ""
            line = Ledger(PATH).add(version, name, row["model"], scores, row["choices"], why)
            row["looks"] = line["count"]
        rows.append(row)
        yield row
    best = chosen(rows)
    if best is not None:
        yield best


def reason(text: str) -> str:
    """Why a test part is looked at again; not empty."""
    if not text.strip():
        raise argparse.ArgumentTypeError("say in words why the test is looked at again.")
    return text.strip()


def parsed(texts: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--dataset", choices=[*PANELS, "all"], action="append",
        help="repeatable; all with --models linear, else m4_hourly",
    )  # fmt: skip
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--max-seconds", type=float, default=100.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--models", type=lambda text: text.split(","), default=None,
        help="names such as AR,LSTM, or linear",
    )  # fmt: skip
    parser.add_argument(
        "--part", choices=["test", "validation"], default="test",
        help="validation: the end of the training part is scored, the test part is not read",
    )  # fmt: skip
    parser.add_argument(
        "--again", type=reason, default=None, metavar="REASON",
        help="look at test parts once more; the reason is written to the ledger",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, default=None, help="JSON file to write")
    return parser.parse_args(texts)


def selected(arguments: argparse.Namespace) -> list[str]:
    """Names of the panels to run."""
    names = arguments.dataset or ["all" if records.is_bar(arguments) else "m4_hourly"]
    names = list(PANELS) if "all" in names else list(dict.fromkeys(names))
    return names


def main(texts: Sequence[str] | None = None) -> None:
    """Parse arguments, run, print the table, write the JSON after every panel."""
    arguments = parsed(texts)
    names, version = selected(arguments), Version.of_tree()
    rows = []
    try:
        check_first_look(names, arguments)
        for name in names:
            for row in run(name, arguments, version):
                rows.append(records.row_of(name, row))
                print(records.progress(rows[-1]), flush=True)
            records.write(name, rows, arguments)
    except (LedgerError, FileNotFoundError) as error:
        raise SystemExit(f"error: {error}") from error
    finally:
        if rows:
            with pd.option_context("display.width", 250, "display.max_colwidth", 70):
                print(records.table(rows, arguments.part))


if __name__ == "__main__":
    main()
