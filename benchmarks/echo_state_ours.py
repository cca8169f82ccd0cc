"""Runs of `EchoState`, fits of an echo-state network on it; run by echo_state.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from echo_state_measure import AHEAD, RIDGE, WASHOUT, Task, report
from numpy.typing import NDArray

from forecast.layers import EchoState
from forecast.models.echo import EchoDesign, EchoNetwork, Reservoir
from forecast.models.echo.bank import Bank
from forecast.models.echo.fit import fit_echo
from forecast.models.echo.lesson import EchoLesson
from forecast.models.echo.view import View


def prepared(task: Task) -> Callable[[], NDArray]:
    """The layer, or a network around it, with the weights of the task, in float32."""
    kernel, recurrent, bias = task.weights()
    links = np.full(task.units, recurrent.max())
    weights = [kernel.T, links if task.topology == "cycle" else recurrent.T, bias]
    weights = [weight.astype(np.float32) for weight in weights]
    return fit(task, weights) if task.is_fit else run(task, weights)


def run(task: Task, weights: list[NDArray]) -> Callable[[], NDArray]:
    """States of all steps."""
    layer = EchoState(task.units, leak_rate=0.3, topology=task.topology, return_sequences=True)
    layer.build((None, None, 1))
    layer.set_weights(weights)
    inputs = task.inputs().astype(np.float32)
    return lambda: np.asarray(layer(inputs))


def fit(task: Task, weights: list[NDArray]) -> Callable[[], NDArray]:
    """The readout of all series, and forecasts of each."""
    reservoir = Reservoir(task.units, leak_rate=0.3, topology=task.topology)
    bank, view = Bank(EchoDesign((reservoir,)), weights), View(1, 0, 1)
    inputs = task.inputs()
    taught = np.broadcast_to(np.arange(task.steps - 1) >= WASHOUT, (task.series, task.steps - 1))
    lesson = EchoLesson(inputs[:, :-1], inputs[:, 1:], taught)

    def call() -> NDArray:
        found = fit_echo(bank, view, lesson, RIDGE, 0.0, 0)
        network = EchoNetwork(bank, view, found.coefficients)
        outputs, memory = network.encode(inputs[:, -1:], found.memory)
        return network.free_run(outputs[:, -1], memory, AHEAD)

    return call


if __name__ == "__main__":
    report(prepared)
