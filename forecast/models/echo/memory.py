"""Where an echo-state network stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecast.models.echo.bank import Bank
from forecast.models.echo.view import View

__all__ = ["EchoMemory"]


@dataclass(frozen=True, eq=False)
class EchoMemory:
    """Where a network stands.

    Args:
        states: of the reservoirs, `(rows, units)`.
        recent: newest inputs, oldest first, `(rows, length, num_inputs)`.
    """

    states: NDArray
    recent: NDArray

    @classmethod
    def initial(cls, bank: Bank, view: View, num_rows: int) -> Self:
        """Before the first step."""
        recent = np.zeros((num_rows, view.length, bank.num_inputs), bank.dtype)
        return cls(bank.initial_state(num_rows), recent)

    def take(self, rows: NDArray) -> Self:
        """The memory of some rows."""
        return type(self)(self.states[rows], self.recent[rows])

    @classmethod
    def joined(cls, parts: Sequence[EchoMemory]) -> Self:
        """The memory of the rows of all parts."""
        states = np.concatenate([part.states for part in parts])
        return cls(states, np.concatenate([part.recent for part in parts]))
