"""A state as one vector, and the derivative of a step by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.dynamics import Differentiable, Dynamics, dynamics_of
from forecast.protocol import Block, Model, StateBatch, num_channels

__all__ = ["StateView", "jacobian_of", "view_of"]


@dataclass(frozen=True)
class StateView:
    """The arrays of a state that carry it, side by side.

    Args:
        dynamics: of the model.
        channels: rows of a system.
        fed: whether what a free run depends on belongs to the vector.
    """

    dynamics: Dynamics
    channels: int
    fed: bool

    def vector(self, state: StateBatch) -> NDArray:
        """A vector for each system, `(num_systems, n)`, in float64; NaN where nothing came yet."""
        parts = [
            self._rows(name, state.arrays[name]).reshape(state.num_rows // self.channels, -1)
            for name in self._names(state)
        ]
        return np.concatenate(parts, axis=1).astype(np.float64)

    def put(self, state: StateBatch, vector: NDArray) -> StateBatch:
        """The state whose arrays are those of `vector`; all else is that of `state`."""
        arrays, start = dict(state.arrays), 0
        for name in self._names(state):
            array = state.arrays[name]
            stop = start + self._rows(name, array)[: self._each(name)].size
            part = vector[:, start:stop].reshape(-1, *array.shape[1:]).astype(array.dtype)
            arrays[name] = np.repeat(part, self.channels, axis=0) if self._shares(name) else part
            start = stop
        return StateBatch(arrays, state.clock, state.count)

    def steps(self, state: StateBatch) -> NDArray:
        """Size of a difference of each entry for a derivative, `(num_systems, n)`.

        The cube root of the precision, in units of the size of the array it belongs to: the errors
        of rounding and of curvature are then alike.
        """
        names = self._names(state)
        kinds = [state.arrays[name].dtype for name in names]
        precision = max(float(np.finfo(kind).eps) for kind in kinds)
        parts = []
        for name in names:
            rows = self._rows(name, state.arrays[name]).astype(np.float64)
            flat = rows.reshape(state.num_rows // self.channels, -1)
            known = np.where(np.isfinite(flat), np.abs(flat), 0.0)
            size = np.maximum(known.max(axis=1, keepdims=True, initial=0.0), 1e-3)
            parts.append(np.broadcast_to(size, flat.shape))
        return np.cbrt(precision) * np.concatenate(parts, axis=1)

    def _names(self, state: StateBatch) -> list[str]:
        names = self.dynamics.names(state.arrays, self.fed)
        return [name for name in names if np.issubdtype(state.arrays[name].dtype, np.floating)]

    def _shares(self, name: str) -> bool:
        return self.channels > 1 and name.startswith(self.dynamics.shared)

    def _each(self, name: str) -> int:
        """Rows of a system that the array of this name counts for."""
        return 1 if self._shares(name) else self.channels

    def _rows(self, name: str, array: NDArray) -> NDArray:
        return array[:: self.channels] if self._shares(name) else array


def view_of(model: Any, fed: bool) -> StateView:
    """How the state of a model is seen."""
    dynamics = dynamics_of(model)
    if dynamics is None:
        raise ValueError(f"{type(model).__name__} does not say which arrays carry its state.")
    return StateView(dynamics, num_channels(model), fed)


def jacobian_of(model: Model, state: StateBatch, block: Block, fed: bool) -> NDArray:
    """`d s[t+1] / d s[t]` over one step, `(num_systems, n, n)`.

    The model's own derivative where it knows it; else central differences of its `observe`, all at
    once as rows of one batch.

    Args:
        model: the model.
        state: states before the step.
        block: the step.
        fed: whether s holds what a free run depends on, else what is hidden alone.
    """
    if not fed and isinstance(model, Differentiable):
        return model.jacobian(state, block)
    view = view_of(model, fed)
    here, size = view.vector(state), view.steps(state)
    count, num_rows = here.shape[1], state.num_rows
    moves = np.eye(count)[:, None] * size  # (n, num_systems, n)
    points = np.concatenate([here + moves, here - moves]).reshape(-1, count)
    rows = np.tile(np.arange(num_rows), 2 * count)
    after, _ = model.observe(view.put(state.take(rows), points), block.take(rows))
    ahead = view.vector(after).reshape(2, count, len(here), -1)
    found = (ahead[0] - ahead[1]) / (2.0 * size.T[:, :, None])
    return np.nan_to_num(found.transpose(1, 2, 0))
