"""The readout of an echo-state network in closed form: of all rows, or of their sums in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.design_path import design_path
from forecast.baselines.algebra.gram import Gram, gram_of_rows
from forecast.baselines.algebra.ridge_path import choose_ridge, ridge_path
from forecast.baselines.learning import MOST_NUMBERS
from forecast.models.echo.bank import Bank
from forecast.models.echo.view import View

__all__ = ["EchoFit", "EchoLesson", "fit_echo"]

# Numbers of columns that are held at once.
_MOST_HELD = 8_000_000
_LEAST_STEPS, _MOST_STEPS = 128, 1024
# Steps at the end of each series on which the penalty is chosen, as a share of all.
_HELD_OUT = 0.2
_RIDGES = {
    "float32": 10.0 ** np.arange(-6, 3),
    "float64": 10.0 ** np.arange(-15, 3),
}


@dataclass(frozen=True, eq=False)
class EchoLesson:
    """What a readout is to learn.

    Args:
        inputs: of every step, `(rows, steps, num_inputs)`; any finite number where there is none.
        targets: what is to be read after each step, `(rows, steps, num_targets)`.
        taught: steps that are learned from, `(rows, steps)`.
    """

    inputs: NDArray
    targets: NDArray
    taught: NDArray

    def take(self, rows: slice) -> EchoLesson:
        """The lesson of some rows."""
        return EchoLesson(self.inputs[rows], self.targets[rows], self.taught[rows])

    @property
    def late(self) -> NDArray:
        """Which of the taught steps are the last ones of their row, `(rows, steps)`."""
        passed = np.cumsum(self.taught, axis=1)
        return self.taught & (passed > (1.0 - _HELD_OUT) * passed[:, -1:])


@dataclass(frozen=True, eq=False)
class EchoFit:
    """A readout.

    Args:
        coefficients: of the columns, the constant last, `(num_columns, num_targets)`.
        ridge: the penalty.
        information: X'X of the rows with the penalty on its diagonal, for later rows to be added
            to; None where it is not kept.
    """

    coefficients: NDArray
    ridge: float
    information: NDArray | None


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
    num_columns = bank.units + view.width
    blocks = _blocks(bank, view, lesson, noise, seed)
    num_rows = int(lesson.taught.sum())
    if num_rows < 2:
        return EchoFit(np.zeros((num_columns + 1, lesson.targets.shape[2])), np.inf, None)
    if bank.dtype == np.float64 and num_rows * num_columns <= _MOST_HELD:
        return _of_rows(list(blocks), ridge)
    return _of_sums(blocks, lesson.targets.shape[2], ridge, _RIDGES[bank.dtype.name])


def _of_rows(blocks: list[tuple[NDArray, NDArray, NDArray]], ridge: float | None) -> EchoFit:
    columns, targets, late = map(np.concatenate, zip(*blocks, strict=True))
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


def _of_sums(
    blocks: Iterator[tuple[NDArray, NDArray, NDArray]],
    num_targets: int,
    ridge: float | None,
    ridges: NDArray,
) -> EchoFit:
    sums: list[Gram | None] = [None, None]  # of early rows, of late ones
    for columns, targets, is_late in blocks:
        rows = np.concatenate([columns, targets], axis=1, dtype=columns.dtype)
        # With a given penalty nothing is held out.
        parts = (rows[~is_late], rows[is_late]) if ridge is None else (rows, rows[:0])
        sums = [_added(old, part, num_targets) for old, part in zip(sums, parts, strict=True)]
    early, late = sums
    total = reduce(Gram.merge, [gram for gram in sums if gram is not None])
    if ridge is None:
        ridge = float(ridges[-1])
        if early is not None and late is not None:
            ridge = float(choose_ridge(ridge_path(early), ridges, late)[0])
    fit = total.solve(ridge)
    coefficients = np.concatenate([fit.coefficients, fit.intercepts[None]])
    kept = len(coefficients) ** 2 <= MOST_NUMBERS
    return EchoFit(coefficients, ridge, _information(total, ridge) if kept else None)


def _added(gram: Gram | None, rows: NDArray, num_targets: int) -> Gram | None:
    """The sums with those of more rows: in the dtype of these, which are few, then in float64."""
    if not len(rows):
        return gram
    mean = rows.mean(axis=0)
    centred = rows - mean
    second = (centred.T @ centred).astype(np.float64)
    newer = Gram(np.array(float(len(rows))), mean.astype(np.float64), second, num_targets)
    return newer if gram is None else gram.merge(newer)


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


def _blocks(
    bank: Bank, view: View, lesson: EchoLesson, noise: float, seed: int
) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Columns without the constant, targets and lateness of the taught rows, a block at a time."""
    num_series, length = lesson.taught.shape
    at_once = max(1, _MOST_HELD // ((bank.units + view.width) * _LEAST_STEPS))
    for start in range(0, num_series, at_once):
        part = lesson.take(slice(start, start + at_once))
        rows, late = len(part.inputs), part.late
        steps = int(np.clip(_MOST_HELD // (rows * (bank.units + 1)), _LEAST_STEPS, _MOST_STEPS))
        states = bank.initial_state(rows)
        recent = np.zeros((rows, view.length, bank.num_inputs), dtype=bank.dtype)
        for begin in range(0, length, steps):
            block = slice(begin, begin + steps)
            inputs = part.inputs[:, block].astype(bank.dtype)
            shape = (*inputs.shape[:2], bank.units)
            drawn = None
            if noise:
                generator = np.random.default_rng((seed, start, begin))
                drawn = noise * generator.standard_normal(shape, dtype=bank.dtype)
            after = bank.run(inputs, states, drawn)
            chosen = part.taught[:, block]
            columns = view.columns(after, inputs, recent)[chosen][:, :-1]
            yield columns, part.targets[:, block][chosen], late[:, block][chosen]
            states, recent = after[:, -1], view.remembered(recent, inputs)
