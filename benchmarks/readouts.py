"""Does a readout in closed form forecast better than the trained one, and one for each series?

    python benchmarks/readouts.py --dataset nn5_daily --dataset hospital

One training of a network on its linear highway (`NetworkDesign(linear="highway")`), scored with its
readout as trained, refitted for all series, and for each series, shrunk to that of all, whether
`NetworkDesign(readout=)` would keep it or not. All is scored on the end of the training part of a
panel; test parts are not looked at. Prints a table, with the mean difference to the trained readout
and its standard error over series, and writes benchmarks/results/readouts.json. Data are read from
the folder given by --data.
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
from panels import PANELS, Parts, read

import forecast as fc
from forecast.baselines.autoregression.lags import seasons_of
from forecast.models.body import ReadBody
from forecast.models.readout import fit_readout
from forecast.models.teaching import make_lesson
from forecast.pipelines import read_frame

ROOT = Path(__file__).resolve().parent.parent
RESULT = RESULTS / "readouts.json"
READOUTS = ("trained", "refitted", "shrunk")


def measured(name: str, seed: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each readout of one panel and seed."""
    panel, parts = PANELS[name], read(PANELS[name], arguments.data, "validation")
    training = fc.Training(num_steps=arguments.num_steps)
    design = fc.NetworkDesign(linear="highway")
    forecaster = fc.LSTMForecaster(training=training, design=design, seed=seed)
    forecaster.fit(parts.train, horizon=panel.horizon)
    network, found = forecaster.fitted_.model, []
    for readout in READOUTS:
        body, words = network.body, forecaster.choices_
        if readout != "trained":
            body, words = refitted(forecaster, parts, per_series=readout == "shrunk")
        with_model(forecaster, network.with_body(body)).condition(parts.train)
        losses = losses_of(forecaster, panel, parts, "validation").mean(axis=0)
        losses = losses[~np.isnan(losses)]  # of a series without change there is none
        with_model(forecaster, network)
        moved = losses - (found[0][1] if found else losses)
        row = {"panel": name, "seed": seed, "readout": readout, panel.measure: losses.mean()}
        error = moved.std(ddof=1) / np.sqrt(len(moved))
        row |= {"beside trained": moved.mean(), "standard error": error, "choices": words}
        print(f"  {name} {readout}: {losses.mean():.4f}, {words}", flush=True)
        found.append((row, losses))
    return [row for row, _ in found]


def refitted(
    forecaster: fc.LSTMForecaster, parts: Parts, per_series: bool
) -> tuple[ReadBody, str]:  # fmt: skip
    """The layers of a fitted network with a readout in closed form, and words for it."""
    network, season = forecaster.fitted_.model, forecaster.fitted_.season
    layers = network.body.without_readout
    lesson = make_lesson(network.highway, read_frame(parts.train).panel, season.length)
    found = fit_readout(layers, lesson, seasons_of(season), per_series)
    body = ReadBody(layers, found.coefficients, found.information, found.departures)
    return body, found.words


def with_model(forecaster: fc.LSTMForecaster, model: Any) -> fc.LSTMForecaster:
    """The forecaster itself, with another model."""
    fitted = forecaster.fitted_
    forecaster.fitted_ = replace(fitted, estimate=replace(fitted.estimate, model=model))
    return forecaster


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
