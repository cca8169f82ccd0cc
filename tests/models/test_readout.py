"""The echo-state readout: an independent ridge, memory of the inputs, and nothing from noise."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pytest
from models.material import body_of
from numpy.typing import NDArray
from oracles import cells

from forecast.baselines.pooled import regression
from forecast.baselines.pooled.samples import coprime_stride
from forecast.models import readout
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody
from forecast.models.readout import averaged_readout, fit_readout
from forecast.models.teaching import Lesson

FEATURES, UNITS = 2, 20


def reservoir(units: int = UNITS) -> Body:
    options = {"leak_rate": 0.9, "spectral_radius": 0.8, "input_scaling": 0.3}
    return Body(Blueprint("EchoState", units, 1, FEATURES, seed=2, options=options))


def fitted(body: Body, lesson: Lesson) -> tuple[NDArray, float]:
    """Coefficients and penalty of a fit without seasons."""
    found = fit_readout(body, lesson, ())
    return found.coefficients, found.penalty


def lesson_of(num_series: int, num_steps: int, seed: int, targets: NDArray | None = None) -> Lesson:
    """Random inputs; random targets by default; uneven weights; the last series is shorter."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0.0, 1.0, (num_series, num_steps, FEATURES)).astype(np.float32)
    lengths = np.full(num_series, num_steps)
    lengths[-1] = num_steps - num_steps // 4
    valid = np.arange(num_steps) < lengths[:, None]
    weights = np.where(valid, rng.uniform(0.5, 1.5, valid.shape), 0.0)
    weights[:, :5] = 0.0
    noise = rng.standard_normal(valid.shape)
    return Lesson(features, np.where(valid, noise, 0.0), weights, lengths)


def echo_lesson(num_series: int, num_steps: int, seed: int) -> Lesson:
    """Targets that are a linear function of inputs one and two steps ago."""
    lesson = lesson_of(num_series, num_steps, seed)
    inputs = lesson.features[..., 0].astype(float)
    targets = np.zeros(inputs.shape)
    targets[:, 2:] = 0.7 * inputs[:, :-2] - 0.4 * inputs[:, 1:-1] + 0.2
    return Lesson(lesson.features, targets, lesson.weights, lesson.lengths)


def oracle_states(body: Body, lesson: Lesson) -> NDArray:
    """The reservoir by its equation, `(num_series, num_steps, units)`."""
    kernel, recurrent, bias = (weight.astype(float) for weight in body.weights)
    weights = {"W_h": kernel.T, "U_h": recurrent.T, "b_h": bias}
    weights["leak_rate"] = np.array(body.blueprint.options["leak_rate"])
    start = (np.zeros((len(lesson.lengths), len(bias))),)
    return cells.run(cells.echo_state_step, lesson.features.astype(float), start, weights)[0]


def ridge(design: NDArray, target: NDArray, weights: NDArray, penalty: float) -> NDArray:
    """Weighted ridge as one least squares problem with rows of zeros for the penalty.

    Minimises `sum w_i^2 (y_i - x_i B)^2 + penalty * sum_j q_j B_j^2`, q_j the weighted sum of
    squares of column j; the last column is free.
    """
    root = weights[:, None] * design
    size = np.sqrt(penalty * (root**2).sum(axis=0))
    size[-1] = 0.0
    system = np.concatenate([root, np.diag(size)])
    return np.linalg.lstsq(system, np.append(weights * target, np.zeros(len(size))))[0]


