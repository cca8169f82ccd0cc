"""Headers of a bundle's arrays and numbers of its manifest, checked before memory is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecast.archive.errors import BundleError
from forecast.archive.npy import ArrayHeader

__all__ = ["Headers", "Shape", "Shapes", "below", "check_array", "shape_of", "whole"]

Headers = Mapping[str, ArrayHeader]
Shape = tuple[int, ...]
Shapes = dict[str, Shape]
_WORDS = {
    "f": "floating-point numbers", "i": "whole numbers", "u": "whole numbers",
    "iu": "whole numbers", "b": "truth values", "biuf": "numbers",
}  # fmt: skip
_MOST = 2**31


def whole(name: str, value: Any, least: int = 0, most: int = _MOST) -> int:
    """A whole number of a manifest within its range.

    Raises:
        BundleError: for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        shown = repr(value)[:50]
        raise BundleError(f"its {name} is {shown}, not a whole number from {least} to {most:,}.")
    return value


def check_array(name: str, headers: Headers, kinds: str, shape: tuple[int, ...]) -> None:
    """Refuse an array of another shape or kind of number.

    Args:
        name: of the array.
        headers: those of all arrays.
        kinds: letters of NumPy's kinds of dtype.
        shape: what is expected; -1 for any length.

    Raises:
        BundleError: naming the array, what came and what was expected.
    """
    if name not in headers:
        raise BundleError(f"array {name!r} is missing.")
    found, dtype = headers[name].shape, headers[name].dtype
    same = len(found) == len(shape) and all(
        want in (-1, have) for have, want in zip(found, shape, strict=True)
    )
    if not same or dtype.kind not in kinds:
        expected = tuple("any" if want == -1 else want for want in shape)
        raise BundleError(
            f"array {name!r} is {dtype} of shape {found}; its model needs {_WORDS[kinds]} of shape "
            f"{expected}."
        )


def below(headers: Headers, prefix: str) -> Headers:
    """The headers of the arrays whose names begin so, named without it."""
    return {
        name.removeprefix(prefix): header
        for name, header in headers.items()
        if name.startswith(prefix)
    }


def shape_of(headers: Headers, name: str, num_axes: int) -> tuple[int, ...]:
    """The shape of an array of numbers with so many axes, whatever their lengths."""
    check_array(name, headers, "biuf", (-1,) * num_axes)
    return headers[name].shape
