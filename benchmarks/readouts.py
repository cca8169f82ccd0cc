"""Does a readout in closed form forecast better than the trained one, and one for each series?

    python benchmarks/readouts.py --dataset nn5_daily --dataset hospital

A network on its linear highway (`NetworkDesign(linear="highway")`), the same training each time,
with its readout as trained, refitted for all series, and refitted for each series, shrunk to that
of all. Each is scored on the end of the training part of a panel; test parts are not looked at.
Prints a table, with the mean difference to the trained readout and its standard error over series,
and writes benchmarks/results/readouts.json. Data are read from the folder given by --data.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from keeping import RESULTS, keep
from losses import losses_of
from panels import PANELS, read

import forecast as fc

ROOT = Path(__file__).resolve().parent.parent
RESULT = RESULTS / "readouts.json"
READOUTS = ("trained", "refitted", "shrunk")


def measured(name: str, seed: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each readout of one panel and seed."""
    panel, found = PANELS[name], []
    parts = read(panel, arguments.data, "validation")
    for readout in READOUTS:
        forecaster = fc.LSTMForecaster(
            training=fc.Training(num_steps=arguments.num_steps),
            design=fc.NetworkDesign(linear="highway", readout=readout),
            seed=seed,
        )
        began = time.process_time()
        forecaster.fit(parts.train, horizon=panel.horizon)
        seconds = time.process_time() - began
        losses = losses_of(forecaster, panel, parts, "validation").mean(axis=0)
        trained = found[0]["losses"] if found else losses
        found.append(
            {
                "panel": name,
                "seed": seed,
                "readout": readout,
                panel.measure: float(np.nanmean(losses)),
                **_difference(losses - trained),
                "processor s": seconds,
                "choices": forecaster.choices_,
                "losses": losses,
            }
        )
        print(f"  {name} {readout}: {np.nanmean(losses):.4f}, {forecaster.choices_}", flush=True)
    return [{key: row[key] for key in row if key != "losses"} for row in found]


def _difference(moved: np.ndarray) -> dict[str, float]:
    """Mean over series, and its standard error."""
    known = moved[~np.isnan(moved)]
    error = known.std(ddof=1) / np.sqrt(len(known)) if len(known) > 1 else np.nan
    return {"beside trained": float(known.mean()), "standard error": float(error)}


def main() -> None:
    """Run, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=list(PANELS), action="append", help="repeatable")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--num-steps", type=int, default=400)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    names = arguments.dataset or ["nn5_daily", "hospital", "tourism_quarterly"]
    try:
        rows = [row for name in names for seed in arguments.seeds
                for row in measured(name, seed, arguments)]  # fmt: skip
    except FileNotFoundError as error:
        raise SystemExit(f"error: {error}") from error
    print(pd.DataFrame(rows).drop(columns="choices").round(4).to_string(index=False))
    keep(arguments.output, vars(arguments), ("tensorflow", "keras", "numpy"), rows=rows)


if __name__ == "__main__":
    main()
