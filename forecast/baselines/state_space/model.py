"""Linear dynamical systems as models: the state is what is believed of the hidden vector."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.phase_scale import PhaseScale
from forecast.baselines.state_space.covariances import walk_covariances
from forecast.baselines.state_space.filter import Belief, Observations, apply, kalman_filter
from forecast.baselines.state_space.system import LinearSystem
from forecast.dynamics import Dynamics
from forecast.protocol import Block, Feedback, StateBatch, Static

__all__ = ["LinearDynamicalModel"]

_PIECE_NUMBERS = 2_000_000


class LinearDynamicalModel:
    """`x[t+1] = A x[t] + W v[t]`, `y[t] = shift + factor (C x[t] + u[t])`.

    The state is the mean and the covariance of x before the next step. Every row of a state holds
    those of its system, which its channels share.

    Args:
        system: the parameters of one or more systems.
        of_system: which of them each system of the panel follows, `(num_systems,)`.
        scale: shift and factor of each series by phase.
    """

    block_length = 1
    dynamics = Dynamics(("mean",), shared=("mean",))

    def __init__(self, system: LinearSystem, of_system: NDArray, scale: PhaseScale) -> None:
        """Store the fit."""
        self.system = system
        self.of_system = of_system
        self.scale = scale
        self.num_channels = system.num_channels
        self.uses_clock = scale.season_length > 1

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        series = np.asarray(static.series, dtype=np.int64)
        belief = Belief.before(self.system, self.of_system[series // self.num_channels])
        arrays = {
            "mean": belief.mean,
            "covariance": belief.covariance,
            "phase": static.offset % self.scale.season_length,
            "series": series,
        }
        nothing = np.zeros(num_rows, dtype=np.int64)
        return StateBatch(arrays, nothing, nothing.copy())

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; the filter, some steps at a time."""
        series, phase = state.arrays["series"], state.arrays["phase"]
        of_row, seen = self._of_row(state), self.observations(series, phase, block)
        belief = Belief(*(state.arrays[name][:: self.num_channels] for name in _BELIEF))
        size, forecasts = self.system.state_size, []
        piece = max(1, _PIECE_NUMBERS // max(1, len(of_row) * size**2))
        for begin in range(0, block.num_steps, piece):
            walk = kalman_filter(self.system, of_row, belief, seen.steps(begin, begin + piece))
            belief = walk.after
            forecasts.append(walk.forecasts)
        one_step = np.concatenate(forecasts).transpose(1, 2, 0).reshape(block.values.shape)
        count = state.count[:, None] + np.cumsum(block.observed, axis=1) - block.observed
        one_step = np.where(count > 0, self.scale.outward(series, phase, one_step), np.nan)
        return state.advance(self._arrays(state, belief, block.valid.sum(axis=1)), block), one_step

    def rollout(
        self,
        state: StateBatch,
        horizon: int,
        feedback: Feedback,
        future: NDArray,  # noqa: ARG002 (without a use for covariates)
    ) -> NDArray:
        """See `forecast.protocol.Model`; what is fed back is an observation to the filter."""
        channels, paths = self.num_channels, feedback.num_paths
        of_row, systems = self._of_row(state), state.num_rows // self.num_channels
        shift, factor = self.scale.lines(state.arrays["series"], state.arrays["phase"], horizon)
        gains, groups = self._gains(state, horizon)
        mean = np.repeat(state.arrays["mean"][::channels], paths, axis=0)
        of_path, group = np.repeat(of_row, paths), np.repeat(groups, paths)
        found = []
        for step in range(horizon):
            ahead = apply(self.system.readout, of_path, mean)
            rows = ahead.reshape(systems, paths, channels).swapaxes(1, 2).reshape(-1, paths)
            emitted = (shift[:, [step]] + factor[:, [step]] * rows)[:, :, None]
            fed = feedback(emitted, step)
            error = ((fed - emitted)[:, :, 0] / factor[:, [step]]).reshape(systems, channels, paths)
            error = error.swapaxes(1, 2).reshape(-1, channels)
            mean = apply(self.system.transition, of_path, mean) + apply(gains[step], group, error)
            found.append(fed)
        return np.concatenate(found, axis=2)

    def deviations(self, state: StateBatch, horizon: int) -> NDArray:
        """Standard deviations of the forecast errors, `(num_rows, horizon)`.

        `Var y[t+h] = factor^2 (C P[h] C' + R)`, `P[h+1] = A P[h] A' + Q`.

        Args:
            state: states of `num_rows` channels of whole systems.
            horizon: steps ahead.
        """
        blind = np.zeros((state.num_rows // self.num_channels, horizon, self.num_channels), bool)
        walk, groups = self._ahead(state, blind)
        system = self.system.take(self._of_row(state))
        spread = walk.covariances[:-1, groups]
        variances = np.einsum("npi,tnij,npj->npt", system.readout, spread, system.readout)
        variances = variances + np.diagonal(system.output_noise, axis1=1, axis2=2)[:, :, None]
        factor = self.scale.lines(state.arrays["series"], state.arrays["phase"], horizon)[1]
        return np.sqrt(np.maximum(variances, 0.0)).reshape(-1, horizon) * factor

    def encode(self, values: NDArray) -> NDArray:
        """Values as they are."""
        return values

    decode = encode

    def observations(self, series: NDArray, phase: NDArray, block: Block) -> Observations:
        """A block in the units of the systems."""
        shape = (-1, self.num_channels, block.num_steps)
        values = np.where(block.observed, self.scale.inward(series, phase, block.values), 0.0)
        seen = block.observed.reshape(shape).swapaxes(1, 2)
        valid = block.valid[:: self.num_channels]
        return Observations(values.reshape(shape).swapaxes(1, 2), seen, valid)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""
        arrays = {field.name: getattr(self.system, field.name) for field in fields(LinearSystem)}
        arrays |= {"shift": self.scale.shift, "factor": self.scale.factor}
        return {}, {**arrays, "of_system": self.of_system}

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """The model that `to_saved` gave the arrays of; refuses what does not fit together."""
        parts = [arrays[field.name] for field in fields(LinearSystem)]
        system, of_system = LinearSystem(*parts), arrays["of_system"]
        if len(of_system) and not 0 <= of_system.min() <= of_system.max() < system.num_systems:
            raise ValueError("a series of a linear dynamical system follows none of its systems.")
        if not (arrays["factor"] > 0.0).all():
            raise ValueError("a factor of a linear dynamical system is not above 0.")
        return cls(system, of_system, PhaseScale(arrays["shift"], arrays["factor"]), **settings)

    def _of_row(self, state: StateBatch) -> NDArray:
        """The parameters of each system of a state."""
        return self.of_system[state.arrays["series"][:: self.num_channels] // self.num_channels]

    def _arrays(self, state: StateBatch, belief: Belief, steps: NDArray) -> dict[str, NDArray]:
        return {
            "mean": np.repeat(belief.mean, self.num_channels, axis=0),
            "covariance": np.repeat(belief.covariance, self.num_channels, axis=0),
            "phase": (state.arrays["phase"] + steps) % self.scale.season_length,
            "series": state.arrays["series"],
        }

    def _gains(self, state: StateBatch, horizon: int) -> tuple[NDArray, NDArray]:
        """A K of every step that is fed back, by group, and the group of each system."""
        known = np.ones((state.num_rows // self.num_channels, horizon, self.num_channels), bool)
        walk, groups = self._ahead(state, known)
        return walk.gains, groups

    def _ahead(self, state: StateBatch, observed: NDArray) -> tuple[Any, NDArray]:
        before, valid = state.arrays["covariance"][:: self.num_channels], observed.any(axis=2)
        valid = np.ones_like(valid)
        return walk_covariances(self.system, self._of_row(state), before, observed, valid)


_BELIEF = ("mean", "covariance")
