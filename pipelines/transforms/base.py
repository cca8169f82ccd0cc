"""What a transform is: settings, parameters learned from a panel, and two inverse functions."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..panel import Panel

__all__ = ["Transform", "View", "statistics_by_series"]


@dataclass(frozen=True, eq=False)
class View:
    """What a transform may look at besides the values: parameters, what came before, the time.

    Args:
        parameters: what `fit` gave, the rows of the series at hand, each (rows, ...).
        past: the `memory` inputs before the values, oldest first: (rows, memory), or
            (rows, paths, memory) where the values have paths.
        clock: steps from the first step that `fit` saw to each value; broadcasts against the
            values.
    """

    parameters: Mapping[str, np.ndarray]
    past: np.ndarray
    clock: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """The parameter `name`, one number a series, shaped to go with the values."""
        return self.parameters[name].reshape((-1,) + (1,) * (self.past.ndim - 1))

    def by_phase(self, name: str) -> np.ndarray:
        """The parameter `name`, (rows, season_length), at the phase of each value."""
        table = self.parameters[name]
        rows = np.arange(len(table)).reshape((-1,) + (1,) * (self.clock.ndim - 1))
        return table[rows, self.clock % table.shape[1]]


class Transform(ABC):
    """An invertible change of the values of each series: `z[t] = f(y[t], y[t-1], ...)`.

    An object holds settings only. What is learned comes from `fit` and is passed in, so one object
    may serve many panels. Arguments of the constructor are stored under their own names. Missing
    values (NaN) stay missing. A scaler of your own needs three methods::

        class Halved(fc.Transform):
            def fit(self, panel, season_length):
                return {"centre": np.array([np.nanmedian(panel.row(i)) for i in
                                            range(panel.num_series)])}
            def forward(self, values, view):
                return (values - view.column("centre")) / 2.0
            def inverse(self, values, view):
                return values * 2.0 + view.column("centre")

    One that looks back says how far by `memory`, and finds these steps in `view.past`::

        class Change(fc.Transform):
            def memory(self, season_length):
                return 1
            def fit(self, panel, season_length):
                return {}
            def forward(self, values, view):
                return np.diff(np.concatenate([view.past, values], axis=-1))
            def inverse(self, values, view):
                return view.past + np.cumsum(values, axis=-1)

    Whenever a class of your own is fitted, it is tried on the training series: a `forward` that
    looks ahead and an `inverse` that is none are refused.

    Attributes:
        uses_clock: whether values depend on the time (`View.clock`).
        bridges: whether the first steps have an output too, although the memory is not full.
        linear: whether the mean of outputs is the output of the mean. Through a curve, such as a
            logarithm, only medians stay what they are.
        lossy: whether `inverse` need not give back what came, as where outliers are cut.
    """

    uses_clock: ClassVar[bool] = False
    bridges: ClassVar[bool] = False
    linear: ClassVar[bool] = False
    lossy: ClassVar[bool] = False

    @property
    def per_series(self) -> bool:
        """Whether `fit` learns something of each series; new series cannot be taken then."""
        return True

    def memory(self, season_length: int) -> int:  # noqa: ARG002
        """Steps of the past that both functions need.

        Args:
            season_length: of the training panel, 1 for none.
        """
        return 0

    def suits(self, panel: Panel, season_length: int) -> np.ndarray:
        """Whether each series is long enough; one that is not is left as it is.

        Args:
            panel: the training series.
            season_length: of this panel, 1 for none.

        Returns:
            bool of shape (num_series,); by default, whether two values come after the memory.
        """
        memory = self.memory(season_length)
        if not memory:
            return np.ones(panel.num_series, dtype=bool)
        known = [np.sum(~np.isnan(panel.row(i)[memory:])) for i in range(panel.num_series)]
        return np.array(known) >= 2

    @abstractmethod
    def fit(self, panel: Panel, season_length: int) -> dict[str, np.ndarray]:
        """Learn the parameters of every series.

        Args:
            panel: the training series, and nothing later.
            season_length: of this panel, 1 for none.

        Returns:
            Arrays of numbers by name, a row a series; empty where there is nothing to learn.

        Raises:
            ValueError: for values that the transform cannot take; says which and what to do.
        """

    @abstractmethod
    def forward(self, values: np.ndarray, view: View) -> np.ndarray:
        """Transformed values, of the same shape.

        Args:
            values: (rows, steps) or (rows, paths, steps), NaN where missing; read-only.
            view: parameters, past and time of these.

        Returns:
            NaN where the value is missing or outside of what the transform can take. An output
            depends on its value, on the `memory` values before it, and on nothing else.
        """

    @abstractmethod
    def inverse(self, values: np.ndarray, view: View) -> np.ndarray:
        """The values of which `forward` made these; finite for finite ones.

        Args:
            values: outputs of steps that follow one another on a path, none missing; read-only.
            view: parameters, past and time of these; the past is that of the values.
        """

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """The constructor's arguments, as scikit-learn has it.

        Raises:
            TypeError: for one that the constructor has not stored under its own name.
        """
        names = inspect.signature(type(self)).parameters
        for name in names:
            if not hasattr(self, name):
                raise TypeError(
                    f"{type(self).__name__}.__init__ must store its argument {name!r} as "
                    f"self.{name}; everything that copies or shows a transform finds it there."
                )
        return {name: getattr(self, name) for name in names}

    def changed(self, **params: Any) -> Self:
        """A transform of the same class with some arguments changed."""
        return type(self)(**{**self.get_params(), **params})

    def __repr__(self) -> str:
        """The call that makes this object, default arguments left out."""
        defaults = inspect.signature(type(self)).parameters
        given = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(defaults[name].default)
        ]
        return f"{type(self).__name__}({', '.join(given)})"


def statistics_by_series(
    panel: Panel, statistic: Callable[[np.ndarray], tuple[float, ...]]
) -> list[np.ndarray]:
    """Numbers that describe each series.

    Args:
        panel: the series.
        statistic: gives the numbers of the known values of one series, at least one.

    Returns:
        An array of shape (num_series,) for each number; of a series without values those of a 0.
    """
    found = []
    for i in range(panel.num_series):
        row = panel.row(i)
        known = row[~np.isnan(row)]
        found.append(statistic(known if len(known) else np.zeros(1)))
    return list(np.array(found, dtype=np.float64).T)
