"""Errors that users catch by name."""

from __future__ import annotations

__all__ = ["NotFittedError"]


class NotFittedError(ValueError, AttributeError):
    """A forecaster was asked for a forecast before `fit(df)`."""
