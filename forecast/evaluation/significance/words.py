"""Test results in words."""

from __future__ import annotations

__all__ = ["MINIMUM_ORIGINS", "SIGNIFICANT", "p_words", "too_few_words"]

MINIMUM_ORIGINS = 8
SIGNIFICANT = 0.05  # p-values below it count as evidence


def p_words(p_value: float) -> str:
    """A p-value as text, with the digits that matter.

    Example:
        >>> p_words(0.1312), p_words(0.00123), p_words(1e-9)
        ('p = 0.13', 'p = 0.001', 'p < 0.001')
    """
    if p_value < 0.0005:
        return "p < 0.001"
    return f"p = {p_value:.3f}" if p_value < 0.0995 else f"p = {p_value:.2f}"


def too_few_words(num_origins: int, needed: int = MINIMUM_ORIGINS) -> str:
    """The words that stand in place of a p-value.

    Example:
        >>> too_few_words(5)
        'too few origins to tell (5; at least 8 are needed)'
    """
    return f"too few origins to tell ({num_origins}; at least {needed} are needed)"
