"""The model of a combination: the states of its members side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.checks import check_positive_integer
from forecast.draws import Bounds, FeedBack
from forecast.protocol import (
    Block,
    Feedback,
    Learns,
    Model,
    StateBatch,
    Static,
    can_learn,
    num_channels,
    uses_clock,
)
from forecast.rolling import Rolls, rolled

__all__ = ["CombinedModel"]


class CombinedModel:
    """`y[t+h] = combine(y_1[t+h], ..., y_k[t+h])`: the median or a weighted sum of k forecasts.

    Within a block of steps every member rolls out on its own output; what is emitted, draws
    included, is then absorbed by all of them before the next block. At a step without a value each
    member does what it does alone. The range of each history is kept beside the members' states:
    it bounds their rollouts, as the engine bounds those of a model that stands alone.

    Args:
        members: models of single series, or of systems of one size; at least one.
        block_length: steps emitted at once, at least 1.
        weights: of the members, `(k,)`; None for the median.
        shares: first and end of the columns known ahead that each member sees; None for all.
        newcomer_weights: in place of the weights for a series that the members were not fitted on,
            `(k,)`, 0 for members that know their own series only; None where none may come.

    Raises:
        ValueError: if these do not fit together.
    """

    def __init__(
        self,
        members: Sequence[Model],
        block_length: int,
        weights: NDArray | None = None,
        shares: Sequence[tuple[int, int | None]] | None = None,
        newcomer_weights: NDArray | None = None,
    ) -> None:
        """Store the parts."""
        channels = {num_channels(member) for member in members}
        if not members or len(channels - {1}) > 1:
            raise ValueError(
                "members must be models of single series, or of systems of one number of "
                f"channels; got {sorted(channels)}."
            )
        for given in (weights, newcomer_weights):
            if given is not None and given.shape != (len(members),):
                raise ValueError(f"{len(members)} weights are expected; got {given.shape}.")
        check_positive_integer("block_length", block_length)
        self.members = tuple(members)
        self.block_length = block_length
        self.weights = weights
        self.newcomer_weights = newcomer_weights
        self.shares = tuple(shares) if shares else ((0, None),) * len(members)
        self.num_channels = max(channels)
        self.uses_clock = any(uses_clock(member) for member in self.members)
        self.can_learn = any(can_learn(member) for member in self.members)

    @property
    def highway(self) -> CombinedModel | None:
        """Of a network beside linear forecasters what is linear; None of other combinations."""
        parts = [getattr(member, "highway", None) for member in self.members]
        if self.newcomer_weights is None or all(part is None for part in parts):
            return None
        linear = [part or member for part, member in zip(parts, self.members, strict=True)]
        return CombinedModel(
            linear, self.block_length, self.weights, self.shares, self.newcomer_weights
        )

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        states = [member.init_state(num_rows, static) for member in self.members]
        blank = np.full(num_rows, np.nan)
        arrays = {"minimum": blank, "maximum": blank} | _beside(states)
        if self.newcomer_weights is not None:
            arrays["newcomer"] = static.series < 0
        return StateBatch(arrays, states[0].clock, states[0].count)

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; every member absorbs the block."""
        states, one_step = [], []
        for member, own, seen in self._seen(state, block):
            after, forecasts = member.observe(own, seen)
            states.append(after)
            one_step.append(forecasts)
        arrays = {**state.arrays, **_range(state, block), **_beside(states)}
        return state.advance(arrays, block), self.combine(np.stack(one_step), state)

    def learn(self, state: StateBatch, block: Block) -> CombinedModel:
        """See `forecast.protocol.Learns`: every member that learns does; the weights stay.

        Raises:
            ValueError: if a member that learns cannot as it was fitted.
        """
        members: list[Model] = []
        for index, (member, own, seen) in enumerate(self._seen(state, block)):
            able = self._able(index, state)
            members.append(self._taught(member, own.take(able), seen.take(able)))
        return CombinedModel(
            members, self.block_length, self.weights, self.shares, self.newcomer_weights
        )

    def rollout(
        self, state: StateBatch, horizon: int, feedback: Feedback, future: NDArray
    ) -> NDArray:
        """See `forecast.protocol.Model`; block after block."""
        rolling = [member for member in self.members if isinstance(member, Rolls)]
        if len(rolling) == len(self.members) and self.newcomer_weights is None:
            return self._rolled(rolling, state, horizon, feedback, future)
        paths, blocks = _Paths(state.num_rows, feedback.num_paths, self.num_channels), []
        for step in range(0, horizon, self.block_length):
            steps = slice(step, min(step + self.block_length, horizon))
            # All paths of a series are alike until the first draws are fed back.
            now = future[:, steps] if not step else future[paths.rows, steps]
            emitted = self._emit(state, now)
            values = feedback(paths.split(emitted, spread=not step), step)
            blocks.append(values)
            if steps.stop < horizon:
                if not step:
                    state = state.take(paths.rows)
                state = self._fed(state, paths.join(values), future[paths.rows, steps])
        return np.concatenate(blocks, axis=2)

    def seen_by(
        self, index: int, state: StateBatch, block: Block
    ) -> tuple[StateBatch, Block]:  # fmt: skip
        """The state of a member, and the block with the covariates that it sees."""
        covariates = block.covariates[..., slice(*self.shares[index])]
        return state.select(_prefix(index)), replace(block, covariates=covariates)

    def combine(self, forecasts: NDArray, state: StateBatch | None = None) -> NDArray:
        """The members' forecasts, `(k, num_rows, ...)`, as one; NaN where a member has none.

        Without states all rows are of series that were fitted on.
        """
        if self.weights is None:
            return np.median(forecasts, axis=0)
        combined = np.einsum("k,k...->...", self.weights, forecasts)
        if self.newcomer_weights is None or state is None or not state.arrays["newcomer"].any():
            return combined
        new, able = state.arrays["newcomer"], self.newcomer_weights > 0
        of_new = np.einsum("k,k...->...", self.newcomer_weights[able], forecasts[able][:, new])
        combined[new] = of_new
        return combined

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model besides its members: settings for JSON, and arrays."""
        kept = {"weights": self.weights, "newcomer_weights": self.newcomer_weights}
        arrays = {name: array for name, array in kept.items() if array is not None}
        return {"block_length": self.block_length, "shares": self.shares}, arrays

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """The model of `to_saved`, given its members as the setting of that name."""
        arguments: dict[str, Any] = {**settings, **arrays}
        return cls(**arguments)

    def _seen(
        self, state: StateBatch, block: Block
    ) -> Iterator[tuple[Model, StateBatch, Block]]:  # fmt: skip
        """Each member, its state and the block with the covariates that it sees."""
        for index, member in enumerate(self.members):
            yield member, *self.seen_by(index, state, block)

    def _able(self, index: int, state: StateBatch) -> NDArray:
        """Rows that a member may learn from: not from newcomers what it does not forecast."""
        if self.newcomer_weights is None or self.newcomer_weights[index] > 0:
            return np.arange(state.num_rows)
        return np.flatnonzero(~state.arrays["newcomer"])

    def _taught(self, member: Model, state: StateBatch, block: Block) -> Model:
        """The member after learning; beside a network a linear one that cannot stays as it is."""
        if not isinstance(member, Learns) or not state.num_rows:
            return member
        try:
            return member.learn(state, block)
        except ValueError:
            if self.highway is None or member is self.members[-1]:
                raise
            return member

    def member_states(self, state: StateBatch) -> list[StateBatch]:
        """The state of each member, of that of the combination."""
        return [state.select(_prefix(index)) for index in range(len(self.members))]

    def _emit(self, state: StateBatch, future: NDArray) -> NDArray:
        """The combination of the members' point forecasts, `(num_rows, num_steps)`."""
        bounds = Bounds.of_range(state.arrays["minimum"], state.arrays["maximum"])
        forecasts = [
            member.rollout(own, future.shape[1], FeedBack(bounds), future[..., slice(*share)])[:, 0]
            for member, own, share in zip(
                self.members, self.member_states(state), self.shares, strict=True
            )
        ]
        return self.combine(np.stack(forecasts), state)

    def _rolled(
        self,
        members: Sequence[Rolls],
        state: StateBatch,
        horizon: int,
        feedback: Feedback,
        future: NDArray,
    ) -> NDArray:
        """`rollout` where all members keep their paths themselves, without a state for each."""
        bounds = Bounds.of_range(state.arrays["minimum"], state.arrays["maximum"])
        within, blocks = FeedBack(bounds, feedback.num_paths), []
        together = [
            member.paths(own, feedback.num_paths, horizon)
            for member, own in zip(members, self.member_states(state), strict=True)
        ]
        for step in range(0, horizon, self.block_length):
            steps = slice(step, min(step + self.block_length, horizon))
            forecasts = [
                rolled(paths, steps.stop - step, within, future[:, steps, slice(*share)])
                for paths, share in zip(together, self.shares, strict=True)
            ]
            blocks.append(feedback(self.combine(np.stack(forecasts), state), step))
            if steps.stop < horizon:
                together = [paths.fed(blocks[-1]) for paths in together]
        return np.concatenate(blocks, axis=2)

    def _fed(self, state: StateBatch, values: NDArray, covariates: NDArray) -> StateBatch:
        """The states after the members were fed `values`; the history's range stays as it is."""
        everywhere = np.ones(values.shape, dtype=bool)
        fed, _ = self.observe(state, Block(values, everywhere, everywhere, covariates))
        kept = {name: state.arrays[name] for name in ("minimum", "maximum")}
        return StateBatch({**fed.arrays, **kept}, fed.clock, fed.count)


