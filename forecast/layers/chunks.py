"""Long sequences in chunks: less memory in training, at the price of a second way forward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import keras
from keras import ops

__all__ = ["check_chunk_length", "needs_chunks", "run_in_chunks"]

# Where the cells of Keras keep the masks of a sequence.
_MASKS = ("_dropout_mask", "_recurrent_dropout_mask")

Run = Callable[[Any, list[Any], Any, bool], tuple[Any, Any, list[Any]]]


def check_chunk_length(chunk_length: int | None) -> int | None:
    """Return `chunk_length`; raise ValueError unless it is None or an integer of at least 1."""
    if chunk_length is None:
        return None
    if isinstance(chunk_length, bool) or not isinstance(chunk_length, Integral) or chunk_length < 1:
        raise ValueError(
            f"chunk_length={chunk_length!r}: expected None or an integer of at least 1; give the "
            "number of steps that are stored at a time, for example the root of all steps."
        )
    return int(chunk_length)


def needs_chunks(layer: Any, sequences: Any) -> bool:
    """Whether the steps are known, and more than one chunk."""
    steps = sequences.shape[1]
    return layer.chunk_length is not None and steps is not None and steps > layer.chunk_length


def run_in_chunks(
    layer: Any, run: Run, sequences: Any, states: list[Any], mask: Any, training: bool
) -> tuple[Any, Any, list[Any]]:
    """What `run` returns of the whole, chunk after chunk.

    On the way back each chunk runs forward again from the states before it, which are stored, so
    that memory holds one chunk.

    Args:
        layer: whose cell `run` calls.
        run: from sequences, states, mask and training to last output, all outputs, last states.
        sequences: `(rows, steps, features)`, more steps than a chunk has.
        states: before the first step.
        mask: bool, `(rows, steps)`, or None.
        training: handed on.
    """
    variables, count = list(layer.cell.trainable_variables), len(states)
    dropped = _dropout_masks(layer.cell)

    def chunk(mask: Any, sequences: Any, *parts: Any) -> tuple[Any, ...]:
        # Weights are arguments: what is computed again gives gradients to its arguments alone.
        mapping = zip(variables, parts[count:], strict=True)
        with keras.StatelessScope(state_mapping=list(mapping)), _held(dropped):
            last, outputs, states = run(sequences, list(parts[:count]), mask, training)
        return last, outputs, *states

    weights = [ops.copy(variable) for variable in variables]
    found = []
    for start, stop in _bounds(sequences.shape[1], layer.chunk_length, layer.go_backwards):
        part = None if mask is None else mask[:, start:stop]
        once_more = keras.remat(_with(chunk, part))
        last, outputs, *states = once_more(sequences[:, start:stop], *states, *weights)
        found.append(outputs)
    outputs = ops.concatenate(found, axis=1) if layer.return_sequences else found[-1]
    return last, outputs, states


def _dropout_masks(cell: Any) -> list[tuple[Any, str, Any]]:
    """Cells that drop units, inner ones too, with the masks that were drawn for this sequence."""
    return [
        (part, name, vars(part)[name])
        for part in cell._flatten_layers()
        for name in _MASKS
        if vars(part).get(name) is not None
    ]


@contextmanager
def _held(dropped: list[tuple[Any, str, Any]]) -> Iterator[None]:
    """These masks once more: by the time that a chunk runs again, the cells have forgotten them."""
    now = [(part, name, vars(part).get(name)) for part, name, _ in dropped]
    _set(dropped)
    try:
        yield
    finally:
        _set(now)


def _set(masks: list[tuple[Any, str, Any]]) -> None:
    for part, name, mask in masks:
        setattr(part, name, mask)


def _with(chunk: Callable[..., Any], mask: Any) -> Callable[..., Any]:
    return lambda *parts: chunk(mask, *parts)


def _bounds(steps: int, length: int, go_backwards: bool) -> list[tuple[int, int]]:
    """First and last step of each chunk, in the order in which they run."""
    bounds = [(start, min(start + length, steps)) for start in range(0, steps, length)]
    return bounds[::-1] if go_backwards else bounds
