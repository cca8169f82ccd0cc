"""A rectangular piece of a panel with its two masks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


def no_covariates() -> np.ndarray:
    """Covariates of no column; a panel or a block gives them its own shape."""
    return np.empty((0, 0, 0))


@dataclass(frozen=True, eq=False)
class Block:
    """Rows of consecutive steps, right-padded to one width, with two masks.

    A step with ``valid=False`` is padding: it does not exist, state and clock stand still. A step
    with ``observed=False`` exists without a value: the clock moves on.

    Args:
        values: float64 of shape (rows, steps); 0.0 wherever ``observed`` is False.
        observed: bool of shape (rows, steps); True where the step has a value.
        valid: bool of shape (rows, steps); True where the step exists. ``observed`` implies it.
        covariates: float64 of shape (rows, steps, num_covariates), numbers known ahead at each
            step, 0.0 at padding; none by default.
        past_covariates: float64 of shape (rows, steps, num_past), numbers known only afterwards,
            NaN where unknown and at padding; none by default.

    Raises:
        ValueError: if the shapes differ or a padded step is marked as observed.

    Example:
        >>> Block(np.ones((2, 3)), np.ones((2, 3), bool), np.ones((2, 3), bool)).num_steps
        3
    """

    values: np.ndarray
    observed: np.ndarray
    valid: np.ndarray
    covariates: np.ndarray = field(default_factory=no_covariates)
    past_covariates: np.ndarray = field(default_factory=no_covariates)

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
        for name in ("covariates", "past_covariates"):
            self._check_covariates(name)

    def _check_covariates(self, name: str) -> None:
        """Give no column its shape, refuse columns that do not belong to the values."""
        columns = getattr(self, name)
        if not columns.shape[-1]:
            object.__setattr__(self, name, np.empty((*self.values.shape, 0)))
        elif columns.ndim != 3 or columns.shape[:2] != self.values.shape:
            raise ValueError(
                f"{name} must have the shape (rows, steps, num_columns) with rows and steps "
                f"{self.values.shape}; got {columns.shape}."
            )

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.values.shape[0]

    @property
    def num_steps(self) -> int:
        """Number of steps, padding included."""
        return self.values.shape[1]

    def take(self, rows: np.ndarray) -> Block:
        """The block of some rows, with all their steps."""
        return Block(
            self.values[rows],
            self.observed[rows],
            self.valid[rows],
            self.covariates[rows],
            self.past_covariates[rows],
        )
