"""Kinds of archives: what a file says of itself in its first bytes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BUNDLE", "COMPARISON", "Kind"]


@dataclass(frozen=True)
class Kind:
    """A kind of archive.

    Args:
        name: as its manifest says.
        version: of the format that this library writes and reads.
        holds: what is in it, "forecaster".
        remake: how to make a newer one, to end a sentence with.

    Example:
        >>> Kind("keras-forecast bundle", 3, "forecaster", "fit it again and save it").version
        3
    """

    name: str
    version: int
    holds: str
    remake: str


BUNDLE = Kind(
    "keras-forecast bundle", 3, "forecaster", "fit the forecaster again with this one and save it"
)
COMPARISON = Kind(
    "keras-forecast comparison", 1, "comparison", "run the comparison again with this one"
)
