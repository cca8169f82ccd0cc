"""A recurrent network as a model: its cells' states beside the window of the linear highway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.window import Past
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody
from forecast.models.inputs import inputs_along, read_inputs
from forecast.models.newer import newer_steps
from forecast.models.paths import Preparable, is_compiled, rolled
from forecast.protocol import Block, Feedback, StateBatch, Static

__all__ = ["NetworkModel", "last_valid", "runs_without_gaps"]

_CELL, _HIGHWAY = "cell.", "highway."


class NetworkModel:
    """`y[t+1] = linear forecast + unit * network(features, state)`, recursive.

    The state holds the window and sums of the highway, the cells' states, and the model's own
    forecast of the next step, which it is fed where that step has no value.

    Args:
        highway: the linear forecaster that is corrected, one step ahead.
        body: the recurrent layers and the readout.
    """

    block_length = 1

    def __init__(self, highway: PooledARModel, body: Body | ReadBody) -> None:
        """Store both parts."""
        self.highway = highway
        self.body = body

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        past = Past.blank(self.highway.window_length, static.series)
        arrays = past.arrays() | {"forecast": np.full(num_rows, np.nan)}
        arrays |= _named(self.body.initial_state(num_rows))
        return StateBatch(arrays, past.clock, np.zeros(num_rows, dtype=np.int64))

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; runs of steps without a gap are encoded at once."""
        past, cells = Past.of_state(state), _cells(state)
        upcoming = state.arrays["forecast"]
        values = self.highway.encode(np.where(block.observed, block.values, np.nan))
        one_step = np.full(values.shape, np.nan)
        gaps = block.valid & ~block.observed
        for steps in runs_without_gaps(gaps.any(axis=0)):
            valid = block.valid[:, steps]
            seen = np.where(gaps[:, steps], upcoming[:, None], values[:, steps])
            forecasts, cells = self._encode(past, seen, valid, cells)
            one_step[:, steps] = np.concatenate([upcoming[:, None], forecasts[:, :-1]], axis=1)
            past = past.absorb(seen, valid)
            upcoming = last_valid(forecasts, valid, upcoming)
        arrays = past.arrays() | {"forecast": upcoming} | _named(cells)
        return state.advance(arrays, block), self.highway.decode(one_step)

    def rollout(
        self,
        state: StateBatch,
        horizon: int,
        feedback: Feedback,
        future: NDArray,  # noqa: ARG002 (networks do not use covariates yet)
    ) -> NDArray:
        """See `forecast.protocol.Model`; compiled where that can be and pays."""
        num_steps = state.num_rows * feedback.num_paths * (horizon - 1)  # of the layers
        if isinstance(feedback, Preparable) and is_compiled(self.highway, num_steps):
            return rolled(self.highway, self.body, state, _cells(state), horizon, feedback)
        return self.walk(state, horizon, feedback)

    def walk(self, state: StateBatch, horizon: int, feedback: Feedback) -> NDArray:
        """`rollout` step after step: slower, for any feedback and on any backend."""
        num_rows, num_paths = state.num_rows, feedback.num_paths
        rows = np.repeat(np.arange(num_rows), num_paths)
        past, cells = Past.of_state(state).take(rows), [cell[rows] for cell in _cells(state)]
        upcoming, steps = state.arrays["forecast"][rows], []
        for step in range(horizon):
            emitted = self.highway.decode(upcoming).reshape(num_rows, num_paths, 1)
            steps.append(feedback(emitted, step))
            past = past.append(self.highway.encode(steps[-1].reshape(-1, 1)))
            if step + 1 < horizon:
                upcoming, cells = self._next(past, cells)
        return np.concatenate(steps, axis=2)

    def learn(self, state: StateBatch, block: Block) -> NetworkModel:
        """See `forecast.protocol.Learns`: the correction learns, the highway stays as it is.

        What the network is fed and what it corrects are in the highway's terms: its weights would
        not fit another one. A trained network takes a few gradient steps (`descended`), so how
        rows are cut into blocks matters to it; a reservoir's readout does not (`add_rows`). Gaps
        are fed with the model's own forecast, and not learned from.

        Raises:
            ValueError: for a readout without the sums of its fit.
        """
        values = np.where(block.observed, block.values, np.nan)
        if (block.valid & ~block.observed).any():
            _, one_step = self.observe(state, block)
            values = np.where(block.observed | ~block.valid, values, one_step)
        past, values = Past.of_state(state), self.highway.encode(values)
        steps = newer_steps(self.highway, past, values, block)
        if not steps.weights.any():
            return self
        return NetworkModel(self.highway, self.body.learned(steps, _cells(state)))

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""
        settings, arrays = self.highway.to_saved()
        arrays = {_HIGHWAY + name: array for name, array in arrays.items()}
        body = {"highway": settings, "body": asdict(self.body.blueprint)}
        return body, arrays | self.body.arrays()

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> NetworkModel:
        """The model that `to_saved` gave the settings and arrays of."""
        own = {
            name.removeprefix(_HIGHWAY): array
            for name, array in arrays.items()
            if name.startswith(_HIGHWAY)
        }
        highway = PooledARModel.from_saved(settings["highway"], own)
        return cls(highway, Body.of_arrays(Blueprint(**settings["body"]), arrays))

    def _encode(
        self, past: Past, values: NDArray, valid: NDArray, cells: list[NDArray]
    ) -> tuple[NDArray, list[NDArray]]:
        """Forecasts of the step after each step, and the cells' states after the last valid one."""
        num_rows, num_steps = values.shape
        if num_steps == 1:
            forecasts, moved = self._next(past.append(np.nan_to_num(values)), cells)
            kept = [np.where(valid, new, old) for new, old in zip(moved, cells, strict=True)]
            return forecasts[:, None], kept
        features = np.empty((num_rows, num_steps, self.body.num_features), dtype=np.float32)
        base, unit = np.empty((2, num_rows, num_steps))
        for steps, inputs in inputs_along(self.highway, past, values):
            shape = (num_rows, len(steps))
            features[:, steps] = inputs.features.reshape(*shape, -1)
            base[:, steps] = inputs.base.reshape(shape)
            unit[:, steps] = inputs.unit.reshape(shape)
        corrections, cells = self.body.encode(features, valid, cells)
        return base + unit * corrections, cells

    def _next(self, past: Past, cells: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
        """Forecast of the step after each past, and the cells' states there."""
        inputs = read_inputs(self.highway, past)
        corrections, cells = self.body.step(inputs.features, cells)
        return inputs.base + inputs.unit * corrections, cells


def runs_without_gaps(gap: NDArray) -> Iterator[slice]:
    """Slices of the columns: runs without a gap, and each column with a gap alone."""
    start = 0
    for column in np.flatnonzero(gap):
        if column > start:
            yield slice(start, column)
        yield slice(column, column + 1)
        start = int(column) + 1
    if start < len(gap):
        yield slice(start, len(gap))


def last_valid(values: NDArray, valid: NDArray, otherwise: NDArray) -> NDArray:
    """The value at the last valid step of each row, `otherwise` for a row without one."""
    last = np.maximum(valid.sum(axis=1) - 1, 0)
    return np.where(valid.any(axis=1), values[np.arange(len(values)), last], otherwise)


def _named(cells: list[NDArray]) -> dict[str, NDArray]:
    return {f"{_CELL}{index}": cell for index, cell in enumerate(cells)}


def _cells(state: StateBatch) -> list[NDArray]:
    count = sum(name.startswith(_CELL) for name in state.arrays)
    return [state.arrays[f"{_CELL}{index}"] for index in range(count)]
