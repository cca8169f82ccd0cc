"""How a network whose state is a window comes to see a given number of steps, in numbers."""

from __future__ import annotations

__all__ = [
    "CAUSAL",
    "KERNEL_SIZE",
    "NUM_BLOCKS",
    "dilations_for",
    "num_heads_for",
    "sliding_window_for",
]

# Layers that `forecast.layers.Window` gives a state.
CAUSAL = ("TemporalConvolution", "CausalTransformer")
KERNEL_SIZE = 3
NUM_BLOCKS = 2
_MOST_HEADS = 4


def dilations_for(context_length: int) -> tuple[int, ...]:
    """Dilations that double, the last one shortened, so that a convolution sees so many steps.

    A block of two convolutions adds 2 (KERNEL_SIZE - 1) steps times its dilation, so it may see a
    few steps more.

    Example:
        >>> dilations_for(48)
        (1, 2, 4, 5)
    """
    left = -(-(context_length - 1) // (2 * (KERNEL_SIZE - 1)))
    found: list[int] = []
    while left > 0:
        found.append(min(2 ** len(found), left))
        left -= found[-1]
    return tuple(found)


def sliding_window_for(context_length: int) -> int:
    """Steps that each block of a transformer attends to, so that all together see so many.

    Example:
        >>> sliding_window_for(48)
        25
    """
    return 1 + -(-(context_length - 1) // NUM_BLOCKS)


def num_heads_for(units: int) -> int:
    """Heads of an even width each, as many as there can be, at most four.

    Example:
        >>> num_heads_for(32), num_heads_for(12)
        (4, 3)
    """
    return max(heads for heads in range(1, _MOST_HEADS + 1) if units % (2 * heads) == 0)
