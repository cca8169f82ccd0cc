"""Training material of a network: whole series with what the highway leaves unexplained."""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from forecast.baselines.pooled.samples import metric_weights
from forecast.baselines.window import Past
from forecast.denominators import seasonal_changes
from forecast.heads import Absolute, Head
from forecast.models.highway_model import HighwayModel
from forecast.models.inputs import input_width, inputs_along
from forecast.models.objective import Objective
from forecast.models.places import placing_of
from forecast.models.sampling import Sampling, Trail
from forecast.models.target_weights import TargetWeights
from forecast.models.training import Truncation
from forecast.pipelines import Panel

__all__ = ["Lesson", "Sequences", "exercises", "make_lesson", "values_after"]

_ABSOLUTE, _METRIC = Absolute(), TargetWeights()


@dataclass(frozen=True, eq=False)
class Lesson:
    """Inputs and targets at every step of every series, right-padded.

    Args:
        features: float32 `(num_series, num_steps, num_features)`.
        targets: what the highway left unexplained of the next step, in its unit,
            `(num_series, num_steps)`, of a block `(num_series, num_steps, block_length)`; of counts
            see `Objective`; 0 where unknown.
        weights: weight of each target in the loss, mean 1 over those above 0; 0 where unknown.
        lengths: valid steps of each series, `(num_series,)`.
        trail: what the highway saw and said, for walks on the network's own forecasts.
    """

    features: NDArray
    targets: NDArray
    weights: NDArray
    lengths: NDArray
    trail: Trail | None = None

    @property
    def size(self) -> float:
        """Weighted mean of `|targets|`: the error of the highway alone; 1 without any."""
        total = self.weights.sum()
        found = float((self.weights * np.abs(self.targets)).sum() / total) if total else 0.0
        return found or 1.0

    def in_unit(self, unit: float) -> Lesson:
        """The same with targets in this unit."""
        return replace(self, targets=self.targets / unit)


def make_lesson(
    highway: HighwayModel, panel: Panel, season: int, head: Head = _ABSOLUTE,
    given: TargetWeights = _METRIC,
) -> Lesson:  # fmt: skip
    """Walk the highway along the panel and note what it sees and misses.

    The targets of a step are all steps of the highway's block after it.

    Args:
        highway: the linear forecaster inside the network.
        panel: training series; gaps are fed with the highway's own forecast, and not learned from.
        season: season of the MASE that errors are weighed by.
        head: of the network; it says what a target is.
        given: what each target counts.
    """
    block = panel.block(0, panel.lengths)
    past = Past.blank(highway.window_length, np.arange(panel.num_series))
    encoded = highway.encode(np.where(block.observed, block.values, np.nan))
    no_memory = np.zeros((block.num_rows, block.num_steps, 0))
    values = highway.fill(past, encoded, block, no_memory)
    shape = values.shape
    features = np.zeros((*shape, input_width(highway)), dtype=np.float32)
    upcoming = values_after(encoded, highway.block_length)
    base, unit = np.zeros(upcoming.shape), np.ones(shape)
    for steps, inputs in inputs_along(highway, past, values, highway.block_length):
        features[:, steps] = inputs.features.reshape(shape[0], len(steps), -1)
        base[:, steps] = inputs.base.reshape(shape[0], len(steps), *upcoming.shape[2:])
        unit[:, steps] = inputs.unit.reshape(shape[0], -1)
    trail = Trail(values, block.observed, base, unit)
    targets, weights = exercises(highway, panel, trail, upcoming, season, head, given)
    return Lesson(features, targets, weights, panel.lengths, trail)


def exercises(
    highway: HighwayModel, panel: Panel, trail: Trail, upcoming: NDArray, season: int,
    head: Head = _ABSOLUTE, given: TargetWeights = _METRIC,
) -> tuple[NDArray, NDArray]:  # fmt: skip
    """Targets of every step and their weights, see `Lesson`.

    Args:
        highway: the linear forecaster inside the network.
        panel: training series.
        trail: what the highway saw and said.
        upcoming: values after each step, of a block with a further axis; NaN where unknown.
        season: season of the MASE that errors are weighed by.
        head: of the network.
        given: what each target counts.
    """
    further = upcoming.ndim - trail.unit.ndim  # an axis for the steps of a block
    unit = _widened(trail.unit, further)
    targets = Objective(head, highway.power).targets(upcoming, trail.base, unit)
    weights = _widened(_costs(highway, panel, trail.values, trail.unit, season), further)
    if given.base == "equal":
        weights = np.where(weights > 0.0, 1.0, 0.0)
    weights = weights * _given(given, panel, highway.block_length).reshape(upcoming.shape)
    weights = np.where(np.isnan(upcoming - trail.base), 0.0, weights)
    steps = np.arange(trail.unit.shape[1])
    weights[steps >= panel.lengths[:, None]] = 0.0
    # Before a season has passed the inputs say little: such steps are no examples.
    early = np.minimum(season, panel.lengths // 2)
    weights[steps < early[:, None]] = 0.0
    weights /= max(weights[weights > 0].mean(), 1e-12) if (weights > 0).any() else 1.0
    return np.nan_to_num(targets), weights


def values_after(values: NDArray, block_length: int) -> NDArray:
    """The values after each step, `(num_series, num_steps)`, of a block with a further axis."""
    later = np.pad(values[:, 1:], ((0, 0), (0, block_length)), constant_values=np.nan)
    blocks = sliding_window_view(later, block_length, axis=1)
    return blocks[..., 0] if block_length == 1 else blocks


def _widened(values: NDArray, further: int) -> NDArray:
    """The array with this many axes of 1 after its own."""
    return values.reshape(*values.shape, *(1,) * further)


def _given(given: TargetWeights, panel: Panel, block_length: int) -> NDArray:
    """The user's weight of the values after each step, shaped as these."""
    upcoming = np.nan_to_num(values_after(given.of_rows(panel), block_length))
    if given.steps is None:
        return upcoming
    return upcoming * (np.array(given.steps) if block_length > 1 else given.steps[0])


def _costs(
    highway: HighwayModel, panel: Panel, values: NDArray, unit: NDArray, season: int
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
        taught = np.any((lesson.weights > 0).reshape(*lesson.weights.shape[:2], -1), axis=2)
        self.places = placing_of(cut.sequences, lesson.lengths, taught, size, seed)

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
        weights = self.lesson.weights[at].astype(np.float32)
        weights[~counted] = 0.0
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
