"""A network in tensors: its cells beside the window of the linear highway."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from forecast.heads import Distribution
from forecast.io.export.heads import median_of
from forecast.io.export.pooled import ServedPooled
from forecast.io.export.served import StateArray, Tensors, learned
from forecast.io.export.window import ServedWindow
from forecast.models.body import ReadBody
from forecast.models.lens import Lens
from forecast.models.network import NetworkModel
from forecast.models.tensor_inputs import Highway, recent_of, tensor_inputs
from forecast.protocol import StateBatch

__all__ = ["ServedNetwork"]


class ServedNetwork(ServedWindow):
    """See `NetworkModel`: `y[t+1] = linear forecast + unit * network(features, state)`.

    What is said of the next steps stands in the state: the forecasts, or of a distribution for each
    step the linear forecast, the unit and the outputs of its head; its median is the forecast.

    Args:
        model: the model, whose head is not one of counts.
    """

    remembered = ("window", "total", "size", "clock", "series")

    def __init__(self, model: NetworkModel) -> None:
        """Take over the weights of all layers, and the highway of every series."""
        length = model.highway.features.window_length
        super().__init__(length, model.block_length, model.highway.power)
        self._head, self._shape = model.head, model.emission.shape
        self._pooled = ServedPooled(model.highway)
        body, lens, sets = model.body, Lens(model.highway), len(model.highway.coefficients)
        of_lags, of_groups, of_rest, _ = lens.coefficients(np.arange(sets) - 1)
        self._features = model.highway.features
        self._groups, self._of_lags = learned(lens.groups), learned(of_lags)
        self._of_groups, self._of_rest = learned(of_groups), learned(of_rest)
        self._scales = learned(model.highway.scales)
        layers = body.body if isinstance(body, ReadBody) else body
        self._program, self._sizes = layers.program, layers.state_sizes
        self._weights = [learned(weight, np.float32) for weight in layers.weights]
        self._readout = learned(_maps(body)) if isinstance(body, ReadBody) else None

    def state_arrays(self) -> dict[str, StateArray]:
        """See `ServedModel`."""
        cells = {_cell(i): StateArray((size,), "float32") for i, size in enumerate(self._sizes)}
        forecast = {"forecast": StateArray(self._shape, initial=float("nan"))}
        return super().state_arrays() | forecast | cells

    def of_state(self, state: StateBatch) -> dict[str, NDArray]:
        """See `ServedModel`."""
        cells = {_cell(index): state.arrays[f"cell.{index}"] for index in range(len(self._sizes))}
        return super().of_state(state) | {"forecast": state.arrays["forecast"]} | cells

    def emit(self, state: Tensors, num_steps: int) -> Any:
        """See `ServedModel`: the forecast is ready in the state."""
        said = state["forecast"]
        said = said[:, None] if self.block_length == 1 else said
        if isinstance(self._head, Distribution):
            said = said[..., 0] + said[..., 1] * median_of(self._head, said[..., 2:])
        return said[:, :num_steps]

    def feed(self, state: Tensors, values: Any) -> dict[str, Any]:
        """See `ServedModel`: the cells take each step, and the next forecast is made."""
        if values.shape[1] == 1:
            return self._forecast(*self._moved(state, values))
        columns = tf.transpose(values)[:, :, None]

        def move(step: Any, now: Tensors, unit: Any, raw: Any) -> tuple[Any, Tensors, Any, Any]:
            after, unit, raw = self._moved(now, columns[step])
            return step + 1, {name: after[name] for name in now}, unit, raw

        begun, unit, raw = self._moved(state, columns[0])
        start = (tf.constant(1), {name: begun[name] for name in state}, unit, raw)
        _, after, *said = tf.while_loop(lambda step, *_: step < tf.shape(columns)[0], move, start)
        return self._forecast(after, *said)

    def _moved(self, state: Tensors, values: Any) -> tuple[dict[str, Any], Any, Any]:
        """Window and cells after one step of `(num_rows, 1)`, the unit, and the outputs."""
        after = super().feed(state, values)
        clock, span = tf.cast(after["clock"], tf.float64), self._features.span
        recent = recent_of(after["window"], after["total"], clock, span)
        inputs = tensor_inputs(self._highway(after["series"]), recent)
        features, names = inputs.features[:, :, 0], [_cell(i) for i in range(len(self._sizes))]
        outputs, cells = self._step(features, [state[name] for name in names])
        raw = self._correction(outputs, features, after["series"])
        return {**after, **dict(zip(names, cells, strict=True))}, inputs.unit, raw

    def _forecast(self, state: Tensors, unit: Any, raw: Any) -> dict[str, Any]:
        """The state with what is said of the next steps, `(num_rows, block_length, ...)`."""
        base = self._pooled.emit(state, self.block_length)
        raw = tf.reshape(raw, tf.concat([tf.shape(base), [self._head.num_outputs]], axis=0))
        said = base + unit * raw[..., 0]
        if isinstance(self._head, Distribution):
            units = tf.broadcast_to(unit, tf.shape(base))
            said = tf.concat([base[..., None], units[..., None], raw], axis=-1)
        return {**state, "forecast": said[:, 0] if self.block_length == 1 else said}

    def _highway(self, series: Any) -> Highway:
        sets, features = _sets(self._of_lags, series), self._features
        return Highway(
            self._groups.read_value(),
            tf.gather(self._of_lags, sets),
            tf.gather(self._of_groups, sets),
            tf.gather(self._of_rest, sets),
            tf.gather(self._scales, _sets(self._scales, series)),
            features.span,
            len(features.seasons),
            features.scale != "none",
        )

    def _step(self, features: Any, cells: list[Any]) -> tuple[Any, list[Any]]:
        with self._program.of([weight.read_value() for weight in self._weights]) as stack:
            return stack.step(features, cells)

    def _correction(self, outputs: Any, features: Any, series: Any) -> Any:
        """What the layers give, or what a readout in closed form makes of it, in float64."""
        outputs = tf.cast(outputs, tf.float64)
        if self._readout is None:
            return outputs
        seen = tf.concat([outputs, tf.cast(features, tf.float64)], axis=1)
        own = tf.gather(self._readout, _sets(self._readout, series))
        return tf.reduce_sum(seen * own[:, :-1], axis=1) + own[:, -1]


def _sets(learned_sets: Any, series: Any) -> Any:
    """Which of the sets is each row's: the pool's first, then those of the series, if there are."""
    return series + 1 if learned_sets.shape[0] > 1 else tf.zeros_like(series)


def _maps(body: ReadBody) -> NDArray:
    """The linear map of the pool, then that of each series, if they have their own."""
    own = 0 if body.departures is None else len(body.departures)
    return np.atleast_2d(body.of_series(np.arange(own + 1) - 1).coefficients)


def _cell(index: int) -> str:
    return f"cell{index}"
