"""Whether reservoirs forget their start on the series that they were fitted on, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.layers.echo_property import measure_echo_state
from forecast.models.echo.bank import Bank
from forecast.models.echo.reservoir import Reservoir

__all__ = ["MOST_STEPS", "remark", "remark_on_bank"]

MOST_STEPS = 500
"""Newest inputs that a reservoir is tried on."""

_NUM_STARTS = 3


def remark(settings: Reservoir, weights: Sequence[NDArray], inputs: NDArray, seed: int) -> str:
    """What is odd about a reservoir; empty if nothing is.

    From a spectral radius of 1 on, the echo-state test is made on the newest inputs.

    Args:
        settings: of the reservoir.
        weights: kernel, recurrent kernel and bias, as of `EchoState`.
        inputs: what drives it, `(steps, num_inputs)`.
        seed: of the starts that are compared.
    """
    if settings.spectral_radius == 0.0:
        return "A spectral radius of 0 leaves the reservoir no memory but its leak."
    newest = inputs[-MOST_STEPS:]
    if settings.spectral_radius < 1.0 or len(newest) < 2:
        return ""
    kernel, recurrent_kernel, bias = weights
    drive = newest @ kernel + bias
    report = measure_echo_state(drive, recurrent_kernel, settings.leak_rate, _NUM_STARTS, seed)
    return "" if report.holds else str(report)


def remark_on_bank(bank: Bank, inputs: NDArray, seed: int) -> str:
    """What is odd about the first reservoir of a bank about which anything is.

    Args:
        bank: the reservoirs.
        inputs: what drives them, `(steps, num_inputs)`.
        seed: of the starts that are compared.
    """
    below = inputs = inputs[-MOST_STEPS:]
    states = np.split(bank.run(inputs[None], bank.initial_state(1))[0], bank.stops, axis=1)
    for index, settings in enumerate(bank.design.reservoirs):
        found = remark(settings, bank.weights[3 * index : 3 * index + 3], below, seed)
        if found:
            return found
        below = states[index] if bank.design.is_deep else inputs
    return ""
