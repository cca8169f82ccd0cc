"""How far a training has come: what is needed to go on from there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecast.models.body import Body

__all__ = ["CURVES", "Course"]

CURVES = ("step", "loss", "free_running", "learning_rate", "teacher_forcing", "gradient_norm")


@dataclass
class Course:
    """How far a training has come.

    Args:
        best: the layers with the best weights so far.
        num_steps: updates of the plan.
        step: updates made.
        best_score: free-running error of the best.
        stale: checks since then.
        is_finished: whether no update is to come.
        losses: loss of each update since the last check.
        norms: length of the gradient of each.
        history: curves, an entry a check.
        rate_scale: what callbacks have made of the learning rate, as a factor.
        callbacks: what the user's callbacks remember, see `changed_states`.
    """

    best: Body
    num_steps: int
    step: int = 0
    best_score: float = float("inf")
    stale: int = 0
    is_finished: bool = False
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    history: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in CURVES})
    rate_scale: float = 1.0
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def note_update(self, loss: float, norm: float) -> None:
        """Note an update; the first tells the loss of the untrained network, too."""
        if self.step == 0:
            self.history["loss"][0], self.history["gradient_norm"][0] = loss, norm
        self.losses.append(loss)
        self.norms.append(norm)
        self.step += 1

    def note_check(self, body: Body, score: float, rate: float, share: float) -> None:
        """Note a check of the weights of this step, and keep the better ones."""
        entries = (float(self.step), _mean(self.losses), score, rate, share, _mean(self.norms))
        for name, entry in zip(CURVES, entries, strict=True):
            self.history[name].append(entry)
        self.losses, self.norms = [], []
        if score < self.best_score:
            self.best, self.best_score, self.stale = body, score, 0
        else:
            self.stale += 1


def _mean(numbers: list[float]) -> float:
    return float(np.mean(numbers)) if numbers else float("nan")
