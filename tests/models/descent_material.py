"""A small lesson, batches of it, fresh layers and a check, for the tests of trainings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import numpy as np

from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.teaching import Lesson, Sequences

FEATURES = 3


def lesson_of(seed: int = 0) -> Lesson:
    """Targets that depend on the newest input; the last series is shorter than a stretch."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0.0, 1.0, (5, 24, FEATURES)).astype(np.float32)
    lengths = np.array([24, 24, 24, 18, 6])
    valid = np.arange(24) < lengths[:, None]
    targets = np.where(valid, 0.8 * features[..., 0] - 0.3, 0.0)
    return Lesson(
        features, targets, np.where(valid, rng.uniform(0.5, 1.5, valid.shape), 0.0), lengths
    )


def sequences_of(num_updates: int, seed: int = 1) -> Sequences:
    return Sequences(lesson_of(), 10, batch_size=6, num_updates=num_updates, seed=seed)


def fresh() -> Body:
    return Body(Blueprint("SimpleRNN", 3, 1, FEATURES, seed=3))


def better_each_time() -> Callable[[Body], float]:
    """A check that every training passes: the newest weights are always the best."""
    numbers = count()
    return lambda body: -float(next(numbers))
