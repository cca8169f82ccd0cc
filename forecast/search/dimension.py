"""One setting that is searched for: a choice among values, or a span of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forecast.checks import is_number

__all__ = ["Dimension", "read_space"]


@dataclass(frozen=True)
class Dimension:
    """The values that a setting may take.

    Args:
        name: of the setting, as for `set_params`.
        values: a list (one of its entries), a range (a whole number), or a tuple `(low, high)`,
            ends included: whole numbers if both are whole; `(low, high, "log")` evenly in the
            logarithm.

    Raises:
        ValueError: for anything else; the message says what is expected.

    Example:
        >>> Dimension("units", (8, 64, "log")).examples
        [8, 64]
    """

    name: str
    values: Any

    def __post_init__(self) -> None:
        """Refuse what is no set of values."""
        if isinstance(self.values, list | range) and len(self.values):
            return
        if not (isinstance(self.values, tuple) and self._is_span):
            raise ValueError(
                f"the values of {self.name!r} must be a list of choices, a range of whole numbers, "
                '(low, high) or (low, high, "log") with 0 < low < high for "log"; got '
                f"{self.values!r}."
            )

    @property
    def _is_span(self) -> bool:
        low, high, *rest = (*self.values, None, None)[: max(len(self.values), 2)]
        if not (is_number(low) and is_number(high) and low < high) or rest not in ([], ["log"]):
            return False
        return not rest or low > 0

    @property
    def examples(self) -> list[Any]:
        """Values that must all be possible: every choice, or both ends."""
        if isinstance(self.values, list):
            return self.values
        return [self.values[0], self.values[-1 if isinstance(self.values, range) else 1]]

    def suggested(self, trial: Any) -> Any:
        """The value that a trial of Optuna tries."""
        values = self.values
        if isinstance(values, list):  # by position: an entry may be of any type
            return values[trial.suggest_categorical(self.name, list(range(len(values))))]
        if isinstance(values, range):
            return values[trial.suggest_int(self.name, 0, len(values) - 1)]
        low, high, is_log = values[0], values[1], len(values) == 3
        if isinstance(low, int) and isinstance(high, int):
            return trial.suggest_int(self.name, low, high, log=is_log)
        return trial.suggest_float(self.name, low, high, log=is_log)

    def found(self, number: Any) -> Any:
        """The value behind the number that Optuna has stored."""
        indexed = isinstance(self.values, list | range)
        return self.values[int(number)] if indexed else number


def read_space(space: Mapping[str, Any], forecaster: Any) -> tuple[Dimension, ...]:
    """The dimensions of a space, tried out on a clone of the forecaster.

    Args:
        space: name of a setting to its values.
        forecaster: whose settings they are.

    Raises:
        TypeError: if the space is no mapping.
        ValueError: for no name, an unknown one, or a value that the forecaster refuses.
    """
    if not isinstance(space, Mapping) or not space:
        raise TypeError(
            "space must map names of settings to their values, as in {'units': [16, 32]}; got "
            f"{space!r}."
        )
    dimensions = tuple(Dimension(name, values) for name, values in space.items())
    for dimension in dimensions:
        for value in dimension.examples:
            forecaster.clone().set_params(**{dimension.name: value})
    return dimensions
