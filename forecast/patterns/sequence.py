"""The model that reads a series step by step and says something after each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.models.body import Body
from forecast.patterns.form import PatternForm
from forecast.patterns.inputs import Inputs
from forecast.pipelines import Block
from forecast.protocol import StateBatch, Static

__all__ = ["SequenceModel", "blank_state", "body_of", "cells_of", "named_cells"]

_CELL = "cell"


@dataclass(frozen=True, eq=False)
class SequenceModel:
    """A network that reads a series and says something after each step.

    Its state: those of the recurrent layers, and the evidence, what was said after the last step
    or the sum of what was said so far. Both cost O(new steps) to move on.

    Args:
        body: the layers.
        inputs: what they see of a step.
        pooling: "last", or "mean" for evidence that adds up.
    """

    body: Body
    inputs: Inputs
    pooling: str = "last"
    block_length: int = 1

    def init_state(self, num_rows: int, static: Static) -> StateBatch:  # noqa: ARG002
        """See `forecast.protocol.Model`."""
        arrays = named_cells(self.body.initial_state(num_rows))
        arrays["evidence"] = np.zeros((num_rows, self.body.num_outputs))
        zeros = np.zeros(num_rows, dtype=np.int64)
        return StateBatch(arrays | self._more(num_rows), zeros, zeros)

    def read(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """Absorb a block of steps, and say something after each.

        Args:
            state: states of the rows; not changed.
            block: newer steps, see `forecast.protocol.Model.observe`.

        Returns:
            The new state, and the outputs, `(rows, steps, num_outputs)`.
        """
        features, more = self.features(state, block)
        outputs, cells = self.body.encode(features, block.valid, cells_of(state))
        outputs = outputs.reshape(*block.valid.shape, -1)
        arrays = named_cells(cells) | more
        arrays["evidence"] = self._evidence(state.arrays["evidence"], outputs, block.valid)
        return state.advance(arrays, block), outputs

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """The state of `read`; there are no forecasts of the next step."""
        return self.read(state, block)[0], np.full(block.values.shape, np.nan)

    def outputs(self, state: StateBatch) -> NDArray:
        """What is said of each series by now, `(rows, num_outputs)`; 0 before the first step."""
        evidence = state.arrays["evidence"]
        if self.pooling == "last":
            return evidence
        return evidence / np.maximum(state.clock, 1)[:, None]

    def features(self, state: StateBatch, block: Block) -> tuple[NDArray, dict[str, NDArray]]:  # noqa: ARG002
        """The inputs of the layers, and what the state keeps beside theirs."""
        return self.inputs.features(block), {}

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Settings and arrays for a bundle."""
        numbers, arrays = self.inputs.to_saved()
        config = {"body": asdict(self.body.blueprint), "pooling": self.pooling, **numbers}
        return config, self.body.arrays() | arrays

    @classmethod
    def from_saved(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> Self:
        """The model of `to_saved`."""
        inputs = Inputs(arrays["centres"], arrays["factors"], config["num_past"])
        return cls(body_of(config["body"], arrays), inputs, config["pooling"])

    def _more(self, num_rows: int) -> dict[str, NDArray]:  # noqa: ARG002
        """What the state keeps beside the layers' own, before the first step."""
        return {}

    def _evidence(self, before: NDArray, outputs: NDArray, valid: NDArray) -> NDArray:
        if self.pooling == "mean":
            return before + np.where(valid[..., None], outputs, 0.0).sum(axis=1)
        last = np.maximum(valid.sum(axis=1) - 1, 0)
        some = valid.any(axis=1, keepdims=True)
        return np.where(some, outputs[np.arange(len(outputs)), last], before)


def blank_state(model: Any, num_rows: int) -> StateBatch:
    """The states of new series before their first step."""
    return model.init_state(num_rows, Static(np.full(num_rows, -1)))


def named_cells(cells: list[NDArray]) -> dict[str, NDArray]:
    """The states of the layers by name."""
    return {f"{_CELL}{index}": cell for index, cell in enumerate(cells)}


def cells_of(state: StateBatch) -> list[NDArray]:
    """The states of the layers, in order."""
    count = sum(name.startswith(_CELL) for name in state.arrays)
    return [state.arrays[f"{_CELL}{index}"] for index in range(count)]


def body_of(form: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> Body:
    """The layers of a bundle."""
    body: Any = Body.of_arrays(PatternForm(**form), arrays)
    return body
