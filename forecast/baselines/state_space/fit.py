"""Linear dynamical systems of a panel: their size, their parameters, and who falls back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.companion import TOLERANCE
from forecast.baselines.state_space.expectation import expectation_maximisation
from forecast.baselines.state_space.filter import Observations
from forecast.baselines.state_space.material import Material
from forecast.baselines.state_space.model import LinearDynamicalModel
from forecast.baselines.state_space.start import start_system
from forecast.baselines.state_space.system import LinearSystem
from forecast.pipelines import evenly_spread

__all__ = ["Form", "Settings", "choose", "estimate"]

_SIZES = (1, 2, 3, 4, 6)
# Systems with parameters of their own are tried on panels of at most so many.
_MOST_OWN = 30
# What one form is chosen by, and what its parameters are estimated from.
_ROWS_TO_CHOOSE, _STEPS_TO_CHOOSE, _ITERATIONS_TO_CHOOSE = 40, 300, 15
_ROWS_TO_FIT = 400
# Gain of log-likelihood a value at which estimation ends.
_GAIN_TO_CHOOSE, _GAIN = 1e-4, 2e-5


@dataclass(frozen=True)
class Form:
    """What has to be chosen.

    Args:
        state_size: entries of the hidden vector.
        pooled: whether all systems share their parameters.
    """

    state_size: int
    pooled: bool

    def of_rows(self, num_rows: int) -> NDArray:
        """The parameters that each row follows, `(num_rows,)`."""
        return np.zeros(num_rows, dtype=np.int64) if self.pooled else np.arange(num_rows)

    def num_parameters(self, num_channels: int) -> int:
        """Free ones of a system: the basis of the state counts for none."""
        return 2 * self.state_size * num_channels + num_channels


@dataclass(frozen=True)
class Settings:
    """What the user asks for.

    Args:
        state_size: entries of the hidden vector, None to choose.
        pooled: whether systems share parameters, None to choose.
        max_iterations: of expectation-maximisation.
    """

    state_size: int | None
    pooled: bool | None
    max_iterations: int

    def forms(self, material: Material) -> list[Form]:
        """What to choose from: what was asked for, and states fewer than a third of the values."""
        count, channels = len(material.usable), material.panel.num_channels
        pooled = [True, False] if 1 < count <= _MOST_OWN else [True]
        pooled = pooled if self.pooled is None else [self.pooled]
        values = material.num_values[material.usable]
        most = int(np.median(values)) * channels // 3 if len(values) else 0
        sizes = [size for size in _SIZES if size <= most] or [1]
        sizes = sizes if self.state_size is None else [self.state_size]
        return [Form(size, shared) for shared in pooled for size in sizes]


def choose(material: Material, settings: Settings) -> Form:
    """The form of the lowest BIC on some of the systems and their last steps.

    `BIC = -2 log L + k log n`, k the free parameters of all systems and n the values.

    Args:
        material: the series.
        settings: what the user asks for.
    """
    forms = settings.forms(material)
    if len(forms) == 1 or not len(material.usable):
        return forms[0]
    rows = material.usable[evenly_spread(len(material.usable), _ROWS_TO_CHOOSE)]
    seen = material.observations(rows, _STEPS_TO_CHOOSE)
    return min(forms, key=lambda form: _criterion(form, seen))


def _criterion(form: Form, seen: Observations) -> float:
    of_row = form.of_rows(len(seen.values))
    start = start_system(seen, of_row, int(of_row.max()) + 1, form.state_size)
    fit = expectation_maximisation(start, of_row, seen, _ITERATIONS_TO_CHOOSE, _GAIN_TO_CHOOSE)
    count = form.num_parameters(seen.values.shape[2]) * start.num_systems
    return float(count * np.log(seen.observed.sum()) - 2.0 * fit.log_likelihood[-1].sum())


def estimate(
    material: Material, form: Form, max_iterations: int
) -> tuple[LinearDynamicalModel, Material, str]:
    """Fit the parameters of all systems.

    Args:
        material: the series.
        form: what was chosen.
        max_iterations: of expectation-maximisation.

    Returns:
        The model, the material with every system that fell back marked as short, and what became
        of it in words.
    """
    material = _without_short(material, form)
    usable = material.usable
    if not len(usable):
        nobody = np.zeros(len(material.varies), dtype=np.int64)
        walk = _walk(material.panel.num_channels, material.panel.num_channels)
        words = f"the last value (too few values for {_states(form.state_size)}, or constant)"
        return LinearDynamicalModel(walk, nobody, material.scale), material, words
    rows = usable[evenly_spread(len(usable), _ROWS_TO_FIT)] if form.pooled else usable
    seen, of_row = material.observations(rows), form.of_rows(len(rows))
    start = start_system(seen, of_row, int(of_row.max()) + 1, form.state_size)
    fit = expectation_maximisation(start, of_row, seen, max_iterations, _GAIN)
    system, shrunk = _damped(fit.system)
    of_system = np.full(len(material.varies), system.num_systems)
    of_system[usable] = form.of_rows(len(usable))
    if len(usable) < len(of_system):
        system = _joined(system)
    words = _words(form, len(usable), len(fit.log_likelihood) - 1, shrunk)
    return LinearDynamicalModel(system, of_system, material.scale), material, words


def _without_short(material: Material, form: Form) -> Material:
    """With systems marked that have fewer values than their parameters."""
    needed = form.num_parameters(material.panel.num_channels)
    values = material.num_values * material.panel.num_channels
    if form.pooled:
        enough = values[material.usable].sum() > needed
        return material if enough else material.shortened(material.varies)
    return material.shortened((values <= needed) & material.varies)


def _damped(system: LinearSystem) -> tuple[LinearSystem, bool]:
    """With every transition that would explode shrunk to the edge of what is stable."""
    radius = system.radius
    factor = np.where(radius > 1.0 + TOLERANCE, (1.0 + TOLERANCE) / np.maximum(radius, 1.0), 1.0)
    if (factor == 1.0).all():
        return system, False
    parts = [system.readout, system.state_noise, system.output_noise]
    starts = [system.start_mean, system.start_covariance]
    return LinearSystem(system.transition * factor[:, None, None], *parts, *starts), True


def _walk(size: int, num_channels: int) -> LinearSystem:
    """Every channel a random walk without other noise: its forecast is the last value."""
    moving = np.zeros((1, size, size))
    at = np.arange(num_channels)
    moving[:, at, at] = 1.0
    none = np.zeros((1, num_channels, num_channels))
    return LinearSystem(moving, moving[:, :num_channels], moving, none, np.zeros((1, size)), moving)


def _joined(system: LinearSystem) -> LinearSystem:
    """The systems, with the random walk as the last one."""
    size = max(system.state_size, system.num_channels)
    more = size - system.state_size
    square, side = ((0, 0), (0, more), (0, more)), ((0, 0), (0, 0), (0, more))
    pads = (square, side, square, ((0, 0),) * 3, ((0, 0), (0, more)), square)
    walk = _walk(size, system.num_channels)
    names = ("transition", "readout", "state_noise", "output_noise", "start_mean")
    parts = [
        np.concatenate([np.pad(getattr(system, name), pad), getattr(walk, name)])
        for name, pad in zip((*names, "start_covariance"), pads, strict=True)
    ]
    return LinearSystem(*parts)


def _states(count: int) -> str:
    return f"{count} state" + ("s" if count > 1 else "")


def _words(form: Form, num_systems: int, num_iterations: int, shrunk: bool) -> str:
    whose = "of one system" if num_systems == 1 else f"of {num_systems} systems, each its own"
    if form.pooled and num_systems > 1:
        whose = f"shared by {num_systems} systems"
    ending = ", an explosive one damped" if shrunk else ""
    return f"{_states(form.state_size)}, parameters {whose}, {num_iterations} iterations{ending}"
