"""The base of the forecasters with a window state that are trained by gradient descent."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

from forecast.baselines.pooled.fit import PooledSettings
from forecast.checks import check_kind, check_positive_integer, check_seed
from forecast.fitting import Estimate, Task
from forecast.models.checking import best_step, free_running_check, most_useful_share
from forecast.models.forecaster import LARGE_PANEL, DescendedForecaster
from forecast.models.optimizers import HessianFree
from forecast.models.renewal import Learned, renewed
from forecast.models.scale_choice import NetworkSettings, rounds_of
from forecast.models.training import Training
from forecast.models.windowed.body import WindowBody, WindowForm
from forecast.models.windowed.lesson import WindowLesson, WindowSequences, make_window_lesson
from forecast.models.windowed.model import WindowedModel
from forecast.models.windowed.student import descend_windows
from forecast.models.windowed.view import WindowView

__all__ = ["WindowedForecaster"]


class WindowedForecaster(DescendedForecaster):
    """Base: the window is read anew before each forecast by the layers of `_form`.

    A subclass gives `_form`, the class `_design` of its `design`, which has a `window` (an
    `fc.WindowDesign`) and the properties `is_combined` and `words`, and stores its arguments by
    `_store`.
    """

    uses_covariates: ClassVar[bool] = True

    _design: ClassVar[type]

    units: int | None
    num_layers: int | None

    @abstractmethod
    def _form(self, view: WindowView, units: int, num_layers: int) -> WindowForm:
        """The layers for what the view shows."""

    def _store(self, **arguments: Any) -> None:
        """Check and store the constructor's arguments."""
        training = arguments["training"]
        for name in ("units", "num_layers", "season_length"):
            check_positive_integer(name, arguments[name], optional=True)
        check_seed(arguments["seed"])
        if not isinstance(training, Training):
            raise TypeError(f"`training` must be an fc.Training(...); got {training!r}.")
        _refuse_training(training)
        check_kind("design", arguments["design"], self._design)
        for name, value in arguments.items():
            setattr(self, name, value)

    def _size(self, num_rows: int) -> tuple[int, int]:
        """Units and layers: as given, or by the amount of data."""
        units = 64 if num_rows >= LARGE_PANEL else 32
        return self.units or units, self.num_layers or 1

    def _alone(self, task: Task) -> Estimate:
        window = self.design.window
        at_once = window.steps_at_once(task.horizon)
        settings = task.settled or self._settled(task, at_once)
        given = self.training.cut.target_weights
        given.refuse_other_steps(at_once)
        model = self._untrained(task, settings)
        units, num_layers = self._size(task.panel.num_rows)
        words = f"{num_layers} x {units} units, {model.view.context_length} steps read at once, "
        words += f"{model.block_length} emitted, {settings.words}{self.design.words}"
        history: dict[str, list[float]] = {}
        if task.ahead is None or (task.ahead[1].ends < 0).all():
            words += " alone: too short to train on"
        else:
            lesson = make_window_lesson(model, task.panel, task.season.length, given)
            if lesson.weights.any():
                model, history, more = self._descended(model, lesson, task)
                words += more
            else:
                words += " alone: no changes to learn from"
        return Learned.by(model, words, history, task, settings)

    def _settled(self, task: Task, block_length: int = 1) -> NetworkSettings:
        """With the covariates that are known ahead in the highway."""
        settings = super()._settled(task, block_length)
        return replace(settings, pooled=_seeing(settings.pooled, task))

    def _untrained(self, task: Task, settings: NetworkSettings) -> WindowedModel:
        """The linear forecast alone, in a network of the size that the data ask for."""
        highway = settings.seeing(self._highway(task, settings.pooled), task.panel)
        longest = int(task.panel.lengths.max())
        view = WindowView(highway, self.design.window.steps_read(task.season, longest))
        form = self._form(view, *self._size(task.panel.num_rows))
        return WindowedModel(highway, WindowBody(form), view.context_length)

    def _descended(
        self, model: WindowedModel, lesson: WindowLesson, task: Task
    ) -> tuple[WindowedModel, dict[str, list[float]], str]:
        """The trained network, its learning curves, and what is to be said of the training."""
        training, unit = self.training.forced_by_default(0.0), lesson.size
        at_once = model.view.context_length + model.block_length
        rounds = rounds_of(model.highway)
        planned = training.planned_steps(task.panel.num_rows, at_once, rounds)
        sequences = WindowSequences(
            lesson.in_unit(unit), training.batch_size, planned, self.seed, model.body.feeds_back
        )
        check = free_running_check(model, task)
        body, history = descend_windows(
            model.body, sequences, training, check, model.head.loss, unit,
            self._checkpoint(task, model),
        )  # fmt: skip
        words = f", best of {len(history['step'])} checks at step {best_step(history):.0f}"
        body, share = most_useful_share(body, check)
        words += "" if share == 1.0 else f", {share:.0%} of its corrections"
        return model.with_body(body), history, words

    def _completed(self, estimate: Estimate, task: Task) -> Estimate:
        """The same network around a highway that knows all training series, see `renewed`."""
        if not (isinstance(estimate, Learned) and isinstance(estimate.model, WindowedModel)):
            raise TypeError(f"the estimate of a window network is expected; got {estimate!r}.")
        highway = self._highway(task, estimate.settled.pooled)
        model, words = renewed(estimate.model, highway, estimate, task)
        return estimate.completed(model, words)


def _seeing(settings: PooledSettings, task: Task) -> PooledSettings:
    """The highway with the covariates that are known ahead."""
    if not task.panel.num_covariates:
        return settings
    return replace(settings, design=replace(settings.design, covariates=True))


def _refuse_training(training: Training) -> None:
    """Refuse what a window has no use for."""
    if training.cut.num_steps is not None or training.cut.sequences != "stretches":
        raise ValueError(
            f"truncation={training.truncation!r} cuts series for networks that carry a state; this "
            "one reads a window: say how long by fc.WindowDesign(context_length=...)."
        )
    if isinstance(training.optimizer, HessianFree):
        raise ValueError(
            "HessianFree follows the curvature of a loss, and a window network minimises absolute "
            "errors, which have none: take optimizer='adam' or fc.Momentum(...)."
        )
    if training.run.start is not None:
        raise ValueError(
            "a window network starts with weights of its own; got TrainingRun(start=...). Leave it "
            "away."
        )
