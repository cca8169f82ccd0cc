"""Chaotic series and memory tasks, simulated from their equations with a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LYAPUNOV", "lorenz", "mackey_glass", "narma"]

LYAPUNOV = 0.906
"""Largest Lyapunov exponent of the Lorenz system, per unit of time."""


def mackey_glass(num_steps: int, seed: int, delay: int = 17, parts: int = 10) -> NDArray:
    """`dx/dt = 0.2 x(t - d) / (1 + x(t - d)^10) - 0.1 x(t)` by Euler steps of 1/10, every tenth.

    As Jaeger (2001) made it, squashed by `tanh(x - 1)`; the first 1,000 units of time are left out.
    """
    rng = np.random.default_rng(seed)
    lag, skipped = delay * parts, 1000 * parts
    x = np.empty(lag + skipped + num_steps * parts)
    x[: lag + 1] = 1.2 + 0.2 * (rng.random(lag + 1) - 0.5)
    for t in range(lag, len(x) - 1):
        late = x[t - lag]
        x[t + 1] = x[t] + (0.2 * late / (1.0 + late**10) - 0.1 * x[t]) / parts
    return np.tanh(x[lag + skipped :: parts][:num_steps] - 1.0)


def narma(num_steps: int, seed: int) -> tuple[NDArray, NDArray]:
    """Inputs u, uniform on [0, 0.5), and outputs y of NARMA-10.

    `y(t+1) = 0.3 y(t) + 0.05 y(t) sum_{i=0..9} y(t-i) + 1.5 u(t-9) u(t) + 0.1`. A draw on which it
    diverges, which happens now and then, is replaced by the next one.
    """
    rng = np.random.default_rng(seed)
    while True:
        u, y = rng.uniform(0.0, 0.5, num_steps), np.zeros(num_steps)
        for t in range(9, num_steps - 1):
            y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 0.1
            y[t + 1] += 1.5 * u[t - 9] * u[t]
            if y[t + 1] > 2.0:
                break
        else:
            return u, y


def lorenz(
    num_steps: int,
    seed: int,
    dt: float = 0.025,
    parameters: tuple[float, float, float] = (10.0, 28.0, 8.0 / 3.0),
) -> NDArray:
    """The Lorenz system by Runge-Kutta steps of fourth order, `(num_steps, 3)`.

    `dx/dt = s (y - x)`, `dy/dt = x (r - z) - y`, `dz/dt = x y - b z`.

    Args:
        num_steps: how many; a thousand before them are left out.
        seed: of the start.
        dt: time of a step.
        parameters: s, r and b.
    """
    rng = np.random.default_rng(seed)
    x = np.empty((num_steps + 1000, 3))
    x[0] = rng.normal(size=3) + np.array([1.0, 1.0, 20.0])
    for t in range(len(x) - 1):
        first = _flow(x[t], parameters)
        second = _flow(x[t] + dt / 2 * first, parameters)
        third = _flow(x[t] + dt / 2 * second, parameters)
        fourth = _flow(x[t] + dt * third, parameters)
        x[t + 1] = x[t] + dt / 6 * (first + 2 * second + 2 * third + fourth)
    return x[1000:]


def _flow(point: NDArray, parameters: tuple[float, float, float]) -> NDArray:
    (x, y, z), (s, r, b) = point, parameters
    return np.array([s * (y - x), x * (r - z) - y, x * y - b * z])
