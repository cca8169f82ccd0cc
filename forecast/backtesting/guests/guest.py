"""An object from outside as a participant of a backtest."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from forecast.forecaster import Forecaster

__all__ = ["Guest", "Participant", "is_guest"]

_ROLES = ("naive", "classical", "network", "other")
# First arguments of `fit` that are arrays, not a frame of series.
_ARRAYS = ("X", "y", "x", "Y")


def is_guest(one: Any) -> bool:
    """Whether an object has what a guest needs, `fit` and `predict`.

    Example:
        >>> is_guest(3)
        False
    """
    return not isinstance(one, type) and all(
        callable(getattr(one, name, None)) for name in ("fit", "predict")
    )


@dataclass(frozen=True, eq=False)
class Guest:
    """What a backtest must know of an object with `fit(df)` and `predict(horizon)`.

    The object itself is never changed: what is fitted is a clone of it (its own `clone()`, or a
    deep copy), a new one at each fit. It is named by its `alias`, or by its class. Its `role` may
    be "naive", "classical" or "network", else it is "other"; `closed_form = False` with a method
    `update(df)` says that it is fitted once and then given newer rows.

    Args:
        source: the object.

    Raises:
        TypeError: if its `fit` takes arrays, as of scikit-learn; the message names the adapter.

    Example:
        >>> class Last:
        ...     def fit(self, df): ...
        ...     def predict(self, horizon): ...
        >>> Guest(Last()).name, Guest(Last()).role
        ('Last', 'other')
    """

    source: Any

    def __post_init__(self) -> None:
        """Refuse an object that would not know what to do with a frame."""
        first = next(iter(_parameters(self.source.fit)), None)
        if first in _ARRAYS:
            raise TypeError(
                f"fit of {self.source!r} takes arrays ({first}=...), a frame of series is what it "
                "would be given. Wrap it: fc.adapters.SklearnForecaster(regressor) or "
                "fc.adapters.StatsForecastModel(model)."
            )

    @property
    def name(self) -> str:
        """Name of its columns: its alias, or its class."""
        alias = getattr(self.source, "alias", None)
        return alias if isinstance(alias, str) and alias else type(self.source).__name__

    @property
    def role(self) -> str:
        """Place in a comparison; a linear forecaster, which may be the reference, is ours."""
        role = getattr(self.source, "role", None)
        return role if role in _ROLES else "other"

    @property
    def closed_form(self) -> bool:
        """Whether it is refitted at every origin where the user does not say."""
        return not self.can_update or bool(getattr(self.source, "closed_form", True))

    @property
    def can_update(self) -> bool:
        """Whether it takes newer rows without a new fit."""
        return callable(getattr(self.source, "update", None))

    @property
    def uses_covariates(self) -> bool:
        """Whether its `fit` asks for covariates that are known ahead."""
        return "future_covariates" in self.fit_options

    @property
    def uses_past_covariates(self) -> bool:
        """Whether its `fit` asks for past covariates."""
        return "past_covariates" in self.fit_options

    @property
    def uses_static_covariates(self) -> bool:
        """Whether its `fit` asks for static covariates."""
        return "static_covariates" in self.fit_options

    @cached_property
    def fit_options(self) -> frozenset[str]:
        """Names of the arguments of its `fit`."""
        return frozenset(_parameters(self.source.fit))

    @cached_property
    def predict_options(self) -> frozenset[str]:
        """Names of the arguments of its `predict`."""
        return frozenset(_parameters(self.source.predict))

    def fresh(self) -> Any:
        """An unfitted object like the one given."""
        clone = getattr(self.source, "clone", None)
        return clone() if callable(clone) else copy.deepcopy(self.source)

    def __repr__(self) -> str:
        """That of the object."""
        return repr(self.source)


Participant = Forecaster | Guest
"""What takes part in a backtest."""


def _parameters(method: Any) -> list[str]:
    try:
        return list(inspect.signature(method).parameters)
    except (TypeError, ValueError):  # written in another language
        return []
