"""Learners between two trainings: compiled for one, taken up again by the next of the same form.

To trace and compile a step of training takes as long as hundreds of steps of a small network. Two
trainings of one form differ in the weights they begin with and in their data, which are no part of
what is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np
from keras import ops

from forecast.models.learner import Learner, Loss
from forecast.models.training import Training

__all__ = ["LEARNERS", "LearnerPool", "learner_form"]

# A comparison has a few networks, in some sizes; what takes memory takes long to train as well.
_MOST_LEARNERS, _MOST_NUMBERS = 16, 3_000_000


class LearnerPool:
    """Learners that no training uses at present; the one that has waited longest goes first.

    Args:
        size: learners that are kept, at most.
    """

    def __init__(self, size: int) -> None:
        """Begin without any."""
        self.size = size
        self._waiting: list[_Kept] = []
        self._lock = Lock()

    @contextmanager
    def lent(self, form: tuple[Any, ...], make: Callable[[], Learner]) -> Iterator[Learner]:
        """A learner as `make` makes it, for one training alone.

        It is kept for the next training, unless this one fails.

        Args:
            form: what its compiled functions depend on, see `learner_form`.
            make: makes one, compiled.
        """
        kept = self._taken(form) or _Kept(form, make())
        kept.reset()
        yield kept.learner
        if kept.can_wait:
            with self._lock:
                self._waiting = [*self._waiting, kept][-self.size :]

    def _taken(self, form: tuple[Any, ...]) -> _Kept | None:
        with self._lock:
            for index, kept in enumerate(self._waiting):
                if kept.form == form:
                    return self._waiting.pop(index)
        return None


class _Kept:
    """A learner, and all numbers in it and in its optimizer as they were when it was made."""

    def __init__(self, form: tuple[Any, ...], learner: Learner) -> None:
        self.form = form
        self.learner = learner
        variables = [*learner.variables, *learner.optimizer.variables]
        self._numbers = [(one, np.array(ops.convert_to_numpy(one))) for one in variables]

    @property
    def can_wait(self) -> bool:
        """Whether it can be as new again, and is small. Draws of its own would go on."""
        learner, size = self.learner, sum(numbers.size for _, numbers in self._numbers)
        draws = len(learner.variables) > len(learner.weights)
        return learner.is_reusable and not draws and size <= _MOST_NUMBERS

    def reset(self) -> None:
        """Make it as new."""
        for variable, numbers in self._numbers:
            variable.assign(numbers)


LEARNERS = LearnerPool(_MOST_LEARNERS)


def learner_form(
    kind: type[Learner], body: Any, loss: Loss, training: Training, batches: Any, *further: Any
) -> tuple[Any, ...]:
    """What the compiled functions of a learner depend on; equal where they can be shared.

    Args:
        kind: of learner.
        body: layers of its form.
        loss: of outputs, targets and weights; methods of equal objects are the same.
        training: whose optimizer and clipping are compiled in.
        batches: of whose first one the names, shapes and types are taken.
        *further: what else it depends on.
    """
    inputs, *known = batches[0]
    parts = [(name, part.shape, part.dtype) for name, part in inputs.items()]
    parts += [(None, part.shape, part.dtype) for part in known]
    method = getattr(loss, "__self__", None), getattr(loss, "__func__", loss)
    return (kind, body.program, method, training.optimizer, training.clip_norm, parts, *further)
