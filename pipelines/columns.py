"""The names of the columns of a long frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

CHANNEL = "channel"


@dataclass(frozen=True)
class Columns:
    """Names of the series, time and target columns of a long frame, and of its covariates.

    Args:
        id: column that says which series a row belongs to.
        time: column of times (datetimes or integers).
        target: column of values to forecast; with channels the column of values in results.
        future: columns of numbers that are known ahead, such as a price or a weather forecast.
        channels: columns of values that are the channels of each series, read in place of
            `target`; results have a column "channel" beside the id.

    Raises:
        TypeError: if `future` is one text, not a list of names.
        ValueError: if two of the names are equal.

    Example:
        >>> Columns(target="sales", future=["price"]).all_names
        ('unique_id', 'ds', 'sales', 'price')
    """

    id: str = "unique_id"
    time: str = "ds"
    target: str = "y"
    future: Sequence[str] = ()
    channels: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse equal names."""
        object.__setattr__(self, "channels", tuple(self.channels))
        self._refuse_equal()
        object.__setattr__(self, "future", _listed(self.future))
        for name in self.future:
            if name in self.names or self.future.count(name) > 1:
                raise ValueError(
                    f"future covariate {name!r} is named twice; the columns are {self.all_names}. "
                    "Name each once, and none that is the id, time or target column."
                )

    @staticmethod
    def named(id: str, time: str, target: str | Sequence[str], future: Any = ()) -> Columns:
        """The names as users give them: a list of targets stands for channels.

        Raises:
            TypeError: if the target is neither text nor a list of names.
            ValueError: if it is an empty list, and as above.

        Example:
            >>> Columns.named("unique_id", "ds", ["temperature", "load"]).channels
            ('temperature', 'load')
        """
        if isinstance(target, str):
            return Columns(id, time, target, future)
        if not isinstance(target, Iterable):
            raise TypeError(f"target_col must be a column or a list of columns; got {target!r}.")
        channels = tuple(target)
        if not channels:
            raise ValueError("target_col names no column; give one, or a list of at least one.")
        return Columns(id, time, "y", future, channels)

    def _refuse_equal(self) -> None:
        if len(set(self.names)) < len(self.names):
            raise ValueError(
                f"id, time and target columns must all be different; got {self.names}."
            )
        taken = {CHANNEL, self.target} & {self.id, self.time} if self.channels else set()
        if taken:
            raise ValueError(
                f"column {min(taken)!r} is needed for the results of several targets; give the id "
                "and the time column other names."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns read: id, time, and the target or the channels."""
        return (self.id, self.time, *(self.channels or (self.target,)))

    @property
    def all_names(self) -> tuple[str, ...]:
        """Id, time, targets, then the covariates."""
        return (*self.names, *self.future)

    def without_future(self) -> Columns:
        """The columns that a model without covariates reads."""
        return replace(self, future=()) if self.future else self


def _listed(future: Any) -> tuple[str, ...]:
    if future is None:
        return ()
    if isinstance(future, str):
        raise TypeError(f"future covariates must be a list of columns; write [{future!r}].")
    return tuple(future)
