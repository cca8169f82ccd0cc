"""A walk of a network along sequences, fed with the truth or with its own forecasts.

It happens inside of the training step, with the weights of that moment: a step at a time, all
sequences of a batch together, compiled as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from keras import ops
from numpy.typing import NDArray

from forecast.baselines.pooled.features import Features
from forecast.models.compiled import fused
from forecast.models.lens import lag_groups
from forecast.models.program import Program
from forecast.models.tensor_inputs import Highway, Recent, recent_of, tensor_inputs

__all__ = ["Walk"]

Tensor = Any


@dataclass(frozen=True)
class Walk:
    """Walks a network along the sequences of a batch; fed with the truth, or its own forecast.

    The values are those that the model would be fed if the steps that are left out had none
    (`forecast.protocol`: `observed=False`), within each series' range plus one range.

    Args:
        features: what the linear forecaster inside the network sees.
        program: the layers, for any weights.
        warmup: first steps of a sequence, which are always fed with the truth.
    """

    features: Features
    program: Program
    warmup: int

    @cached_property
    def form(self) -> _Form:
        """What is the same for all batches."""
        features = self.features
        is_scaled = features.scale == "window"
        return _Form(
            self.program, self.warmup, features.span, len(features.seasons), is_scaled
        )  # fmt: skip

    @cached_property
    def groups(self) -> NDArray:
        """See `forecast.models.lens.Lens`."""
        return lag_groups(self.features)

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
        inputs = {**inputs, "groups": self.groups}
        names = tuple(sorted(inputs))
        given = [share, *(inputs[name] for name in names), *states, *weights]
        # Cut off from the tape before, not after: it would prepare a way back through the walk.
        cut = [ops.stop_gradient(ops.convert_to_tensor(part)) for part in given]
        found = _compiled(self.form, names)(*cut)
        later = found[..., :-2], found[..., -2], found[..., -1]
        first = self.form.warmup
        joined = [
            ops.concatenate([inputs[name][:, :first], ops.cast(rest, inputs[name].dtype)], 1)
            for name, rest in zip(("features", "base", "unit"), later, strict=True)
        ]
        return joined[0], joined[1], joined[2]


@dataclass(frozen=True)
class _Form:
    """What a trace depends on.

    Args:
        program: the layers.
        warmup: first steps, fed with the truth.
        span: newest values whose mean is the level.
        num_seasons: seasons of the highway.
        is_scaled: whether the highway's constant is in the unit of the window.
    """

    program: Program
    warmup: int
    span: int
    num_seasons: int
    is_scaled: bool

    def walked(
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
        return Highway(inputs["groups"], inputs["of_lags"], inputs["of_groups"], inputs["of_rest"],
                       inputs["scales"], self.span, self.num_seasons, self.is_scaled)  # fmt: skip

    def _after_warmup(self, inputs: Mapping[str, Tensor]) -> Recent:
        """What is known once the first steps have been fed with the truth."""
        first = inputs["values"][:, : self.warmup]
        window = ops.concatenate([inputs["window"], first], axis=1)[:, self.warmup :]
        total = inputs["total"] + ops.sum(ops.nan_to_num(first), axis=1)
        return recent_of(window, total, inputs["clock"] + float(self.warmup), self.span)


@lru_cache(maxsize=16)
def _compiled(form: _Form, names: tuple[str, ...]) -> Callable[..., Tensor]:
    """`_Form.walked` of tensors: share, inputs of these names, states, weights."""

    def walked(share: Tensor, *given: Tensor) -> Tensor:
        inputs = dict(zip(names, given[: len(names)], strict=True))
        return form.walked(share, inputs, *form.program.split(given[len(names) :]))

    return fused(walked)


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
