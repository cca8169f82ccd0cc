"""An echo-state network on a series of ten million steps: seconds and memory.

    python benchmarks/echo_long.py

The series is simulated, so that nothing has to be fetched. Each length runs in a process of its
own, through the public forecaster: fit on the long frame, one more pass over all of it
(`condition`), and a forecast. Memory is the peak of the process beyond what it held with the frame,
and as a multiple of the 8 bytes a step that the values take. Prints a table and writes
benchmarks/results/echo_long.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from keeping import RESULTS, keep
from layers_measure import peak_memory

RESULT = RESULTS / "echo_long.json"
HORIZON = 24


def simulated(num_steps: int) -> pd.DataFrame:
    """A noisy wave whose frequency drifts, counted from 0."""
    generator = np.random.default_rng(0)
    phase = np.cumsum(0.3 + 0.01 * generator.standard_normal(num_steps))
    values = 10.0 + np.sin(phase) + 0.1 * generator.standard_normal(num_steps)
    return pd.DataFrame({"unique_id": "long", "ds": np.arange(num_steps), "y": values})


def measured(num_steps: int, units: int) -> dict[str, Any]:
    """Seconds and memory of one length; what is compiled at first is compiled before."""
    import forecast as fc

    design = fc.EchoDesign((fc.Reservoir(units),), readout=fc.EchoReadout(ridge=1e-6))
    forecaster = fc.ESNForecaster(design=design, season_length=1)
    forecaster.fit(simulated(5_000), horizon=HORIZON)
    frame = simulated(num_steps)
    before, began = peak_memory(), time.perf_counter()
    forecaster.fit(frame, horizon=HORIZON)
    fitted = time.perf_counter()
    forecaster.condition(frame)
    passed = time.perf_counter()
    forecasts = forecaster.predict(horizon=HORIZON)["ESN"].to_numpy()
    extra = peak_memory() - before
    return {
        "steps": num_steps,
        "fit s": fitted - began,
        "one pass s": passed - fitted,
        "extra MB": extra / 1e6,
        "times the values": extra / (8 * num_steps),
        "mean forecast": float(forecasts.mean()),
    }


def in_a_process(num_steps: int, units: int) -> dict[str, Any]:
    """`measured` in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, "--only", str(num_steps), "--units", str(units)],
        capture_output=True, text=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"error: {num_steps} steps failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument(
        "--steps", type=int, nargs="*", default=[100_000, 1_000_000, 10_000_000]
    )  # fmt: skip
    parser.add_argument("--only", type=int, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    if arguments.only is not None:
        print(json.dumps(measured(arguments.only, arguments.units)))
        return
    rows = [in_a_process(steps, arguments.units) for steps in arguments.steps]
    print(pd.DataFrame(rows).round(2).to_string(index=False))
    packages = ("keras", "tensorflow", "numpy", "pandas")
    keep(arguments.output, {"units": arguments.units}, packages, rows=rows)


if __name__ == "__main__":
    main()
