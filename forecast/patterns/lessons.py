"""Training material of a pattern, and the batches drawn from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import keras
import numpy as np
from numpy.typing import NDArray

__all__ = ["Lessons", "Material", "pool_weights"]


@dataclass(frozen=True, eq=False)
class Material:
    """Inputs and answers of all series, right-padded.

    Args:
        features: float32 `(num_series, num_steps, num_features)`.
        valid: False at padding, `(num_series, num_steps)`.
        targets: an answer a series, `(num_series,)`, or a step, `(num_series, num_steps)`.
        weights: of each step in the loss; 0 where there is no answer, `(num_series, num_steps)`.
        pooling: "last" or "mean", how a series' one answer is read off its steps; None where
            every step has an answer.
        num_hidden: first features that are hidden, 0, after a step that is drawn for each series
            and batch: half of the time the first one, else any.
    """

    features: NDArray
    valid: NDArray
    targets: NDArray
    weights: NDArray
    pooling: str | None = None
    num_hidden: int = 0

    @property
    def num_series(self) -> int:
        """Number of series."""
        return len(self.valid)

    def take(self, rows: NDArray) -> Material:
        """The material of some series."""
        return replace(
            self, features=self.features[rows], valid=self.valid[rows], targets=self.targets[rows],
            weights=self.weights[rows],
        )  # fmt: skip

    def led(self, num_steps: int) -> Material:
        """The material with the first step of each series repeated before it, without answers."""

        def led(array: NDArray) -> NDArray:
            return np.concatenate([np.repeat(array[:, :1], num_steps, axis=1), array], axis=1)

        weights = np.pad(self.weights, ((0, 0), (num_steps, 0)))
        return replace(
            self, features=led(self.features), valid=led(self.valid), targets=led(self.targets),
            weights=weights,
        )  # fmt: skip

    def hidden(self) -> Material:
        """The material with what is hidden at times hidden throughout."""
        features = self.features.copy()
        features[..., : self.num_hidden] = 0.0
        return replace(self, features=features)


def pool_weights(valid: NDArray, pooling: str) -> NDArray:
    """The weight of each step in a series' one answer; they add up to 1, `(rows, steps)`.

    Example:
        >>> pool_weights(np.array([[True, True, False]]), "last").tolist()
        [[0.0, 1.0, 0.0]]
    """
    lengths = valid.sum(axis=1, keepdims=True)
    if pooling == "mean":
        return valid / np.maximum(lengths, 1)
    return (valid & (np.arange(valid.shape[1]) == lengths - 1)).astype(np.float64)


class Lessons(keras.utils.PyDataset):
    """Batches of stretches of series, each series as often as any other, drawn with a seed.

    Args:
        material: what to learn from.
        sequence_length: steps in a stretch; shorter series are taken whole.
        batch_size: series in a batch.
        num_updates: batches in all.
        seed: of the draws.
    """

    carries: ClassVar[bool] = False
    sampling: ClassVar[None] = None

    def __init__(
        self, material: Material, sequence_length: int, batch_size: int, num_updates: int, seed: int
    ) -> None:
        super().__init__()
        self.material = material
        self.sequence_length = min(sequence_length, material.valid.shape[1])
        self.batch_size = batch_size
        self.num_updates = num_updates
        self.seed = seed
        self.first = 0
        self._lengths = material.valid.sum(axis=1)

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.num_updates - self.first

    def __getitem__(self, index: int) -> tuple[dict[str, NDArray], NDArray, NDArray]:
        """Inputs, targets and weights of a batch, the same whenever asked for."""
        number, material = self.first + index, self.material
        rng = np.random.default_rng([self.seed, number])
        rows = self._rows(number)
        slack = np.maximum(self._lengths[rows] - self.sequence_length, 0)
        begins = rng.integers(0, slack + 1)
        at = rows[:, None], begins[:, None] + np.arange(self.sequence_length)
        features, valid = material.features[at], material.valid[at]
        if material.num_hidden:
            features = self._hidden(features, rng)
        inputs = {"features": features, "mask": valid}
        if material.pooling is not None:
            weights = pool_weights(valid, material.pooling)
            return inputs, material.targets[rows], weights.astype(np.float32)
        return inputs, material.targets[at], material.weights[at].astype(np.float32)

    def _rows(self, number: int) -> NDArray:
        """Series of a batch: permutation after permutation of all of them."""
        count = self.material.num_series
        places = number * self.batch_size + np.arange(self.batch_size)
        rounds = {r: self._permutation(r, count) for r in np.unique(places // count).tolist()}
        return np.array([rounds[place // count][place % count] for place in places.tolist()])

    def _permutation(self, number: int, count: int) -> NDArray:
        return np.random.default_rng([self.seed, 1, number]).permutation(count)

    def _hidden(self, features: NDArray, rng: Any) -> NDArray:
        """A copy in which the first features are 0 after a step that is drawn for each row."""
        shown = rng.integers(0, self.sequence_length, len(features))
        shown = np.where(rng.random(len(features)) < 0.5, 0, shown)
        steps = np.arange(self.sequence_length)
        after = steps[None, :, None] > shown[:, None, None]
        columns = np.arange(features.shape[2]) < self.material.num_hidden
        return np.where(after & columns, np.float32(0.0), features)
