"""How many lags an autoregression gets: what users say about it, and the penalties behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.checks import check_positive_integer

__all__ = ["CRITERIA", "LagSelection", "criterion_penalty", "default_max_lags", "schwert_lags"]

CRITERIA = ("rolling", "aic", "bic", "hqic", "fpe")


@dataclass(frozen=True)
class LagSelection:
    """How the lags are chosen, as `AR(lags=LagSelection("bic"))` or `VAR(lags=...)`.

    All orders of a series, or of a system, are compared on the same rows.

    Args:
        criterion: "aic", "bic", "hqic": an order for each series (AR) or each system (VAR);
            "rolling": whole configurations are compared on rolling origins of the training part
            and one is taken for all series (AR alone); "fpe": final prediction error (VAR alone).
            None is "rolling" for AR and "aic" for VAR.
        max_lags: most lags tried by an information criterion, at least 1; a season and a step or
            `12 (n / 100)^(1/4)`, whichever is more, where None.

    Raises:
        ValueError: for an unknown criterion or fewer lags than 1.

    Example:
        >>> LagSelection("bic", max_lags=8)
        LagSelection(criterion='bic', max_lags=8)
    """

    criterion: str | None = None
    max_lags: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        if self.criterion is not None and self.criterion not in CRITERIA:
            raise ValueError(
                f"`criterion` must be one of {_listed(CRITERIA)}; got {self.criterion!r}."
            )
        check_positive_integer("max_lags", self.max_lags, optional=True)

    def resolved(self, name: str, known: tuple[str, ...]) -> LagSelection:
        """The same with a criterion that the forecaster knows.

        Args:
            name: of the forecaster.
            known: its criteria; the first stands in for None.

        Raises:
            ValueError: for a criterion that it does not know.
        """
        if self.criterion is None:
            return replace(self, criterion=known[0])
        if self.criterion not in known:
            raise ValueError(
                f"{name} cannot choose its lags by {self.criterion!r}; take LagSelection with one "
                f"of {_listed(known)}."
            )
        return self


def schwert_lags(num_steps: float) -> int:
    """Schwert's rule, `12 (n / 100)^(1/4)`, cut to a whole number.

    Example:
        >>> schwert_lags(100), schwert_lags(30)
        (12, 8)

    Source: Schwert (1989), "Tests for unit roots: a Monte Carlo investigation".
    """
    return int(12 * (num_steps / 100) ** 0.25)


def default_max_lags(num_steps: float, season_length: int) -> int:
    """Most lags tried: a season and a step, or Schwert's rule where that is more."""
    return max(schwert_lags(num_steps), season_length + 1)


def criterion_penalty(criterion: str, num_rows: ArrayLike) -> NDArray:
    """What a coefficient costs: 2 ("aic"), log n ("bic") or 2 log log n ("hqic").

    Args:
        criterion: "aic", "bic" or "hqic".
        num_rows: n, at least 1.

    Example:
        >>> [round(float(criterion_penalty(name, 100)), 3) for name in ("aic", "bic", "hqic")]
        [2.0, 4.605, 3.054]
    """
    log_rows = np.log(np.asarray(num_rows, dtype=np.float64))
    if criterion == "aic":
        return np.full_like(log_rows, 2.0)
    # Below e rows the iterated logarithm is no price.
    return log_rows if criterion == "bic" else 2.0 * np.log(np.maximum(log_rows, 1.0))


def _listed(names: tuple[Any, ...]) -> str:
    return ", ".join(repr(name) for name in names)
