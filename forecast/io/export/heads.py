"""Point forecasts of heads in tensors."""

from __future__ import annotations

from typing import Any

from forecast.heads import Distribution, Quantiles

__all__ = ["median_of"]


def median_of(head: Distribution, raw: Any) -> Any:
    """The median in units of the window, as `head.median` of arrays.

    Args:
        head: of real values; a normal and a Student's t distribution have theirs in the middle.
        raw: outputs, a tensor `(..., num_outputs)`.

    Returns:
        `(...)`.
    """
    return head.at(raw, 0.5) if isinstance(head, Quantiles) else raw[..., 0]
