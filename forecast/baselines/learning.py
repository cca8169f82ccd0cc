"""What closed-form fits keep so that newer rows can move them, and how much of it."""

from __future__ import annotations

__all__ = ["MOST_NUMBERS", "why_not_kept"]

MOST_NUMBERS = 2**20
"""Numbers that one model keeps for learning: 8 MB, in memory and in a bundle."""


def why_not_kept(num_numbers: int, advice: str) -> str:
    """Why a fit keeps no sums; empty where they are few enough.

    Args:
        num_numbers: what they would take.
        advice: how to need fewer.

    Example:
        >>> why_not_kept(1000, "use fewer lags")
        ''
    """
    if num_numbers <= MOST_NUMBERS:
        return ""
    return (
        f"its sums of rows would be {num_numbers} numbers, more than the {MOST_NUMBERS} that a "
        f"model keeps; {advice}, or call fit(df) with the whole history again"
    )
