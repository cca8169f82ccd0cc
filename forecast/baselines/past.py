"""What is known of a series at an origin: its newest values and a few running sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from forecast.protocol import StateBatch

__all__ = ["Past", "along", "sums_before"]

# Windows looked at in one go: bounds the memory of a long block.
_CHUNK_ELEMENTS = 4_000_000


@dataclass(frozen=True, eq=False)
class Past:
    """What is known of `n` pasts, each a row: one origin of one series.

    Args:
        window: newest values, oldest first, `(n, window_length)`; NaN before the series began.
        total: sum of all values so far, `(n,)`.
        size: sum of their absolute values, `(n,)`.
        clock: number of steps so far, `(n,)`.
        first: first value of the series, `(n,)`; NaN before it came.
        series: position of the series among the fitted ones, -1 for a new one, `(n,)`.
        offset: steps from the first step of the training series to that of this one, `(n,)`; 0 by
            default.
        covariates: memory of past covariates, `(n, num_columns)` (see `CovariateMemory`); no
            column by default.
    """

    window: NDArray
    total: NDArray
    size: NDArray
    clock: NDArray
    first: NDArray
    series: NDArray
    offset: NDArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    covariates: NDArray = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        """Give no offset and no covariates their shapes."""
        if not len(self.offset):
            object.__setattr__(self, "offset", np.zeros(len(self.clock), dtype=np.int64))
        if not self.covariates.shape[1]:
            object.__setattr__(self, "covariates", np.zeros((len(self.clock), 0)))

    @staticmethod
    def blank(window_length: int, series: NDArray, offset: NDArray | None = None) -> Past:
        """Pasts before the first step of `series`."""
        n = len(series)
        window, first = np.full((n, window_length), np.nan), np.full(n, np.nan)
        clock = np.zeros(n, dtype=np.int64)
        zeros = np.zeros(n)
        offset = clock if offset is None else offset
        series = np.asarray(series, dtype=np.int64)
        return Past(window, zeros, zeros, clock, first, series, offset)

    @staticmethod
    def of_state(state: StateBatch) -> Past:
        """The pasts that a state remembers, a row a series."""
        arrays = state.arrays
        return Past(
            arrays["window"], arrays["total"], arrays["size"], state.clock, arrays["first"],
            arrays["series"], arrays["offset"], arrays.get("covariates", np.zeros((0, 0))),
        )  # fmt: skip

    def arrays(self) -> dict[str, NDArray]:
        """What a state keeps of these pasts, besides the clock."""
        arrays = {
            "window": self.window,
            "total": self.total,
            "size": self.size,
            "first": self.first,
            "series": self.series,
            "offset": self.offset,
        }
        return arrays | ({"covariates": self.covariates} if self.covariates.shape[1] else {})

    def beside(self, covariates: NDArray) -> Past:
        """The same pasts with another memory of past covariates, `(n, num_columns)`."""
        return replace(self, covariates=covariates) if covariates.shape[1] else self

    @property
    def last(self) -> NDArray:
        """Newest value, `(n,)`."""
        return self.window[:, -1]

    def newest(self, length: int) -> Past:
        """The same pasts, of whose windows only the last `length` values are seen."""
        before = self.window.shape[1] - length
        return replace(self, window=self.window[:, before:]) if before > 0 else self

    def take(self, rows) -> Past:
        """The pasts of `rows`."""
        return Past(
            self.window[rows], self.total[rows], self.size[rows], self.clock[rows],
            self.first[rows], self.series[rows], self.offset[rows], self.covariates[rows],
        )  # fmt: skip

    def append(self, values: NDArray) -> Past:
        """The pasts after `values`, `(n, num_steps)`; past covariates stay as they are."""
        return self.followed(values, _shifted(self.window, values))

    def followed(self, values: NDArray, window: NDArray) -> Past:
        """`append` where the newest values, `values` last, stand in a window already."""
        first = np.where(np.isnan(self.first), values[:, 0], self.first)
        clock = self.clock + values.shape[1]
        total = self.total + values.sum(axis=1)
        size = self.size + np.abs(values).sum(axis=1)
        return Past(window, total, size, clock, first, self.series, self.offset, self.covariates)

    def absorb(self, values: NDArray, valid: NDArray) -> Past:
        """The pasts after the valid steps of right-padded `values`, `(n, num_steps)`."""
        num_valid = valid.sum(axis=1)
        began = np.isnan(self.first) & (num_valid > 0)
        known = np.where(valid, values, 0.0)
        return Past(
            _shifted(self.window, values, num_valid),
            self.total + known.sum(axis=1),
            self.size + np.abs(known).sum(axis=1),
            self.clock + num_valid,
            np.where(began, values[:, 0], self.first),
            self.series,
            self.offset,
            self.covariates,
        )


def along(
    past: Past, values: NDArray, memory: NDArray | None = None
) -> Iterator[tuple[NDArray, Past]]:
    """The pasts before each step of `values`, `(num_rows, num_steps)`, some steps at a time.

    Args:
        past: a row a series.
        values: what follows.
        memory: of past covariates before each step, `(num_rows, num_steps or more, num_columns)`.

    Yields:
        Steps, and the pasts before each of them: `num_rows * len(steps)` rows, step fastest.
    """
    num_rows, num_steps = values.shape
    memory = np.zeros((num_rows, num_steps, 0)) if memory is None else memory
    window_length = past.window.shape[1]
    window = np.concatenate([past.window, values], axis=1)[:, :-1]
    windows = sliding_window_view(window, window_length, axis=1)
    known = np.nan_to_num(values)
    totals, sizes = sums_before(past.total, known), sums_before(past.size, np.abs(known))
    first = np.where(np.isnan(past.first), values[:, 0], past.first)
    chunk = max(1, _CHUNK_ELEMENTS // (num_rows * window_length))
    for start in range(0, num_steps, chunk):
        steps = np.arange(start, min(start + chunk, num_steps))
        yield (
            steps,
            Past(
                windows[:, steps].reshape(-1, window_length),
                totals[:, steps].ravel(),
                sizes[:, steps].ravel(),
                (past.clock[:, None] + steps).ravel(),
                np.repeat(first, len(steps)),
                np.repeat(past.series, len(steps)),
                np.repeat(past.offset, len(steps)),
                memory[:, steps].reshape(num_rows * len(steps), -1),
            ),
        )


def _shifted(window: NDArray, values: NDArray, counts: NDArray | None = None) -> NDArray:
    """The newest columns of the window and the first `counts` (by default all) values after it."""
    if counts is None or (counts == values.shape[1]).all():
        return _pushed(window, values)
    if (counts == counts[0]).all():
        return _pushed(window, values[:, : counts[0]])
    joined = np.concatenate([window, values], axis=1)
    return np.take_along_axis(joined, counts[:, None] + np.arange(window.shape[1]), axis=1)


def _pushed(window: NDArray, values: NDArray) -> NDArray:
    """The window after all values, in one pass."""
    kept = max(window.shape[1] - values.shape[1], 0)
    pushed = np.empty_like(window)
    pushed[:, :kept] = window[:, window.shape[1] - kept :]
    pushed[:, kept:] = values[:, values.shape[1] - (window.shape[1] - kept) :]
    return pushed


def sums_before(start: NDArray, values: NDArray) -> NDArray:
    """`start` plus the values before each step, `(num_rows, num_steps)`."""
    # Not the sum through the step less the step: its rounding would have seen the step.
    before = np.concatenate([np.zeros((len(values), 1)), values[:, :-1]], axis=1)
    return start[:, None] + np.cumsum(before, axis=1)
