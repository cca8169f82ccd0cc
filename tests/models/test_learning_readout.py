"""What newer steps teach a reservoir's readout: the least squares of all rows, in any blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models.material import block_of, frame_of, highway_of, network_of, seasonal_values
from numpy.typing import NDArray

import forecast as fc
from forecast.baselines.pooled import regression
from forecast.models import body as bodies
from forecast.models import readout
from forecast.models.body import ReadBody
from forecast.models.inputs import input_width
from forecast.models.network import NetworkModel
from forecast.models.newer import NewerSteps
from forecast.models.readout import fit_readout
from forecast.models.recursive import add_rows
from forecast.models.teaching import Lesson
from forecast.protocol import StateBatch, Static

COLUMNS, ROWS = 5, 3


def rows_of(num_rows: int, seed: int) -> tuple[NDArray, NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    design = rng.normal(0.4, 1.0, (num_rows, COLUMNS)) * [1.0, 30.0, 0.02, 2.0, 1.0]
    return design, rng.normal(0.0, 1.0, num_rows), rng.uniform(0.2, 2.0, num_rows)


def least_squares(parts: list[tuple[NDArray, NDArray, NDArray]], penalty: NDArray) -> NDArray:
    design, target, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    root = np.sqrt(weights)
    system = np.concatenate([design * root[:, None], np.diag(np.sqrt(penalty))])
    return np.linalg.lstsq(system, np.append(target * root, np.zeros(COLUMNS)))[0]


@given(cuts=st.lists(st.integers(0, 30), max_size=5), seed=st.integers(0, 50))
def test_rows_in_any_blocks_give_the_least_squares_of_all(cuts: list[int], seed: int) -> None:
    first, newer = rows_of(12, seed), rows_of(30, seed + 1)
    penalty = np.array([0.5, 20.0, 1e-4, 0.1, 0.0])
    information = (first[0].T * first[2]) @ first[0] + np.diag(penalty)
    kept, coefficients = information.copy(), least_squares([first], penalty)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 30], strict=True):
        part = [array[start:end] for array in newer]
        information, coefficients = add_rows(information, coefficients, *part)
    expected = least_squares([first, newer], penalty)
    np.testing.assert_allclose(coefficients, expected, rtol=1e-8, atol=1e-10)
    gram = (newer[0].T * newer[2]) @ newer[0]
    np.testing.assert_allclose(information, kept + gram, rtol=1e-10)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_rows_that_are_no_numbers_change_nothing(value: float) -> None:
    design, target, weights = rows_of(4, seed=1)
    design[2, 1] = value
    information, coefficients = np.eye(COLUMNS), np.arange(5.0)
    with np.errstate(all="ignore"):
        found = add_rows(information, coefficients, design, target, weights)
    assert found[0] is information and found[1] is coefficients


def lesson_of(values_seed: int, num_steps: int, width: int) -> Lesson:
    """Targets that depend on the input before, with noise."""
    rng = np.random.default_rng(values_seed)
    features = rng.normal(0.0, 1.0, (4, num_steps, width)).astype(np.float32)
    targets = 0.3 * rng.standard_normal((4, num_steps))
    targets[:, 1:] += 0.8 * features[:, :-1, 0]
    weights = rng.uniform(0.5, 1.5, targets.shape)
    return Lesson(features, targets, weights, np.full(4, num_steps))


def esn(width: int) -> ReadBody:
    found = network_of(highway_of(), "EchoState", units=12, num_layers=1).body
    assert isinstance(found, ReadBody) and found.num_features == width
    return found


@pytest.mark.parametrize("most_rows", [20_000, 90])
def test_the_fit_and_newer_steps_are_one_least_squares(
    most_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regression, "_COLD", regression._SQUARED)
    monkeypatch.setattr(readout, "_MOST_ROWS", most_rows)
    width = input_width(highway_of())
    reservoir, lesson = esn(width).body, lesson_of(1, 60, width)
    found = fit_readout(reservoir, lesson, ())
    read = ReadBody(reservoir, found.coefficients, found.information)
    newer, states = lesson_of(2, 20, width), read.initial_state(4)
    outputs, states = reservoir.encode(lesson.features, lesson.weights > 0, states)
    known = np.random.default_rng(3).random((4, 20)) < 0.7
    steps = NewerSteps(
        lesson.features[:, -1], newer.features, np.ones(known.shape, bool),
        np.where(known, newer.targets, 0.0), known.astype(float),
    )  # fmt: skip
    learned = read.learned(steps, states)
    later, _ = reservoir.encode(newer.features, steps.valid, states)
    stride = max(1, lesson.weights.size // most_rows)
    old = np.concatenate([outputs, lesson.features, np.ones((4, 60, 1))], axis=2)[:, ::stride]
    weights = lesson.weights[:, ::stride] ** 2
    weights = stride * weights / weights.mean()
    new = np.concatenate([later, newer.features, np.ones((4, 20, 1))], axis=2)
    new = np.concatenate([old[:, -1:] if stride == 1 else last(outputs, lesson), new], axis=1)
    design = np.concatenate([old.reshape(-1, old.shape[2]), new[:, :-1][known]])
    target = np.concatenate([lesson.targets[:, ::stride].ravel(), newer.targets[known]])
    root = np.sqrt(np.concatenate([weights.ravel(), np.ones(known.sum())]))
    first = old.reshape(-1, old.shape[2]) * np.sqrt(weights.ravel())[:, None]
    size = np.sqrt(found.penalty * np.square(first).sum(axis=0))
    size[-1] = 0.0
    system = np.concatenate([design * root[:, None], np.diag(size)])
    expected = np.linalg.lstsq(system, np.append(target * root, np.zeros(len(size))))[0]
    assert np.abs(learned.coefficients - read.coefficients).max() > 1e-3
    np.testing.assert_allclose(
        design @ learned.coefficients, design @ expected, rtol=1e-5, atol=1e-6
    )


def last(outputs: NDArray, lesson: Lesson) -> NDArray:
    columns = [outputs[:, -1:], lesson.features[:, -1:], np.ones((len(outputs), 1, 1))]
    return np.concatenate(columns, axis=2)


def fitted_network() -> tuple[NetworkModel, NDArray, StateBatch]:
    """A network whose readout was fitted to what its highway misses of six seasonal series."""
    highway = highway_of()
    width = input_width(highway)
    found = fit_readout(esn(width).body, lesson_of(5, 80, width), ())
    model = NetworkModel(highway, ReadBody(esn(width).body, found.coefficients, found.information))
    values = seasonal_values(ROWS, 90, seed=6)
    state = model.init_state(ROWS, Static(np.full(ROWS, -1)))
    return model, values, model.observe(state, block_of(values[:, :30]))[0]


@pytest.mark.parametrize("block_length", [1, 7, 60])
def test_blocks_do_not_matter(block_length: int) -> None:
    model, values, state = fitted_network()
    whole, parts = model.learn(state, block_of(values[:, 30:])), model
    for start in range(30, 90, block_length):
        block = block_of(values[:, start : start + block_length])
        parts = parts.learn(state, block)
        state, _ = parts.observe(state, block)
    found, expected = parts.body.coefficients, whole.body.coefficients
    assert np.abs(expected - model.body.coefficients).max() > 1e-2
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_the_old_model_stays_and_a_saved_one_learns_the_same_bits() -> None:
    model, values, state = fitted_network()
    before = model.body.coefficients.copy(), model.body.information.copy()
    block, later = block_of(values[:, 30:40]), block_of(values[:, 40:])
    one = model.learn(state, block)
    np.testing.assert_array_equal(model.body.coefficients, before[0])
    np.testing.assert_array_equal(model.body.information, before[1])
    again = NetworkModel.from_saved(*one.to_saved())
    after, _ = one.observe(state, block)
    for name, array in one.learn(after, later).to_saved()[1].items():
        np.testing.assert_array_equal(again.learn(after, later).to_saved()[1][name], array)


def test_gaps_are_fed_and_not_learned_from() -> None:
    model, values, state = fitted_network()
    gappy = values[:, 30:45].copy()
    gappy[0, 4:7] = gappy[2, 9] = np.nan
    found = model.learn(state, block_of(gappy))
    assert np.isfinite(found.body.coefficients).all()
    part, current = model, state
    for column in range(gappy.shape[1]):
        block = block_of(gappy[:, [column]])
        part = part.learn(current, block)
        current, _ = model.observe(current, block)
    np.testing.assert_allclose(
        part.body.coefficients, found.body.coefficients, rtol=1e-3, atol=1e-4
    )


def test_each_series_keeps_its_distance_from_the_pool() -> None:
    model, values, state = fitted_network()
    block, pooled = block_of(values[:, 30:]), model.body
    departures = np.random.default_rng(5).normal(0.0, 0.1, (ROWS, len(pooled.coefficients)))
    read = ReadBody(pooled.body, pooled.coefficients, pooled.information, departures)
    found = model.with_body(read).learn(state, block).body
    np.testing.assert_array_equal(found.departures, departures)
    np.testing.assert_array_equal(found.coefficients, model.learn(state, block).body.coefficients)


def test_a_fit_without_a_correction_stays_without_one() -> None:
    model, values, state = fitted_network()
    blank = ReadBody(model.body.body, np.zeros(len(model.body.coefficients)))
    newer = NetworkModel(model.highway, blank).learn(state, block_of(values[:, 30:]))
    assert not newer.body.coefficients.any() and newer.body.information is None


def test_sums_that_are_too_many_are_not_kept_and_learning_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readout, "MOST_NUMBERS", 100)
    model, values, state = fitted_network()
    assert model.body.information is None and model.body.coefficients.any()
    block = block_of(values[:, 30:])
    with pytest.raises(ValueError, match=r"this readout cannot learn .* without the sums of a fit"):
        model.learn(state, block)
    monkeypatch.setattr(
        bodies, "why_not_kept", lambda number, advice: f"{number} numbers; {advice}"
    )
    with pytest.raises(ValueError, match=r"cannot learn from newer rows: \d+ numbers; take fewer"):
        model.learn(state, block)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3), r"finite numbers of the shape \(24, 24\); got the shape \(3, 3\)"),
        (np.full((24, 24), np.nan), "must be finite numbers"),
        (np.triu(np.ones((24, 24))), "must be symmetric"),
        (-np.eye(24), "no number below 0 on its diagonal"),
    ],
)
def test_an_information_that_is_none_is_refused(matrix: NDArray, message: str) -> None:
    model, _, _ = fitted_network()
    assert len(model.body.coefficients) == 24
    with pytest.raises(ValueError, match=message):
        ReadBody(model.body.body, model.body.coefficients, matrix)


def test_a_forecaster_learns_by_update() -> None:
    values = np.zeros((4, 260))
    rng = np.random.default_rng(1)
    for step in range(1, 260):
        gain = 1.2 if step < 160 else -1.2
        values[:, step] = gain * (np.abs(values[:, step - 1]) - 0.8) + 0.2 * rng.standard_normal(4)
    frame = frame_of(values)
    old, new = (frame[frame["ds"].between(*ends)] for ends in ((0, 159), (160, 219)))
    later = frame[frame["ds"] >= 220]
    errors = []
    for learn in (False, True):
        model = fc.ESNForecaster(units=30, season_length=1, seed=0).fit(old, horizon=2)
        model.update(new, learn=learn)
        before = model.store_.state.arrays["record.error_sum"].sum()
        model.update(later)
        errors.append(model.store_.state.arrays["record.error_sum"].sum() - before)
    assert errors[1] < 0.7 * errors[0]
