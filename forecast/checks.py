"""Checks of arguments that users give; every message says what came and what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

__all__ = [
    "check_flag",
    "check_kind",
    "check_levels",
    "check_positive_integer",
    "check_refit",
    "check_seed",
    "check_share",
    "is_number",
]


def is_number(value: Any) -> bool:
    """Whether a value is a real number; truth values are not.

    Example:
        >>> is_number(0.5), is_number(True), is_number("0.5")
        (True, False, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool)


def check_kind(name: str, value: Any, kind: type) -> None:
    """Refuse anything but settings of one class.

    Args:
        name: of the argument.
        value: what came.
        kind: a class that is public as a name of `forecast`.

    Raises:
        ValueError: saying how to make one.
    """
    if not isinstance(value, kind):
        wanted = kind.__name__
        raise ValueError(
            f"`{name}` must be of the class {wanted}, such as fc.{wanted}(); got {value!r}."
        )


def check_flag(name: str, value: Any) -> None:
    """Refuse anything but True, False or None."""
    if not (value is None or isinstance(value, bool)):
        raise ValueError(f"`{name}` must be True or False; got {value!r}.")


def check_positive_integer(name: str, value: Any, optional: bool = False) -> None:
    """Refuse anything but a whole number of at least 1 (or None where optional).

    Example:
        >>> check_positive_integer("horizon", 12)
    """
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"`{name}` must be a whole number of at least 1; got {value!r}.")


def check_refit(refit: Any) -> None:
    """Refuse anything but None, True, False or a whole number of at least 1.

    Example:
        >>> check_refit(True), check_refit(3)
        (None, None)
    """
    if refit is None or isinstance(refit, bool):
        return
    if not isinstance(refit, Integral) or refit < 1:
        raise ValueError(
            "`refit` must be True (at every origin), False (once) or a whole number k of at least "
            f"1 (at every k-th origin); got {refit!r}."
        )


def check_seed(seed: Any) -> None:
    """Refuse anything but a whole number of at least 0."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise ValueError(f"`seed` must be a whole number of at least 0; got {seed!r}.")


def check_share(name: str, value: Any, low: float = 0.0, high: float = float("inf")) -> None:
    """Refuse anything but a number from `low` to `high`."""
    if not is_number(value) or not low <= float(value) <= high:
        raise ValueError(f"`{name}` must be a number from {low} to {high}; got {value!r}.")


def check_levels(level: Any) -> tuple[float, ...]:
    """Interval levels in percent, each once, ascending.

    Raises:
        ValueError: if one is not at least 1 and below 100: 0.9 is rather meant to be 90.

    Example:
        >>> check_levels([95, 80])
        (80, 95)
    """
    if level is None:
        return ()
    levels = (
        tuple(level) if isinstance(level, Iterable) and not isinstance(level, str) else (level,)
    )
    for number in levels:
        if not is_number(number) or not 1 <= float(number) < 100:
            raise ValueError(
                f"`level` must hold percentages from 1 to below 100, such as [80, 95]; "
                f"got {number!r}."
            )
    return tuple(sorted(set(levels)))
