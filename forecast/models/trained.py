"""The base of the networks that are trained by gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import numpy as np

from forecast import engine
from forecast.baselines.pooled.model import PooledARModel
from forecast.calibration import mean_scaled_error
from forecast.checks import check_kind, check_positive_integer, check_seed
from forecast.denominators import seasonal_changes
from forecast.fitting import Estimate, Task
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.descent import descend
from forecast.models.design import NetworkDesign
from forecast.models.forecaster import NetworkForecaster
from forecast.models.highway import choose_highway
from forecast.models.inputs import input_width
from forecast.models.mixture import Mixture, completed_mixture, mixed
from forecast.models.network import NetworkModel
from forecast.models.teaching import Sequences, make_lesson
from forecast.models.training import Training
from forecast.pipelines import Origins, Panel, evenly_spread

__all__ = ["TrainedForecaster"]

# Series whose free running is looked at during training.
_MOST_CHECKED = 200
# Shares of the corrections that are tried after the training.
_SHARES = (1.0, 0.75, 0.5, 0.25)
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
        design: NetworkDesign = NetworkDesign(),  # noqa: B008 (frozen)
    ) -> None:
        """Store the arguments."""
        check_positive_integer("units", units, optional=True)
        check_positive_integer("num_layers", num_layers, optional=True)
        check_positive_integer("season_length", season_length, optional=True)
        check_seed(seed)
        if not isinstance(training, Training):
            raise TypeError(f"`training` must be an fc.Training(...); got {training!r}.")
        check_kind("design", design, NetworkDesign)
        self.units = units
        self.num_layers = num_layers
        self.training = training
        self.season_length = season_length
        self.seed = seed
        self.alias = alias
        self.design = design

    @property
    def num_steps_(self) -> int:
        """Weight updates of the plan; `Training(num_steps=...)` with it replays the fit."""
        planned = self._require_fitted().estimate.history.get("num_steps", [0.0])
        return int(planned[0])

    def _size(self, num_rows: int) -> tuple[int, int]:
        """Units and layers: as given, or by the amount of data."""
        large = num_rows >= _LARGE_PANEL
        return self.units or (64 if large else 32), self.num_layers or (2 if large else 1)

    def _estimate(self, task: Task) -> Estimate:
        network = self._alone(task)
        return network if self.design.linear == "highway" else mixed(network, task)

    def _complete(self, estimate: Estimate, task: Task) -> Estimate:
        """The same network and weights, with linear parts that know all training series."""
        if isinstance(estimate, Mixture):
            network = self._completed(estimate.parts[-1], task)
            return completed_mixture(estimate, network, task)
        return self._completed(estimate, task)

    def _alone(self, task: Task) -> Estimate:
        """The network without other forecasters beside it."""
        settings = task.settled or choose_highway(task)
        highway = self._highway(task, settings)
        units, num_layers = self._size(task.panel.num_rows)
        width = input_width(highway)
        body = Body(Blueprint(self._layer, units, num_layers, width, self.seed))
        untrained = NetworkModel(highway, body)
        described = f"{num_layers} x {units} units, linear highway"
        no_steps = np.zeros(0, dtype=np.int64)
        if task.ahead is None or (task.ahead[1].ends < 0).all():
            return Estimate(
                untrained, f"{described} alone: too short to train on", no_steps, {}, settings
            )
        length = self.training.sequence_length(int(task.panel.lengths.max()), task.season.length)
        lesson = make_lesson(highway, task.panel, task.season.length)
        if not lesson.weights.any():
            return Estimate(
                untrained, f"{described} alone: no changes to learn from", no_steps, {}, settings
            )
        planned = self.training.planned_steps(task.panel.num_rows, length)
        unit = lesson.size
        material = lesson.in_unit(unit)
        sequences = Sequences(material, length, self.training.batch_size, planned, self.seed)
        check = _free_running_check(highway, *task.ahead, task.season.length)
        body, history = descend(body, sequences, self.training, check, unit)
        body, share = _most_useful_share(body, check)
        described += f", best of {len(history['step'])} checks at step {_best_step(history):.0f}"
        described += "" if share == 1.0 else f", {share:.0%} of its corrections"
        return Estimate(NetworkModel(highway, body), described, no_steps, history, settings)

    def _completed(self, estimate: Estimate, task: Task) -> Estimate:
        """The same network around a highway that knows all training series.

        Where the later steps would change what the network sees (other lags, no logarithm any
        more), the highway that it was trained on stays.
        """
        if not isinstance(estimate.model, NetworkModel):
            raise TypeError(f"a network is expected; got {type(estimate.model).__name__}.")
        old, new = estimate.model.highway, self._highway(task, estimate.settled)
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


def _most_useful_share(body: Body, check: Callable[[Body], float]) -> tuple[Body, float]:
    """The layers with the part of their corrections that forecasts best in free running."""
    scores = {share: check(body.scaled(share)) for share in _SHARES}
    best = min(scores, key=lambda share: scores[share])
    return body.scaled(best), best


def _best_step(history: dict[str, list[float]]) -> float:
    """Step of the check with the smallest score; 0 where none was made or could be scored."""
    checks = zip(history["free_running"], history["step"], strict=True)
    return min((check for check in checks if np.isfinite(check[0])), default=(0.0, 0.0))[1]
