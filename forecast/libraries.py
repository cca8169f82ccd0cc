"""Versions of the libraries that computed a result."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from forecast import __version__

__all__ = ["library_versions"]

_LIBRARIES = ("numpy", "pandas", "scipy", "keras", "tensorflow")


def library_versions() -> dict[str, str]:
    """Versions of this library, of Python and of what computes, as far as installed.

    Example:
        >>> list(library_versions())[:2]
        ['keras-forecast', 'python']
    """
    versions = {"keras-forecast": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
