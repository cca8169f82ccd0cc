"""Does a readout in closed form forecast better than the trained one, and one for each series?

    python benchmarks/readouts.py --dataset nn5_daily --dataset hospital

One training of a network on its linear highway (`NetworkDesign(linear="highway")`), scored with its
readout as trained, refitted for all series, and for each series, shrunk to that of all, whether
`NetworkDesign(readout=)` would keep it or not; and averaged from the trained one and one of states
in closed form, the default. All is scored on the end of the training part of a panel; test parts
are not looked at. Prints a table, with the mean difference to the trained readout and its standard
error over series, or over origins where there are several, and writes
benchmarks/results/readouts.json. Data are read from the folder given by --data.
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
from nonlinear_data import NONLINEAR, read_nonlinear
from numpy.typing import NDArray
from panels import PANELS, Panel, Parts, read

import forecast as fc
from forecast.baselines.autoregression.lags import seasons_of
from forecast.models.body import Body, ReadBody
from forecast.models.readout import averaged_readout, fit_readout
from forecast.models.teaching import make_lesson
from forecast.pipelines import read_frame

ROOT = Path(__file__).resolve().parent.parent
RESULT = RESULTS / "readouts.json"
READOUTS = ("trained", "refitted", "shrunk", "averaged")
FEW = ["nn5_daily", "hospital", "tourism_quarterly", "us_births", "etth1_96", *NONLINEAR]


def measured(name: str, seed: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each readout of one panel and seed."""
    panel, parts = parts_of(name, arguments.data)
    training = fc.Training(num_steps=arguments.num_steps)
    design = fc.NetworkDesign(linear="highway", readout="trained")
    forecaster = fc.LSTMForecaster(training=training, design=design, seed=seed)
    forecaster.fit(parts.train, horizon=panel.horizon)
    network, found = forecaster.fitted_.model, []
    for readout in READOUTS:
        body, words = read_anew(forecaster, parts, readout)
        with_model(forecaster, network.with_body(body)).condition(parts.train)
        losses = independent(losses_of(forecaster, panel, parts, "validation"))
        with_model(forecaster, network)
        moved = losses - (found[0][1] if found else losses)
        row = {"panel": name, "seed": seed, "readout": readout, panel.measure: losses.mean()}
        error = moved.std(ddof=1) / np.sqrt(len(moved))
        row |= {"beside trained": moved.mean(), "standard error": error, "choices": words}
        print(f"  {name} {readout}: {losses.mean():.4f}, {words}", flush=True)
        found.append((row, losses))
    return [row for row, _ in found]


def parts_of(name: str, folder: Path) -> tuple[Panel, Parts]:
    """A panel and its rows, those of its test part left out."""
    if name in NONLINEAR:
        return NONLINEAR[name], read_nonlinear(name, folder, "validation")
    return PANELS[name], read(PANELS[name], folder, "validation")


def independent(losses: NDArray) -> NDArray:
    """Losses of each series, or of each origin where there are several, those there are."""
    means = losses[0] if len(losses) == 1 else np.nanmean(losses, axis=1)
    return means[~np.isnan(means)]  # of a series without change there is none


def read_anew(
    forecaster: fc.LSTMForecaster, parts: Parts, readout: str
) -> tuple[Body | ReadBody, str]:
    """The layers of a fitted network with another readout, and words for it."""
    network, season = forecaster.fitted_.model, forecaster.fitted_.season
    if readout == "trained":
        return network.body, forecaster.choices_
    lesson = make_lesson(network.highway, read_frame(parts.train).panel, season.length)
    if readout == "averaged":
        return averaged_readout(network.body, lesson, seasons_of(season))
    layers = network.body.without_readout
    found = fit_readout(layers, lesson, seasons_of(season), readout == "shrunk")
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
    parser.add_argument(
        "--dataset", choices=[*PANELS, *NONLINEAR], action="append", help="repeatable"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--num-steps", type=int, default=400)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    names = arguments.dataset or FEW
    try:
        rows = [row for name in names for seed in arguments.seeds
                for row in measured(name, seed, arguments)]  # fmt: skip
    except FileNotFoundError as error:
        raise SystemExit(f"error: {error}") from error
    print(pd.DataFrame(rows).drop(columns="choices").round(4).to_string(index=False))
    keep(arguments.output, vars(arguments), ("tensorflow", "keras", "numpy"), rows=rows)


if __name__ == "__main__":
    main()
