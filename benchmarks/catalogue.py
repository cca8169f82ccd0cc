"""Every panel by its name: the public ones, and the series that no linear forecast follows."""

from __future__ import annotations

from pathlib import Path

from nonlinear_data import NONLINEAR, read_nonlinear
from panels import PANELS, Panel, Parts, read

__all__ = ["ALL_PANELS", "every", "read_named"]

ALL_PANELS = {**PANELS, **NONLINEAR}
# Windows of stride 1 are nearly the same: one of so many is taken.
_THINNED = 24


def read_named(name: str, folder: Path, part: str) -> Parts:
    """The rows of a panel, whichever kind it is.

    Args:
        name: one of `ALL_PANELS`.
        folder: where the data are.
        part: "test" or "validation".
    """
    if name in NONLINEAR:
        return read_nonlinear(name, folder, part)
    return read(ALL_PANELS[name], folder, part)


def every(panel: Panel, num_origins: int) -> int:
    """One origin of so many is taken: 1 for all, more where they lie one step apart."""
    return _THINNED if panel.stride == 1 and num_origins > _THINNED else 1
