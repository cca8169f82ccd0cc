"""The heads by their names."""

from __future__ import annotations

import difflib
from typing import Any

from forecast.heads.absolute import Absolute
from forecast.heads.head import Head
from forecast.heads.huber import Huber
from forecast.heads.negative_binomial import NegativeBinomial
from forecast.heads.normal import Normal
from forecast.heads.poisson import Poisson
from forecast.heads.quantiles import Quantiles
from forecast.heads.squared import Squared
from forecast.heads.student_t import StudentT

__all__ = ["NAMES", "head_of"]

_KNOWN: dict[str, type[Head]] = {
    "absolute": Absolute,
    "squared": Squared,
    "huber": Huber,
    "normal": Normal,
    "student_t": StudentT,
    "poisson": Poisson,
    "negative_binomial": NegativeBinomial,
    "quantiles": Quantiles,
}
NAMES = tuple(_KNOWN)
"""Names that stand for a head with its default settings."""


def head_of(head: Any) -> Head:
    """The head that a name stands for, or the head itself.

    Raises:
        ValueError: for an unknown name; lists the known ones.
        TypeError: for anything else.

    Example:
        >>> head_of("normal")
        Normal()
    """
    if isinstance(head, Head):
        return head
    if not isinstance(head, str):
        raise TypeError(
            f"`head` must be a name ({', '.join(NAMES)}) or a head such as "
            f"fc.heads.Quantiles((0.1, 0.5, 0.9)); got {head!r}."
        )
    if head not in _KNOWN:
        close = difflib.get_close_matches(head, NAMES, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"`head` must be one of {', '.join(NAMES)}; got {head!r}.{hint}")
    return _KNOWN[head]()
