"""Which linear forecaster should a trained network correct: its training's, the newest, the mean?

    python benchmarks/highways.py --dataset etth1_720 --dataset hospital

One training of a network on its linear highway (`NetworkDesign(linear="highway")`), which keeps its
weights when the highway is fitted again to all training series. It is scored around the highway
that it was trained on, around the newest, and around the mean of both, with the averaged readout
fitted anew each time. Beside these, what `forecast/models/renewal.py` takes, and by which errors
from the origins of the training. All is scored on the end of the training part of a panel; test
parts are not looked at. (Nonlinear series are not among the panels: networks see these in their own
scale, and keep the highway of their training.) Prints a table and writes
benchmarks/results/highways.json. Data are read from the folder given by --data.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from keeping import RESULTS, keep
from losses import losses_of
from panels import PANELS
from readouts import parts_of, with_model

import forecast as fc
from forecast.fitting import Estimate, Task
from forecast.models.checking import free_running_check
from forecast.models.highway_model import HighwayModel
from forecast.models.network import NetworkModel

ROOT = Path(__file__).resolve().parent.parent
RESULT = RESULTS / "highways.json"
FEW = ["etth1_720", "etth1_336", "us_births", "nn5_daily", "hospital", "m4_monthly_200"]


class Watched(fc.LSTMForecaster):
    """Keeps what it had learned before its highway was fitted again."""

    def _completed(self, estimate: Estimate, task: Task) -> Estimate:
        self.learned, self.whole = estimate, task
        return super()._completed(estimate, task)

    @property
    def highways(self) -> dict[str, HighwayModel]:
        """What the network may correct in the end."""
        old = self.learned.model.highway
        newest = self._highway(self.whole, self.learned.settled.pooled)
        return {"training": old, "mean": old.mean_with(newest), "newest": newest}

    @property
    def taken(self) -> str:
        """Which of them it does."""
        coefficients = self.fitted_.model.highway.coefficients
        return next(kind for kind, highway in self.highways.items()
                    if np.array_equal(highway.coefficients, coefficients))  # fmt: skip

    def around(self, highway: HighwayModel) -> tuple[NetworkModel, float]:
        """The network around a highway, and its error from the origins of the training."""
        learned, task = self.learned, self.whole
        network = learned.model.with_body(learned.trained).with_highway(highway)
        check = free_running_check(network, replace(task, ahead=(task.panel, learned.origins)))
        return self._averaged(learned.trained, network, task)[0], check(network.body)


def measured(name: str, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """One panel and seed."""
    panel, parts = parts_of(name, arguments.data)
    training = fc.Training(num_steps=arguments.num_steps)
    design = fc.NetworkDesign(linear="highway")
    forecaster = Watched(training=training, design=design, seed=seed)
    forecaster.fit(parts.train, horizon=panel.horizon)
    row = {"panel": name, "seed": seed, "measure": panel.measure, "taken": forecaster.taken,
           "choices": forecaster.choices_}  # fmt: skip
    for kind, highway in forecaster.highways.items():
        network, error = forecaster.around(highway)
        with_model(forecaster, network).condition(parts.train)
        row[kind] = float(np.nanmean(losses_of(forecaster, panel, parts, "validation")))
        row[f"{kind}, from its origins"] = error
    print(f"  {name} {seed}: {row['taken']}", flush=True)
    return row


def main() -> None:
    """Run, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=[*PANELS], action="append", help="repeatable")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--num-steps", type=int, help="of the training; as planned by default")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    try:
        rows = [measured(name, seed, arguments)
                for name in arguments.dataset or FEW for seed in arguments.seeds]  # fmt: skip
    except FileNotFoundError as error:
        raise SystemExit(f"error: {error}") from error
    print(pd.DataFrame(rows).drop(columns="choices").round(4).to_string(index=False))
    keep(arguments.output, vars(arguments), ("tensorflow", "keras", "numpy"), rows=rows)


if __name__ == "__main__":
    main()
