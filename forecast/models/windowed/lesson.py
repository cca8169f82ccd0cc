"""Training material of a window network: every origin with what the highway missed after it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from forecast.baselines.window import Past, along
from forecast.models.sampling import Trail
from forecast.models.target_weights import TargetWeights
from forecast.models.teaching import exercises, values_after
from forecast.models.windowed.model import WindowedModel
from forecast.models.windowed.view import Anchor, WindowInputs
from forecast.pipelines import Panel

__all__ = ["WindowLesson", "WindowSequences", "make_window_lesson"]


@dataclass(frozen=True, eq=False)
class WindowLesson:
    """An origin after every step of every series, right-padded.

    Args:
        model: whose window is looked through.
        trail: what the highway saw and said; `base` is `(num_series, num_steps, block_length)`.
        level: mean of the newest lags at each origin, `(num_series, num_steps)`.
        covariates: of every step and those after the last one, in standard deviations,
            `(num_series, num_steps + block_length, num_covariates)`.
        targets: what the highway left unexplained of the steps after each origin, in its unit,
            `(num_series, num_steps, block_length)`; 0 where unknown.
        weights: of each target in the loss, mean 1 over the known ones; 0 where unknown.
    """

    model: WindowedModel
    trail: Trail
    level: NDArray
    covariates: NDArray
    targets: NDArray
    weights: NDArray

    @property
    def size(self) -> float:
        """Weighted mean of `|targets|`: the error of the highway alone; 1 without any."""
        total = self.weights.sum()
        found = float((self.weights * np.abs(self.targets)).sum() / total) if total else 0.0
        return found or 1.0

    def in_unit(self, unit: float) -> WindowLesson:
        """The same with targets in this unit."""
        return replace(self, targets=self.targets / unit)

    def inputs(self, rows: NDArray, steps: NDArray) -> WindowInputs:
        """What the layers see at the origins after these steps, `(batch_size,)`."""
        length, block = self.model.window_length, self.model.block_length
        before = steps[:, None] + np.arange(1 - length, 1)
        values = self.trail.values[rows[:, None], np.maximum(before, 0)]
        window = np.where(before < 0, np.nan, values)
        at = (rows, steps)
        anchor = Anchor(self.level[at], self.trail.unit[at], self.trail.base[at])
        after = steps[:, None] + np.arange(1, block + 1)
        return self.model.view.inputs(window, anchor, self.covariates[rows[:, None], after])


def make_window_lesson(
    model: WindowedModel,
    panel: Panel,
    season: int,
    given: TargetWeights = TargetWeights(),  # noqa: B008 (frozen)
) -> WindowLesson:
    """Walk the highway along the panel and note what it sees and misses at every origin.

    Args:
        model: of the network that is to be trained.
        panel: training series; gaps are fed with the highway's own forecast, and not learned from.
        season: season of the MASE that errors are weighed by.
        given: what each target counts.
    """
    highway, length = model.highway, model.block_length
    block = panel.block(0, panel.lengths)
    encoded = highway.encode(np.where(block.observed, block.values, np.nan))
    past = Past.blank(model.window_length, np.arange(panel.num_series))
    values = highway.fill(past, encoded, block, np.zeros((*encoded.shape, 0)))
    known = np.pad(block.covariates, ((0, 0), (0, length), (0, 0)))
    shape = values.shape
    level, unit, base = np.zeros(shape), np.ones(shape), np.zeros((*shape, length))
    ahead = sliding_window_view(known[:, 1:], length, axis=1).swapaxes(2, 3)
    later = np.concatenate([values, np.full((shape[0], 1), np.nan)], axis=1)
    for steps, pasts in along(past.append(later[:, :1]), later[:, 1:]):
        future = ahead[:, steps].reshape(len(pasts.clock), length, -1)
        anchor = model.view.anchor(pasts, length, future)
        level[:, steps] = anchor.level.reshape(shape[0], -1)
        unit[:, steps] = anchor.unit.reshape(shape[0], -1)
        base[:, steps] = anchor.base.reshape(shape[0], len(steps), length)
    trail = Trail(values, block.observed, base, unit)
    upcoming = values_after(encoded, length).reshape(base.shape)
    targets, weights = exercises(highway, panel, trail, upcoming, season, model.head, given)
    return WindowLesson(model, trail, level, model.standard(known), targets, weights)


class WindowSequences(keras.utils.PyDataset):
    """Batches of origins drawn with a seed, all that can be learned from equally often.

    Args:
        lesson: the material.
        batch_size: origins in a batch.
        num_updates: batches in an epoch.
        seed: of the draws.
        is_fed: whether the layers can be fed the truth, with a draw for each step that decides.
    """

    def __init__(
        self, lesson: WindowLesson, batch_size: int, num_updates: int, seed: int,
        is_fed: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.lesson = lesson
        self.batch_size = batch_size
        self.num_updates = num_updates
        self.seed = seed
        self.is_fed = is_fed
        self.first = 0
        self._origins = np.flatnonzero((lesson.weights > 0).any(axis=2))

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.num_updates - self.first

    def __getitem__(self, index: int) -> tuple[dict[str, NDArray], NDArray, NDArray]:
        """A batch as Keras takes it; `first` of them have been taken before."""
        return self.material(self.first + index)

    def material(self, number: int) -> tuple[dict[str, NDArray], NDArray, NDArray]:
        """Inputs, targets and weights of batch `number`, the same whenever asked for."""
        generator = np.random.default_rng((self.seed, number))
        drawn = generator.choice(self._origins, size=self.batch_size)
        rows, steps = np.divmod(drawn, self.lesson.level.shape[1])
        seen = self.lesson.inputs(rows, steps)
        inputs = {"features": seen.features, "mask": seen.mask, "ahead": seen.ahead}
        targets = self.lesson.targets[rows, steps].astype(np.float32)
        weights = self.lesson.weights[rows, steps].astype(np.float32)
        if self.is_fed:
            inputs["truth"] = targets
            # What is not known is never fed: no share of truth is above 1.
            draws = np.where(weights > 0, generator.random(targets.shape), 1.0)
            inputs["draws"] = draws.astype(np.float32)
        return inputs, targets, weights