class _Paths:
    """The order of paths as rows: the channels of a system stay together on each path."""

    def __init__(self, num_rows: int, num_paths: int, channels: int) -> None:
        self.num_paths, self.channels = num_paths, channels
        systems = np.arange(num_rows).reshape(-1, 1, channels)
        self.rows = np.repeat(systems, num_paths, axis=1).ravel()

    def split(self, emitted: NDArray, spread: bool) -> NDArray:
        """Rows as `(num_rows, num_paths, num_steps)`; with `spread`, each row on every path."""
        if spread:
            return np.repeat(emitted[:, None], self.num_paths, axis=1)
        systems = emitted.reshape(-1, self.num_paths, self.channels, emitted.shape[1])
        return systems.swapaxes(1, 2).reshape(-1, self.num_paths, emitted.shape[1])

    def join(self, values: NDArray) -> NDArray:
        """`(num_rows, num_paths, num_steps)` as rows, `(num_rows * num_paths, num_steps)`."""
        systems = values.reshape(-1, self.channels, *values.shape[1:])
        return systems.swapaxes(1, 2).reshape(-1, values.shape[2])


def _prefix(index: int) -> str:
    return f"member{index}."


def _beside(states: Sequence[StateBatch]) -> dict[str, NDArray]:
    """The arrays of all members, each named by its member."""
    return {
        _prefix(index) + name: array
        for index, state in enumerate(states)
        for name, array in state.arrays.items()
    }


def _range(state: StateBatch, block: Block) -> dict[str, NDArray]:
    """Smallest and largest value of each history, the block included."""
    values = np.where(block.observed, block.values, np.nan)
    low = np.fmin.reduce(values, axis=1, initial=np.nan)
    high = np.fmax.reduce(values, axis=1, initial=np.nan)
    return {
        "minimum": np.fmin(state.arrays["minimum"], low),
        "maximum": np.fmax(state.arrays["maximum"], high),
    }
