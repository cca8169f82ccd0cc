"""Windows of a panel, by index: nothing is built until a batch is gathered."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..columns import Columns
from ..frames.frame import read_frame
from ..panel import Panel
from .sources import require_whole
from .tape import Tape, checked_weights
from .window_batch import WindowBatch, every_step_batch, horizon_batch

__all__ = ["Windows"]


@dataclass(frozen=True, eq=False)
class Windows:
    """Every window of every series: a context and what follows it.

    A window is a series and its end e, the number of steps known: the context is the steps
    e - context_length to e - 1, the targets are the steps e to e + horizon - 1. Window k of a
    series ends at

        e_k = e_0 + k stride <= length - horizon,   e_0 = min(context_length, length - horizon)

    so windows are full, and a series too short for a full one gives one window of all it has.
    With `min_context` it is e_0 = min_context: every series also gives its early windows, and
    shorter series none. A context that is not full stands at the left, padded at the right.

    The index is one number for each series: eight million windows cost no more than ten.

    Args:
        panel: the series; channels of one system make one window together.
        context_length: steps of a context, at least 1.
        horizon: steps to forecast, at least 1.
        stride: steps between the ends of two windows, at least 1.
        min_context: fewest steps of a context, 1 to context_length; see above for None.
        targets: "horizon", the steps after the context, or "every_step", the `horizon` steps after
            each step of the context (a loss at every time step).
        weights: weight in the loss of each series (num_series,) or each step (total_steps,), at
            least 0; by default 1. A target without a value always weighs 0.

    Raises:
        TypeError: if a length is no whole number.
        ValueError: if a length is below 1, weights do not fit, or there is no window at all.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"a": np.arange(6.0)}, index=pd.date_range("2024", periods=6))
        >>> windows = Windows.of_frame(frame, context_length=3, horizon=2)
        >>> batch = windows.gather([0, 1])
        >>> batch.values.tolist(), batch.targets.tolist()
        ([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]], [[3.0, 4.0], [4.0, 5.0]])
    """

    panel: Panel
    context_length: int
    horizon: int
    stride: int = 1
    min_context: int | None = None
    targets: Literal["horizon", "every_step"] = "horizon"
    weights: ArrayLike | None = None

    def __post_init__(self) -> None:
        """Refuse settings that make no window."""
        for name in ("context_length", "horizon", "stride"):
            require_whole(name, getattr(self, name), 1)
        if self.min_context is not None:
            require_whole("min_context", self.min_context, 1)
            if self.min_context > self.context_length:
                raise ValueError(
                    f"min_context={self.min_context} is above context_length="
                    f"{self.context_length}: no context is longer than that."
                )
        if self.targets not in ("horizon", "every_step"):
            raise ValueError(f"targets must be 'horizon' or 'every_step'; got {self.targets!r}.")
        if self.weights is not None:
            object.__setattr__(self, "weights", checked_weights(self.panel, self.weights))
        if not len(self):
            self._refuse_empty()

    @classmethod
    def of_frame(
        cls, df: Any, context_length: int, horizon: int, *, columns: Columns = Columns(),
        freq: Any = None, **settings: Any,
    ) -> Windows:  # fmt: skip
        """The windows of a frame, read as forecasters read it.

        Args:
            df: long frame, wide frame or Series.
            context_length: steps of a context.
            horizon: steps to forecast.
            columns: names of the columns of a long frame, covariates included.
            freq: pandas alias, offset or integer step; None to infer it.
            **settings: `stride`, `min_context`, `targets` and `weights`.
        """
        return cls(read_frame(df, columns, freq).panel, context_length, horizon, **settings)

    def __getstate__(self) -> dict[str, Any]:
        """The settings only, so that little travels to a worker."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __len__(self) -> int:
        """Number of windows."""
        return int(self._before[-1])

    def locate(self, indices: ArrayLike) -> tuple[NDArray, NDArray]:
        """The series and the end of some windows.

        Args:
            indices: numbers of windows, ints of shape (rows,), from 0 to len - 1.

        Returns:
            Number of the series (of the system, where there are channels) and the number of its
            steps that are known, each int64 of shape (rows,).

        Raises:
            TypeError: if a number is not whole, or the shape another.
            IndexError: if there is no such window.
        """
        given = np.asarray(indices)
        if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
            raise TypeError(
                "numbers of windows are whole, of shape (rows,); "
                f"got {given.dtype} of shape {given.shape}."
            )
        indices = given.astype(np.int64)
        if len(indices) and not (0 <= indices.min() and indices.max() < len(self)):
            wrong = indices[(indices < 0) | (indices >= len(self))][0]
            raise IndexError(f"there is no window {wrong}: they count from 0 to {len(self) - 1}.")
        if self._same is not None:
            series = indices // self._same
        else:
            series = np.searchsorted(self._before, indices, side="right") - 1
        return series, self._base[series] + self.stride * indices

    def gather(self, indices: ArrayLike, dtype: DTypeLike = np.float32) -> WindowBatch:
        """The windows of these numbers.

        Args:
            indices: numbers of windows, ints of shape (rows,), from 0 to len - 1, in any order.
            dtype: of values and targets, float32 or float64.

        Raises:
            IndexError: if there is no such window.
            TypeError: if a number is not whole, or for another dtype.
        """
        return self.at(*self.locate(indices), dtype)

    def at(self, series: NDArray, ends: NDArray, dtype: DTypeLike = np.float32) -> WindowBatch:
        """The windows that `locate` found.

        Args:
            series: number of the series of each row, (rows,).
            ends: steps known, (rows,), from 1 to the length of the series less the horizon.
            dtype: of values and targets, float32 or float64.
        """
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise TypeError(f"dtype must be float32 or float64; got {dtype!r}.")
        context, horizon = self.context_length, self.horizon
        if self.targets == "horizon":
            return horizon_batch(self._tape, series, ends, context, horizon, dtype)
        known = np.minimum(ends, context)
        return every_step_batch(self._tape, series, ends - known, known, context, horizon, dtype)

    @property
    def is_padded(self) -> bool:
        """Whether a window has a context that is not full."""
        return bool(np.any(self._first[self._counts > 0] < self.context_length))

    @property
    def has_gaps(self) -> bool:
        """Whether a step of the panel is without a value."""
        return self._tape.has_gaps

    @cached_property
    def _tape(self) -> Tape:
        return Tape(self.panel, self.weights)  # type: ignore[arg-type]  # an array by now

    @cached_property
    def _first(self) -> NDArray:
        """End of the first window of each series, were it long enough."""
        room = self._tape.lengths - self.horizon
        if self.min_context is None:
            return np.minimum(self.context_length, room)
        return np.full_like(room, self.min_context)

    @cached_property
    def _counts(self) -> NDArray:
        """Windows of each series."""
        room = self._tape.lengths - self.horizon
        counts = (room - self._first) // self.stride + 1
        return np.where((room >= self._first) & (self._first >= 1), counts, 0)

    @cached_property
    def _before(self) -> NDArray:
        """Windows of the series before each one, and of all."""
        return np.concatenate([[0], np.cumsum(self._counts)]).astype(np.int64)

    @cached_property
    def _base(self) -> NDArray:
        """What the end of a window is beyond stride times its number."""
        return self._first - self.stride * self._before[:-1]

    @cached_property
    def _same(self) -> int | None:
        """Windows of a series where all have equally many: a division finds it, not a search."""
        return int(self._counts[0]) if np.all(self._counts == self._counts[0]) else None

    def _refuse_empty(self) -> None:
        needed = (1 if self.min_context is None else self.min_context) + self.horizon
        longest = int(self._tape.lengths.max(initial=0))
        raise ValueError(
            f"no series gives a window: the longest has {longest} steps, and a context of "
            f"{needed - self.horizon} with a horizon of {self.horizon} needs {needed}. Give a "
            "shorter horizon or min_context, or longer series."
        )
