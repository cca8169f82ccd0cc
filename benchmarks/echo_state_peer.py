"""Runs of reservoirpy's `Reservoir`; run by echo_state.py in the peer's environment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from echo_state_measure import Task, report
from numpy.typing import NDArray
from reservoirpy.nodes import Reservoir
from scipy.sparse import csr_array


def prepared(task: Task) -> Callable[[], NDArray]:
    """The node with the weights of the task as it keeps its own: float64, sparse."""
    kernel, recurrent, bias = task.weights()
    node = Reservoir(W=csr_array(recurrent), Win=csr_array(kernel), bias=bias, lr=0.3)
    inputs = task.inputs()
    node.run(inputs[0, :2])
    reset = {name: np.zeros_like(value) for name, value in node.state.items()}

    def run() -> NDArray:
        node.state = dict(reset)
        return np.asarray(node.run(list(inputs)))

    return run


if __name__ == "__main__":
    report(prepared)
