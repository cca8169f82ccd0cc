"""What a trained network is made of, besides its recurrent layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["NetworkDesign"]

_LINEAR = ("combined", "highway")


@dataclass(frozen=True)
class NetworkDesign:
    """The parts of a trained network around its recurrent layers.

    Args:
        linear: "combined" forecasts a weighted sum of the network and of the linear forecasters
            `AR` and `PooledAR`, with weights from origins inside the training part; "highway" is
            the network alone, which corrects the linear forecast that it carries inside.

    Raises:
        ValueError: for another word.

    Example:
        >>> NetworkDesign(linear="highway")
        NetworkDesign(linear='highway')
    """

    linear: Literal["combined", "highway"] = "combined"

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if self.linear not in _LINEAR:
            raise ValueError(f"`linear` must be one of {', '.join(_LINEAR)}; got {self.linear!r}.")
