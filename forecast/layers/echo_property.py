"""The echo-state property on a given input: does a reservoir forget where it started?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from forecast.layers.topology import recurrent_matrix

__all__ = ["EchoStateReport", "measure_echo_state"]

# Starts that are apart by less than this share of their first distance have met.
_MET = 0.01


@dataclass(frozen=True)
class EchoStateReport:
    """What a reservoir makes of its start on one input.

    Args:
        holds: whether the echo-state property holds on this input: the exponent is below zero and
            all starts have met.
        exponent: largest conditional Lyapunov exponent, per step, natural logarithm: a small
            distance grows by exp(exponent) at each step. Below zero the start fades; minus
            infinity where it is gone after a few steps.
        apart: largest distance between two runs at the end, as a share of that at the start.
        num_steps: length of the input.

    Example:
        >>> print(EchoStateReport(True, -0.1, 1e-9, 500))
        The echo-state property holds on these 500 steps: a distance fades by half in 6.9 steps \
(conditional Lyapunov exponent -0.1).
    """

    holds: bool
    exponent: float
    apart: float
    num_steps: int

    def __str__(self) -> str:
        """A sentence with its numbers."""
        found = f"conditional Lyapunov exponent {self.exponent:.3g}"
        if self.holds:
            half = math.log(0.5) / self.exponent
            return (
                f"The echo-state property holds on these {self.num_steps} steps: a distance fades "
                f"by half in {half:.2g} steps ({found})."
            )
        if self.exponent >= 0:
            why = "small distances between states grow: lower the spectral radius"
        elif self.exponent * self.num_steps > math.log(_MET):
            why = "the start fades, but too slowly for so few steps: give a longer input"
        else:
            why = "small distances fade, but different starts lead to different states"
        return (
            f"The echo-state property does not hold on these {self.num_steps} steps: {why} "
            f"({found}, runs end {self.apart:.2g} of their first distance apart)."
        )


def measure_echo_state(
    projected: np.ndarray,
    recurrent_kernel: np.ndarray,
    leak_rate: float,
    num_starts: int,
    seed: int,
) -> EchoStateReport:
    """Run a reservoir from several states, and a small distance along the first run.

        d' = ((1 - a) + a (1 - tanh(W x + p)^2) W) d,    exponent = mean log(|d'| / |d|)

    The first tenth of the steps does not count in the mean. In float64.

    Args:
        projected: p, what inputs and bias add to the drive, shape (steps, units).
        recurrent_kernel: W transposed, or the links of a chain.
        leak_rate: a.
        num_starts: number of initial states, at least 2.
        seed: of these, and of the direction of d.

    Raises:
        ValueError: fewer than 2 starts.

    Source: Jaeger (2001); Manjunath and Jaeger (2013), "Echo state property linked to an input".
    """
    if num_starts < 2:
        raise ValueError(f"num_starts={num_starts!r}: expected at least 2 states to be compared.")
    drawn = np.random.default_rng(seed).uniform(-1.0, 1.0, (num_starts + 1, projected.shape[1]))
    matrix = recurrent_matrix(recurrent_kernel.astype(np.float64))
    last, growths = _run(projected, drawn[:-1], drawn[-1], matrix, leak_rate)
    exponent = float(np.mean(growths[len(growths) // 10 :]))
    apart = _spread(last) / _spread(drawn[:-1])
    return EchoStateReport(exponent < 0 and apart < _MET, exponent, apart, len(projected))


def _run(
    projected: np.ndarray,
    states: np.ndarray,
    distance: np.ndarray,
    matrix: np.ndarray,
    leak_rate: float,
) -> tuple[np.ndarray, list[float]]:
    """The last states, and the logarithm of the growth of the distance at each step."""
    distance, growths = distance / np.linalg.norm(distance), []
    for drive in projected.astype(np.float64):
        content = np.tanh(states @ matrix + drive)
        slope = leak_rate * (1.0 - content[0] ** 2)
        states = (1.0 - leak_rate) * states + leak_rate * content
        distance = (1.0 - leak_rate) * distance + slope * (distance @ matrix)
        growth = float(np.linalg.norm(distance))
        growths.append(math.log(growth) if growth else -math.inf)
        distance = distance / (growth or 1.0)
    return states, growths


def _spread(states: np.ndarray) -> float:
    """The largest distance between two of the states."""
    return float(np.linalg.norm(states[:, None] - states[None], axis=-1).max())
