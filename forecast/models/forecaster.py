"""The bases of the networks that correct a linear forecast."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from forecast.baselines.pooled.fit import PooledSettings, estimate_pooled
from forecast.fitting import Estimate, Task
from forecast.forecaster import Forecaster
from forecast.models.checkpoint import Checkpoint, fingerprint
from forecast.models.highway import choose_highway
from forecast.models.highway_model import HighwayModel
from forecast.models.mixture import Mixture, completed_mixture, mixed, settled_network
from forecast.models.scale_choice import NetworkSettings, Scale, choose_scale
from forecast.models.training import Training
from forecast.pipelines import Reading

__all__ = ["LARGE_PANEL", "DescendedForecaster", "NetworkForecaster"]

LARGE_PANEL = 20_000
"""Rows of data from which the default network is the larger one."""


class NetworkForecaster(Forecaster):
    """Base of the networks: a linear highway, and layers that correct it."""

    role: ClassVar[str] = "network"

    season_length: int | None
    seed: int

    def _highway(self, task: Task, settings: PooledSettings) -> HighwayModel:
        """The pooled autoregression on the training series.

        Args:
            task: the training series.
            settings: as chosen.
        """
        return HighwayModel.of(estimate_pooled(task.panel, settings))

    def _settled(self, task: Task, block_length: int = 1) -> NetworkSettings:
        """Highway and scale, as the training series ask for them."""
        pooled = choose_highway(task)
        scale = self._scale(task, pooled)
        return NetworkSettings.of(replace(pooled, block_length=block_length), scale)

    def _scale(self, task: Task, pooled: PooledSettings) -> Scale:
        return choose_scale(self._highway(task, pooled), task)


class DescendedForecaster(NetworkForecaster):
    """Base of the networks trained by gradient descent, beside linear forecasters or alone."""

    closed_form: ClassVar[bool] = False

    training: Training
    design: Any
    """With `is_combined`: whether linear forecasters stand beside the network."""

    @property
    def num_steps_(self) -> int:
        """Weight updates of the plan; `Training(num_steps=...)` with it replays the fit."""
        planned = self._require_fitted().estimate.history.get("num_steps", [0.0])
        return int(planned[0])

    @property
    def weight_columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Column that says what each row counts in the training; none without one."""
        return self.training.cut.target_weights.columns

    def _arranged(self, reading: Reading, ids: Any = None, begun: bool = False) -> Reading:
        reading = super()._arranged(reading, ids, begun)
        if ids is None:  # the training series, not some of them or newer rows
            self.training.cut.target_weights.refuse_unknown(reading.panel)
        return reading

    @abstractmethod
    def _alone(self, task: Task) -> Estimate:
        """The network without other forecasters beside it."""

    @abstractmethod
    def _completed(self, estimate: Estimate, task: Task) -> Estimate:
        """The same network around a highway that knows all training series, if that suits it."""

    def _estimate(self, task: Task) -> Estimate:
        if not self.design.is_combined:
            return self._alone(task)
        return mixed(self._alone(replace(task, settled=settled_network(task.settled))), task)

    def _complete(self, estimate: Estimate, task: Task) -> Estimate:
        """The same network and weights, with linear parts that know all training series."""
        if isinstance(estimate, Mixture):
            network = self._completed(estimate.parts[-1], task)
            return completed_mixture(estimate, network, task)
        return self._completed(estimate, task)

    def _checkpoint(self, task: Task, network: Any) -> Checkpoint | None:
        """Where the training is kept; None for nowhere."""
        path = self.training.run.checkpoint
        if path is None:
            return None
        return Checkpoint(Path(path), fingerprint(task, network, self.training))
