"""What changes from update to update: the learning rate, and how much of the truth is fed."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, exp, pi

from forecast.checks import check_positive_integer, check_share, is_number

__all__ = ["TIMING_STEPS", "LearningRate", "TeacherForcing"]

TIMING_STEPS = 10
"""First updates, the same under every plan: `max_seconds` times them before it makes one."""

_SLOPE = 10.0  # of the inverse sigmoid: from 0.7 % below the start to 0.7 % above the end
_SMALLEST = 0.01  # what an exponential decay falls to before it is stretched to end at the end

_DECAYS = {
    "constant": lambda share: 1.0,  # noqa: ARG005
    "cosine": lambda share: 0.5 * (1.0 + cos(pi * share)),
    "linear": lambda share: 1.0 - share,
    "exponential": lambda share: (_SMALLEST**share - _SMALLEST) / (1.0 - _SMALLEST),
    "inverse_sigmoid": lambda share: _between(share),
}
_OF_RATE = ("cosine", "constant", "linear", "exponential")
_OF_FORCING = ("linear", "exponential", "inverse_sigmoid")


@dataclass(frozen=True)
class LearningRate:
    """The rate of Adam: a linear rise to `peak`, then `peak (e + (1 - e) d(s))` with d from 1 to 0.

    s is the share of the updates after the rise that are done, e the `end`, and d one of cosine
    `(1 + cos(pi s)) / 2`, linear `1 - s`, exponential `(0.01^s - 0.01) / 0.99`, constant 1.

    Args:
        peak: largest rate, above 0 and at most 1.
        schedule: "cosine", "constant", "linear" or "exponential".
        warmup: updates of the rise, at least 1.
        end: share of the peak that is left at the end, 0 to 1; a constant rate has no use for it.

    Raises:
        ValueError: for a value out of range.

    Example:
        >>> rates = LearningRate(0.01, schedule="linear", warmup=10, end=0.1)
        >>> [round(rates.at(step, num_steps=110), 4) for step in (0, 9, 10, 60, 110)]
        [0.001, 0.01, 0.01, 0.0055, 0.001]

    Source:
        Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts, ICLR.
    """

    peak: float = 2e-3
    schedule: str = "cosine"
    warmup: int = TIMING_STEPS
    end: float = 0.01

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        if not is_number(self.peak) or not 0.0 < float(self.peak) <= 1.0:
            raise ValueError(
                "`learning_rate` must be a number above 0 and at most 1 (at 0 nothing is learned); "
                f"got {self.peak!r}."
            )
        _check_schedule("learning_rate", self.schedule, _OF_RATE)
        check_positive_integer("warmup", self.warmup)
        check_share("end", self.end, high=1.0)

    def at(self, step: int, num_steps: int) -> float:
        """The rate of update `step`, counted from 0, of `num_steps`."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        share = _share(step, num_steps, max(self.warmup, TIMING_STEPS))
        decay = _DECAYS[self.schedule](share)
        return self.peak * (self.end + (1.0 - self.end) * decay)


@dataclass(frozen=True)
class TeacherForcing:
    """Scheduled sampling: the share of steps fed with the truth, `end + (start - end) d(s)`.

    The other steps, drawn anew for every update, are fed with what the network forecasts there
    itself, as at a missing value; no gradient goes through what was fed. s is the share of the
    updates that are done, and d falls from 1 to 0: linear `1 - s`, exponential
    `(0.01^s - 0.01) / 0.99`, inverse sigmoid `1 / (1 + exp(10 (s - 1/2)))`, stretched to reach both
    ends. The first ten updates are fed with `start`.

    Args:
        schedule: "linear", "exponential" or "inverse_sigmoid".
        start: share at the beginning, 0 to 1.
        end: share at the end, 0 to 1; 0 is free running after the warm-up of a season.

    Raises:
        ValueError: for a value out of range.

    Example:
        >>> forcing = TeacherForcing("linear", start=1.0, end=0.5)
        >>> [forcing.at(step, num_steps=110) for step in (0, 10, 60, 110)]
        [1.0, 1.0, 0.75, 0.5]

    Source:
        Bengio, Vinyals, Jaitly and Shazeer (2015), Scheduled sampling for sequence prediction with
        recurrent neural networks, NeurIPS.
    """

    schedule: str = "linear"
    start: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        _check_schedule("teacher_forcing", self.schedule, _OF_FORCING)
        check_share("teacher_forcing start", self.start, high=1.0)
        check_share("teacher_forcing end", self.end, high=1.0)

    def at(self, step: int, num_steps: int) -> float:
        """The share at update `step`, counted from 0, of `num_steps`."""
        decay = _DECAYS[self.schedule](_share(step, num_steps, TIMING_STEPS))
        return self.end + (self.start - self.end) * decay

    @property
    def is_whole(self) -> bool:
        """Whether every step is always fed with the truth."""
        return self.start == self.end == 1.0


def _share(step: int, num_steps: int, first: int) -> float:
    """How much of the way from step `first` to the end is done, 0 to 1."""
    return min(max(step - first, 0) / max(num_steps - first, 1), 1.0)


def _between(share: float) -> float:
    """The inverse sigmoid, stretched so that it begins at 1 and ends at 0."""
    first, now, last = (1.0 / (1.0 + exp(_SLOPE * (at - 0.5))) for at in (0.0, share, 1.0))
    return (now - last) / (first - last)


def _check_schedule(name: str, schedule: object, known: tuple[str, ...]) -> None:
    if schedule not in known:
        raise ValueError(
            f"the `schedule` of `{name}` must be one of {', '.join(known)}; got {schedule!r}."
        )
