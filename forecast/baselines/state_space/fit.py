"""Linear dynamical systems of a panel: their parameters, and who falls back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.companion import TOLERANCE
from forecast.baselines.state_space.expectation import Fit, expectation_maximisation
from forecast.baselines.state_space.filter import Observations
from forecast.baselines.state_space.material import Material
from forecast.baselines.state_space.model import LinearDynamicalModel
from forecast.baselines.state_space.start import start_systems
from forecast.baselines.state_space.system import LinearSystem
from forecast.pipelines import evenly_spread

__all__ = ["Effort", "Form", "estimate"]

# Iterations from each start, and the gain of log-likelihood a value at which they end.
_ITERATIONS_TO_BEGIN, _GAIN_TO_BEGIN, _GAIN = 15, 1e-4, 1e-5


@dataclass(frozen=True)
class Form:
    """What has to be chosen.

    Args:
        state_size: entries of the hidden vector.
        pooled: whether all systems share their parameters.
        centre: what each series is centred on, "mean" or "first" (value).
    """

    state_size: int
    pooled: bool = True
    centre: str = "mean"

    def of_rows(self, num_rows: int) -> NDArray:
        """The parameters that each row follows, `(num_rows,)`."""
        return np.zeros(num_rows, dtype=np.int64) if self.pooled else np.arange(num_rows)

    def num_parameters(self, num_channels: int) -> int:
        """Free ones of a system: the basis of the state counts for none."""
        return 2 * self.state_size * num_channels + num_channels

    @property
    def words(self) -> str:
        """The form in words."""
        states = f"{self.state_size} state" + ("s" if self.state_size > 1 else "")
        return f"{states} about the {'mean' if self.centre == 'mean' else 'first value'}"


@dataclass(frozen=True)
class Effort:
    """What parameters are estimated from.

    Args:
        max_iterations: of expectation-maximisation.
        most_rows: systems of a pool, evenly spread.
        most_steps: last steps of each.
    """

    max_iterations: int
    most_rows: int = 400
    most_steps: int = 1000


def estimate(
    material: Material, form: Form, effort: Effort
) -> tuple[LinearDynamicalModel, Material, str]:
    """Fit the parameters of all systems.

    Args:
        material: the series, centred as the form says.
        form: what was chosen.
        effort: what to estimate from.

    Returns:
        The model, the material with every system that fell back marked as short, and what became
        of it in words.
    """
    material = _without_short(material, form)
    usable = material.usable
    if not len(usable):
        nobody = np.zeros(len(material.varies), dtype=np.int64)
        walk = _walk(material.panel.num_channels, material.panel.num_channels)
        words = f"the last value (constant, or too few values for {form.words})"
        return LinearDynamicalModel(walk, nobody, material.scale), material, words
    rows = usable[evenly_spread(len(usable), effort.most_rows)] if form.pooled else usable
    seen, of_row = material.observations(rows, effort.most_steps), form.of_rows(len(rows))
    fit = _fitted(form, of_row, seen, effort.max_iterations)
    system, shrunk = _damped(fit.system)
    of_system = np.full(len(material.varies), system.num_systems)
    of_system[usable] = form.of_rows(len(usable))
    if len(usable) < len(of_system):
        system = _joined(system)
    words = _words(form, len(usable), shrunk)
    return LinearDynamicalModel(system, of_system, material.scale), material, words


def _fitted(form: Form, of_row: NDArray, seen: Observations, max_iterations: int) -> Fit:
    """Some iterations from every start, then more from what has the largest likelihood."""
    starts = start_systems(seen, of_row, int(of_row.max()) + 1, form.state_size)
    few = min(_ITERATIONS_TO_BEGIN, max_iterations)
    fits = [expectation_maximisation(s, of_row, seen, few, _GAIN_TO_BEGIN) for s in starts]
    best = max(fits, key=lambda fit: fit.log_likelihood[-1].sum())
    more = max_iterations - few
    return expectation_maximisation(best.system, of_row, seen, more, _GAIN) if more else best


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


def _words(form: Form, num_systems: int, shrunk: bool) -> str:
    whose = "of one system" if num_systems == 1 else f"of {num_systems} systems, each its own"
    if form.pooled and num_systems > 1:
        whose = f"shared by {num_systems} systems"
    ending = ", an explosive one damped" if shrunk else ""
    return f"{form.words}, parameters {whose}{ending}"