@pytest.mark.parametrize("most_rows", [20_000, 150])
def test_coefficients_equal_an_independent_weighted_ridge(
    most_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regression, "_COLD", regression._SQUARED)
    monkeypatch.setattr(readout, "_MOST_ROWS", most_rows)
    body, lesson = reservoir(), echo_lesson(6, 80, seed=1)
    found, penalty = fitted(body, lesson)
    taught = lesson.weights > 0
    stride = max(1, int(taught.sum()) // most_rows)
    taught[:, np.arange(80) % stride != 0] = False
    inputs = lesson.features[taught].astype(float)
    states = oracle_states(body, lesson)[taught]
    design = np.concatenate([states, inputs, np.ones((len(inputs), 1))], axis=1)
    expected = ridge(design, lesson.targets[taught], lesson.weights[taught], penalty)
    assert np.isfinite(penalty) and found.shape == (UNITS + FEATURES + 1,)
    # The states are float32, and columns of a reservoir are nearly dependent.
    np.testing.assert_allclose(design @ found, design @ expected, rtol=1e-3, atol=1e-3)


def test_the_penalty_is_the_best_on_the_last_fifth_of_each_series(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(regression, "_COLD", regression._SQUARED)
    body, lesson = reservoir(), echo_lesson(2, 60, seed=3)
    noise = np.random.default_rng(0).normal(0.0, 1.0, lesson.targets.shape)
    noisy = Lesson(lesson.features, lesson.targets + noise, lesson.weights, lesson.lengths)
    _, penalty = fitted(body, noisy)
    taught = lesson.weights > 0
    late = (np.arange(60) >= 0.8 * lesson.lengths[:, None])[taught]
    design = np.concatenate(
        [oracle_states(body, lesson), lesson.features, np.ones((2, 60, 1))], axis=2
    )[taught]
    target, weights = noisy.targets[taught], lesson.weights[taught]
    scores = {np.inf: 0.998 * np.average(np.abs(target[late]), weights=weights[late])}
    for candidate in (1e-4, 1e-2, 1.0, 100.0):
        coefficients = ridge(design[~late], target[~late], weights[~late], candidate)
        errors = np.abs(target[late] - design[late] @ coefficients)
        scores[candidate] = np.average(errors, weights=weights[late])
    assert penalty == min(scores, key=lambda candidate: scores[candidate])
    assert 1e-4 < penalty < np.inf  # the noise asks for more than the smallest penalty


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_is_learned_from_noise(seed: int) -> None:
    coefficients, penalty = fitted(reservoir(), lesson_of(4, 100, seed))
    assert penalty == np.inf
    np.testing.assert_array_equal(coefficients, np.zeros(UNITS + FEATURES + 1))


def test_an_averaged_readout_is_the_mean_with_an_independent_ridge_on_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(regression, "_COLD", regression._SQUARED)
    trained, lesson = body_of("SimpleRNN", FEATURES, units=5, seed=3), echo_lesson(6, 80, seed=1)
    averaged, words = averaged_readout(trained, lesson, ())
    penalty = float(words.removeprefix("ridge "))
    layers, valid = trained.without_readout, np.arange(80) < lesson.lengths[:, None]
    states, _ = layers.encode(lesson.features, valid, layers.initial_state(6))
    taught = lesson.weights > 0
    design = np.concatenate([states[taught], np.ones((taught.sum(), 1))], axis=1)
    expected = ridge(design, lesson.targets[taught], lesson.weights[taught], penalty)
    for weight, other in zip(averaged.weights[:-2], trained.weights[:-2], strict=True):
        np.testing.assert_array_equal(weight, other)
    closed = [2.0 * new - old for new, old in zip(averaged.weights, trained.weights, strict=True)]
    read = design @ np.append(closed[-2][:, 0], closed[-1])
    np.testing.assert_allclose(read, design @ expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("seed", [0, 1])
def test_an_average_with_no_correction_is_half_of_the_trained_one(seed: int) -> None:
    trained = body_of("SimpleRNN", FEATURES, units=5, seed=3)
    averaged, words = averaged_readout(trained, lesson_of(4, 100, seed), ())
    assert words == "no correction"
    for new, old in zip(averaged.weights[-2:], trained.weights[-2:], strict=True):
        np.testing.assert_allclose(new, 0.5 * old, rtol=1e-7)


def test_a_delayed_input_is_remembered_on_series_never_seen() -> None:
    body = reservoir(60)
    coefficients, penalty = fitted(body, echo_lesson(10, 100, seed=4))
    assert penalty <= 1e-2
    unseen = echo_lesson(3, 100, seed=5)
    valid = np.arange(100) < unseen.lengths[:, None]
    read = ReadBody(body, coefficients)
    corrections, _ = read.encode(unseen.features, valid, read.initial_state(3))
    known = unseen.weights > 0
    missed = np.abs(unseen.targets - corrections)[known].mean()
    assert missed < 0.1 * np.abs(unseen.targets[known]).mean()


def test_too_few_steps_give_no_correction() -> None:
    coefficients, penalty = fitted(reservoir(), echo_lesson(1, 30, seed=6))
    assert penalty == np.inf and not coefficients.any()


def test_a_lesson_without_weights_gives_no_correction() -> None:
    lesson = lesson_of(2, 50, seed=7)
    empty = Lesson(lesson.features, lesson.targets, 0.0 * lesson.weights, lesson.lengths)
    coefficients, penalty = fitted(reservoir(), empty)
    assert penalty == np.inf and not coefficients.any()


def test_the_reservoir_is_left_as_it_was() -> None:
    body = body_of("EchoState", FEATURES, units=UNITS, num_layers=1)
    before = body.weights
    fitted(body, echo_lesson(4, 100, seed=8))
    for left, right in zip(before, body.weights, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("stride", range(30))
def test_thinned_steps_visit_every_phase_of_every_season(stride: int) -> None:
    taken = np.arange(0, 20_000, coprime_stride(stride, (24, 168)))
    assert len(np.unique(taken % 168)) == 168


def opposite_lesson(num_series: int, num_steps: int, seed: int) -> Lesson:
    """Targets of every other series are turned, so that the pool's map is of little use; noise."""
    lesson = echo_lesson(num_series, num_steps, seed)
    sign = np.where(np.arange(num_series) % 2 == 0, 1.0, -0.6)[:, None]
    noise = np.random.default_rng(seed + 50).normal(0.0, 0.3, lesson.targets.shape)
    return Lesson(lesson.features, sign * lesson.targets + noise, lesson.weights, lesson.lengths)


@dataclass(frozen=True)
class Rows:
    """The rows of a lesson by the oracle: columns, targets, weights, lateness and series."""

    design: NDArray
    target: NDArray
    weights: NDArray
    late: NDArray
    series: NDArray

    @staticmethod
    def of(body: Body, lesson: Lesson) -> Rows:
        taught = lesson.weights > 0
        constant = np.ones((*taught.shape, 1))
        columns = (oracle_states(body, lesson), lesson.features, constant)
        steps = np.arange(taught.shape[1])
        late = (steps >= 0.8 * lesson.lengths[:, None])[taught]
        design, series = np.concatenate(columns, axis=2)[taught], np.nonzero(taught)[0]
        return Rows(design, lesson.targets[taught], lesson.weights[taught], late, series)

    def only(self, chosen: NDArray) -> Rows:
        return Rows(*(getattr(self, one.name)[chosen] for one in fields(self)))

    def shrunk(self, pool: NDArray, penalty: float, kappa: float) -> NDArray:
        """The map of each series, `(num_series, num_columns)`, by squared errors.

        Minimises `sum_i v_i (y_i - x_i b)^2 + kappa / sum(v) (b - B)' G (b - B)` over the rows of
        a series, v of mean 1 over all rows, G the matrix of all with the ridge on its diagonal.
        """
        weights = self.weights**2 / np.mean(self.weights**2)
        gram = (self.design.T * weights) @ self.design
        ridge_of_gram = penalty * np.diagonal(gram)
        gram += np.diag(np.append(ridge_of_gram[:-1], 0.0))
        root = np.linalg.cholesky(kappa / weights.sum() * gram).T
        maps = []
        for index in range(self.series.max() + 1):
            own = self.series == index
            size = np.sqrt(weights[own])
            missed = size * (self.target[own] - self.design[own] @ pool)
            system = np.concatenate([size[:, None] * self.design[own], root])
            maps.append(pool + np.linalg.lstsq(system, np.append(missed, 0.0 * pool))[0])
        return np.array(maps)

    def error(self, maps: NDArray) -> float:
        found = (self.design * maps[self.series]).sum(axis=1)
        return float(np.average(np.abs(self.target - found), weights=self.weights))


def test_shrinkage_and_maps_of_series_equal_an_independent_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(regression, "_COLD", regression._SQUARED)
    body, lesson = reservoir(6), opposite_lesson(4, 150, seed=9)
    found = fit_readout(body, lesson, (), per_series=True)
    rows = Rows.of(body, lesson)
    early, late = rows.only(~rows.late), rows.only(rows.late)
    scores = {(np.inf, np.inf): 0.998 * late.error(np.zeros((4, 9)))}
    for penalty in (1e-4, 1e-2, 1.0, 100.0):
        pool = ridge(early.design, early.target, early.weights, penalty)
        scores[penalty, np.inf] = late.error(np.tile(pool, (4, 1)))
        for kappa in (300.0, 100.0, 30.0, 10.0):
            scores[penalty, kappa] = 1.002 * late.error(early.shrunk(pool, penalty, kappa))
    assert (found.penalty, found.shrinkage) == min(scores, key=lambda one: scores[one])
    assert found.words == f"ridge {found.penalty:g}, shrinkage {found.shrinkage:g}"
    pool = ridge(rows.design, rows.target, rows.weights, found.penalty)
    expected = rows.shrunk(pool, found.penalty, found.shrinkage)
    assert found.departures is not None and np.abs(expected - pool).max() > 0.1
    maps = found.coefficients + found.departures
    np.testing.assert_allclose(
        (rows.design * maps[rows.series]).sum(axis=1),
        (rows.design * expected[rows.series]).sum(axis=1), rtol=1e-4, atol=1e-4,
    )  # fmt: skip


@pytest.mark.parametrize("seed", [10, 11, 12])
def test_series_that_are_alike_share_the_map_of_the_pool(seed: int) -> None:
    lesson = echo_lesson(5, 120, seed)
    noise = np.random.default_rng(seed).normal(0.0, 0.5, lesson.targets.shape)
    noisy = Lesson(lesson.features, lesson.targets + noise, lesson.weights, lesson.lengths)
    found = fit_readout(reservoir(), noisy, (), per_series=True)
    assert found.departures is None and found.words.endswith(", shrinkage inf")
    pooled = fit_readout(reservoir(), noisy, ())
    np.testing.assert_array_equal(found.coefficients, pooled.coefficients)
    assert pooled.shrinkage is None and found.words.startswith(pooled.words)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_series_learns_from_noise(seed: int) -> None:
    found = fit_readout(reservoir(), lesson_of(4, 100, seed), (), per_series=True)
    assert found.departures is None and not found.coefficients.any()
    assert found.words == "no correction"


def test_a_series_alone_is_the_pool() -> None:
    found = fit_readout(reservoir(), echo_lesson(1, 200, seed=13), (), per_series=True)
    assert found.departures is None and found.shrinkage == np.inf and found.penalty < np.inf
