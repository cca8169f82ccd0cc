"""reservoirpy's `Reservoir` is run, its `Ridge` fitted; run by echo_state.py in its own Python."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from echo_state_measure import AHEAD, RIDGE, WASHOUT, Task, report
from numpy.typing import NDArray
from reservoirpy.nodes import Reservoir, Ridge
from scipy.sparse import csr_array


def prepared(task: Task) -> Callable[[], NDArray]:
    """The node with the weights of the task as it keeps its own: float64, sparse."""
    kernel, recurrent, bias = task.weights()
    node = Reservoir(W=csr_array(recurrent), Win=csr_array(kernel), bias=bias, lr=0.3)
    inputs = task.inputs()
    return fit(node, inputs) if task.is_fit else run(node, inputs)


def run(node: Reservoir, inputs: NDArray) -> Callable[[], NDArray]:
    """States of all steps, series after series."""
    node.run(inputs[0, :2])
    reset = {name: np.zeros_like(value) for name, value in node.state.items()}

    def call() -> NDArray:
        node.state = dict(reset)
        return np.asarray(node.run(list(inputs)))

    return call


def fit(node: Reservoir, inputs: NDArray) -> Callable[[], NDArray]:
    """The readout of all series, and forecasts of each, fed back step after step.

    After a fit the node stands at the end of the last series: one series is forecast from there,
    of several each is run once more.
    """
    series = list(inputs)
    model = node >> Ridge(ridge=RIDGE)

    def call() -> NDArray:
        if model.initialized:
            model.reset()
        model.fit([one[:-1] for one in series], [one[1:] for one in series], warmup=WASHOUT)
        forecasts = []
        for one in series:
            if len(series) > 1:
                model.reset()
            ahead = [model.run(one if len(series) > 1 else one[-1:])[-1:]]
            for _ in range(AHEAD - 1):
                ahead.append(model.run(ahead[-1]))
            forecasts.append(np.concatenate(ahead))
        return np.stack(forecasts)

    return call


if __name__ == "__main__":
    report(prepared)
