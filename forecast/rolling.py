"""Free running of models whose paths are moved on from outside, block after block."""

from __future__ import annotations

from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from forecast.protocol import Feedback, StateBatch

__all__ = ["Paths", "Rolls", "rolled"]


class Paths(Protocol):
    """`m` paths of each of `n` series at a step of their rollout."""

    @property
    def block_length(self) -> int:
        """Steps that are emitted at once."""
        ...

    def emit(self, future: NDArray) -> NDArray:
        """Forecasts of the next steps in the unit of the series, `(n, m, block_length)`.

        Args:
            future: covariates of these steps, `(n, block_length, num_covariates)`.
        """
        ...

    def fed(self, values: NDArray) -> Self:
        """The paths after `values`, `(n, m, num_steps)`.

        Fed once more, the same paths forget what came of the first time.
        """
        ...


@runtime_checkable
class Rolls(Protocol):
    """A model whose paths can be moved on from outside, beside those of other models."""

    def paths(self, state: StateBatch, num_paths: int, horizon: int) -> Paths:
        """`num_paths` paths of each row, with room for `horizon` steps."""
        ...


def rolled(paths: Paths, horizon: int, feedback: Feedback, future: NDArray) -> NDArray:
    """Roll forward block after block, `(n, m, horizon)`.

    Args:
        paths: where the rollout starts.
        horizon: steps ahead.
        feedback: what the paths are fed.
        future: covariates of these steps, `(n, horizon, num_covariates)`.
    """
    blocks, length = [], paths.block_length
    for step in range(0, horizon, length):
        # The last block may reach beyond the horizon: its last known row stands in there.
        ahead = np.minimum(np.arange(step, step + length), horizon - 1)
        blocks.append(feedback(paths.emit(future[:, ahead]), step))
        if step + length < horizon:
            paths = paths.fed(blocks[-1])
    return np.concatenate(blocks, axis=2)[:, :, :horizon]
