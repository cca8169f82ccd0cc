"""Which layers the kernels of the backends cover, and how they are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from forecast.layers.gated_recurrences import GatedUnit, ResetAfterUnit
from forecast.layers.recurrences import LongShortTermMemory, PlainUnit, Recurrence

__all__ = ["check_implementation", "recurrence_of", "run_kernel"]

_IMPLEMENTATIONS = ("auto", "plain")
_BACKENDS = ("tensorflow", "jax")
_DTYPES = ("float32", "float64")


def check_implementation(implementation: str) -> str:
    """Return `implementation`; raise ValueError unless it is a known one."""
    if implementation not in _IMPLEMENTATIONS:
        raise ValueError(
            f"implementation={implementation!r}: expected one of {_IMPLEMENTATIONS}; "
            '"auto" is right unless the plain loop is wanted for comparison.'
        )
    return implementation


def recurrence_of(layer: Any, tensors: Sequence[Any], training: bool) -> Recurrence | None:
    """The recurrence of a layer that a kernel covers; None where the plain loop is to run.

    This is the only place that decides. Covered are the trained cells themselves (not classes
    derived of them) with the activations that they start with, and relu in the plain one, in
    float32 and float64, without dropout, unless a derivative is taken forwards.

    Args:
        layer: whose cell is built.
        tensors: inputs and states.
        training: whether dropout is on.
    """
    if layer.implementation == "plain" or layer.unroll or layer.compute_dtype not in _DTYPES:
        return None
    if keras.backend.backend() not in _BACKENDS or _drops(layer.cell, training):
        return None
    # By name: the cells' modules stand above this one.
    find = _RECURRENCES.get(keras.saving.get_registered_name(type(layer.cell)))
    if find is None or _is_forward_mode([*tensors, *layer.cell.weights]):
        return None
    return find(layer.cell)


def run_kernel(
    recurrence: Recurrence, layer: Any, sequences: Any, states: list[Any], mask: Any, training: bool
) -> tuple[Any, Any, list[Any]]:
    """What `RecurrentLayer.inner_loop` returns.

    Args:
        recurrence: that of the layer.
        layer: whose cell is built.
        sequences: `(rows, steps, features)`; finite at masked steps.
        states: before the first step.
        mask: bool, `(rows, steps)`, or None.
        training: whether a gradient is to be expected.
    """
    cell, dtype = layer.cell, layer.compute_dtype
    sequences = ops.cast(sequences, dtype)
    if layer.go_backwards:
        sequences = ops.flip(sequences, axis=1)
        mask = None if mask is None else ops.flip(mask, axis=1)
    own = [cell.kernel, cell.recurrent_kernel, *([] if cell.bias is None else [cell.bias])]
    weights = tuple(ops.cast(weight, dtype) for weight in own)
    given = (sequences, mask, tuple(states), weights)
    outputs, last = _kernel()(recurrence, *given, layer.return_sequences, training)
    if outputs is None:
        outputs = last[0][:, None]
    elif mask is not None and layer.zero_output_for_mask:
        outputs = ops.where(mask[:, :, None], outputs, ops.zeros_like(outputs))
    return last[0], outputs, list(last)


def _kernel() -> Callable[..., tuple[Any, tuple[Any, ...]]]:
    if keras.backend.backend() == "jax":
        from forecast.layers.jax_kernel import run as run_on_jax

        return run_on_jax
    from forecast.layers.tensorflow_kernel import run as run_on_tensorflow

    return run_on_tensorflow


def _is_forward_mode(tensors: Sequence[Any]) -> bool:
    """Whether TensorFlow takes a derivative forwards of one of these: a kernel has none."""
    if keras.backend.backend() != "tensorflow":
        return False
    from forecast.layers.tensorflow_kernel import is_forward_mode

    return is_forward_mode(tensors)


def _drops(cell: Any, training: bool) -> bool:
    rates = (getattr(cell, "dropout", 0), getattr(cell, "recurrent_dropout", 0))
    return bool(training) and any(rates)


def _is_standard(cell: Any) -> bool:
    return (
        cell.activation is keras.activations.tanh
        and cell.recurrent_activation is keras.activations.sigmoid
    )


def _plain(cell: Any) -> Recurrence | None:
    name = getattr(cell.activation, "__name__", "")
    is_covered = name in ("tanh", "relu") and cell.activation is keras.activations.get(name)
    return PlainUnit(name) if is_covered else None


def _long_short_term_memory(cell: Any) -> Recurrence | None:
    return LongShortTermMemory() if _is_standard(cell) and cell.num_gates == 4 else None


def _gated(cell: Any) -> Recurrence | None:
    if not _is_standard(cell):
        return None
    return ResetAfterUnit() if cell.reset_after else GatedUnit()


_RECURRENCES: dict[str, Callable[[Any], Recurrence | None]] = {
    "keras_forecast>SimpleRNNCell": _plain,
    "keras_forecast>LSTMCell": _long_short_term_memory,
    "keras_forecast>GRUCell": _gated,
}
