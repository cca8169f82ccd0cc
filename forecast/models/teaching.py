"""Training material of a network: whole series with what the highway leaves unexplained."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.pooled.samples import metric_weights
from forecast.baselines.window import Past
from forecast.denominators import seasonal_changes
from forecast.models.inputs import input_width, inputs_along
from forecast.models.places import placing_of
from forecast.models.sampling import Sampling, Trail
from forecast.models.training import Truncation
from forecast.pipelines import Panel

__all__ = ["Lesson", "Sequences", "make_lesson", "missed"]

# Residuals are cut at this many units: one outlier must not steer an update.
_LARGEST_TARGET = 20.0


@dataclass(frozen=True, eq=False)
class Lesson:
    """Inputs and targets at every step of every series, right-padded.

    Args:
        features: float32 `(num_series, num_steps, num_features)`.
        targets: what the highway left unexplained of the next step, in its unit,
            `(num_series, num_steps)`; 0 where unknown.
        weights: weight of each step in the loss, mean 1 over the known ones; 0 where unknown.
        lengths: valid steps of each series, `(num_series,)`.
        trail: what the highway saw and said, for walks on the network's own forecasts.
    """

    features: NDArray
    targets: NDArray
    weights: NDArray
    lengths: NDArray
    trail: Trail | None = None


def make_lesson(highway: PooledARModel, panel: Panel, season: int) -> Lesson:
    """Walk the highway along the panel and note what it sees and misses.

    Args:
        highway: the linear forecaster inside the network.
        panel: training series; gaps are fed with the highway's own forecast, and not learned from.
        season: season of the MASE that errors are weighed by.
    """
    block = panel.block(0, panel.lengths)
    past = Past.blank(highway.window_length, np.arange(panel.num_series))
    encoded = highway.encode(np.where(block.observed, block.values, np.nan))
    no_memory = np.zeros((block.num_rows, block.num_steps, 0))
    values = highway.fill(past, encoded, block, no_memory)
    shape = values.shape
    features = np.zeros((*shape, input_width(highway)), dtype=np.float32)
    base, unit = np.zeros(shape), np.ones(shape)
    for steps, inputs in inputs_along(highway, past, values):
        features[:, steps] = inputs.features.reshape(shape[0], len(steps), -1)
        base[:, steps] = inputs.base.reshape(shape[0], -1)
        unit[:, steps] = inputs.unit.reshape(shape[0], -1)
    upcoming = np.concatenate([encoded[:, 1:], np.full((shape[0], 1), np.nan)], axis=1)
    targets = missed(upcoming, base, unit)
    weights = _weights(highway, panel, values, unit, season)
    weights[np.isnan(targets) | ~block.valid] = 0.0
    # Before a season has passed the inputs say little: such steps are no examples.
    early = np.minimum(season, panel.lengths // 2)
    weights[np.arange(shape[1]) < early[:, None]] = 0.0
    weights /= max(weights[weights > 0].mean(), 1e-12) if (weights > 0).any() else 1.0
    trail = Trail(values, block.observed, base, unit)
    return Lesson(features, np.nan_to_num(targets), weights, panel.lengths, trail)


def missed(values: NDArray, base: NDArray, unit: NDArray) -> NDArray:
    """What a forecast left unexplained of values, in its unit and cut; NaN where unknown."""
    return np.clip((values - base) / unit, -_LARGEST_TARGET, _LARGEST_TARGET)


def _weights(
    highway: PooledARModel, panel: Panel, values: NDArray, unit: NDArray, season: int
) -> NDArray:
    """What an error of one unit costs in MASE at each step."""
    changes = seasonal_changes(panel, season)
    slope = highway.power.slope(np.nan_to_num(values))
    steps = np.arange(unit.shape[1]) < panel.lengths[:, None]
    return metric_weights(slope * unit, np.where(steps, changes[:, None], 0.0))


class Sequences(keras.utils.PyDataset):
    """Batches of stretches of series, of windows or of streams, drawn with a seed.

    Args:
        lesson: the material.
        sequence_length: time steps in a sequence.
        batch_size: sequences in a batch.
        num_updates: batches in an epoch.
        seed: of the draws.
        cut: how series are cut, and what steps count.
        sampling: what walks on the network's own forecasts need; None without any.
    """

    def __init__(
        self, lesson: Lesson, sequence_length: int, batch_size: int, num_updates: int, seed: int,
        cut: Truncation = Truncation(),  # noqa: B008 (frozen)
        sampling: Sampling | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.lesson = lesson
        self.sequence_length = sequence_length
        self.batch_size = batch_size
        self.num_updates = num_updates
        self.cut = cut
        self.sampling = sampling
        self.first = 0
        size = num_updates, batch_size, sequence_length
        self.places = placing_of(cut.sequences, lesson.lengths, lesson.weights > 0, size, seed)

    @property
    def carries(self) -> bool:
        """Whether states are carried from batch to batch."""
        return self.cut.sequences == "streams"

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.num_updates - self.first

    def batch(self, number: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Features, mask, targets and weights of batch `number`, the same whenever asked for."""
        inputs, targets, weights = self.material(number)
        return inputs["features"], inputs["mask"], targets, weights

    def material(self, number: int) -> tuple[dict[str, NDArray], NDArray, NDArray]:
        """Inputs of the network in training, targets and weights of batch `number`."""
        places = self.places(number)
        steps = places.starts[:, None] + np.arange(self.sequence_length)
        steps = np.minimum(steps, self.lesson.targets.shape[1] - 1)
        at = (places.rows[:, None], steps)
        counted, valid = self._counted(places.counts)
        weights = np.where(counted, self._weights(at), 0.0).astype(np.float32)
        inputs = {"features": self.lesson.features[at], "mask": valid}
        if self.carries:
            inputs["begins"] = places.begins
        if self.sampling is not None:
            inputs |= self.sampling.inputs(number, places, steps)
        return inputs, self.lesson.targets[at].astype(np.float32), weights

    def __getitem__(self, index: int) -> tuple[dict[str, NDArray], NDArray, NDArray]:
        """A batch as Keras takes it; `first` of them have been taken before."""
        return self.material(self.first + index)

    def _counted(self, counts: NDArray) -> tuple[NDArray, NDArray]:
        """Which steps count in the loss, and which are no padding."""
        steps, counts = np.arange(self.sequence_length), counts[:, None]
        valid = steps < counts
        if self.cut.sequences != "windows":
            return valid, valid
        return valid & (steps >= counts - self.cut.loss_steps), valid

    def _weights(self, at: tuple[NDArray, NDArray]) -> NDArray:
        weights = self.lesson.weights[at]
        return weights if self.cut.weights == "metric" else (weights > 0).astype(float)
