"""Causal layers that see a given number of steps."""

from __future__ import annotations

from forecast.context import (
    KERNEL_SIZE,
    NUM_BLOCKS,
    dilations_for,
    num_heads_for,
    sliding_window_for,
)
from forecast.layers import CausalTransformer, TemporalConvolution
from forecast.layers.causal_layer import CausalLayer

__all__ = ["causal_network"]


def causal_network(layer: str, units: int, context_length: int, seed: int) -> CausalLayer:
    """A causal layer that sees at least `context_length` steps.

    Args:
        layer: one of `CAUSAL`.
        units: width of its blocks; even for a transformer.
        context_length: steps, at least 2.
        seed: of the kernels.
    """
    if layer == "TemporalConvolution":
        return TemporalConvolution(units, KERNEL_SIZE, dilations_for(context_length), seed=seed)
    window = sliding_window_for(context_length)
    return CausalTransformer(units, NUM_BLOCKS, num_heads_for(units), window, seed=seed)
