"""The names of the three columns of a long frame."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """Names of the series, time and target columns of a long frame.

    Args:
        id: column that says which series a row belongs to.
        time: column of times (datetimes or integers).
        target: column of values to forecast.

    Raises:
        ValueError: if two of the names are equal.

    Example:
        >>> Columns(target="sales").target
        'sales'
    """

    id: str = "unique_id"
    time: str = "ds"
    target: str = "y"

    def __post_init__(self) -> None:
        """Refuse equal names."""
        if len({self.id, self.time, self.target}) < 3:
            raise ValueError(
                f"id, time and target columns must be three different columns; got {self.names}."
            )

    @property
    def names(self) -> tuple[str, str, str]:
        """The three names in the order id, time, target."""
        return (self.id, self.time, self.target)
