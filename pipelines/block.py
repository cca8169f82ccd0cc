"""A rectangular piece of a panel with its two masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Block:
    """Rows of consecutive steps, right-padded to one width, with two masks.

    A step with ``valid=False`` is padding: it does not exist, state and clock stand still. A step
    with ``observed=False`` exists without a value: the clock moves on.

    Args:
        values: float64 of shape (rows, steps); 0.0 wherever ``observed`` is False.
        observed: bool of shape (rows, steps); True where the step has a value.
        valid: bool of shape (rows, steps); True where the step exists. ``observed`` implies it.

    Raises:
        ValueError: if the shapes differ or a padded step is marked as observed.

    Example:
        >>> Block(np.ones((2, 3)), np.ones((2, 3), bool), np.ones((2, 3), bool)).num_steps
        3
    """

    values: np.ndarray
    observed: np.ndarray
    valid: np.ndarray

    def __post_init__(self) -> None:
        """Refuse masks that do not belong to the values."""
        shapes = {self.values.shape, self.observed.shape, self.valid.shape}
        if len(shapes) != 1 or self.values.ndim != 2:
            raise ValueError(
                "values, observed and valid must share one shape (rows, steps); "
                f"got {self.values.shape}, {self.observed.shape}, {self.valid.shape}."
            )
        if np.any(self.observed & ~self.valid):
            raise ValueError("a padded step (valid=False) is marked as observed.")

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.values.shape[0]

    @property
    def num_steps(self) -> int:
        """Number of steps, padding included."""
        return self.values.shape[1]
