"""Teacher forcing, scheduled sampling and free running in training: what they forecast freely.

    python benchmarks/scheduled_sampling.py

An LSTM learns a chaotic series in five ways that differ only in the share of steps fed with the
truth: all of them (teacher forcing), a share that falls along each of the three schedules, none
(free running after the first step of a sequence). Series: `mackey_glass_17` of the folder given by
`--data`, left out where it is absent, and the first coordinate of a simulated Lorenz system. Each
learns from 2,000 steps, from 5 seeds, with the same number of updates, and is then rolled out from
50 origins in the 1,000 steps after them. Scores are root mean squared errors at single steps ahead
over the deviation of the training part. The linear forecast inside the network stands beside them.
Prints a table (median over the seeds) and writes benchmarks/results/scheduled_sampling.json.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from chaos_data import lorenz
from keeping import RESULTS, keep

import forecast as fc

RESULT = RESULTS / "scheduled_sampling.json"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
REAL = "mackey_glass_17"
AHEAD = (1, 6, 17, 42, 84)
NUM_TRAIN, NUM_ORIGINS, STEP = 2000, 50, 20
LINEAR = "no correction"
WAYS: dict[str, float | fc.TeacherForcing] = {
    "teacher forcing": 1.0,
    "linear, to 1/2": fc.TeacherForcing("linear", end=0.5),
    "exponential, to 0": fc.TeacherForcing("exponential"),
    "inverse sigmoid, to 0": fc.TeacherForcing("inverse_sigmoid"),
    "free running": 0.0,
}


def frames(data: Path) -> dict[str, pd.DataFrame]:
    """The series, each cut to what is learned from and forecast."""
    length = NUM_TRAIN + (NUM_ORIGINS - 1) * STEP + AHEAD[-1]
    series = {"Lorenz, simulated": lorenz(length, seed=1)[:, 0]}
    path = data / REAL / "data.parquet"
    if path.exists():
        values = pd.read_parquet(path).sort_values("ds")["y"].to_numpy(dtype=float)
        series = {"Mackey-Glass 17": values, **series}
    return {
        name: pd.DataFrame({"unique_id": "x", "ds": np.arange(length), "y": values[:length]})
        for name, values in series.items()
    }


def network(way: str, num_steps: int, seed: int) -> fc.LSTMForecaster:
    """The network of a way; without a correction after one update that changes nothing."""
    rate = 1e-12 if way == LINEAR else 5e-3
    training = fc.Training(
        num_steps=1 if way == LINEAR else num_steps, batch_size=16, learning_rate=rate,
        num_checks=8, teacher_forcing=WAYS.get(way, 1.0), run=fc.TrainingRun(patience=8),
    )  # fmt: skip
    # What the ways teach is to be seen, not a readout in closed form beside it.
    design = fc.NetworkDesign(readout="trained")
    return fc.LSTMForecaster(16, 1, training, 1, seed, "network", design)


def measured(frame: pd.DataFrame, way: str, num_steps: int, seed: int) -> dict[str, Any]:
    """One fit: its errors at single steps ahead, its seconds, and what its checks saw."""
    began, train = time.perf_counter(), frame[:NUM_TRAIN]
    fitted = network(way, num_steps, seed).fit(train, horizon=AHEAD[-1])
    seconds = time.perf_counter() - began
    found = fc.cross_validation(
        [fitted], frame, horizon=AHEAD[-1], n_windows=NUM_ORIGINS, step_size=STEP, use_fitted=True
    )
    missed = (found["y"] - found["network"]).to_numpy().reshape(NUM_ORIGINS, AHEAD[-1])
    errors = np.sqrt(np.square(missed).mean(axis=0)) / train["y"].std()
    row = {f"{ahead} ahead": float(errors[ahead - 1]) for ahead in AHEAD}
    return {
        "seed": seed, **row, "all steps": float(errors.mean()), "seconds": seconds,
        "one-step loss": fitted.history_["loss"][-1],
        "free running, validation": fitted.history_["free_running"],
    }  # fmt: skip


def rows_of(name: str, frame: pd.DataFrame, num_steps: int, seeds: int) -> list[dict[str, Any]]:
    """A row for each way: medians over the seeds, and every run."""
    rows = []
    for way in (LINEAR, *WAYS):
        runs = [measured(frame, way, num_steps, seed) for seed in range(seeds)]
        kinds = [*(f"{ahead} ahead" for ahead in AHEAD), "all steps", "seconds"]
        medians = {kind: float(np.median([run[kind] for run in runs])) for kind in kinds}
        worst = max(run["all steps"] for run in runs)
        rows.append({"series": name, "fed": way, **medians, "worst seed": worst, "runs": runs})
        print(f"{name}, {way}: {medians['all steps']:.4f}", flush=True)
    return rows


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real series")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--num-steps", type=int, default=300, help="updates of each training")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the table, write the JSON."""
    arguments, rows = arguments_of(), []
    for name, frame in frames(arguments.data).items():
        rows += rows_of(name, frame, arguments.num_steps, arguments.seeds)
    print(pd.DataFrame(rows).drop(columns=["runs"]).round(4).to_string(index=False))
    keep(arguments.output, vars(arguments), ("keras", "tensorflow", "numpy", "pandas"), rows=rows)


if __name__ == "__main__":
    main()
