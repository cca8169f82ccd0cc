"""The readout of a reservoir or of trained layers: ridge on states and inputs, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.absolute import weighted_gram
from forecast.baselines.learning import MOST_NUMBERS
from forecast.baselines.pooled.fit import MOST_COEFFICIENTS
from forecast.baselines.pooled.regression import PoolFit, Regression, fit_pool, shrink_to_pool
from forecast.baselines.pooled.samples import coprime_stride
from forecast.models.body import Body
from forecast.models.teaching import Lesson

__all__ = ["Readout", "averaged_readout", "fit_readout", "share_left"]

_PENALTIES = (1e-4, 1e-2, 1.0, 100.0)
# Rows of the pool that a series' own rows are weighed against.
_SHRINKAGES = (300.0, 100.0, 30.0, 10.0)
_MOST_ROWS = 20_000
# Share of each series' steps, its last ones, on which penalty and shrinkage are chosen.
_HELD_OUT = 0.2
# Gain over "no correction" that a readout must show there, and a readout for each series over one
# for all: below, it is as likely noise.
_LEAST_GAIN = 0.002
_NONE = (np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class Readout:
    """A linear map that reads a reservoir, or one for each series that is near to it.

    Args:
        coefficients: of the states, the inputs and a constant, `(num_columns,)`.
        penalty: the ridge chosen, infinite for no correction at all.
        information: X'WX of all rows with the penalty on its diagonal,
            `(num_columns, num_columns)`; None without a correction, or of too many numbers.
        shrinkage: kappa chosen, infinite where all series share the coefficients; None where that
            was no question.
        departures: what the coefficients of each series differ by from these,
            `(num_series, num_columns)`; None where all share them.
    """

    coefficients: NDArray
    penalty: float
    information: NDArray | None = None
    shrinkage: float | None = None
    departures: NDArray | None = None

    @property
    def words(self) -> str:
        """What was chosen."""
        if np.isinf(self.penalty):
            return "no correction"
        own = "" if self.shrinkage is None else f", shrinkage {self.shrinkage:g}"
        return f"ridge {self.penalty:g}{own}"


def fit_readout(
    body: Body, lesson: Lesson, seasons: tuple[int, ...], per_series: bool = False
) -> Readout:
    """The readout with the best penalty, and with the best shrinkage to it of each series' own.

    Both are chosen on the last steps of each series; "no correction" and one map for all are
    choices too.

    Args:
        body: the reservoir, or layers without their readout.
        lesson: inputs, targets and weights of every step.
        seasons: season lengths; the steps taken are never in phase with one.
        per_series: whether each series may have coefficients of its own, see `shrink_to_pool`.
    """
    stride = _stride(lesson, seasons)
    rows = _Rows.of(body, lesson, stride)
    penalty, shrinkage = _choose(rows, per_series and rows.can_be_parted)
    kappa = shrinkage if per_series else None
    if np.isinf(penalty):
        return Readout(np.zeros(rows.num_columns), penalty, shrinkage=kappa)
    pool, information = rows.pool(penalty), None
    if rows.num_columns**2 <= MOST_NUMBERS:
        # Each row that was taken stands for as many as were left out between two.
        information = stride * _information(rows.design, pool.weights, penalty)
    own = None if np.isinf(shrinkage) else rows.departures(pool, penalty, shrinkage)
    return Readout(pool.coefficients, penalty, information, kappa, own)


def averaged_readout(body: Body, lesson: Lesson, seasons: tuple[int, ...]) -> tuple[Body, str]:
    """The layers with the mean of their trained readout and one in closed form.

    `w = (w_trained + w_ridge) / 2`

    Args:
        body: trained layers with a readout of one output.
        lesson: inputs, targets and weights of every step.
        seasons: season lengths; the steps taken are never in phase with one.

    Returns:
        Layers of the same form. w_ridge reads the states alone, by a ridge as in `fit_readout`; 0
        where "no correction" is best. And words for it.
    """
    rows = _Rows.of(body.without_readout, lesson, _stride(lesson, seasons), with_inputs=False)
    penalty, _ = _choose(rows, per_series=False)
    closed = np.zeros(rows.num_columns)
    if not np.isinf(penalty):
        closed = rows.pool(penalty).coefficients
    *layers, kernel, bias = body.weights
    mean = [0.5 * (kernel + closed[:-1, None]), 0.5 * (bias + closed[-1])]
    return body.with_weights([*layers, *mean]), Readout(closed, penalty).words


def _stride(lesson: Lesson, seasons: tuple[int, ...]) -> int:
    return coprime_stride(int((lesson.weights > 0).sum()) // _MOST_ROWS, seasons)


def share_left(body: Body, lesson: Lesson, seasons: tuple[int, ...]) -> float:
    """What the best readout leaves of the error of "no correction" on the last steps; at most 1.

    Args:
        body: the reservoir, or layers without their readout.
        lesson: inputs, targets and weights of every step.
        seasons: season lengths; the steps taken are never in phase with one.
    """
    rows = _Rows.of(body, lesson, _stride(lesson, seasons))
    errors = _late_errors(rows, per_series=False)
    return min(errors.values()) / max(errors[_NONE], np.finfo(float).tiny)


def _choose(rows: _Rows, per_series: bool) -> tuple[float, float]:
    """Penalty and shrinkage with the smallest weighted absolute error on the late rows."""
    errors = _late_errors(rows, per_series)
    return min(errors, key=lambda choice: errors[choice])


def _late_errors(rows: _Rows, per_series: bool) -> dict[tuple[float, float], float]:
    """Weighted absolute errors on the late rows, by penalty and shrinkage."""
    early, late = rows.part(~rows.late), rows.part(rows.late)
    if not (late.weights > 0).any() or len(early.target) < 2 * rows.num_columns:
        return {_NONE: 1.0}
    errors = {_NONE: (1.0 - _LEAST_GAIN) * late.error(np.zeros(rows.num_columns))}
    for penalty in _PENALTIES:
        pool = early.pool(penalty)
        errors[penalty, np.inf] = late.error(pool.coefficients)
        for shrinkage in _SHRINKAGES if per_series else ():
            own = early.departures(pool, penalty, shrinkage)
            found = late.error(pool.coefficients, own)
            errors[penalty, shrinkage] = (1.0 + _LEAST_GAIN) * found
    return errors


def _information(design: NDArray, weights: NDArray, penalty: float) -> NDArray:
    """What the normal equations of the fit say of its coefficients."""
    gram, _ = weighted_gram(design, np.zeros(len(design)), weights)
    diagonal = penalty * np.diagonal(gram)
    return gram + np.diag(np.append(diagonal[:-1], 0.0))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Taught steps, `n` rows, those of a series next to each other.

    Args:
        design: states, inputs (or none) and a constant, `(n, num_columns)`.
        target: what the highway left unexplained, `(n,)`.
        weights: of the targets, `(n,)`.
        late: whether a row is among the last steps of its series, `(n,)`.
        series: of each row, `(n,)`, non-decreasing.
        num_series: all series, those without a row included.
    """

    design: NDArray
    target: NDArray
    weights: NDArray
    late: NDArray
    series: NDArray
    num_series: int

    @staticmethod
    def of(body: Body, lesson: Lesson, stride: int, with_inputs: bool = True) -> _Rows:
        """Every k-th taught step."""
        num_series, num_steps = lesson.targets.shape
        taught = lesson.weights > 0
        taught[:, np.arange(num_steps) % stride != 0] = False
        states = _states(body, lesson, taught)
        inputs = [lesson.features[taught].astype(np.float64)] if with_inputs else []
        design = np.concatenate([states, *inputs, np.ones((len(states), 1))], axis=1)
        late = np.arange(num_steps) >= (1.0 - _HELD_OUT) * lesson.lengths[:, None]
        return _Rows(
            design, lesson.targets[taught], lesson.weights[taught], late[taught],
            np.nonzero(taught)[0], num_series,
        )  # fmt: skip

    @property
    def num_columns(self) -> int:
        """Coefficients of one map."""
        return self.design.shape[1]

    @property
    def can_be_parted(self) -> bool:
        """Whether there are several series, and not too many for coefficients of their own."""
        return 1 < self.num_series <= MOST_COEFFICIENTS // self.num_columns

    def part(self, chosen: NDArray) -> _Rows:
        """Some of the rows."""
        return _Rows(
            self.design[chosen], self.target[chosen], self.weights[chosen], self.late[chosen],
            self.series[chosen], self.num_series,
        )  # fmt: skip

    def pool(self, penalty: float) -> PoolFit:
        """The map that all series share."""
        centre = np.zeros(self.num_columns)
        regression = Regression("absolute", penalty)
        return fit_pool(self.design, self.target, self.weights, regression, centre)

    def departures(self, pool: PoolFit, penalty: float, shrinkage: float) -> NDArray:
        """What the map of each series differs by from the pool's of these rows."""
        starts = np.searchsorted(self.series, np.arange(self.num_series + 1))
        regression = Regression("absolute", penalty, shrinkage)
        own = shrink_to_pool(self.design, self.target, starts, pool, regression)
        return own - pool.coefficients

    def error(self, coefficients: NDArray, departures: NDArray | None = None) -> float:
        """Weighted mean absolute error of a map, or of one for each series."""
        corrections = self.design @ coefficients
        if departures is not None:
            corrections += np.einsum("nc,nc->n", self.design, departures[self.series])
        return float(np.average(np.abs(self.target - corrections), weights=self.weights))


def _states(body: Body, lesson: Lesson, taught: NDArray) -> NDArray:
    """What a readout sees of the layers after each taught step, `(n, width)`; series by series."""
    num_series, num_steps = taught.shape
    valid = np.arange(num_steps) < lesson.lengths[:, None]
    parts = []
    chunk = max(1, 2_000_000 // (num_steps * 64))
    for start in range(0, num_series, chunk):
        rows = slice(start, min(start + chunk, num_series))
        states = body.initial_state(len(lesson.lengths[rows]))
        outputs, _ = body.encode(lesson.features[rows], valid[rows], states)
        parts.append(outputs[taught[rows]])
    return np.concatenate(parts)
