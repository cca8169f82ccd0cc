"""A few long series: does the default network forecast better, and do its intervals hold?

    python benchmarks/single_series.py

Real series of 1,100 to 8,000 steps, each alone (the pedestrians four together), forecast from up to
30 origins in their last part; all forecasters are fitted once, before the first of them. Shown are
the MASE and how many values lie within intervals of 80 and 95 %, of AR, PooledAR, their weighted
combination and the default LSTM, of which the figures of three seeds are averaged. Where the
origins lie by which a network stops and makes its intervals was chosen on these series: this is no
test of it, but says what it does. Prints a table and writes benchmarks/results/single_series.json.
Data are read from the folder given by --data.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from keeping import RESULTS, keep

import forecast as fc

ROOT = Path(__file__).resolve().parent.parent
RESULT = RESULTS / "single_series.json"
LEVELS = [80, 95]
METRICS = ["MASE", "coverage"]


@dataclass(frozen=True)
class Task:
    """Series, and where they are forecast from.

    Args:
        read: the series, from the folder of the data.
        horizon: steps ahead.
        num_windows: origins.
        step_size: steps between two of them.
        season: of the MASE.
    """

    read: Callable[[Path], pd.DataFrame]
    horizon: int
    num_windows: int
    step_size: int
    season: int = 1


def _classic(name: str) -> Callable[[Path], pd.DataFrame]:
    def read(folder: Path) -> pd.DataFrame:
        frame = pd.read_parquet(folder / "classics" / "data.parquet", columns=["unique_id", "y"])
        frame = frame[frame["unique_id"] == name].reset_index(drop=True)
        return frame.assign(ds=range(len(frame)))

    return read


def _half_hours(folder: Path) -> pd.DataFrame:
    frame = pd.read_parquet(folder / "vic_elec" / "data.parquet", columns=["unique_id", "ds", "y"])
    return frame[30_000:34_000]


def _pedestrians(folder: Path) -> pd.DataFrame:
    path = folder / "pedestrian" / "data.parquet"
    frame = pd.read_parquet(path, columns=["unique_id", "ds", "y"])
    return frame.groupby("unique_id", sort=False).head(5000)


TASKS = {
    "gold": Task(_classic("gold"), 5, 30, 2),
    "gasoline": Task(_classic("gasoline"), 52, 13, 26, season=52),
    "sunspot.month": Task(_classic("sunspot.month"), 12, 30, 6),
    "taylor": Task(_classic("taylor"), 48, 30, 24, season=48),
    "treering": Task(_classic("treering"), 12, 30, 6),
    "vic_elec": Task(_half_hours, 48, 20, 31, season=48),
    "pedestrian": Task(_pedestrians, 24, 30, 31, season=24),
}


def measured(name: str, seeds: list[int], folder: Path) -> list[dict[str, Any]]:
    """A row for each forecaster of one task; a network's figures are means over its seeds."""
    task, began = TASKS[name], time.perf_counter()
    df = task.read(folder)
    linear = [fc.AR(), fc.PooledAR(), fc.Combine([fc.AR(), fc.PooledAR()], method="weighted")]
    networks = [fc.LSTMForecaster(seed=seed, alias=f"LSTM {seed}") for seed in seeds]
    backtest = fc.cross_validation(
        [*linear, *networks], df, task.horizon, n_windows=task.num_windows,
        step_size=task.step_size, refit=False, level=LEVELS,
    )  # fmt: skip
    scores = fc.score(backtest, METRICS, train_df=df, season_length=task.season)
    scores["model"] = scores["model"].str.replace(r" \d+$", "", regex=True)
    means = scores.groupby("model", sort=False).mean()
    seconds = time.perf_counter() - began
    print(f"{name} ({seconds:.0f} s)", means.round(3).to_string(), sep="\n", flush=True)
    about = {"series": name, "steps": len(df), "horizon": task.horizon}
    return [about | row for row in means.reset_index().to_dict("records")]


def main() -> None:
    """Run, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", choices=TASKS, action="append", help="repeatable")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    try:
        rows = [row for name in arguments.series or TASKS
                for row in measured(name, arguments.seeds, arguments.data)]  # fmt: skip
    except FileNotFoundError as error:
        raise SystemExit(f"error: {error}") from error
    print(pd.DataFrame(rows).round(3).to_string(index=False))
    keep(arguments.output, vars(arguments), ("tensorflow", "keras", "numpy"), rows=rows)


if __name__ == "__main__":
    main()
