"""What a readout sees at a step: states, the newest inputs, their products, a constant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.models.echo.reservoir import EchoReadout

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """The columns of a readout.

    Args:
        lags: newest inputs that are read.
        quadratic_lags: newest inputs whose products are read.
        num_inputs: width of an input.

    Example:
        >>> View(lags=1, quadratic_lags=2, num_inputs=1).width
        4
    """

    lags: int
    quadratic_lags: int
    num_inputs: int

    @staticmethod
    def of(readout: EchoReadout, num_inputs: int) -> View:
        """The view of a readout."""
        return View(readout.lags, readout.quadratic_lags, num_inputs)

    @property
    def length(self) -> int:
        """Newest inputs that must be remembered."""
        return max(self.lags, self.quadratic_lags)

    @property
    def width(self) -> int:
        """Columns besides the states and the constant."""
        factors = self.quadratic_lags * self.num_inputs
        return self.lags * self.num_inputs + factors * (factors + 1) // 2

    def columns(self, states: NDArray, inputs: NDArray, recent: NDArray) -> NDArray:
        """All columns after each step, `(rows, steps, units + width + 1)`, precise as the states.

        Args:
            states: after each step, `(rows, steps, units)`.
            inputs: of these steps, `(rows, steps, num_inputs)`.
            recent: inputs before them, oldest first, `(rows, length, num_inputs)`.
        """
        units = states.shape[2]
        columns = np.empty((*inputs.shape[:2], units + self.width + 1), dtype=states.dtype)
        columns[:, :, :units] = states
        self.fill(columns[:, :, units:-1], inputs, recent)
        columns[:, :, -1] = 1.0
        return columns

    def fill(self, out: NDArray, inputs: NDArray, recent: NDArray) -> None:
        """Write the columns besides the states and the constant to `out`, as for `columns`."""
        num_steps = inputs.shape[1]
        known = np.concatenate([recent, inputs], axis=1)
        newest = [known[:, self.length - lag :][:, :num_steps] for lag in range(self.length)]
        parts = newest[: self.lags]
        if self.quadratic_lags:
            factors = np.concatenate(newest[: self.quadratic_lags], axis=2)
            first, second = np.triu_indices(factors.shape[2])
            parts.append(factors[:, :, first] * factors[:, :, second])
        np.concatenate(parts, axis=2, out=out)

    def remembered(self, recent: NDArray, inputs: NDArray) -> NDArray:
        """The newest inputs after these, `(rows, length, num_inputs)`."""
        return np.concatenate([recent, inputs], axis=1)[:, inputs.shape[1] :]
