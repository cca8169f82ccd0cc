"""A layer of torch.nn; run by layers.py in the environment of the peers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from layers_measure import Task, report


def prepared(task: Task, contender: str) -> dict[str, Callable[[], Any]]:  # noqa: ARG001
    """Inference, and a training step: gradients of all weights, given those of the outputs."""
    kind = {"SimpleRNN": torch.nn.RNN}.get(task.layer) or getattr(torch.nn, task.layer)
    layer = kind(task.features, task.units, batch_first=True)
    inputs, upstream = torch.from_numpy(task.inputs()), torch.from_numpy(task.upstream())

    def inference() -> Any:
        with torch.inference_mode():
            return layer(inputs)[0].numpy()

    def training() -> Any:
        layer.zero_grad()
        layer(inputs)[0].backward(upstream)
        return [weight.grad for weight in layer.parameters()]

    return {"inference": inference, "training": training}


if __name__ == "__main__":
    report(prepared)
