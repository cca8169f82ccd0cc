"""Scheduled sampling: what is fed in training is what serving feeds where a value is missing."""

from __future__ import annotations

import numpy as np
import pytest
from models.material import highway_of, network_of, panel_of, seasonal_values
from numpy.typing import NDArray

from forecast import engine
from forecast.models.descent import descend
from forecast.models.sampling import Sampling
from forecast.models.teaching import Sequences, make_lesson
from forecast.models.training import TeacherForcing, Training
from forecast.models.walk import Walk
from forecast.pipelines import Block

SEASON, LENGTH, WARMUP = 4, 20, 5


class Material:
    """Three series of 40 steps, one with a gap, and a short one; a network with random weights."""

    def __init__(self, kind: str = "plain") -> None:
        logarithm = kind == "logarithm"
        values = seasonal_values(3, 40, seed=5)
        values = np.abs(values) + 1.0 if logarithm else values
        values[2, 17] = np.nan
        self.values = values
        self.highway = highway_of(4, (SEASON,), logarithm=logarithm)
        if kind == "own scales":  # but for the second series
            scales = [[0.0, 0.0], [-17.0, 1.0], [0.0, 0.0], [9.0, 0.7], [-16.0, 1.0]]
            self.highway = self.highway.seen_in(np.array(scales))
        self.network = network_of(self.highway, "GRU", units=3)
        self.body = self.network.body
        series = [*values, values[0, :13] + 1.0]
        self.lesson = make_lesson(self.highway, panel_of(series), SEASON)
        walk = Walk(self.highway.features, self.body.program, WARMUP)
        self.sampling = Sampling(self.lesson.trail, self.highway, walk, seed=3)

    def sequences(self) -> Sequences:
        return Sequences(self.lesson, LENGTH, 4, 12, seed=1, sampling=self.sampling)

    def walked(self, number: int, share: float) -> tuple[dict[str, NDArray], list[NDArray]]:
        """The inputs of a batch, and what the walk makes of them."""
        inputs, *_ = self.sequences().material(number)
        states = self.body.initial_state(4)
        found = self.sampling.walk(self.body.tensors, inputs, states, np.float64(share))
        return inputs, [np.asarray(part) for part in found]


@pytest.fixture(scope="module")
def plain() -> Material:
    return Material()


@pytest.mark.parametrize("kind", ["plain", "logarithm", "own scales"])
def test_a_walk_feeds_what_serving_feeds_at_missing_values(plain, kind: str) -> None:
    material, share, checked = plain if kind == "plain" else Material(kind), 0.4, 0
    for number in range(3):
        places = material.sequences().places(number)
        inputs, (features, base, unit) = material.walked(number, share)
        corrections, _ = material.body.encode(
            features, inputs["mask"], material.body.initial_state(4)
        )
        forecasts = material.highway.decode(base + unit * corrections)
        fed = inputs["draws"] < share
        for row, start in enumerate(places.starts):
            expected = served(material, places.rows[row], start, fed[row])
            if expected is not None:
                np.testing.assert_allclose(forecasts[row], expected, rtol=2e-4)
                checked += 1
    assert checked >= 6


def served(material: Material, series: int, start: int, fed: NDArray) -> NDArray | None:
    """Forecasts of `observe` along a sequence whose layers begin at zero; None at a gap before."""
    if series == 3:
        return None
    values = material.values[[series]]
    if np.isnan(values[:, : start + WARMUP]).any():
        return None
    model = material.network
    state = engine.begin(model, np.array([series if model.highway.knows_scales else -1]))
    known = np.ones((1, start), dtype=bool)
    if start:
        state, _ = engine.absorb(model, state, Block(values[:, :start], known, known))
    inner = engine.inner(state)
    blank = model.body.initial_state(1)
    arrays = dict(inner.arrays) | {f"cell.{index}": cell for index, cell in enumerate(blank)}
    inner = type(inner)(arrays, inner.clock, inner.count)
    observed = (fed | (np.arange(LENGTH) < WARMUP))[None]
    block = values[:, start : start + LENGTH]
    observed = observed & ~np.isnan(block)
    moved = []
    for step in range(LENGTH):  # after each step, for the forecast after the last one as well
        part = Block(
            np.nan_to_num(block[:, step : step + 1]), observed[:, step : step + 1],
            np.ones((1, 1), dtype=bool),
        )  # fmt: skip
        inner, _ = model.observe(inner, part)
        moved.append(float(model.highway.decode(inner.arrays["forecast"])[0]))
    return np.array(moved)


def test_the_whole_truth_gives_the_inputs_of_teacher_forcing(plain: Material) -> None:
    for number in range(3):
        inputs, found = plain.walked(number, 1.0)
        gaps = inputs["draws"] >= 1.0
        whole = ~gaps.any(axis=1) & inputs["mask"].all(axis=1)
        assert whole.any()
        for name, part in zip(("features", "base", "unit"), found, strict=True):
            np.testing.assert_allclose(part[whole], inputs[name][whole], rtol=1e-4, atol=1e-5)


def test_what_is_fed_depends_on_the_draws_and_not_before_the_first_of_them(plain) -> None:
    inputs, (features, *_) = plain.walked(2, 0.5)
    left_out = inputs["draws"] >= 0.5
    left_out[:, :WARMUP] = False
    first = left_out.argmax(axis=1)
    for row, step in enumerate(first):
        np.testing.assert_allclose(features[row, :step], inputs["features"][row, :step], atol=1e-4)
        assert np.abs(features[row, step] - inputs["features"][row, step]).max() > 1e-3


def test_values_that_run_away_stay_within_the_range_of_their_series_and_one_more(plain) -> None:
    inputs, *_ = plain.sequences().material(0)
    wild = plain.body.with_weights([40.0 * weight for weight in plain.body.weights])
    found = plain.sampling.walk(wild.tensors, inputs, wild.initial_state(4), np.float64(0.0))
    found = [np.asarray(part) for part in found]
    assert all(np.isfinite(part).all() for part in found)
    values = plain.values[np.minimum(plain.sequences().places(0).rows, 2)]
    spread = np.nanmax(values, axis=1) - np.nanmin(values, axis=1)
    assert (found[2].max(axis=1) <= 3.0 * spread).all()


def test_training_on_samples_repeats(plain) -> None:
    falling = TeacherForcing("linear", start=1.0, end=0.0)
    training = Training(num_steps=12, num_checks=2, learning_rate=1e-2, teacher_forcing=falling)

    def trained():
        scores = iter([3.0, 2.0, 1.0])
        body, history = descend(plain.body, plain.sequences(), training, lambda body: next(scores))
        return body.weights, history

    first, again = trained(), trained()
    for left, right in zip(first[0], again[0], strict=True):
        np.testing.assert_array_equal(left, right)
    assert first[1] == again[1]
    assert first[1]["teacher_forcing"] == [1.0, 1.0, 0.5]
    assert np.isfinite(first[1]["loss"]).all()
