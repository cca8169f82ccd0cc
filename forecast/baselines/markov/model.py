"""Hidden Markov models as models: the state is the posterior over the hidden states."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.markov.chain import HiddenChain
from forecast.baselines.markov.emissions import Categorical, Emission, Gaussian, Seen, logarithm
from forecast.baselines.markov.recursions import forward, log_sum
from forecast.baselines.phase_scale import PhaseScale
from forecast.dynamics import Dynamics
from forecast.protocol import Block, Feedback, StateBatch, Static

__all__ = ["HiddenMarkovModel"]

# Relative to the size of a series: what is fed back nearer to the forecast is the forecast.
_SAME = 1e-9
_PIECE_NUMBERS = 4_000_000


class HiddenMarkovModel:
    """A chain of hidden states, each with its distribution of the value.

    The state holds the log-probabilities of the hidden states before the next step, and the last
    value. A step without a value, or fed the model's own forecast, moves them on by the
    transition; any other value is evidence, the draws of sample paths too.

    Args:
        chain: the parameters of one or more chains.
        of_series: which of them each series follows, `(num_series,)`; -1 for one that is forecast
            by its last value.
        scale: shift and factor of each series by phase.
    """

    block_length = 1
    dynamics = Dynamics(("belief",), fed=("last",))

    def __init__(self, chain: HiddenChain, of_series: NDArray, scale: PhaseScale) -> None:
        """Store the fit."""
        self.chain = chain
        self.of_series = of_series
        self.scale = scale
        self.uses_clock = scale.season_length > 1

    def init_state(self, num_rows: int, static: Static) -> StateBatch:
        """See `forecast.protocol.Model`."""
        series = np.asarray(static.series, dtype=np.int64)
        arrays = {
            "belief": logarithm(self.chain.start)[self._of_row(series)],
            "last": np.zeros(num_rows),
            "phase": static.offset % self.scale.season_length,
            "series": series,
        }
        nothing = np.zeros(num_rows, dtype=np.int64)
        return StateBatch(arrays, nothing, nothing.copy())

    def observe(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray]:
        """See `forecast.protocol.Model`; the filter, some steps at a time."""
        series, phase = state.arrays["series"], state.arrays["phase"]
        of_row, seen = self._of_row(series), self.seen(series, phase, block)
        belief, forecasts = state.arrays["belief"], []
        piece = max(1, _PIECE_NUMBERS // max(1, len(series) * self.chain.num_states**2))
        for begin in range(0, block.num_steps, piece):
            walk = forward(self.chain, of_row, belief, seen.steps(begin, begin + piece))
            belief = walk.ahead[-1]
            forecasts.append(self._points(of_row, walk.ahead[:-1]))
        one_step = self.scale.outward(series, phase, np.concatenate(forecasts, axis=1))
        held = _held(state.arrays["last"], block)
        one_step = np.where(self._walks(series)[:, None], held[:, :-1], one_step)
        count = state.count[:, None] + np.cumsum(block.observed, axis=1) - block.observed
        arrays = {
            "belief": belief,
            "last": held[:, -1],
            "phase": (phase + block.valid.sum(axis=1)) % self.scale.season_length,
            "series": series,
        }
        return state.advance(arrays, block), np.where(count > 0, one_step, np.nan)

    def rollout(
        self,
        state: StateBatch,
        horizon: int,
        feedback: Feedback,
        future: NDArray,  # noqa: ARG002 (without a use for covariates)
    ) -> NDArray:
        """See `forecast.protocol.Model`."""
        num_rows, paths = state.num_rows, feedback.num_paths
        rows = np.repeat(np.arange(num_rows), paths)
        series, last = state.arrays["series"][rows], state.arrays["last"][rows]
        shift, factor = self.scale.lines(series, state.arrays["phase"][rows], horizon)
        of_row, walks = self._of_row(series), self._walks(series)
        belief, found = state.arrays["belief"][rows], []
        for step in range(horizon):
            ahead = shift[:, step] + factor[:, step] * self._points(of_row, belief[None])[:, 0]
            emitted = np.where(walks, last, ahead)
            fed = self._possible(feedback(emitted.reshape(num_rows, paths, 1), step).ravel())
            evidence = np.abs(fed - emitted) > _SAME * factor[:, step]
            told = Seen(
                ((fed - shift[:, step]) / factor[:, step])[:, None],
                (evidence & ~walks)[:, None],
                np.ones((len(fed), 1), dtype=bool),
            )
            belief, last = forward(self.chain, of_row, belief, told).ahead[-1], fed
            found.append(fed.reshape(num_rows, paths))
        return np.stack(found, axis=2)

    def class_probabilities(self, state: StateBatch, horizon: int) -> NDArray:
        """Probability of each class at each step ahead, `(num_rows, horizon, num_classes)`.

        Args:
            state: states of `num_rows` series.
            horizon: steps ahead.

        Raises:
            TypeError: for a model of normal values.
        """
        emission = self.chain.emission
        if not isinstance(emission, Categorical):
            raise TypeError("the states of this model emit normal values, not classes.")
        of_row = self._of_row(state.arrays["series"])
        transition, belief, found = self.chain.transition[of_row], state.arrays["belief"], []
        probabilities = np.exp(belief - log_sum(belief, 1)[:, None])
        for _ in range(horizon):
            found.append(emission.mixed(of_row, probabilities))
            probabilities = (probabilities[:, None] @ transition)[:, 0]
        return np.stack(found, axis=1)

    def seen(self, series: NDArray, phase: NDArray, block: Block) -> Seen:
        """A block in the units of the chains; nothing of series that follow none."""
        known = block.observed & ~self._walks(series)[:, None]
        values = np.where(known, self.scale.inward(series, phase, block.values), 0.0)
        return Seen(values, known, block.valid)

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """What a bundle keeps of the model: settings for JSON, and arrays."""
        chain, scale = self.chain, self.scale
        arrays = {"start": chain.start, "transition": chain.transition}
        arrays |= vars(chain.emission)
        arrays |= {"shift": scale.shift, "factor": scale.factor, "of_series": self.of_series}
        return {}, arrays

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """The model that `to_saved` gave the arrays of; refuses what does not fit together."""
        emission: Emission
        if "classes" in arrays:
            emission = Categorical(arrays["classes"])
        else:
            emission = Gaussian(arrays["means"], arrays["deviations"])
        chain, of_series = (
            HiddenChain(arrays["start"], arrays["transition"], emission),
            arrays["of_series"],
        )
        if len(of_series) and not -1 <= of_series.min() <= of_series.max() < chain.num_chains:
            raise ValueError("a series of a hidden Markov model follows none of its chains.")
        scale = PhaseScale(arrays["shift"], arrays["factor"])
        if not ((scale.factor > 0.0).all() and (arrays.get("deviations", 1.0) > np.zeros(1)).all()):
            raise ValueError("a size of a hidden Markov model is not above 0.")
        return cls(chain, of_series, scale, **settings)

    def _of_row(self, series: NDArray) -> NDArray:
        """The chain of each row; the first for a series that follows none."""
        return np.maximum(self.of_series[series], 0)

    def _walks(self, series: NDArray) -> NDArray:
        """Which rows are forecast by their last value."""
        return self.of_series[series] < 0

    def _points(self, of_row: NDArray, belief: NDArray) -> NDArray:
        """Point forecasts in the units of the chains, `(num_rows, num_steps)`.

        Args:
            of_row: the chain of each row.
            belief: log-probabilities of the states, `(num_steps, num_rows, num_states)`.
        """
        num_steps, num_rows, size = belief.shape
        probabilities = np.exp(belief - log_sum(belief, 2)[:, :, None]).reshape(-1, size)
        flat = self.chain.emission.point(np.tile(of_row, num_steps), probabilities)
        return flat.reshape(num_steps, num_rows).T

    def _possible(self, values: NDArray) -> NDArray:
        """Values that the states can emit: the nearest class."""
        emission = self.chain.emission
        if isinstance(emission, Categorical):
            return np.clip(np.rint(values), 0.0, emission.classes.shape[2] - 1.0)
        return values


def _held(last: NDArray, block: Block) -> NDArray:
    """The last value before each step and after all of them, `(num_rows, num_steps + 1)`."""
    values = np.concatenate([last[:, None], block.values], axis=1)
    known = np.concatenate([np.ones((len(last), 1), dtype=bool), block.observed], axis=1)
    newest = np.maximum.accumulate(np.where(known, np.arange(values.shape[1]), 0), axis=1)
    return np.take_along_axis(values, newest, axis=1)
