"""Seeded comparisons to test on: forecasts are the truth plus noise of a known size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from forecast.evaluation import Backtest, Comparison, Material, Protocol, Run, mase_denominator
from forecast.pipelines import Columns, Split

SIZES = {"Naive": 3.0, "SeasonalNaive": 1.6, "AR": 1.1, "PooledAR": 1.0, "LSTM": 0.9, "ESN": 1.02}
ROLES = {
    "Naive": "naive",
    "SeasonalNaive": "naive",
    "AR": "linear",
    "PooledAR": "linear",
    "Theta": "classical",
    "ETS": "classical",
    "LSTM": "network",
    "GRU": "network",
    "RNN": "network",
    "ESN": "network",
}


def series_values(generator: np.random.Generator, steps: int) -> np.ndarray:
    season = 3.0 * np.sin(2 * np.pi * np.arange(steps) / 12)
    return 50.0 + 0.05 * np.arange(steps) + season + generator.normal(0.0, 0.5, steps)


def backtest_frame(
    values: Mapping[str, np.ndarray],
    sizes: Mapping[str, float],
    horizon: int = 12,
    num_origins: int = 10,
    step_size: int = 12,
    seed: int = 0,
) -> pd.DataFrame:
    """Each series' last origins; noise grows with the step, shocks are shared by models."""
    generator = np.random.default_rng(seed)
    parts = []
    for name, series in values.items():
        dates = pd.date_range("2000-01-01", periods=len(series), freq="MS")
        for back in range(num_origins - 1, -1, -1):
            end = len(series) - horizon - back * step_size
            steps = np.arange(end, end + horizon)
            part = {
                "unique_id": np.full(horizon, name, object),
                "ds": dates[steps],
                "cutoff": dates[np.full(horizon, end - 1)],
                "y": series[steps],
            }
            spread = 0.4 * np.sqrt(np.arange(1, horizon + 1))
            shock = generator.normal(0.0, 1.0, horizon)
            for alias, size in sizes.items():
                own = generator.normal(0.0, 1.0, horizon)
                part[alias] = series[steps] + size * spread * (0.8 * shock + 0.6 * own)
                for level, reach in ((80, 1.28), (95, 1.96)):
                    part[f"{alias}-lo-{level}"] = part[alias] - reach * size * spread
                    part[f"{alias}-hi-{level}"] = part[alias] + reach * size * spread
            parts.append(part)
    columns = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    return pd.DataFrame(columns).astype({"unique_id": str})


def make_comparison(
    sizes: Mapping[str, float] = SIZES,
    num_series: int = 1,
    num_origins: int = 10,
    step_size: int = 12,
    horizon: int = 12,
    seed: int = 0,
    title: str = "Example: monthly series",
    roles: Mapping[str, str] = ROLES,
) -> Comparison:
    generator = np.random.default_rng(seed)
    needed = horizon + (num_origins - 1) * step_size
    values = {
        f"S{number}": series_values(generator, needed + 60 + 12 * number)
        for number in range(num_series)
    }
    frame = backtest_frame(values, sizes, horizon, num_origins, step_size, seed)
    history = pd.concat(
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": pd.date_range("2000-01-01", periods=len(y), freq="MS"),
                "y": y,
            }
        )
        for name, y in values.items()
    )
    denominators = {name: mase_denominator(y[:-needed], 12) for name, y in values.items()}
    backtest = Backtest(
        frame, Columns(), tuple(sizes), denominators, horizon, Split(step_size=step_size), (80, 95)
    )
    roles = {alias: roles.get(alias, "network") for alias in sizes}
    return Comparison(backtest, _protocol(roles), _material(history), _run(sizes, title))


def with_networks_inside(comparison: Comparison) -> Comparison:
    """The comparison with learning curves and linear shares of an LSTM and an ESN."""
    steps = [0.0, 10.0, 20.0]
    curves = {
        "model": "LSTM",
        "step": steps,
        "loss": [0.9, 0.5, 0.4],
        "validation": [1.0, 0.8, 0.9],
    }
    shares = {
        "model": ["LSTM", "ESN"], "linear %": [81.25, 12.5], "correction %": [18.75, 87.5],
        "MASE linear": [1.0, 1.1], "MASE corrected": [0.9, 1.05],
    }  # fmt: skip
    run = replace(
        comparison.run, curves=pd.DataFrame(curves), linear_shares=pd.DataFrame(shares),
        versions={"numpy": "2.0"},
    )  # fmt: skip
    return replace(comparison, run=run)


def _protocol(roles: dict[str, str]) -> Protocol:
    refit = {a: "once" if role == "network" else "every cutoff" for a, role in roles.items()}
    choices = {alias: "season 12, tested on the first half" for alias in roles}
    return Protocol(roles, "PooledAR", refit, choices)


def _material(history: pd.DataFrame) -> Material:
    notes = (
        "3 missing values were marked as not observed.",
        "Series <S9> had no value and was left out.",
    )
    flags = ("1 forecast of AR was clipped to the range of the history.",)
    return Material(history, notes, flags)


def _run(sizes: Mapping[str, float], title: str) -> Run:
    seconds = pd.DataFrame(
        {"fit_seconds": [0.01 + 3.1 * n for n in range(len(sizes))], "predict_seconds": 0.12},
        index=list(sizes),
    )
    settings = {"seed": 0, "levels": (80, 95), "season of the MASE": 12}
    return Run(title, "forecast compare --dataset example --horizon 12", settings, seconds)
