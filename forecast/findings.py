"""What a fitted forecaster tells of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from forecast.errors import NotFittedError
from forecast.fitting import Fitted
from forecast.store import StateStore

__all__ = ["Findings", "fell_back_words"]


def fell_back_words(ids: Sequence[Any], when: str = "") -> str:
    """Which series a model did not forecast by itself.

    Args:
        ids: these series.
        when: of which fit, such as " at the first cutoff".

    Example:
        >>> fell_back_words(["a", "b"]).split(", ")[0]
        '2 series with too few complete rows for the model'
    """
    names = ", ".join(map(str, ids[:5])) + (", ..." if len(ids) > 5 else "")
    return (
        f"{len(ids)} series with too few complete rows for the model{when}, forecast by their last "
        f"value or without season ({names})"
    )


class Findings:
    """Base of forecasters: what was learned, and from what."""

    name: str
    fitted_: Fitted
    store_: StateStore

    @property
    def fitted_until_(self) -> pd.Series:
        """Time of the last step of each series that the states have seen."""
        self._require_fitted()
        return pd.Series(self.store_.ends, index=pd.Index(self.store_.ids), name="fitted_until")

    @property
    def choices_(self) -> str:
        """What the data decided, in a phrase."""
        return self._require_fitted().estimate.choices

    @property
    def history_(self) -> dict[str, list[float]]:
        """Learning curves; empty for closed forms."""
        return self._require_fitted().estimate.history

    @property
    def fell_back_(self) -> list[Any]:
        """Ids of series too short for the model: by their last value, or without their season."""
        fitted = self._require_fitted()
        return list(fitted.ids[fitted.estimate.fell_back])

    def _require_fitted(self) -> Fitted:
        if "fitted_" not in self.__dict__:
            raise NotFittedError(f"{self.name} is not fitted yet; call fit(df) first.")
        return self.fitted_
