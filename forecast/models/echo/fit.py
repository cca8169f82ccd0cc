"""The readout of an echo-state network in closed form: of all rows, or of their sums in blocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.design_path import design_path
from forecast.baselines.algebra.gram import Gram, gram_of_rows
from forecast.baselines.algebra.ridge_path import choose_ridge, ridge_path
from forecast.baselines.algebra.threads import map_threads
from forecast.baselines.learning import MOST_NUMBERS
from forecast.models.echo.bank import MOST_HELD, Bank
from forecast.models.echo.lesson import EchoLesson, EchoWalk
from forecast.models.echo.memory import EchoMemory
from forecast.models.echo.view import View

__all__ = ["EchoFit", "fit_echo"]

_RIDGES = {
    "float32": 10.0 ** np.arange(-6, 3),
    "float64": 10.0 ** np.arange(-15, 3),
}
# Parts of a block that threads sum; always as many: the number of cores changes no result.
_PARTS = 4


@dataclass(frozen=True, eq=False)
class EchoFit:
    """A readout.

    Args:
        coefficients: of the columns, the constant last, `(num_columns, num_targets)`.
        ridge: the penalty.
        information: X'X of the rows with the penalty on its diagonal, for later rows to be added
            to; None where it is not kept.
        memory: where every row of the lesson stands after its last step, so that nothing has to be
            run again; None where nothing was run.
    """

    coefficients: NDArray
    ridge: float
    information: NDArray | None
    memory: EchoMemory | None = None


def fit_echo(
    bank: Bank, view: View, lesson: EchoLesson, ridge: float | None, noise: float, seed: int
) -> EchoFit:
    """Run the reservoirs along the lesson and solve for the readout.

    Few rows in float64 are factorised as they are; of others only sums are held, a block of steps
    at a time, so that memory does not grow with the length.

    Args:
        bank: the reservoirs.
        view: columns of the readout.
        lesson: inputs and targets.
        ridge: penalty as a share of each column's variance; None chooses it on the last fifth.
        noise: standard deviation of what is added to the drive of each unit.
        seed: of the noise.
    """
    num_columns, num_targets = bank.units + view.width, lesson.targets.shape[2]
    num_rows = int(lesson.taught.sum())
    if num_rows < 2:
        return EchoFit(np.zeros((num_columns + 1, num_targets)), np.inf, None)
    walk = EchoWalk(bank, view, lesson, noise, seed)
    of_all = bank.dtype == np.float64 and num_rows * num_columns <= MOST_HELD
    found = _of_rows(walk, num_targets, ridge) if of_all else _of_sums(walk, num_targets, ridge)
    return replace(found, memory=walk.memory)


def _of_rows(
    blocks: Iterable[tuple[NDArray, NDArray]], num_targets: int, ridge: float | None
) -> EchoFit:
    rows, late = map(np.concatenate, zip(*blocks, strict=True))
    columns, targets = np.split(rows, [rows.shape[1] - num_targets], axis=1)
    if ridge is None:
        path, errors = design_path(columns[~late], targets[~late]), {}
        for candidate in _RIDGES["float64"]:
            coefficients = path.solve(candidate)
            missed = targets[late] - columns[late] @ coefficients[:-1] - coefficients[-1]
            errors[candidate] = float(np.square(missed).sum())
        ridge = min(errors, key=lambda candidate: (errors[candidate], -candidate))
    coefficients = design_path(columns, targets).solve(ridge)
    kept = (columns.shape[1] + 1) ** 2 <= MOST_NUMBERS
    information = _information(gram_of_rows(columns, num_targets=0), ridge) if kept else None
    return EchoFit(coefficients, float(ridge), information)


def _of_sums(walk: EchoWalk, num_targets: int, ridge: float | None) -> EchoFit:
    early, late = _Sums(num_targets), _Sums(num_targets)
    for rows, is_late in walk:
        # With a given penalty nothing is held out.
        if ridge is not None or not is_late.any():
            early.add(rows)
        else:
            early.add(rows[~is_late])
            late.add(rows[is_late])
    parts = [sums.gram for sums in (early, late) if sums.count]
    total = reduce(Gram.merge, parts)
    if ridge is None:
        ridges = _RIDGES[walk.dtype.name]
        ridge = float(ridges[-1])
        if len(parts) == 2:
            ridge = float(choose_ridge(ridge_path(parts[0]), ridges, parts[1])[0])
    fit = total.solve(ridge)
    coefficients = np.concatenate([fit.coefficients, fit.intercepts[None]])
    kept = len(coefficients) ** 2 <= MOST_NUMBERS
    return EchoFit(coefficients, ridge, _information(total, ridge) if kept else None)


class _Sums:
    """Sums of many rows: of a block in the dtype of its rows, of all blocks in float64.

    Rows are taken less the mean of the first block, so that little cancels in the end.
    """

    def __init__(self, num_targets: int) -> None:
        """Begin without rows."""
        self._num_targets = num_targets
        self.count = 0

    def add(self, rows: NDArray) -> None:
        """Add rows, which are moved in place: there is no room for another copy of them."""
        if not len(rows):
            return
        if not self.count:
            self._shift = rows.mean(axis=0)
            self._first = np.zeros(rows.shape[1])
            self._second = np.zeros((rows.shape[1], rows.shape[1]))
        self.count += len(rows)
        for first, second in map_threads(self._moved, np.array_split(rows, _PARTS)):
            self._first += first
            self._second += second

    def _moved(self, rows: NDArray) -> tuple[NDArray, NDArray]:
        """Sums of rows and of their products, less the shift."""
        rows -= self._shift
        return rows.sum(axis=0), rows.T @ rows

    @property
    def gram(self) -> Gram:
        """The sums about the mean of all rows."""
        apart = self._first / self.count
        second = self._second - self.count * np.outer(apart, apart)
        return Gram(np.array(float(self.count)), self._shift + apart, second, self._num_targets)


def _information(gram: Gram, ridge: float) -> NDArray:
    """X'X with the penalty on its diagonal, the constant's last and free."""
    split = gram.num_columns
    weight, mean = gram.weight, gram.mean[:split]
    second = gram.second[:split, :split]
    full = np.empty((split + 1, split + 1))
    full[:split, :split] = second + weight * np.outer(mean, mean)
    full[:split, :split] += np.diag(ridge * np.diagonal(second))
    full[-1, :split] = full[:split, -1] = weight * mean
    full[-1, -1] = weight
    return (full + full.T) / 2
