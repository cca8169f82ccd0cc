"""The power transform in tensors; see `forecast.baselines.power`."""

from __future__ import annotations

from typing import Any

from keras import ops

from forecast.baselines.power import LARGEST_LOGARITHM

__all__ = ["decoded", "encoded"]


def encoded(values: Any, exponent: float) -> Any:
    """`Power(exponent).encode` of a tensor."""
    if exponent == 1.0:
        return values
    logarithm = ops.log1p(ops.maximum(values, 0.0))
    return logarithm if exponent == 0.0 else ops.expm1(exponent * logarithm) / exponent


def decoded(values: Any, exponent: float) -> Any:
    """`Power(exponent).decode` of a tensor."""
    if exponent == 1.0:
        return values
    logarithm = values
    if exponent != 0.0:
        logarithm = ops.log1p(ops.maximum(exponent * values, -1.0 + 1e-12)) / exponent
    return ops.expm1(ops.minimum(logarithm, LARGEST_LOGARITHM))
