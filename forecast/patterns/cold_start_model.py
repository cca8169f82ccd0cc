"""The model of a new series: what is known of it in, its course out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Bounds
from forecast.models.body import Body
from forecast.patterns.inputs import Inputs
from forecast.patterns.sequence import body_of, cells_of, named_cells
from forecast.pipelines import Block
from forecast.protocol import Feedback, StateBatch, Static

__all__ = ["NUM_HIDDEN", "NUM_SEEDING", "ColdStartModel"]

NUM_HIDDEN = 2
"""Inputs that tell of the value before: itself and whether it was seen."""
NUM_SEEDING = 4
"""Times that the first step's inputs are read before it: what is static seeds the state."""


@dataclass(frozen=True, eq=False)
class ColdStartModel:
    """`h_t = f(h_{t-1}, (y_{t-1}, seen_{t-1}, s, c_t, age_t))`, `y'_t = V h_t + b`.

    s are the static covariates, c those known ahead, `age_t = min(t, T) / T`. Where a value was
    not seen, y is 0 and so is its mark: a forecast from nothing is a rollout of such steps. Before
    step 0 its inputs are read a few times more, so that h_0 can be any function of them.

    Args:
        body: the layers.
        inputs: what they see of a step, but for the age.
        num_ages: T, steps of the longest training series: later steps are as old as this one.
        low: smallest value of the training part.
        high: largest value of it.
    """

    body: Body
    inputs: Inputs
    num_ages: int
    low: float
    high: float
    block_length: int = 1

    def init_state(self, num_rows: int, static: Static) -> StateBatch:  # noqa: ARG002
        """See `forecast.protocol.Model`."""
        zeros = np.zeros(num_rows, dtype=np.int64)
        arrays = named_cells(self.body.initial_state(num_rows))
        arrays |= {"before": np.zeros(num_rows), "seen": np.zeros(num_rows, dtype=bool)}
        return StateBatch(arrays, zeros, zeros)

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; the first step is forecast, too."""
        features = self.features(state, block)
        cells = self._seeded(state, features, block.valid)
        outputs, cells = self.body.encode(features, block.valid, cells)
        rows, last = np.arange(block.num_rows), np.maximum(block.valid.sum(axis=1) - 1, 0)
        some = block.valid.any(axis=1)
        newest = {"before": block.values[rows, last], "seen": block.observed[rows, last]}
        kept = {name: np.where(some, new, state.arrays[name]) for name, new in newest.items()}
        return state.advance(named_cells(cells) | kept, block), self.inputs.value(outputs)

    def rollout(
        self, state: StateBatch, horizon: int, feedback: Feedback, future: NDArray
    ) -> NDArray:
        """See `forecast.protocol.Model`."""
        shape = (state.num_rows, horizon)
        unseen = Block(np.zeros(shape), np.zeros(shape, bool), np.ones(shape, bool), future)
        _, forecasts = self.observe(state, unseen)
        return feedback(np.repeat(forecasts[:, None], feedback.num_paths, axis=1), 0)

    def bounds(self, num_rows: int) -> Bounds:
        """The explosion guard: the range of the training part, as a new series has none."""
        return Bounds.of_range(np.full(num_rows, self.low), np.full(num_rows, self.high))

    def features(self, state: StateBatch, block: Block) -> NDArray[np.float32]:
        """The inputs of the layers at each step, with the value of the step before it."""
        before = np.concatenate([state.arrays["before"][:, None], block.values], axis=1)[:, :-1]
        seen = np.concatenate([state.arrays["seen"][:, None], block.observed], axis=1)[:, :-1]
        seen = seen & block.valid
        led = replace(block, values=np.where(seen, before, 0.0), observed=seen)
        age = state.clock[:, None] + np.arange(block.num_steps)
        age = np.minimum(age, self.num_ages)[..., None] / self.num_ages
        return np.concatenate([self.inputs.features(led), age], axis=2, dtype=np.float32)

    def _seeded(self, state: StateBatch, features: NDArray, valid: NDArray) -> list[NDArray]:
        """The states of the layers; those of series that begin now after their seeding."""
        cells = cells_of(state)
        rows = np.flatnonzero((state.clock == 0) & valid.any(axis=1))
        if not len(rows) or not cells:
            return cells
        first = np.repeat(features[rows, :1], NUM_SEEDING, axis=1)
        zeros, all_valid = self.body.initial_state(len(rows)), np.ones(first.shape[:2], bool)
        _, begun = self.body.encode(first, all_valid, zeros)
        seeded = [cell.copy() for cell in cells]
        for cell, own in zip(seeded, begun, strict=True):
            cell[rows] = own
        return seeded

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Settings and arrays for a bundle."""
        numbers, arrays = self.inputs.to_saved()
        config = {"body": asdict(self.body.blueprint), "num_ages": self.num_ages, **numbers}
        return config | {"low": self.low, "high": self.high}, self.body.arrays() | arrays

    @staticmethod
    def from_saved(config: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> ColdStartModel:
        """The model of `to_saved`."""
        inputs = Inputs(arrays["centres"], arrays["factors"], config["num_past"])
        body = body_of(config["body"], arrays)
        return ColdStartModel(body, inputs, config["num_ages"], config["low"], config["high"])
