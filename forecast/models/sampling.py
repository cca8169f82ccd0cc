"""Scheduled sampling: sequences on which the network is fed some of its own forecasts.

What the network is fed is worked out inside of the training step, with the weights of that moment:
a walk along the sequence, a step at a time, all sequences of a batch together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecast.baselines.pooled.model import PooledARModel
from forecast.models.lens import Lens
from forecast.models.places import Places
from forecast.models.stack import RecurrentStack
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
        highway: the linear forecaster inside the network.
        trail: along the training series.
        warmup: first steps of a sequence, at least 1, which are always fed with the truth.
        seed: of the draws.
    """

    def __init__(self, highway: PooledARModel, trail: Trail, warmup: int, seed: int) -> None:
        """Sum up what is known before each step, and take the bounds of each series."""
        self.trail, self.seed = trail, seed
        self.window_length = highway.window_length
        self.lens = Lens(highway)
        self.walk = Walk(highway, warmup)
        known = np.nan_to_num(trail.values)
        self._totals = np.cumsum(known, axis=1) - known
        seen = np.where(trail.observed, trail.values, np.nan)
        low, high = np.nanmin(seen, axis=1), np.nanmax(seen, axis=1)
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
        before = places.starts[:, None] + np.arange(-self.window_length, 0)
        window = np.where(before >= 0, trail.values[rows[:, None], np.maximum(before, 0)], np.nan)
        draws = np.random.default_rng((self.seed, number, 1)).random(steps.shape)
        draws = np.where(trail.observed[at], draws, _BLOCKED)
        of_lags, of_groups, of_rest = self.lens.coefficients(rows)
        return {
            "window": window, "total": self._totals[rows, places.starts],
            "clock": places.starts.astype(float), "values": np.nan_to_num(trail.values[at]),
            "base": trail.base[at], "unit": trail.unit[at], "draws": draws,
            "low": self._low[rows], "high": self._high[rows],
            "of_lags": of_lags, "of_groups": of_groups, "of_rest": of_rest,
        }  # fmt: skip


class Walk:
    """Walks a network along the sequences of a batch; fed with the truth, or its own forecast.

    The values are those that the model would be fed if the steps that are left out had none
    (`forecast.protocol`: `observed=False`), within each series' range plus one range.

    Args:
        highway: the linear forecaster inside the network.
        warmup: first steps of a sequence, which are always fed with the truth.
    """

    def __init__(self, highway: PooledARModel, warmup: int) -> None:
        """Store what is the same for all batches."""
        self.groups, self.warmup = Lens(highway).groups, warmup
        self.span, self.num_seasons = highway.features.span, len(highway.features.seasons)
        self.is_scaled = highway.features.scale == "window"

    def __call__(
        self, stack: RecurrentStack, inputs: Mapping[str, Tensor], states: list[Tensor],
        share: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
        """Features, linear forecast and unit at every step; no gradient goes through them.

        Args:
            stack: the layers.
            inputs: of `Sampling`, with the features that the truth gives and the mask.
            states: of the layers before the sequences.
            share: of the steps that are fed with the truth.
        """
        warmup, features = self.warmup, inputs["features"]
        highway = self._highway(inputs)
        outputs, cells = stack(features[:, :warmup], inputs["mask"][:, :warmup], states)
        base, unit = inputs["base"][:, :warmup], inputs["unit"][:, :warmup]
        correction = ops.cast(outputs[:, -1], "float64")
        forecast = base[:, -1] + unit[:, -1] * correction
        recent = self._after_warmup(inputs)

        def step(carry: tuple[Tensor, ...], fed: tuple[Tensor, ...]) -> Any:
            forecast, recent, cells = carry[0], Recent(*carry[1:7]), list(carry[7:])
            truth, draw = fed
            own = ops.clip(forecast, inputs["low"], inputs["high"])
            recent = _after(recent, ops.where(draw < share, truth, own))
            seen = tensor_inputs(highway, recent)
            correction, cells = stack.step(seen.features[:, :, 0], cells)
            base, unit = seen.base[:, 0] + recent.reference, seen.unit[:, 0]
            forecast = base + unit * ops.cast(correction, "float64")
            return (forecast, *_parts(recent), *cells), (seen.features[:, :, 0], base, unit)

        later = (_time_first(inputs["values"][:, warmup:]), _time_first(inputs["draws"][:, warmup:]))
        _, found = ops.scan(step, (forecast, *_parts(recent), *cells), later)
        early = features[:, :warmup], base, unit
        return tuple(
            ops.stop_gradient(ops.concatenate([first, _time_first(rest)], axis=1))
            for first, rest in zip(early, found, strict=True)
        )  # type: ignore[return-value]

    def _highway(self, inputs: Mapping[str, Tensor]) -> Highway:
        groups = ops.convert_to_tensor(self.groups)
        return Highway(groups, inputs["of_lags"], inputs["of_groups"], inputs["of_rest"],
                       self.span, self.num_seasons, self.is_scaled)  # fmt: skip

    def _after_warmup(self, inputs: Mapping[str, Tensor]) -> Recent:
        """What is known once the first steps have been fed with the truth."""
        first = inputs["values"][:, : self.warmup]
        window = ops.concatenate([inputs["window"], first], axis=1)[:, self.warmup :]
        total = inputs["total"] + ops.sum(first, axis=1)
        return recent_of(window, total, inputs["clock"] + float(self.warmup), self.span)


def _after(recent: Recent, value: Tensor) -> Recent:
    """The same pasts after one more value, `(n,)`."""
    value = (value - recent.reference)[:, None]
    shared = ops.concatenate([value, recent.shared[:, :-1]], axis=1)
    known = ops.concatenate([ops.ones_like(value), recent.known[:, :-1]], axis=1)
    return Recent(shared, known, recent.own, recent.surplus + value, recent.clock + 1.0,
                  recent.reference)  # fmt: skip


def _parts(recent: Recent) -> tuple[Tensor, ...]:
    return (recent.shared, recent.known, recent.own, recent.surplus, recent.clock,
            recent.reference)  # fmt: skip


def _time_first(values: Tensor) -> Tensor:
    """Time and rows exchanged."""
    axes = (1, 0, *range(2, len(values.shape)))
    return ops.transpose(values, axes)
