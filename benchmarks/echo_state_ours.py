"""Runs of `EchoState`; run by echo_state.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from echo_state_measure import Task, report
from numpy.typing import NDArray

from forecast.layers import EchoState


def prepared(task: Task) -> Callable[[], NDArray]:
    """The layer with the weights of the task, in float32."""
    kernel, recurrent, bias = task.weights()
    links = np.full(task.units, recurrent.max())
    layer = EchoState(task.units, leak_rate=0.3, topology=task.topology, return_sequences=True)
    layer.build((None, None, 1))
    layer.set_weights([kernel.T, links if task.topology == "cycle" else recurrent.T, bias])
    inputs = task.inputs().astype(np.float32)
    return lambda: np.asarray(layer(inputs))


if __name__ == "__main__":
    report(prepared)
