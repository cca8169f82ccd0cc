"""A recurrent network as a model: its cells' states beside the window of the linear highway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.window import Past
from forecast.dynamics import Dynamics
from forecast.heads import Absolute, Head
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody
from forecast.models.emission import RealEmission, emission_of
from forecast.models.highway_model import HighwayModel
from forecast.models.inputs import inputs_along, read_inputs
from forecast.models.newer import newer_steps
from forecast.models.paths import Preparable, is_compiled, rolled
from forecast.protocol import Block, Drawing, Feedback, StateBatch, Static

__all__ = ["NetworkModel", "last_valid", "runs_without_gaps"]

_CELL, _HIGHWAY = "cell.", "highway."
_ABSOLUTE = Absolute()


class NetworkModel:
    """`y[t+1] = linear forecast + unit * network(features, state)`, recursive or block by block.

    The state holds the window and sums of the highway, the cells' states, and what the model says
    of the next steps (`forecast.models.emission`): its own forecast is fed where a step has no
    value. Of a head that is a distribution the paths of a rollout are draws of their own.

    Args:
        highway: the linear forecaster that is corrected, for as many steps as are emitted at once.
        body: the recurrent layers and the readout.
        head: what the outputs of the readout mean.

    Raises:
        ValueError: if the outputs are not those of the head for these steps.
    """

    dynamics = Dynamics((_CELL,), ("window", "forecast"))

    def __init__(
        self, highway: HighwayModel, body: Body | ReadBody, head: Head = _ABSOLUTE
    ) -> None:
        """Store the parts."""
        self.highway = highway
        self.body = body
        self.head = head
        self.block_length = highway.block_length
        self.emission = emission_of(head, highway.power, self.block_length)
        self._next_step = emission_of(head, highway.power)
        wanted, found = head.num_outputs * self.block_length, body.num_outputs
        if wanted != found:
            raise ValueError(f"{head!r} needs {wanted} outputs of the layers; they have {found}.")

    @property
    def is_plain(self) -> bool:
        """Whether one number is emitted at a time, the forecast itself."""
        return self.block_length == 1 and not self.head.is_distribution

    def with_body(self, body: Body | ReadBody) -> NetworkModel:
        """The same network with other layers."""
        return NetworkModel(self.highway, body, self.head)

    def with_highway(self, highway: HighwayModel) -> NetworkModel:
        """The same layers around another linear forecaster."""
        return NetworkModel(highway, self.body, self.head)

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        past = Past.blank(self.highway.window_length, static.series)
        unknown = np.full((num_rows, *self.emission.shape), np.nan)
        arrays = past.arrays() | {"forecast": unknown}
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
            first = self.emission.first(upcoming)[:, None]
            seen = np.where(gaps[:, steps], first, values[:, steps])
            forecasts, upcoming, cells = self._encode(past, seen, valid, cells, upcoming)
            one_step[:, steps] = np.concatenate([first, forecasts[:, :-1]], axis=1)
            past = past.absorb(seen, valid)
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
        pays = self.is_plain and is_compiled(self.highway, num_steps)
        if isinstance(feedback, Preparable) and pays:
            return rolled(self.highway, self.body, state, _cells(state), horizon, feedback)
        return self.walk(state, horizon, feedback)

    def walk(self, state: StateBatch, horizon: int, feedback: Feedback) -> NDArray:
        """`rollout` block after block: slower, for any head and feedback, on any backend."""
        rows = np.repeat(np.arange(state.num_rows), feedback.num_paths)
        past, cells = Past.of_state(state).take(rows), [cell[rows] for cell in _cells(state)]
        upcoming, blocks, length = state.arrays["forecast"][rows], [], self.block_length
        for step in range(0, horizon, length):
            blocks.append(self._fed(upcoming, feedback, step))
            if step + length < horizon:
                values = self.highway.encode(blocks[-1].reshape(-1, length))
                known = np.ones(values.shape, dtype=bool)
                _, upcoming, cells = self._encode(past, values, known, cells, upcoming)
                past = past.append(values)
        return np.concatenate(blocks, axis=2)[:, :, :horizon]

    def learn(self, state: StateBatch, block: Block) -> NetworkModel:
        """See `forecast.protocol.Learns`: the correction learns, the highway stays as it is.

        What the network is fed and what it corrects are in the highway's terms: its weights would
        not fit another one. A trained network takes a few gradient steps (`descended`), so how
        rows are cut into blocks matters to it; a readout in closed form does not (`add_rows`). Gaps
        are fed with the model's own forecast, and not learned from.

        Raises:
            ValueError: for a readout without the sums of its fit, for blocks, and for a head of
                which no error in units of the window can be said to be large or small.
        """
        if self.head != _ABSOLUTE or self.block_length > 1:
            raise ValueError(
                f"a network that emits {self.block_length} steps at once by {self.head!r} cannot "
                "learn from newer rows: its gradient steps are measured by absolute errors of one "
                "step. Call update(df) without learn=True, fit(df) again, or take "
                "design=NetworkDesign()."
            )
        values = np.where(block.observed, block.values, np.nan)
        if (block.valid & ~block.observed).any():
            _, one_step = self.observe(state, block)
            values = np.where(block.observed | ~block.valid, values, one_step)
        past, values = Past.of_state(state), self.highway.encode(values)
        steps = newer_steps(self.highway, past, values, block)
        if not steps.weights.any():
            return self
        return NetworkModel(self.highway, self.body.learned(steps, _cells(state)))

    def jacobian(self, state: StateBatch, block: Block) -> NDArray:
        """See `forecast.dynamics.Differentiable`: of the cells, by automatic differentiation."""
        return self.body.jacobian(self._inputs_of(state, block), _cells(state))

    def gates(self, state: StateBatch, block: Block) -> list[dict[str, NDArray]]:
        """How open the gates of each layer are at one step, by name, `(num_rows, units)`.

        Args:
            state: states before the step.
            block: one step of all rows.
        """
        return self.body.gates(self._inputs_of(state, block), _cells(state))

    def _inputs_of(self, state: StateBatch, block: Block) -> NDArray:
        """What the layers are fed at one step, `(num_rows, num_features)`."""
        own = self.emission.first(state.arrays["forecast"])[:, None]
        values = self.highway.encode(np.where(block.observed, block.values, np.nan))
        past = Past.of_state(state).append(np.nan_to_num(np.where(block.observed, values, own)))
        return read_inputs(self.highway, past, self.block_length).features

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""
        settings, arrays = self.highway.to_saved()
        arrays = {_HIGHWAY + name: array for name, array in arrays.items()}
        form = asdict(self.body.blueprint)
        del form["symbols"]  # its inputs are numbers
        if form["num_outputs"] == 1:
            del form["num_outputs"]
        about = {} if self.head == _ABSOLUTE else {"head": self.head}
        return {"highway": settings, "body": form, **about}, arrays | self.body.arrays()

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> NetworkModel:
        """The model that `to_saved` gave the settings and arrays of."""
        own = {
            name.removeprefix(_HIGHWAY): array
            for name, array in arrays.items()
            if name.startswith(_HIGHWAY)
        }
        highway = HighwayModel.from_saved(settings["highway"], own)
        body = Body.of_arrays(Blueprint(**settings["body"]), arrays)
        return cls(highway, body, settings.get("head", _ABSOLUTE))

    def _fed(self, upcoming: NDArray, feedback: Feedback, step: int) -> NDArray:
        """Values of the next block: draws of the head, or points and what the feedback adds."""
        shape = (-1, feedback.num_paths, self.block_length)
        if isinstance(self.emission, RealEmission) and isinstance(feedback, Drawing):
            uniform = feedback.uniforms(step)
            if uniform is not None:
                drawn = self.emission.drawn(upcoming, uniform.reshape(-1, self.block_length))
                return feedback.bounded(drawn.reshape(shape))
        return feedback(self.emission.points(upcoming).reshape(shape), step)

    def _encode(
        self, past: Past, values: NDArray, valid: NDArray, cells: list[NDArray], upcoming: NDArray
    ) -> tuple[NDArray, NDArray, list[NDArray]]:
        """Point forecasts of the step after each step; outlook and cells after the last valid one.

        Where no step of a row is valid, the outlook stays `upcoming`.
        """
        if self.block_length > 1:
            return self._encode_blocks(past, values, valid, cells, upcoming)
        if values.shape[1] == 1:
            outlook, moved = self._next(past.append(np.nan_to_num(values)), cells)
            kept = [np.where(valid, new, old) for new, old in zip(moved, cells, strict=True)]
            outlooks, cells = outlook[:, None], kept
        else:
            base, unit, outputs, cells = self._outputs(past, values, valid, cells)
            outlooks = self.emission.outlook(base, unit, outputs)
        return self.emission.first(outlooks), last_valid(outlooks, valid, upcoming), cells

    def _encode_blocks(
        self, past: Past, values: NDArray, valid: NDArray, cells: list[NDArray], upcoming: NDArray
    ) -> tuple[NDArray, NDArray, list[NDArray]]:
        """`_encode` where the highway emits its whole block after the last valid step only."""
        base, unit, outputs, cells = self._outputs(past, values, valid, cells)
        after = read_inputs(self.highway, past.absorb(values, valid), self.block_length)
        last = last_valid(outputs, valid, np.zeros_like(outputs[:, 0]))
        outlook = self.emission.outlook(after.base, after.unit, last)
        some = valid.any(axis=1).reshape(-1, *(1,) * (outlook.ndim - 1))
        nearest = self._next_step.outlook(base, unit, outputs[..., : self.head.num_outputs])
        return self._next_step.first(nearest), np.where(some, outlook, upcoming), cells

    def _outputs(
        self, past: Past, values: NDArray, valid: NDArray, cells: list[NDArray]
    ) -> tuple[NDArray, NDArray, NDArray, list[NDArray]]:
        """Linear forecast, unit and outputs after each step, and the cells after the last one."""
        num_rows, num_steps = values.shape
        features = np.empty((num_rows, num_steps, self.body.num_features), dtype=np.float32)
        base, unit = np.empty((2, num_rows, num_steps))
        for steps, inputs in inputs_along(self.highway, past, values):
            shape = (num_rows, len(steps))
            features[:, steps] = inputs.features.reshape(*shape, -1)
            base[:, steps] = inputs.base.reshape(shape)
            unit[:, steps] = inputs.unit.reshape(shape)
        outputs, cells = self.body.of_series(past.series).encode(features, valid, cells)
        return base, unit, outputs, cells

    def _next(self, past: Past, cells: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
        """Outlook of each past, one step ahead, and the cells' states there."""
        inputs = read_inputs(self.highway, past)
        outputs, cells = self.body.of_series(past.series).step(inputs.features, cells)
        return self.emission.outlook(inputs.base, inputs.unit, outputs), cells


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
    """What stands at the last valid step of each row, `otherwise` for a row without one."""
    last = np.maximum(valid.sum(axis=1) - 1, 0)
    some = valid.any(axis=1).reshape(-1, *(1,) * (values.ndim - 2))
    return np.where(some, values[np.arange(len(values)), last], otherwise)


def _named(cells: list[NDArray]) -> dict[str, NDArray]:
    return {f"{_CELL}{index}": cell for index, cell in enumerate(cells)}


def _cells(state: StateBatch) -> list[NDArray]:
    count = sum(name.startswith(_CELL) for name in state.arrays)
    return [state.arrays[f"{_CELL}{index}"] for index in range(count)]
