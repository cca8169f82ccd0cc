"""The error of bundles."""

from __future__ import annotations

__all__ = ["BundleError"]


class BundleError(ValueError):
    """Something cannot be written to a bundle, or a file is refused as one."""
