"""How a network is trained: one frozen record, and the plan of steps made from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.checks import check_positive_integer, check_share

__all__ = ["Training", "learning_rate_at"]

_MOST_STEPS = 1000
# Short series are cheap to learn, and what is not linear in them takes many updates.
_FEWEST_TIME_STEPS = 3_000_000
# Steps over which the learning rate rises; they also serve as the timing phase of `max_seconds`.
WARMUP_STEPS = 10


@dataclass(frozen=True)
class Training:
    """Gradient descent on the one-step error at every time step.

    Args:
        num_steps: weight updates; None plans about 20 passes over the data, at most 1000 steps, or
            three million time steps in all if these are more. The
            same number gives the same weights.
        max_seconds: wall time of the training; the number of steps that fits is found by timing
            the first ones, and recorded as `num_steps_` of the forecaster. None: no limit.
        batch_size: sequences in an update.
        learning_rate: of Adam at its height; it falls as a cosine to 1 % of that.
        clip_norm: gradients longer than this are shortened to it.
        truncation: time steps in a sequence; None takes three seasons, 64 to 192 steps.
        num_checks: free-running evaluations along the way; the best weights are kept, and the
            untrained network (no correction of the linear forecast) is one of the candidates.

    Example:
        >>> Training(num_steps=50).batch_size
        32
    """

    num_steps: int | None = None
    max_seconds: float | None = None
    batch_size: int = 32
    learning_rate: float = 2e-3
    clip_norm: float = 1.0
    truncation: int | None = None
    num_checks: int = 8

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_positive_integer("num_steps", self.num_steps, optional=True)
        if self.max_seconds is not None:
            check_share("max_seconds", self.max_seconds, low=1e-3)
        check_positive_integer("batch_size", self.batch_size)
        check_share("learning_rate", self.learning_rate, low=0.0, high=1.0)
        check_share("clip_norm", self.clip_norm, low=1e-9)
        check_positive_integer("truncation", self.truncation, optional=True)
        check_positive_integer("num_checks", self.num_checks)

    def sequence_length(self, longest: int, season: int) -> int:
        """Time steps in a sequence, for series of at most `longest` steps."""
        wanted = self.truncation or int(np.clip(3 * season, 64, 192))
        return max(1, min(wanted, longest))

    def planned_steps(self, num_rows: int, sequence_length: int) -> int:
        """Weight updates before any limit of time."""
        at_once = self.batch_size * sequence_length
        wanted = min(20 * num_rows / at_once, _MOST_STEPS)
        return self.num_steps or int(max(wanted, _FEWEST_TIME_STEPS / at_once))


def learning_rate_at(step: int, num_steps: int, peak: float) -> float:
    """Linear rise over the first steps, then a cosine from `peak` down to 1 % of it.

    Example:
        >>> round(learning_rate_at(10, 110, 0.002), 6)
        0.002
    """
    if step < WARMUP_STEPS:
        return peak * (step + 1) / WARMUP_STEPS
    share = (step - WARMUP_STEPS) / max(num_steps - WARMUP_STEPS, 1)
    return peak * (0.01 + 0.99 * 0.5 * (1.0 + float(np.cos(np.pi * min(share, 1.0)))))
