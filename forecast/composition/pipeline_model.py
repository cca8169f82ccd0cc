"""The model of a pipeline: the state of its last step, which sees transformed values only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.composition.pipeline_blocks import piece, shifted, shifted_back
from forecast.pipelines.transforms import Link, Links, Position, Transform, Walk, walk
from forecast.protocol import (
    Block,
    Drawing,
    Feedback,
    Learns,
    Model,
    StateBatch,
    Static,
    can_learn,
    num_channels,
    uses_clock,
)

__all__ = ["PipelineModel"]

_INNER, _PAST, _PARAMETER = "inner.", "past", "parameter"


class PipelineModel:
    """`y[t+h] = f^-1(z[t+h])`, z the forecast of another model that was fed `z[t] = f(y[t])`.

    The state holds that of the other model and the memories of the transforms. Transforms with a
    memory lose the first steps of each series: the other model begins after them. At a step without
    a value (or with one that has no transform) the memories take its one-step forecast. In a
    rollout every path is transformed back before the feedback, and what is fed back forward again.

    Args:
        members: the other model, alone in a sequence.
        links: the fitted transforms of all series.
    """

    def __init__(self, members: Sequence[Model], links: Links) -> None:
        """Store the parts."""
        if len(members) != 1:
            raise ValueError(f"a pipeline ends with one model; got {len(members)}.")
        self.members = tuple(members)
        self.links = links
        self.block_length = self._inner.block_length
        self.num_channels = num_channels(self._inner)
        clocks = any(link.transform.uses_clock for link in links.links)
        self.uses_clock = clocks or uses_clock(self._inner)
        self.can_learn = can_learn(self._inner)

    @property
    def _inner(self) -> Model:
        return self.members[0]

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        inner = self._inner.init_state(num_rows, static)
        position = self.links.of_series(static.series).begin(static.offset)
        zeros = np.zeros(num_rows, dtype=np.int64)
        fixed = {"series": np.asarray(static.series, dtype=np.int64), "outside": zeros}
        return StateBatch(fixed | _saved(position) | _saved_inner(inner), zeros, zeros)

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; the other model is told of all steps between two gaps."""
        inner, found = self._walk(state, block)
        arrays = {
            "series": state.arrays["series"],
            "outside": state.arrays["outside"] + found.outside,
        }
        arrays |= _saved(found.position) | _saved_inner(inner)
        return state.advance(arrays, block), found.one_step

    def learn(self, state: StateBatch, block: Block) -> PipelineModel:
        """See `forecast.protocol.Learns`: the other model learns from the transformed values.

        The transforms stay as they were fitted. Gaps that a memory took a forecast for were
        forecast by the model as it was before the block. One that never learns stays.

        Raises:
            ValueError: if the other model cannot learn as it was fitted.
        """
        inner, told = self._inner, list[tuple[StateBatch, Block]]()
        self._walk(state, block, told)
        for before, seen in told:
            inner = inner.learn(before, seen) if isinstance(inner, Learns) else inner
        return PipelineModel([inner], self.links)

    def rollout(
        self, state: StateBatch, horizon: int, feedback: Feedback, future: NDArray
    ) -> NDArray:
        """See `forecast.protocol.Model`."""
        links, position = self._standing(state)
        inner = _begun(self._inner, _inner_state(state, links), links, position, future)
        translated = _Translated(feedback, links, position.on_paths(feedback.num_paths))
        self._inner.rollout(inner, horizon, translated, future)
        return np.concatenate(translated.values, axis=2)[:, :, :horizon]

    def told(self, state: StateBatch, block: Block) -> list[tuple[StateBatch, Block]]:
        """What the other model is told of a block, piece after piece, and its states before each.

        Rows that it has not begun with, as the transforms' memories are not full, are left out.
        """
        kept = list[tuple[StateBatch, Block]]()
        self._walk(state, block, kept)
        return kept

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps besides the other model: settings for JSON, and arrays."""
        links = self.links.links
        active = [link.active for link in links]
        arrays = {
            f"{_PARAMETER}{index}.{name}": array
            for index, link in enumerate(links)
            for name, array in link.parameters.items()
        }
        shape = (len(links), self.links.num_rows)
        arrays["active"] = np.array(active, dtype=bool).reshape(shape)
        settings = {
            "transforms": [link.transform for link in links],
            "memories": [link.memory for link in links],
        }
        return settings, arrays

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """The model of `to_saved`, given the other model as the setting `members`."""
        transforms, active = settings["transforms"], arrays["active"]
        if active.ndim != 2 or not all(isinstance(one, Transform) for one in transforms):
            raise ValueError("the transforms of a pipeline do not fit together.")
        links = [
            Link(transform, _parameters(arrays, index), int(memory), used)
            for index, (transform, memory, used) in enumerate(
                zip(transforms, settings["memories"], active, strict=True)
            )
        ]
        if any(
            len(array) != len(link.active) for link in links for array in link.parameters.values()
        ):
            raise ValueError("the parameters of a pipeline's transforms are not one row a series.")
        return cls(settings["members"], Links(tuple(links), np.arange(active.shape[1])))

    def _walk(
        self, state: StateBatch, block: Block, kept: list[tuple[StateBatch, Block]] | None = None
    ) -> tuple[StateBatch, Walk]:
        """The other model's state after a block, and what became of the transforms meanwhile.

        What the other model was told, and its states before, are put into `kept`.
        """
        links, position = self._standing(state)
        told = _Told(self._inner, _inner_state(state, links), links, block, kept)
        values = np.where(block.observed, block.values, np.nan)
        found = walk(links, values, block.valid, position, told, self.num_channels)
        return told.state, found

    def _standing(self, state: StateBatch) -> tuple[Links, Position]:
        """The transforms of the rows of a state, and where these stand."""
        links = self.links.of_series(state.arrays["series"])
        pasts = tuple(state.arrays[f"{_PAST}{index}"] for index in range(len(links.links)))
        return links, Position(pasts, state.clock, state.arrays["offset"])


class _Told:
    """The other model on its way through a block, see `forecast.pipelines.transforms.walk`."""

    def __init__(
        self,
        model: Model,
        state: StateBatch,
        links: Links,
        block: Block,
        kept: list[tuple[StateBatch, Block]] | None,
    ) -> None:
        self.model, self.state, self._kept = model, state, kept
        self._links, self._block = links, block

    def __call__(
        self, start: NDArray, outputs: NDArray, valid: NDArray, position: Position
    ) -> NDArray:  # fmt: skip
        """Tell the model of the steps after its first; its one-step forecasts, NaN before."""
        behind = self._links.leads[-1] - position.clock
        skipped = np.clip(behind, 0, valid.sum(axis=1))
        first = np.arange(valid.shape[1]) == behind[:, None]
        outputs = self._links.begun(outputs, first & valid, position)
        known = valid & ~np.isnan(outputs)
        block = replace(
            piece(self._block, start, valid.shape[1]),
            values=np.where(known, outputs, 0.0), observed=known, valid=valid,
        )  # fmt: skip
        block, forecasts = shifted(block, skipped), np.full(outputs.shape, np.nan)
        rows = np.flatnonzero(block.valid.any(axis=1))
        if len(rows):
            before, seen = self.state.take(rows), block.take(rows)
            after, forecasts[rows] = self.model.observe(before, seen)
            self.state = self.state.put(rows, after)
            if self._kept is not None:
                self._kept.append((before, seen))
        return shifted_back(forecasts, skipped)


class _Translated:
    """A feedback in the units of the user for a model that works in those of the transforms.

    Attributes:
        values: what was fed back at each call, in the units of the user.
    """

    def __init__(self, feedback: Feedback, links: Links, position: Position) -> None:
        self.values: list[NDArray] = []
        self._feedback, self._links, self._position = feedback, links, position

    @property
    def num_paths(self) -> int:
        """Paths rolled forward for each row."""
        return self._feedback.num_paths

    def __call__(self, emitted: NDArray, step: int) -> NDArray:
        """See `forecast.protocol.Feedback`."""
        return self._told(emitted, lambda forecasts: self._feedback(forecasts, step))

    def uniforms(self, step: int) -> NDArray | None:
        """See `forecast.protocol.Drawing`."""
        return self._feedback.uniforms(step) if isinstance(self._feedback, Drawing) else None

    def bounded(self, values: NDArray) -> NDArray:
        """See `forecast.protocol.Drawing`; only after `uniforms`, so the feedback has it too."""
        return self._told(values, self._feedback.bounded)  # type: ignore[attr-defined]

    def _told(self, emitted: NDArray, answer: Callable[[NDArray], NDArray]) -> NDArray:
        """What a feedback makes of values, back in the units of the transforms."""
        links, position = self._links, self._position
        unchanged = links.no_change(emitted, position)
        outputs = np.where(np.isfinite(emitted), emitted, unchanged)
        forecasts = links.inverse(outputs, position)
        values = answer(forecasts)
        self.values.append(values)
        levels = links.levels(values, position)
        if np.isnan(levels[-1]).any():  # a draw without a transform: the forecast stands for it
            levels = links.levels(np.where(np.isnan(levels[-1]), forecasts, values), position)
        self._position = position.after(levels)
        return np.where(np.isnan(levels[-1]), outputs, levels[-1])


def _begun(
    model: Model, state: StateBatch, links: Links, position: Position, future: NDArray
) -> StateBatch:
    """The other model's state; one that has seen nothing is told of one step without change."""
    lead = links.leads[-1]
    rows = np.flatnonzero((lead > 0) & (position.clock <= lead))
    if not len(rows):
        return state
    value = links.no_change(np.zeros((links.num_rows, 1)), position)[rows]
    known = np.ones(value.shape, dtype=bool)
    after, _ = model.observe(state.take(rows), Block(value, known, known, future[rows, :1]))
    return state.put(rows, after)


def _saved(position: Position) -> dict[str, NDArray]:
    pasts = {f"{_PAST}{index}": past for index, past in enumerate(position.pasts)}
    return {"offset": position.offset, **pasts}


def _saved_inner(inner: StateBatch) -> dict[str, NDArray]:
    arrays = {_INNER + name: array for name, array in inner.arrays.items()}
    return arrays | {"inner_count": inner.count}


def _inner_state(state: StateBatch, links: Links) -> StateBatch:
    """The state of the other model, which is behind by the steps that fill memories."""
    arrays = state.select(_INNER).arrays
    clock = np.maximum(state.clock - links.leads[-1], 0)
    return StateBatch(arrays, clock, state.arrays["inner_count"])


def _parameters(arrays: dict[str, NDArray], index: int) -> dict[str, NDArray]:
    prefix = f"{_PARAMETER}{index}."
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
