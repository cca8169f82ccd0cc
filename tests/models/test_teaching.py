"""Training material: targets, weights and batches, computed again by loops over steps."""

from __future__ import annotations

import numpy as np
import pytest
from models.material import highway_of, panel_of, past_of, seasonal_values
from numpy.typing import NDArray

from forecast.models.inputs import input_width, read_inputs
from forecast.models.teaching import Lesson, Sequences, make_lesson

SEASON, LENGTHS = 4, (40, 25, 5)


def series_with_gaps() -> list[NDArray]:
    values = seasonal_values(3, 40, seed=3)
    values[0, [6, 7, 20]] = np.nan
    values[1, [3, 23]] = np.nan
    values[2, 30] += 1e3
    return [values[row, :length].copy() for row, length in enumerate(LENGTHS)]


@pytest.fixture(scope="module", params=[False, True])
def taught(request: pytest.FixtureRequest):
    logarithm = request.param
    series = series_with_gaps()
    if logarithm:
        series = [np.abs(values) + 1.0 for values in series]
    highway = highway_of(num_lags=4, seasons=(SEASON,), logarithm=logarithm, num_series=3)
    return highway, series, make_lesson(highway, panel_of(series), SEASON)


def walk(highway, series: NDArray, row: int):
    """The inputs after each step, gaps filled by the highway's own forecast, and encoded values."""
    encoded = np.log1p(series) if highway.power.is_logarithm else series
    filled: list[float] = []
    inputs = []
    for value in encoded:
        if np.isnan(value):
            value = highway.emit(
                past_of(filled, highway.window_length, row), 1, np.empty((1, 1, 0))
            )[0, 0]
        filled.append(float(value))
        inputs.append(read_inputs(highway, past_of(filled, highway.window_length, row)))
    return inputs, encoded, np.array(filled)


def test_targets_are_what_the_highway_missed_in_its_unit(taught) -> None:
    highway, series, lesson = taught
    assert lesson.features.shape == (3, 40, input_width(highway))
    assert lesson.features.dtype == np.float32
    assert lesson.lengths.tolist() == list(LENGTHS)
    assert np.isfinite(lesson.features).all() and np.isfinite(lesson.targets).all()
    for row, values in enumerate(series):
        inputs, encoded, _ = walk(highway, values, row)
        for step in range(len(values)):
            one = inputs[step]
            np.testing.assert_allclose(
                lesson.features[row, step], one.features[0], rtol=1e-4, atol=1e-5
            )
            known = step + 1 < len(values) and not np.isnan(values[step + 1])
            missed = (encoded[step + 1] - one.base[0]) / one.unit[0] if known else 0.0
            np.testing.assert_allclose(
                lesson.targets[row, step], np.clip(missed, -20.0, 20.0), rtol=1e-8, atol=1e-9
            )


def test_one_outlier_is_cut_to_twenty_units() -> None:
    values = seasonal_values(1, 40, seed=3)
    values[0, 30] += 1e4
    lesson = make_lesson(highway_of(4, (SEASON,)), panel_of([values[0]]), SEASON)
    assert lesson.targets[0, 29] == 20.0 and np.abs(lesson.targets).max() == 20.0


