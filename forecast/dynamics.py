"""What carries a state from one step to the next: its arrays, and their derivatives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from numpy.typing import NDArray

from forecast.pipelines import Block
from forecast.protocol import Model, StateBatch

__all__ = ["Differentiable", "Dynamics", "dynamics_of"]


@dataclass(frozen=True)
class Dynamics:
    """Which arrays of a model's state carry it from step to step, by how their names begin.

    Sums over the whole history, clocks and what stays with a series are none of them.

    Args:
        hidden: what remembers the past, and what gradients go back through.
        fed: what else a free run depends on: values that were fed, forecasts made of the rest.
        shared: those of both whose rows are the same for all channels of a system.

    Example:
        >>> Dynamics(("cell.",), fed=("window",)).names(("cell.0", "window", "total"), fed=True)
        ['cell.0', 'window']
    """

    hidden: tuple[str, ...]
    fed: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    def names(self, arrays: Iterable[str], fed: bool) -> list[str]:
        """Those of some arrays, in their order; with `fed` what a free run depends on too."""
        wanted = self.hidden + self.fed if fed else self.hidden
        return [name for name in arrays if name.startswith(wanted)]


@runtime_checkable
class Differentiable(Protocol):
    """A model that knows the derivative of its hidden state."""

    def jacobian(self, state: StateBatch, block: Block) -> NDArray:
        """The hidden state after a step by that before it, `(num_systems, n, n)`.

        Args:
            state: states before the step.
            block: one step of all rows.
        """
        ...


def dynamics_of(model: Model) -> Dynamics | None:
    """Which arrays carry the state: the model's attribute `dynamics`, None where it has none."""
    return getattr(model, "dynamics", None)
