"""Series that no linear forecast follows: two files and four systems simulated with a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from chaos_data import lorenz
from numpy.typing import NDArray
from panels import Panel, Parts

__all__ = ["NONLINEAR", "read_nonlinear"]

_NUM_WINDOWS = 20


def _panel(horizon: int, stride: int, file: str = "") -> Panel:
    return Panel(file, horizon, 1, "MASE", None, num_windows=_NUM_WINDOWS, stride=stride)


NONLINEAR = {
    "mackey_glass_17": _panel(84, 84, "mackey_glass_17/data.parquet"),
    "santafe_laser": _panel(20, 49, "santafe_laser/data.parquet"),
    "laser_equations": _panel(20, 49),
    "lorenz": _panel(40, 49),
    "henon": _panel(5, 25),
    "logistic": _panel(5, 25),
}
"""Panels of one series each; twenty origins after the training part."""

_NUM_TRAINED = {"mackey_glass_17": 3000, "santafe_laser": 1000, "laser_equations": 1000}
_SIMULATED = 3000


def read_nonlinear(name: str, folder: Path, part: str, seed: int = 11) -> Parts:
    """Training part and what is scored; for a validation, both lie within the training part.

    Args:
        name: one of `NONLINEAR`.
        folder: where the data are.
        part: "test" or "validation".
        seed: of the simulated systems.
    """
    panel = NONLINEAR[name]
    num_held = panel.horizon + (_NUM_WINDOWS - 1) * panel.stride
    num_trained = _NUM_TRAINED.get(name, _SIMULATED)
    values = _values(name, folder, num_trained + num_held, seed)
    if part == "validation":
        num_held = min(num_held, num_trained // 2)
        values, num_trained = values[:num_trained], num_trained - num_held
    frame = pd.DataFrame({"unique_id": name, "ds": np.arange(len(values)), "y": values})
    return Parts(frame[:num_trained], frame[:0], frame[num_trained : num_trained + num_held])


def _values(name: str, folder: Path, count: int, seed: int) -> NDArray:
    if NONLINEAR[name].file:
        path = folder / NONLINEAR[name].file
        if not path.is_file():
            raise FileNotFoundError(f"{path} is not there; give the folder of the data by --data.")
        return pd.read_parquet(path)["y"].to_numpy(dtype=float)[:count]
    rng = np.random.default_rng(seed)
    return _SYSTEMS[name](count, rng, seed)


def _lorenz(count: int, rng: np.random.Generator, seed: int) -> NDArray:  # noqa: ARG001
    return lorenz(count, seed)[:, 0]


def _laser(count: int, rng: np.random.Generator, seed: int) -> NDArray:
    """Intensity of a laser by the equations of Lorenz and Haken, with the noise of a recorder.

    `10 x(t)^2`, every 0.45 units of time: as of santafe_laser about eight values a pulse, pulses
    that grow until they break down, and whole numbers from 0 to 255.
    """
    parts, settling = 40, 500
    x = lorenz((count + settling) * parts, seed, 0.45 / parts, (2.0, 14.15, 0.25))
    intensity = 10.0 * x[settling * parts :: parts, 0] ** 2
    return np.clip(np.round(intensity + rng.normal(size=count)), 0.0, 255.0)


def _henon(count: int, rng: np.random.Generator, seed: int) -> NDArray:  # noqa: ARG001
    """`x(t+1) = 1 - 1.4 x(t)^2 + 0.3 x(t-1)`."""
    x = np.empty(count + 100)
    x[:2] = rng.uniform(-0.1, 0.1, 2)
    for t in range(1, len(x) - 1):
        x[t + 1] = 1.0 - 1.4 * x[t] ** 2 + 0.3 * x[t - 1]
    return x[100:]


def _logistic(count: int, rng: np.random.Generator, seed: int) -> NDArray:  # noqa: ARG001
    """`x(t+1) = 3.9 x(t) (1 - x(t))`."""
    x = np.empty(count + 100)
    x[0] = rng.uniform(0.2, 0.8)
    for t in range(len(x) - 1):
        x[t + 1] = 3.9 * x[t] * (1.0 - x[t])
    return x[100:]


_SYSTEMS = {"laser_equations": _laser, "lorenz": _lorenz, "henon": _henon, "logistic": _logistic}
