"""Accuracy of the default forecasters on a public panel with its official split.

    python benchmarks/accuracy.py --dataset m4_hourly --max-seconds 100

prints a table and writes benchmarks/results/accuracy_<dataset>.json. Data are read from the folder
given by --data (default: ../shared/data beside the checkout); none of it belongs to the project.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

import forecast as fc
from forecast.evaluation import mase, mase_denominator, owa, smape

ROOT = Path(__file__).resolve().parent.parent
# sMAPE and MASE of the organisers' Naive2 forecasts: the denominators of OWA.
NAIVE2 = {"m4_hourly": (18.383, 2.395), "m4_weekly": (9.161, 2.777)}


@dataclass(frozen=True)
class Task:
    """A panel with an official split: file, steps ahead, season of the MASE."""

    file: str
    horizon: int
    season: int
    freq: str | int


TASKS = {
    "m4_hourly": Task("m4/hourly.parquet", 48, 24, "h"),
    "m4_weekly": Task("m4/weekly.parquet", 13, 1, "W"),
}


def read(task: Task, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test part, with a time stamp of the right frequency on every step."""
    frame = pd.read_parquet(folder / task.file)
    step = frame.groupby("unique_id", sort=False).cumcount().to_numpy()
    if not pd.api.types.is_datetime64_any_dtype(frame["ds"]):
        frame["ds"] = pd.date_range("2000-01-01", periods=step.max() + 1, freq=task.freq)[step]
    test = frame["split"] == "test"
    columns = ["unique_id", "ds", "y"]
    return frame.loc[~test, columns], frame.loc[test, columns]


def models(max_seconds: float, seed: int, names: list[str] | None):
    """The forecasters with their defaults."""
    training = fc.Training(max_seconds=max_seconds)
    made = [fc.SeasonalNaive(), fc.AR(), fc.PooledAR(), fc.ESNForecaster(seed=seed)]
    made += [fc.LSTMForecaster(seed=seed, training=training)]
    return [model for model in made if names is None or model.name in names]


def score(forecasts: pd.DataFrame, name: str, task: Task, parts, dataset: str) -> dict[str, float]:
    """sMAPE, MASE and OWA as the M4 organisers compute them."""
    train, test = parts
    merged = test.merge(forecasts, on=["unique_id", "ds"], how="left", validate="1:1")
    histories = {key: group["y"].to_numpy() for key, group in train.groupby("unique_id")}
    rows = []
    for key, group in merged.groupby("unique_id"):
        actual, made = group["y"].to_numpy(), group[name].to_numpy()
        scale = mase_denominator(histories[key], task.season)
        rows.append((smape(actual, made), mase(actual, made, scale), np.abs(made).max()
                     / np.abs(histories[key]).max()))  # fmt: skip
    mean_smape, mean_mase, _ = np.mean(rows, axis=0)
    result = {"sMAPE": mean_smape, "MASE": mean_mase, "largest": max(row[2] for row in rows)}
    if dataset in NAIVE2:
        result["OWA"] = owa(mean_smape, mean_mase, *NAIVE2[dataset])
    return {key: float(value) for key, value in result.items()}


def run(arguments: argparse.Namespace) -> pd.DataFrame:
    """Fit, forecast and score every model once on the test part."""
    task = TASKS[arguments.dataset]
    parts = read(task, arguments.data)
    rows = []
    for model in models(arguments.max_seconds, arguments.seed, arguments.models):
        began = time.perf_counter()
        model.fit(parts[0], horizon=task.horizon)
        fitted = time.perf_counter()
        forecasts = model.predict(horizon=task.horizon)
        done = time.perf_counter()
        scores = score(forecasts, model.name, task, parts, arguments.dataset)
        seconds = {"fit s": fitted - began, "predict s": done - fitted}
        rows.append({"model": model.name, **scores, **seconds, "choices": model.choices_})
        print(json.dumps(rows[-1]), flush=True)
    return pd.DataFrame(rows)


def main() -> None:
    """Parse arguments, run, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", choices=sorted(TASKS), default="m4_hourly")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--max-seconds", type=float, default=100.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", type=lambda text: text.split(","), default=None)
    arguments = parser.parse_args()
    table = run(arguments)
    print(table.drop(columns="choices").round(3).to_string(index=False))
    packages = ("keras-forecast", "tensorflow", "keras", "numpy")
    record = {
        "dataset": arguments.dataset,
        "seed": arguments.seed,
        "max_seconds": arguments.max_seconds,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in packages},
        "rows": table.to_dict("records"),
    }
    path = ROOT / "benchmarks" / "results" / f"accuracy_{arguments.dataset}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