def test_steps_without_a_target_or_a_season_behind_them_weigh_nothing(taught) -> None:
    _, series, lesson = taught
    for row, values in enumerate(series):
        early = min(SEASON, len(values) // 2)
        upcoming = np.append(values[1:], np.nan)
        learned_from = ~np.isnan(upcoming) & (np.arange(len(values)) >= early)
        # The short series has one pair of values a season apart: it is learned from too.
        np.testing.assert_array_equal(lesson.weights[row, : len(values)] > 0, learned_from)
        assert not lesson.weights[row, len(values) :].any()


def test_an_error_weighs_what_it_costs_in_mase(taught) -> None:
    highway, series, lesson = taught
    costs = np.zeros(lesson.weights.shape)
    for row, values in enumerate(series):
        inputs, _, filled = walk(highway, values, row)
        changes = np.abs(values[SEASON:] - values[:-SEASON])
        slope = np.exp(filled) if highway.power.is_logarithm else np.ones(len(values))
        unit = np.array([one.unit[0] for one in inputs])
        costs[row, : len(values)] = slope * unit / np.nanmean(changes)
    costs = np.minimum(costs, 10.0 * np.median(costs[costs > 0]))
    known = lesson.weights > 0
    np.testing.assert_allclose(lesson.weights[known], costs[known] / costs[known].mean(), rtol=1e-6)
    np.testing.assert_allclose(lesson.weights[known].mean(), 1.0, rtol=1e-12)


def test_a_constant_series_is_no_material_and_does_not_stop_the_others() -> None:
    values = seasonal_values(1, 40, seed=3)[0]
    lesson = make_lesson(highway_of(4, (SEASON,)), panel_of([values, np.full(40, 5.1)]), SEASON)
    assert lesson.weights[0].any() and not lesson.weights[1].any()
    assert np.isfinite(lesson.targets).all()


def numbered_lesson() -> Lesson:
    """Features and targets that say where they come from: 1000 * series + step."""
    lengths = np.array([30, 12, 5, 30])
    steps = 1000.0 * np.arange(4)[:, None] + np.arange(30)
    valid = np.arange(30) < lengths[:, None]
    weights = np.where(valid, 1.0 + steps / 1e5, 0.0)
    weights[3] = 0.0
    features = np.stack([steps, -steps], axis=2).astype(np.float32)
    return Lesson(features, np.where(valid, steps + 0.5, 0.0), weights, lengths)


def test_batches_are_stretches_of_series_right_padded() -> None:
    lesson = numbered_lesson()
    sequences = Sequences(lesson, 8, batch_size=64, num_updates=20, seed=1)
    assert len(sequences) == 20
    rows, starts = set(), set()
    for number in range(20):
        features, valid, targets, weights = sequences.batch(number)
        assert features.shape == (64, 8, 2) and features.dtype == targets.dtype == np.float32
        assert valid.shape == targets.shape == weights.shape == (64, 8)
        first = features[:, 0, 0].astype(int)
        row, start = first // 1000, first % 1000
        rows |= set(row)
        starts |= set(start[row == 0])
        length = np.minimum(lesson.lengths[row] - start, 8)
        np.testing.assert_array_equal(valid, np.arange(8) < length[:, None])
        expected = first[:, None] + np.arange(8)
        np.testing.assert_array_equal(features[..., 0][valid], expected[valid])
        np.testing.assert_array_equal(targets[valid], expected[valid] + 0.5)
        np.testing.assert_allclose(weights[valid], 1.0 + expected[valid] / 1e5, rtol=1e-6)
        assert not weights[~valid].any()
        assert (start <= np.maximum(lesson.lengths[row] - 8, 0)).all()
    assert rows == {0, 1, 2}  # series 3 weighs nothing, so it is never drawn
    assert starts == set(range(23))  # up to the last stretch that fits


def test_longer_series_are_drawn_more_often() -> None:
    sequences = Sequences(numbered_lesson(), 8, batch_size=2000, num_updates=1, seed=2)
    row = sequences.batch(0)[0][:, 0, 0] // 1000
    share = np.bincount(row.astype(int), minlength=4) / 2000
    np.testing.assert_allclose(share, np.array([30, 12, 5, 0]) / 47, atol=0.04)


def test_a_batch_is_the_same_whenever_asked_for_and_another_for_each_number_and_seed() -> None:
    first, again = (Sequences(numbered_lesson(), 8, 32, 5, seed=3) for _ in range(2))
    other = Sequences(numbered_lesson(), 8, 32, 50, seed=4)
    late = first.batch(4)
    for number in (2, 0, 4):
        for left, right in zip(first.batch(number), again.batch(number), strict=True):
            np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(late[0], again.batch(4)[0])
    assert (first.batch(0)[0] != first.batch(1)[0]).any()
    assert (first.batch(0)[0] != other.batch(0)[0]).any()


def test_keras_gets_the_same_batch() -> None:
    sequences = Sequences(numbered_lesson(), 8, 32, 5, seed=3)
    features, valid, targets, weights = sequences.batch(1)
    inputs, found_targets, found_weights = sequences[1]
    np.testing.assert_array_equal(inputs["features"], features)
    np.testing.assert_array_equal(inputs["mask"], valid)
    np.testing.assert_array_equal(found_targets, targets)
    np.testing.assert_array_equal(found_weights, weights)
