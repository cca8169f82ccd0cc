"""A network in tensors: its cells beside the window of the linear highway."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

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

    Args:
        model: the model.
    """

    remembered = ("window", "total", "clock", "series")

    def __init__(self, model: NetworkModel) -> None:
        """Take over the weights of all layers, and the highway of every series."""
        super().__init__(model.highway.features.window_length, 1, model.highway.power)
        body, lens, sets = model.body, Lens(model.highway), len(model.highway.coefficients)
        of_lags, of_groups, of_rest = lens.coefficients(np.arange(sets) - 1)
        self._features = model.highway.features
        self._groups, self._of_lags = learned(lens.groups), learned(of_lags)
        self._of_groups, self._of_rest = learned(of_groups), learned(of_rest)
        layers = body.body if isinstance(body, ReadBody) else body
        self._program, self._sizes = layers.program, layers.state_sizes
        self._weights = [learned(weight, np.float32) for weight in layers.weights]
        self._readout = learned(body.coefficients) if isinstance(body, ReadBody) else None

    def state_arrays(self) -> dict[str, StateArray]:
        """See `ServedModel`."""
        cells = {_cell(i): StateArray((size,), "float32") for i, size in enumerate(self._sizes)}
        forecast = {"forecast": StateArray(initial=float("nan"))}
        return super().state_arrays() | forecast | cells

    def of_state(self, state: StateBatch) -> dict[str, NDArray]:
        """See `ServedModel`."""
        cells = {_cell(index): state.arrays[f"cell.{index}"] for index in range(len(self._sizes))}
        return super().of_state(state) | {"forecast": state.arrays["forecast"]} | cells

    def emit(self, state: Tensors, num_steps: int) -> Any:  # noqa: ARG002 (always 1)
        """See `ServedModel`: the forecast is ready in the state."""
        return state["forecast"][:, None]

    def feed(self, state: Tensors, values: Any) -> dict[str, Any]:
        """See `ServedModel`: the cells take one step, and the next forecast is made."""
        after = super().feed(state, values)
        clock, span = tf.cast(after["clock"], tf.float64), self._features.span
        recent = recent_of(after["window"], after["total"], clock, span)
        inputs = tensor_inputs(self._highway(after["series"]), recent)
        features, base, unit = inputs.features[:, :, 0], inputs.base[:, 0], inputs.unit[:, 0]
        names = [_cell(index) for index in range(len(self._sizes))]
        outputs, cells = self._step(features, [state[name] for name in names])
        forecast = recent.reference + base + unit * self._correction(outputs, features)
        return {**after, "forecast": forecast, **dict(zip(names, cells, strict=True))}

    def _highway(self, series: Any) -> Highway:
        sets = series + 1 if self._of_lags.shape[0] > 1 else tf.zeros_like(series)
        features = self._features
        return Highway(
            self._groups.read_value(),
            tf.gather(self._of_lags, sets),
            tf.gather(self._of_groups, sets),
            tf.gather(self._of_rest, sets),
            features.span,
            len(features.seasons),
            features.scale != "none",
        )

    def _step(self, features: Any, cells: list[Any]) -> tuple[Any, list[Any]]:
        with self._program.of([weight.read_value() for weight in self._weights]) as stack:
            return stack.step(features, cells)

    def _correction(self, outputs: Any, features: Any) -> Any:
        """What the layers give, or what a readout in closed form makes of it, `(num_rows,)`."""
        outputs = tf.cast(outputs, tf.float64)
        if self._readout is None:
            return outputs
        seen = tf.concat([outputs, tf.cast(features, tf.float64)], axis=1)
        return tf.linalg.matvec(seen, self._readout[:-1]) + self._readout[-1]


def _cell(index: int) -> str:
    return f"cell{index}"
