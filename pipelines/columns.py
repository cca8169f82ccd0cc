"""The names of the columns of a long frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .calendar.frequency import Frequency
from .covariates.calendar_features import calendar_names, check_features, features_for

CHANNEL = "channel"


def _listed(names: Any, kind: str) -> tuple[str, ...]:
    if names is None:
        return ()
    if isinstance(names, str):
        raise TypeError(f"{kind} covariates must be a list of columns; write [{names!r}].")
    return tuple(names)


@dataclass(frozen=True)
class CovariateColumns:
    """Names of the covariates that are not known ahead by a column of their own.

    Args:
        past: columns known only up to the last observation, such as measured weather.
        static: columns of one entry a series, such as the kind of a shop.
        calendar: features out of `CALENDAR_FEATURES`, computed from the time; True for all that
            suit the frequency.

    Raises:
        TypeError: if one of them is a text, not a list of names.
        ValueError: for an unknown calendar feature.

    Example:
        >>> CovariateColumns(past=["wind"]).past
        ('wind',)
    """

    past: Sequence[str] = ()
    static: Sequence[str] = ()
    calendar: Sequence[str] | bool = ()

    def __post_init__(self) -> None:
        """Make tuples of lists."""
        object.__setattr__(self, "past", _listed(self.past, "past"))
        object.__setattr__(self, "static", _listed(self.static, "static"))
        object.__setattr__(self, "calendar", check_features(self.calendar))


@dataclass(frozen=True)
class Columns:
    """Names of the series, time and target columns of a long frame, and of its covariates.

    Args:
        id: column that says which series a row belongs to.
        time: column of times (datetimes or integers).
        target: column of values to forecast; with channels the column of values in results.
        future: columns that are known ahead, such as a price or a weather forecast.
        channels: columns of values that are the channels of each series, read in place of
            `target`; results have a column "channel" beside the id.
        more: past and static covariates, and calendar features.

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
    more: CovariateColumns = CovariateColumns()

    def __post_init__(self) -> None:
        """Refuse equal names."""
        object.__setattr__(self, "channels", tuple(self.channels))
        self._refuse_equal()
        object.__setattr__(self, "future", _listed(self.future, "future"))
        taken = list(self.names)
        for kind in ("future", "past", "static"):
            for name in getattr(self, kind):
                if name in taken:
                    raise ValueError(
                        f"{kind} covariate {name!r} is named twice; the columns are "
                        f"{self.all_names}. Name each once, and none that is the id, time or "
                        "target column."
                    )
                taken.append(name)
        self._refuse_calendar(taken)

    @staticmethod
    def named(
        id: str,
        time: str,
        target: str | Sequence[str],
        future: Any = (),
        past: Any = (),
        static: Any = (),
        calendar: Any = (),
    ) -> Columns:
        """The names as users give them: a list of targets stands for channels.

        Raises:
            TypeError: if the target is neither text nor a list of names.
            ValueError: if it is an empty list, and as above.

        Example:
            >>> Columns.named("unique_id", "ds", ["temperature", "load"]).channels
            ('temperature', 'load')
        """
        more = CovariateColumns(past, static, calendar)
        if isinstance(target, str):
            return Columns(id, time, target, future, more=more)
        if not isinstance(target, Iterable):
            raise TypeError(f"target_col must be a column or a list of columns; got {target!r}.")
        channels = tuple(target)
        if not channels:
            raise ValueError("target_col names no column; give one, or a list of at least one.")
        return Columns(id, time, "y", future, channels, more)

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

    def _refuse_calendar(self, taken: list[str]) -> None:
        features = () if isinstance(self.calendar, bool) else self.calendar
        for name in calendar_names(features):
            if name in taken:
                raise ValueError(
                    f"column {name!r} has the name of a calendar feature; rename the column, or "
                    "leave one of them out."
                )

    @property
    def past(self) -> tuple[str, ...]:
        """Covariates known only up to the last observation."""
        return tuple(self.more.past)

    @property
    def static(self) -> tuple[str, ...]:
        """Covariates of one entry a series."""
        return tuple(self.more.static)

    @property
    def calendar(self) -> tuple[str, ...] | bool:
        """Calendar features; True, before a frequency is known, for all that suit it."""
        features = self.more.calendar
        return features if isinstance(features, bool) else tuple(features)

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns of values: the target, or the channels."""
        return tuple(self.channels) or (self.target,)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns read: id, time, and the target or the channels."""
        return (self.id, self.time, *self.targets)

    @property
    def covariates(self) -> tuple[str, ...]:
        """The columns of covariates: known ahead, past, static."""
        return (*self.future, *self.past, *self.static)

    @property
    def all_names(self) -> tuple[str, ...]:
        """Id, time, targets, then the covariates."""
        return (*self.names, *self.covariates)

    def keeping(self, future: bool, past: bool, static: bool) -> Columns:
        """The columns that a model reads which uses some kinds of covariates.

        Args:
            future: whether it uses what is known ahead, the calendar too.
            past: whether it uses past covariates.
            static: whether it uses static ones.
        """
        more = CovariateColumns(
            self.past if past else (), self.static if static else (),
            self.calendar if future else (),
        )  # fmt: skip
        return replace(self, future=self.future if future else (), more=more)

    def at(self, frequency: Frequency) -> Columns:
        """The columns with the calendar features that suit a frequency in place of True.

        Raises:
            ValueError: for calendar features of integer time.
        """
        features = features_for(self.calendar, frequency)
        if features == self.calendar:
            return self
        return replace(self, more=replace(self.more, calendar=features))
