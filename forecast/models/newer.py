"""What newer steps can teach a network: its inputs along them, and what the highway has missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.window import Past
from forecast.models.highway_model import HighwayModel
from forecast.models.inputs import inputs_along, read_inputs
from forecast.models.objective import missed
from forecast.protocol import Block

__all__ = ["NewerSteps", "newer_steps"]

# A unit below this share of the forecast stands in for that of a flat window.
_SMALLEST_UNIT = 1e-8


@dataclass(frozen=True, eq=False)
class NewerSteps:
    """A block of steps in the terms of a network that stands before it.

    Args:
        before: what the network was fed last, float32 `(num_rows, num_features)`; the forecast of
            the first step comes from there.
        features: what it is fed after each step, float32 `(num_rows, num_steps, num_features)`.
        valid: steps that are no padding, `(num_rows, num_steps)`.
        targets: what the highway left unexplained of each step, in its unit,
            `(num_rows, num_steps)`; 0 where unknown.
        weights: 1 for a step to learn from, 0 for others, `(num_rows, num_steps)`.
    """

    before: NDArray
    features: NDArray
    valid: NDArray
    targets: NDArray
    weights: NDArray

    def chunks(self, num_steps: int) -> Iterator[NewerSteps]:
        """The same in stretches of at most `num_steps`, in the order of time."""
        before = self.before
        for start in range(0, self.targets.shape[1], num_steps):
            part = slice(start, start + num_steps)
            yield NewerSteps(
                before, self.features[:, part], self.valid[:, part],
                self.targets[:, part], self.weights[:, part],
            )  # fmt: skip
            before = self.features[:, part][:, -1]


def newer_steps(highway: HighwayModel, past: Past, values: NDArray, block: Block) -> NewerSteps:
    """Walk the highway along a block and note what it sees and misses.

    Nothing is learned from a gap, from padding, from a series that has not seen a season yet, nor
    after a flat window, whose unit says nothing.

    Args:
        highway: the linear forecaster inside the network.
        past: before the block.
        values: of the block, in the highway's terms, with forecasts at its gaps.
        block: says what was observed.
    """
    last = read_inputs(highway, past)
    parts = [(last.features[:, None], last.base[:, None], last.unit[:, None])]
    for steps, inputs in inputs_along(highway, past, values):
        shape = (len(values), len(steps))
        parts.append((inputs.features.reshape(*shape, -1),
                      inputs.base.reshape(shape), inputs.unit.reshape(shape)))  # fmt: skip
    features, base, unit = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
    base, unit = base[:, :-1], unit[:, :-1]
    targets = missed(np.where(block.observed, values, np.nan), base, unit)
    clock = past.clock[:, None] + np.arange(values.shape[1])
    early = clock < max((*highway.features.seasons[:1], 1))
    flat = unit <= _SMALLEST_UNIT * np.maximum(np.abs(base), 1.0)
    taught = block.observed & block.valid & ~np.isnan(targets) & ~early & ~flat
    targets = np.where(taught, targets, 0.0)
    return NewerSteps(features[:, 0], features[:, 1:], block.valid, targets, taught.astype(float))
