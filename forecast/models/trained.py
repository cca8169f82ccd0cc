"""The base of the networks that are trained by gradient descent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from forecast import engine
from forecast.baselines.pooled.model import PooledARModel
from forecast.calibration import mean_scaled_error
from forecast.checks import check_positive_integer, check_seed
from forecast.denominators import seasonal_changes
from forecast.fitting import Estimate, Task
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.checkpoint import Checkpoint, fingerprint
from forecast.models.descent import descend
from forecast.models.forecaster import NetworkForecaster
from forecast.models.inputs import input_width
from forecast.models.network import NetworkModel
from forecast.models.sampling import Sampling
from forecast.models.start import started_form, warm_start
from forecast.models.teaching import Lesson, Sequences, make_lesson
from forecast.models.training import Training
from forecast.models.walk import Walk
from forecast.pipelines import Origins, Panel, evenly_spread

__all__ = ["TrainedForecaster"]

# Series whose free running is looked at during training.
_MOST_CHECKED = 100
# Rows of data from which the default network is the larger one.
_LARGE_PANEL = 20_000


class TrainedForecaster(NetworkForecaster):
    """Networks trained by gradient descent."""

    closed_form: ClassVar[bool] = False
    _layer: ClassVar[str]

    def __init__(
        self,
        units: int | None = None,
        num_layers: int | None = None,
        training: Training = Training(),  # noqa: B008 (frozen)
        season_length: int | None = None,
        seed: int = 0,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        check_positive_integer("units", units, optional=True)
        check_positive_integer("num_layers", num_layers, optional=True)
        check_positive_integer("season_length", season_length, optional=True)
        check_seed(seed)
        if not isinstance(training, Training):
            raise TypeError(f"`training` must be an fc.Training(...); got {training!r}.")
        self.units = units
        self.num_layers = num_layers
        self.training = training
        self.season_length = season_length
        self.seed = seed
        self.alias = alias

    @property
    def num_steps_(self) -> int:
        """Weight updates of the plan; `Training(num_steps=...)` with it replays the fit."""
        planned = self._require_fitted().estimate.history.get("num_steps", [0.0])
        return int(planned[0])

    def _size(self, num_rows: int) -> tuple[int, int]:
        """Units and layers: as given, as those of a start, or by the amount of data."""
        large = num_rows >= _LARGE_PANEL
        units, num_layers = (64, 2) if large else (32, 1)
        if self.training.run.start is not None:
            form = started_form(self.training.run.start)
            units, num_layers = form.units, form.num_layers
        return self.units or units, self.num_layers or num_layers

    def _estimate(self, task: Task) -> Estimate:
        highway = self._highway(task)
        units, num_layers = self._size(task.panel.num_rows)
        width = input_width(highway)
        body = Body(Blueprint(self._layer, units, num_layers, width, self.seed))
        if self.training.run.start is not None:
            seen = task.panel if task.ahead is None else task.ahead[0]
            body = warm_start(self.training.run.start, body.blueprint, seen)
        untrained = NetworkModel(highway, body)
        described = f"{num_layers} x {units} units, linear highway"
        no_steps = np.zeros(0, dtype=np.int64)
        if task.ahead is None or (task.ahead[1].ends < 0).all():
            return Estimate(untrained, f"{described} alone: too short to train on", no_steps, {})
        length = self.training.sequence_length(int(task.panel.lengths.max()), task.season.length)
        lesson = make_lesson(highway, task.panel, task.season.length)
        if not lesson.weights.any():
            return Estimate(untrained, f"{described} alone: no changes to learn from", no_steps, {})
        sequences = self._sequences(highway, body, lesson, task, length)
        check = _free_running_check(highway, *task.ahead, task.season.length)
        body, history = descend(body, sequences, self.training, check, self._checkpoint(task, body))
        described += f", best of {len(history['step'])} checks at step {_best_step(history):.0f}"
        return Estimate(NetworkModel(highway, body), described, no_steps, history)

    def _sequences(
        self, highway: PooledARModel, body: Body, lesson: Lesson, task: Task, length: int
    ) -> Sequences:
        """The batches of the plan."""
        training, sampling = self.training, None
        if training.forcing is not None and lesson.trail is not None:
            warmup = max(1, min(task.season.length, length // 2))
            walk = Walk(highway, body.program, warmup)
            sampling = Sampling(lesson.trail, walk, self.seed)
        planned = training.planned_steps(task.panel.num_rows, length)
        return Sequences(
            lesson, length, training.batch_size, planned, self.seed, training.cut, sampling
        )

    def _checkpoint(self, task: Task, body: Body) -> Checkpoint | None:
        """Where the training is kept; None for nowhere."""
        path = self.training.run.checkpoint
        if path is None or task.ahead is None:
            return None
        fit = fingerprint(task.ahead[0], body, self.training, task.season.length)
        return Checkpoint(Path(path), fit)

    def _complete(self, estimate: Estimate, task: Task) -> Estimate:
        """The same network around a highway that knows all training series.

        Where the later steps would change what the network sees (other lags, no logarithm any
        more), the highway that it was trained on stays.
        """
        if not isinstance(estimate.model, NetworkModel):
            raise TypeError(f"a network is expected; got {type(estimate.model).__name__}.")
        old, new = estimate.model.highway, self._highway(task)
        if (old.power, old.features.lags) != (new.power, new.features.lags):
            return estimate
        return replace(estimate, model=NetworkModel(new, estimate.model.body))


def _free_running_check(highway: PooledARModel, panel: Panel, origins: Origins, season: int):
    """The score at the origins, on some of the series, of layers that correct the highway."""
    able = np.flatnonzero((origins.ends >= 0).any(axis=0))
    chosen = able[evenly_spread(len(able), _MOST_CHECKED)]
    part = panel.take(chosen)
    ends = replace(origins, ends=origins.ends[:, chosen])
    denominators = seasonal_changes(part, season)

    def check(body: Body) -> float:
        model = NetworkModel(highway, body)
        stops = list(engine.walk(model, part, chosen, ends))
        rows, errors, _ = engine.errors_at(model, part, stops, origins.horizon)
        return mean_scaled_error(errors, denominators[rows])

    return check


def _best_step(history: dict[str, list[float]]) -> float:
    """Step of the check with the smallest score; 0 where none was made or could be scored."""
    checks = zip(history["free_running"], history["step"], strict=True)
    return min((check for check in checks if np.isfinite(check[0])), default=(0.0, 0.0))[1]
