"""How a network is trained: one frozen record, and the plan of steps made from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecast.checks import check_positive_integer, check_share
from forecast.models.optimizers import HessianFree, Momentum
from forecast.models.schedules import LearningRate, TeacherForcing
from forecast.models.target_weights import TargetWeights
from forecast.models.training_run import TrainingRun

__all__ = ["Training", "Truncation"]

_MOST_STEPS = 1000
# Short series are cheap to learn, and what is not linear in them takes many updates.
_FEWEST_TIME_STEPS, _MOST_SHORT_STEPS = 3_000_000, 2000
# An update of second order costs tens of gradients.
_MOST_CURVED_STEPS = 100
_SEQUENCES = ("stretches", "streams", "windows")
_WEIGHTS = ("metric", "equal")


@dataclass(frozen=True)
class Truncation:
    """How series are cut into sequences for backpropagation through time, and what steps count.

    Args:
        num_steps: time steps in a sequence, as far back as a gradient goes; None takes three
            seasons, 64 to 192 steps.
        sequences: "stretches" begin anywhere, from zero states, and every step counts; "streams"
            walk along whole series chunk after chunk, an update each: the state is carried over,
            and reset where a series begins; "windows" end anywhere, from zero states, and only
            their last steps count.
        loss_steps: last steps of a window that count, at least 1; of no use to the others.
        weights: of each target in the loss: "metric" is what its error costs in MASE, "equal" takes
            all errors alike, each in the unit of its window; or an `fc.TargetWeights(...)`, by row,
            series, channel and step ahead.

    Raises:
        ValueError: for a value out of range.

    Example:
        >>> Truncation(24, sequences="streams").weights
        'metric'

    Source:
        Williams and Peng (1990), An efficient gradient-based algorithm for on-line training of
        recurrent network trajectories, Neural Computation 2.
    """

    num_steps: int | None = None
    sequences: str = "stretches"
    loss_steps: int = 1
    weights: str | TargetWeights = "metric"

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_positive_integer("truncation", self.num_steps, optional=True)
        check_positive_integer("loss_steps", self.loss_steps)
        for name, known in (("sequences", _SEQUENCES), ("weights", _WEIGHTS)):
            given = getattr(self, name)
            if given not in known and not isinstance(given, TargetWeights):
                raise ValueError(f"`{name}` must be one of {', '.join(known)}; got {given!r}.")

    @property
    def target_weights(self) -> TargetWeights:
        """What each target counts in the loss."""
        given = self.weights
        return given if isinstance(given, TargetWeights) else TargetWeights(base=given)


@dataclass(frozen=True)
class Training:
    """Gradient descent on the one-step error at every time step.

    Args:
        num_steps: weight updates; None plans about 20 passes over the data, at most 1000 steps, or
            three million time steps in all, in at most 2000 steps, if these are more; three times
            these where a network sees its series in their own scale. The same number gives the
            same weights.
        max_seconds: wall time of the training; the number of steps that fits is found by timing
            the first ones, and recorded as `num_steps_` of the forecaster. None: no limit.
        batch_size: sequences in an update.
        learning_rate: at its height; it falls as a cosine to 1 % of that, or as an
            `fc.LearningRate(...)` says.
        clip_norm: gradients longer than this are shortened to it, those of each weight for itself.
        truncation: time steps in a sequence, None takes three seasons, 64 to 192 steps; or an
            `fc.Truncation(...)`, which also knows streams and windows.
        num_checks: free-running evaluations along the way; the best weights are kept, and the
            untrained network (no correction of the linear forecast) is one of the candidates.
        teacher_forcing: share of the steps that are fed with the truth, 0 to 1, the others with
            the network's own forecast; or an `fc.TeacherForcing(...)` for a share that falls
            (scheduled sampling). Below 1 each update of a recurrent network walks along its
            sequences step by step first: about a third on top at 32 units, and a few seconds of
            compiling once. None is 1, for a decoder 0: it has no truth to live on.
        optimizer: "adam", `fc.Momentum(...)`, or `fc.HessianFree(...)`, which takes at most 100
            updates by default and none of `learning_rate`, `clip_norm` and `teacher_forcing`.
        run: an `fc.TrainingRun(...)`: patience, checkpoint, warm start, callbacks.

    Raises:
        TypeError: for a run that is no `fc.TrainingRun`, or an optimizer that is none of these.
        ValueError: for a value out of range, or what does not go together.

    Example:
        >>> Training(num_steps=50, teacher_forcing=TeacherForcing("linear", end=0.5)).batch_size
        32
    """

    num_steps: int | None = None
    max_seconds: float | None = None
    batch_size: int = 32
    learning_rate: float | LearningRate = 2e-3
    clip_norm: float = 1.0
    truncation: int | Truncation | None = None
    num_checks: int = 8
    teacher_forcing: float | TeacherForcing | None = None
    optimizer: str | Momentum | HessianFree = "adam"
    run: TrainingRun = TrainingRun()  # noqa: RUF009 (frozen)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_positive_integer("num_steps", self.num_steps, optional=True)
        if self.max_seconds is not None:
            check_share("max_seconds", self.max_seconds, low=1e-3)
        check_positive_integer("batch_size", self.batch_size)
        check_share("clip_norm", self.clip_norm, low=1e-9)
        check_positive_integer("num_checks", self.num_checks)
        if not isinstance(self.teacher_forcing, TeacherForcing | None):
            check_share("teacher_forcing", self.teacher_forcing, high=1.0)
        if not isinstance(self.run, TrainingRun):
            raise TypeError(f"`run` must be an fc.TrainingRun(...); got {self.run!r}.")
        _ = self.rate, self.cut  # their checks
        _check_optimizer(self)

    @property
    def rate(self) -> LearningRate:
        """The learning rate of every update."""
        given = self.learning_rate
        return given if isinstance(given, LearningRate) else LearningRate(given)

    @property
    def forcing(self) -> TeacherForcing | None:
        """The share of truth in every update; None where it is always everything."""
        given = 1.0 if self.teacher_forcing is None else self.teacher_forcing
        if not isinstance(given, TeacherForcing):
            given = TeacherForcing(start=float(given), end=float(given))
        return None if given.is_whole else given

    def forced_by_default(self, share: float) -> Training:
        """The same with this share of truth, where none was given."""
        return self if self.teacher_forcing is not None else replace(self, teacher_forcing=share)

    @property
    def cut(self) -> Truncation:
        """How series are cut."""
        given = self.truncation
        return given if isinstance(given, Truncation) else Truncation(given)

    def sequence_length(self, longest: int, season: int) -> int:
        """Time steps in a sequence, for series of at most `longest` steps."""
        wanted = self.cut.num_steps or int(np.clip(3 * season, 64, 192))
        return max(1, min(wanted, longest))

    def planned_steps(self, num_rows: int, sequence_length: int, rounds: int = 1) -> int:
        """Weight updates before any limit of time.

        Args:
            num_rows: steps of all series.
            sequence_length: time steps in a sequence.
            rounds: times the updates that short series take at least.
        """
        at_once = self.batch_size * sequence_length
        wanted = min(20 * num_rows / at_once, _MOST_STEPS)
        fewest = rounds * min(_FEWEST_TIME_STEPS / at_once, _MOST_SHORT_STEPS)
        most = _MOST_CURVED_STEPS if isinstance(self.optimizer, HessianFree) else np.inf
        return self.num_steps or int(min(max(wanted, fewest), most))


def _check_optimizer(training: Training) -> None:
    """Refuse what is no optimizer, and settings that one has no use for.

    Raises:
        TypeError: for what is none.
        ValueError: for settings that do not go together.
    """
    optimizer = training.optimizer
    if optimizer == "adam" or isinstance(optimizer, Momentum):
        return
    if not isinstance(optimizer, HessianFree):
        raise TypeError(
            "`optimizer` must be 'adam', fc.Momentum(...) or fc.HessianFree(...); got "
            f"{optimizer!r}."
        )
    unused = [
        name for name in ("learning_rate", "clip_norm", "teacher_forcing")
        if getattr(training, name) != Training.__dataclass_fields__[name].default
    ]  # fmt: skip
    if unused:
        raise ValueError(
            f"HessianFree finds its own steps and learns from the truth alone: leave out "
            f"{', '.join(unused)}, or take another optimizer."
        )
    if training.cut.sequences == "streams":
        raise ValueError(
            "HessianFree starts every sequence from zero states, and `streams` carry them on: take "
            "fc.Truncation(sequences='stretches')."
        )
