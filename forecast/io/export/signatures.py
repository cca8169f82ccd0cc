"""The functions of an export: `initial_state`, `step`, `batch` and `rollout` as graphs."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from forecast.io.export.record import RECORD, limits, of_record, recorded, scale
from forecast.io.export.rolling import rolled
from forecast.io.export.served import ServedModel, Tensors
from forecast.protocol import StateBatch

__all__ = ["PREFIX", "Signatures"]

PREFIX = "state_"
"""Before the name of every array of the state, as argument and as result."""


class Signatures(tf.Module):
    """The signatures around a model: names, masks, record and guard are the same for all.

    Args:
        served: the model.
        default_scale: one-step error assumed of a series without one.
        series: positions that a series may have among the fitted ones, -1 for a new one.
    """

    def __init__(self, served: ServedModel, default_scale: float, series: range) -> None:
        """Store all."""
        super().__init__()
        self.served = served
        self._default_scale = default_scale
        self._series = (series.start, series.stop - 1)
        self._arrays = {**served.state_arrays(), **RECORD}

    def of_state(self, state: StateBatch) -> dict[str, NDArray]:
        """All arrays of a state as the library keeps it, that of the engine."""
        inner, record = state.select("model."), state.select("record.")
        arrays = {**self.served.of_state(inner), **of_record(record.arrays)}
        return {name: arrays[name].astype(own.dtype) for name, own in self._arrays.items()}

    def graphs(self) -> dict[str, Any]:
        """The concrete functions by name."""
        row, block = (None,), (None, None)
        state = self._specs(PREFIX)
        return {
            "initial_state": _graph(self._initial_state, series=_spec("series", row, tf.int64)),
            "step": _graph(self._step, values=_spec("values", row), **state),
            "batch": _graph(
                self._batch, values=_spec("values", block),
                observed=_spec("observed", block, tf.bool), valid=_spec("valid", block, tf.bool),
                **state,
            ),
            "rollout": _graph(self._rollout, horizon=_spec("horizon", (), tf.int64), **state),
        }  # fmt: skip

    def _initial_state(self, series: Any) -> dict[str, Any]:
        least, most = (tf.constant(end, tf.int64) for end in self._series)
        words = f"series must be a position from {self._series[0]} to {self._series[1]}"
        checks = [
            tf.debugging.assert_greater_equal(series, least, words),
            tf.debugging.assert_less_equal(series, most, words),
        ]
        with tf.control_dependencies(checks):
            series = tf.identity(series)
        num_rows = tf.shape(series)[0]
        state = {name: array.blank(num_rows) for name, array in self._arrays.items()}
        return _named(state | ({"series": series} if "series" in state else {}))

    def _step(self, values: Any, **state: Any) -> dict[str, Any]:
        begun = _bare(state)
        (values,) = _matching(begun, values)
        after = self._after(state=begun, values=values)
        return {"forecast": self._forecast(state=after), **self._results(after)}

    def _batch(self, values: Any, observed: Any, valid: Any, **state: Any) -> dict[str, Any]:
        begun, nan = _bare(state), tf.constant(float("nan"), tf.float64)
        values, observed, valid = _matching(begun, values, observed, valid)
        columns = tf.transpose(tf.where(observed & valid, values, nan))
        exists, num_steps = tf.transpose(valid), tf.shape(values)[1]

        def move(step: Any, forecasts: Any, now: Tensors) -> tuple[Any, Any, Tensors]:
            moves = exists[step]
            made = tf.where(moves, self._forecast(state=now), nan)
            after = self._after(state=now, values=columns[step])
            after = {name: _chosen(moves, after[name], now[name]) for name in now}
            return step + 1, forecasts.write(step, made), after

        forecasts = tf.TensorArray(tf.float64, num_steps, element_shape=(None,))
        start = (tf.constant(0), forecasts, begun)
        _, forecasts, after = tf.while_loop(lambda step, *_: step < num_steps, move, start)
        one_step = tf.reshape(forecasts.stack(), tf.shape(columns))
        results = {"one_step": tf.transpose(one_step), "forecast": self._forecast(state=after)}
        return {**results, **self._results(after)}

    def _rollout(self, horizon: Any, **state: Any) -> dict[str, Any]:
        begun = _bare(state)
        (begun["clock"],) = _matching(begun, begun["clock"])
        positive = tf.debugging.assert_positive(horizon, "horizon must be at least 1")
        with tf.control_dependencies([positive]):
            num_steps = tf.cast(horizon, tf.int32)
        forecast, (low, high) = rolled(self.served, begun, num_steps), limits(begun)
        spread = scale(begun, self._default_scale)
        return {"forecast": forecast, "scale": spread, "lowest": low, "highest": high}

    @cached_property
    def _after(self) -> Any:
        """The state after one step: one graph, which `step` and `batch` call."""
        return _graph(self._moved, state=self._specs(), values=_spec("values", (None,)))

    @cached_property
    def _forecast(self) -> Any:
        """The forecast of the next step: one graph, which `step` and `batch` call."""
        return _graph(self._ahead, state=self._specs())

    def _specs(self, prefix: str = "") -> dict[str, tf.TensorSpec]:
        return {prefix + name: array.spec(prefix + name) for name, array in self._arrays.items()}

    def _moved(self, state: Tensors, values: Any) -> dict[str, Any]:
        """The state after one step; NaN where it has no value.

        A series begins with its first value: steps without one before it change nothing.
        """
        nothing = tf.constant(float("nan"), tf.float64)
        one_step = tf.where(state["clock"] > 0, self.served.one_step(state), nothing)
        after = self.served.observe(state, self.served.encode(values))
        after |= recorded(state, values, one_step)
        begins = (state["clock"] > 0) | ~tf.math.is_nan(values)
        return {name: _chosen(begins, after[name], state[name]) for name in state}

    def _ahead(self, state: Tensors) -> Any:
        """Forecast of the next step, within the guard, `(num_rows,)`."""
        return rolled(self.served, state, 1)[:, 0]

    def _results(self, state: Tensors) -> dict[str, Any]:
        return {"scale": scale(state, self._default_scale), **_named(state)}


def _graph(function: Any, **specs: Any) -> Any:
    return tf.function(function, autograph=False).get_concrete_function(**specs)


def _spec(name: str, shape: tuple[int | None, ...], dtype: Any = tf.float64) -> tf.TensorSpec:
    return tf.TensorSpec(shape, dtype, name=name)


def _matching(state: Tensors, *inputs: Any) -> list[Any]:
    """The inputs, once they are of one shape with a row for each row of the state.

    TensorFlow would let one row stand for all of them.
    """
    shape, rows = tf.shape(inputs[0]), [tf.shape(array)[0] for array in state.values()]
    words = "the inputs must have a row for each row of the state"
    first = tf.concat([shape, [-1]], axis=0)[:1]  # -1 for a number without rows
    checks = [tf.debugging.assert_equal(tf.stack(rows), first, words)]
    words = "values, observed and valid must have the same shape, with one step or more"
    checks += [tf.debugging.assert_equal(tf.shape(other), shape, words) for other in inputs[1:]]
    checks += [tf.debugging.assert_positive(shape[1:], words)]
    with tf.control_dependencies(checks):
        return [tf.identity(array) for array in inputs]


def _bare(state: Tensors) -> dict[str, Any]:
    return {name.removeprefix(PREFIX): array for name, array in state.items()}


def _named(state: Tensors) -> dict[str, Any]:
    return {PREFIX + name: array for name, array in state.items()}


def _chosen(rows: Any, new: Any, old: Any) -> Any:
    """Rows of `new` where `rows` is True, those of `old` elsewhere."""
    shape = tf.concat([tf.shape(rows), tf.ones(tf.rank(new) - 1, tf.int32)], axis=0)
    return tf.where(tf.reshape(rows, shape), new, old)
