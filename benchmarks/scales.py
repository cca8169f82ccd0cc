"""In which scale should a network see its series: that of the newest lags, or of the series?

    python benchmarks/scales.py

For each training part, what a readout of an untrained reservoir leaves of the errors of the linear
highway in either scale, and what `forecast/models/scale_choice.py` takes. Nothing is trained, and
test parts are not looked at. Prints a table and writes benchmarks/results/scales.json. Data are
read from the folder given by --data.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd
from catalogue import ALL_PANELS, read_named
from keeping import RESULTS, keep

from forecast.baselines.pooled.fit import estimate_pooled
from forecast.calibration_origins import calibration_origins
from forecast.fitting import Task
from forecast.models.highway import choose_highway
from forecast.models.highway_model import HighwayModel
from forecast.models.scale_choice import choose_scale, shares_left
from forecast.pipelines import default_season, read_frame

ROOT = Path(__file__).resolve().parent.parent
RESULT = RESULTS / "scales.json"


def measured(name: str, folder: Path) -> dict[str, Any]:
    """One panel, as a network sees it before its training."""
    horizon = ALL_PANELS[name].horizon
    panel = read_frame(read_named(name, folder, "test").train).panel
    season = default_season(panel)
    origins = calibration_origins(panel.lengths, horizon, season.length)
    head = panel.head(origins.first_ends(panel.lengths))
    task = Task(head, season, horizon, (panel, origins))
    highway = HighwayModel.of(estimate_pooled(task.panel, choose_highway(task)))
    left = shares_left(highway, task)
    row = {"panel": name, "num_series": head.num_series, **left}
    row |= {"gain": 1.0 - left["series"] / left["window"], "taken": choose_scale(highway, task)}
    print(f"  {name}: {row['taken']}", flush=True)
    return row


def main() -> None:
    """Run, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=[*ALL_PANELS], action="append", help="repeatable")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    try:
        rows = [measured(name, arguments.data) for name in arguments.dataset or ALL_PANELS]
    except FileNotFoundError as error:
        raise SystemExit(f"error: {error}") from error
    print(pd.DataFrame(rows).round(4).to_string(index=False))
    keep(arguments.output, vars(arguments), ("tensorflow", "keras", "numpy"), rows=rows)


if __name__ == "__main__":
    main()
