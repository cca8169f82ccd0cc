"""Scheduled sampling: sequences on which the network is fed some of its own forecasts.

What the network is fed is worked out inside of the training step, with the weights of that moment:
a walk along the sequence, a step at a time, all sequences of a batch together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecast.baselines.pooled.model import PooledARModel
from forecast.models.compiled import fused
from forecast.models.lens import Lens
from forecast.models.places import Places
from forecast.models.program import Program
from forecast.models.tensor_inputs import Highway, Recent, recent_of, tensor_inputs

__all__ = ["Sampling", "Trail", "Walk"]

Tensor = Any
_BLOCKED = 1.0  # a draw that no share of truth is above


@dataclass(frozen=True, eq=False)
class Trail:
    """What the highway saw and said along every series, right-padded, `(num_series, num_steps)`.

    Args:
        values: in its terms, gaps filled with its own forecast; NaN where nothing was known.
        observed: where there was a value.
        base: its forecast of the step after.
        unit: size of a correction of 1 there.
    """

    values: NDArray
    observed: NDArray
    base: NDArray
    unit: NDArray


class Sampling:
    """The material of walks: what is known before each sequence, what follows, and the draws.

    Args:
        trail: of the highway along the training series.
        walk: what is walked with.
        seed: of the draws.
    """

    def __init__(self, trail: Trail, walk: Walk, seed: int) -> None:
        """Sum up what is known before each step, and take the bounds of each series."""
        self.trail, self.walk, self.seed = trail, walk, seed
        known = np.nan_to_num(trail.values)
        self._totals = np.cumsum(known, axis=1) - known
        low = np.where(trail.observed, trail.values, np.inf).min(axis=1)
        high = np.where(trail.observed, trail.values, -np.inf).max(axis=1)
        self._low, self._high = 2.0 * low - high, 2.0 * high - low

    def inputs(self, number: int, places: Places, steps: NDArray) -> dict[str, NDArray]:
        """What `Walk` needs of batch `number`.

        Args:
            number: the same draws whenever it comes.
            places: of its sequences.
            steps: of the series, `(batch_size, length)`.
        """
        rows, trail = places.rows, self.trail
        at = rows[:, None], steps
        before = places.starts[:, None] + np.arange(-self.walk.lens.highway.window_length, 0)
        window = np.where(before >= 0, trail.values[rows[:, None], np.maximum(before, 0)], np.nan)
        draws = np.random.default_rng((self.seed, number, 1)).random(steps.shape)
        draws = np.where(trail.observed[at], draws, _BLOCKED)
        of_lags, of_groups, of_rest = self.walk.lens.coefficients(rows)
        return {
            "window": window, "total": self._totals[rows, places.starts],
            "clock": places.starts.astype(float), "values": trail.values[at], "draws": draws,
            "base": np.nan_to_num(trail.base[at]), "unit": _positive(trail.unit[at]),
            "low": self._low[rows], "high": self._high[rows],
            "of_lags": of_lags, "of_groups": of_groups, "of_rest": of_rest,
        }  # fmt: skip


class Walk:
    """Walks a network along the sequences of a batch; fed with the truth, or its own forecast.

    The values are those that the model would be fed if the steps that are left out had none
    (`forecast.protocol`: `observed=False`), within each series' range plus one range.

    Args:
        highway: the linear forecaster inside the network.
        program: the layers, for any weights.
        warmup: first steps of a sequence, which are always fed with the truth.
    """

    def __init__(self, highway: PooledARModel, program: Program, warmup: int) -> None:
        """Store what is the same for all batches."""
        self.program = program
        self._compiled: dict[tuple[str, ...], Callable[..., Tensor]] = {}
        self.lens, self.warmup = Lens(highway), warmup
        self.span, self.num_seasons = highway.features.span, len(highway.features.seasons)
        self.is_scaled = highway.features.scale == "window"

    def __call__(
        self, weights: Sequence[Tensor], inputs: Mapping[str, Tensor], states: Sequence[Tensor],
        share: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
        """Features, linear forecast and unit at every step; no gradient goes through them.

        Args:
            weights: of the layers.
            inputs: of `Sampling`, with the features that the truth gives and the mask.
            states: of the layers before the sequences.
            share: of the steps that are fed with the truth.
        """
        names = tuple(sorted(inputs))
        given = [share, *(inputs[name] for name in names), *states, *weights]
        # Cut off from the tape before, not after: it would prepare a way back through the walk.
        if names not in self._compiled:
            self._compiled[names] = self._fused(names)
        found = self._compiled[names](*map(ops.stop_gradient, map(ops.convert_to_tensor, given)))
        later = found[..., :-2], found[..., -2], found[..., -1]
        joined = [
            ops.concatenate([inputs[name][:, : self.warmup], ops.cast(rest, inputs[name].dtype)], 1)
            for name, rest in zip(("features", "base", "unit"), later, strict=True)
        ]
        return joined[0], joined[1], joined[2]

    def _fused(self, names: Sequence[str]) -> Callable[..., Tensor]:
        """`_walked` of tensors, compiled as a whole."""

        def walked(share: Tensor, *given: Tensor) -> Tensor:
            inputs = dict(zip(names, given[: len(names)], strict=True))
            return self._walked(share, inputs, *self.program.split(given[len(names) :]))

        return fused(walked)

    def _walked(
        self,
        share: Tensor,
        inputs: Mapping[str, Tensor],
        cells: list[Tensor],
        weights: list[Tensor],
    ) -> Tensor:
        """Features, base and unit after the warm-up, `(batch, time, num_features + 2)`."""
        first, recent, highway = self.warmup, self._after_warmup(inputs), self._highway(inputs)
        values, draws = inputs["values"][:, first:], inputs["draws"][:, first:]

        def step(at: Tensor, found: Tensor, forecast: Tensor, *parts: Tensor) -> tuple[Any, ...]:
            truth, draw = ops.take(values, at, axis=1), ops.take(draws, at, axis=1)
            own = _within(forecast, inputs, recent.reference)
            now = _after(recent, parts[:4], ops.where(draw < share, truth, own))
            seen = tensor_inputs(highway, now)
            features, unit = seen.features[:, :, 0], seen.unit[:, 0]
            base = seen.base[:, 0] + recent.reference
            correction, *cells = self.program.pure_step(features, *parts[4:], *weights)
            told = [ops.cast(features, "float64"), ops.nan_to_num(base)[:, None], unit[:, None]]
            found = ops.slice_update(found, (0, at, 0), ops.concatenate(told, axis=1)[:, None])
            return (at + 1, found, _forecast(base, unit, correction), *_moving(now), *cells)

        forecast, cells = self._warmed_up(inputs, cells, weights)
        shape = ops.shape(values)[0], values.shape[1], inputs["features"].shape[2] + 2
        begin = ops.zeros((), "int32"), ops.zeros(shape, "float64"), forecast, *_moving(recent)
        return ops.while_loop(lambda at, *_: at < shape[1], step, (*begin, *cells))[1]

    def _warmed_up(
        self, inputs: Mapping[str, Tensor], cells: list[Tensor], weights: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Forecast of the first step after the warm-up, and the states of the layers there."""
        first = self.warmup
        with self.program.of(weights) as stack:
            outputs, cells = stack(inputs["features"][:, :first], inputs["mask"][:, :first], cells)
        base, unit = inputs["base"][:, first - 1], inputs["unit"][:, first - 1]
        return _forecast(base, unit, outputs[:, -1]), cells

    def _highway(self, inputs: Mapping[str, Tensor]) -> Highway:
        groups = ops.convert_to_tensor(self.lens.groups)
        return Highway(groups, inputs["of_lags"], inputs["of_groups"], inputs["of_rest"],
                       self.span, self.num_seasons, self.is_scaled)  # fmt: skip

    def _after_warmup(self, inputs: Mapping[str, Tensor]) -> Recent:
        """What is known once the first steps have been fed with the truth."""
        first = inputs["values"][:, : self.warmup]
        window = ops.concatenate([inputs["window"], first], axis=1)[:, self.warmup :]
        total = inputs["total"] + ops.sum(ops.nan_to_num(first), axis=1)
        return recent_of(window, total, inputs["clock"] + float(self.warmup), self.span)


def _positive(unit: NDArray) -> NDArray:
    """1 where nothing was known: no such step counts."""
    return np.where(unit > 0.0, unit, 1.0)


def _after(recent: Recent, moving: Sequence[Tensor], value: Tensor) -> Recent:
    """What is known after one more value, `(n,)`."""
    shared, known, surplus, clock = moving
    value = (value - recent.reference)[:, None]
    shared = ops.concatenate([value, shared[:, :-1]], axis=1)
    known = ops.concatenate([ops.ones_like(value), known[:, :-1]], axis=1)
    return Recent(shared, known, recent.own, surplus + value, clock + 1.0, recent.reference)


def _within(forecast: Tensor, inputs: Mapping[str, Tensor], otherwise: Tensor) -> Tensor:
    """The network's own forecast within the bounds of each series; what to feed without one."""
    own = ops.where(ops.isnan(forecast), otherwise, forecast)
    return ops.clip(own, inputs["low"], inputs["high"])


def _moving(recent: Recent) -> tuple[Tensor, ...]:
    """What changes from step to step."""
    return recent.shared, recent.known, recent.surplus, recent.clock


def _forecast(base: Tensor, unit: Tensor, correction: Tensor) -> Tensor:
    return base + unit * ops.cast(correction, "float64")
