"""Scores of a peer's forecasts by our code, and the same losses by utilsforecast beside them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from panels import Panel, Parts
from peers_origins import futures
from scores import matrices, score_windows, values_of

from forecast.evaluation import mae, mase, mase_denominator, smape

__all__ = ["Disagreement", "difference", "losses", "losses_of_utilsforecast", "score_origins"]

FOLDER = Path(__file__).resolve().parent
# What sums in another order may differ by, relative to the value, or to SMALL where it is less.
ALLOWED, SMALL = 1e-9, 1e-6


class Disagreement(RuntimeError):
    """Two codes score the same forecasts differently."""


def score_origins(forecasts: pd.DataFrame, panel: Panel, parts: Parts) -> dict[str, float]:
    """Score forecasts from several origins, `series@origin` in their `unique_id`."""
    pair = matrices(futures(panel, parts), forecasts, "forecast", panel.horizon)
    shape = (-1, parts.held["unique_id"].nunique(), panel.horizon)
    return score_windows([(pair[0].reshape(shape), pair[1].reshape(shape))], panel, parts)


def losses(forecasts: pd.DataFrame, name: str, panel: Panel, parts: Parts) -> dict[str, NDArray]:
    """Our losses of each series: MAE, sMAPE in percent, MASE."""
    actual, made = matrices(parts.held, forecasts, name, panel.horizon)
    scales = [mase_denominator(past, panel.season) for past in values_of(parts.known)]
    return {
        "mae": mae(actual, made, axis=1),
        "smape": smape(actual, made, axis=1),
        "mase": mase(actual, made, np.array(scales)[:, None], axis=1),
    }


def losses_of_utilsforecast(
    forecasts: pd.DataFrame, panel: Panel, parts: Parts, python: Path, folder: Path
) -> dict[str, NDArray]:
    """The same from `utilsforecast.evaluate`, in the peers' environment.

    Args:
        forecasts: `unique_id`, `ds`, `forecast`.
        panel: its season is that of the MASE.
        parts: what is scored, and the rows before.
        python: of the environment.
        folder: for the files that travel.
    """
    scored, known = folder / "scored.parquet", folder / "known.parquet"
    parts.held.merge(forecasts, on=["unique_id", "ds"], how="left").to_parquet(scored)
    parts.known.to_parquet(known)
    command = [python, FOLDER / "peers_check.py", scored, known, str(panel.season)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        raise Disagreement(f"utilsforecast failed:\n{done.stderr[-2000:]}")
    found = {name: np.array(values) for name, values in json.loads(done.stdout).items()}
    found["smape"] *= 200.0  # theirs is a share, 0 to 1
    return found


def difference(ours: dict[str, NDArray], theirs: dict[str, NDArray]) -> float:
    """The largest relative difference between the losses of any series.

    Raises:
        Disagreement: if they differ by more than rounding, or not in the same series are missing.
    """
    largest = 0.0
    for name, values in ours.items():
        other = theirs[name]
        missing = np.isnan(values)
        if (missing != np.isnan(other)).any():
            raise Disagreement(f"{name}: ours is missing in {missing.sum()} series, that of "
                               f"utilsforecast in {np.isnan(other).sum()}.")  # fmt: skip
        size = np.maximum(np.abs(values), SMALL)
        apart = np.where(missing, 0.0, np.abs(values - other) / size)
        place = int(np.argmax(apart))
        if apart[place] > ALLOWED:
            raise Disagreement(f"{name} of series number {place}: {values[place]} by our code, "
                               f"{other[place]} by utilsforecast.")  # fmt: skip
        largest = max(largest, float(apart[place]))
    return largest
