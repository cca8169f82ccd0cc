"""Options that the cells, and the layers around them, share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from numbers import Integral
from typing import Any, TypedDict

# Anything that Keras takes as such: a name, an object or a callable; None for none.
Initializer = Any
Activation = Any
Regularizer = Any
Constraint = Any


class WeightOptions(TypedDict, total=False):
    """What a layer hands on to its cell alone."""

    kernel_regularizer: Regularizer
    recurrent_regularizer: Regularizer
    bias_regularizer: Regularizer
    kernel_constraint: Constraint
    recurrent_constraint: Constraint
    bias_constraint: Constraint
    dropout: float
    recurrent_dropout: float
    seed: int | None


class CellOptions(WeightOptions, total=False):
    """Options of a trained cell."""

    name: str
    dtype: Any
    trainable: bool


class LayerOptions(CellOptions, total=False):
    """Options of the layer around a trained cell."""

    activity_regularizer: Regularizer
    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    unroll: bool
    zero_output_for_mask: bool
    implementation: str
    chunk_length: int | None


def cell_options(layer_options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options of a layer that its cell has to share: dtype and trainable."""
    return {key: layer_options[key] for key in ("dtype", "trainable") if key in layer_options}


def split_options(
    options: Mapping[str, Any], names: Collection[str] = WeightOptions.__annotations__
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of the cell and those of the loop around it; dtype and trainable of both.

    Args:
        options: of a layer.
        names: of the options of the cell.

    Example:
        >>> split_options({"dropout": 0.1, "unroll": True, "dtype": "float64"})
        ({'dropout': 0.1, 'dtype': 'float64'}, {'unroll': True, 'dtype': 'float64'})
    """
    own = {key: value for key, value in options.items() if key in names}
    loop = {key: value for key, value in options.items() if key not in own}
    return own | cell_options(options), loop


def check_rate(name: str, rate: float) -> float:
    """Return a dropout rate as a float; raise ValueError unless it lies in [0, 1)."""
    if isinstance(rate, bool) or not 0 <= rate < 1:
        raise ValueError(
            f"{name}={rate!r}: expected a number of at least 0 and below 1; "
            "it is the share that is dropped, for example 0.1."
        )
    return float(rate)


def check_length(name: str, length: int) -> int:
    """Return a number of something as an int; raise ValueError unless it is at least 1."""
    if isinstance(length, bool) or not isinstance(length, Integral) or length < 1:
        raise ValueError(f"{name}={length!r}: expected an integer of at least 1.")
    return int(length)
