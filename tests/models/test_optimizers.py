"""Momentum and Hessian-free steps as choices of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from models.descent_material import better_each_time, fresh, lesson_of, sequences_of

import forecast as fc
from forecast.heads import Squared
from forecast.io.codec import decode_value, encode_value
from forecast.models.checkpoint import Checkpoint
from forecast.models.descent import descend
from forecast.models.gradient_steps import Nesterov
from forecast.models.training import Training
from forecast.models.training_run import TrainingRun

SQUARED = Squared().loss
CURVED = fc.HessianFree(max_iterations=8)


# Momentum -----------------------------------------------------------------------------------------


def test_momentum_grows_by_the_published_schedule_and_is_smaller_in_the_end() -> None:
    momentum = fc.Momentum(peak=0.995, period=250, last=0.9)
    for step in (0, 249, 250, 3000, 60_000):
        published = min(1.0 - 2.0 ** (-1.0 - np.log2(step // 250 + 1.0)), 0.995)
        assert momentum.at(step, 200_000) == pytest.approx(published)
    assert momentum.at(180_000, 200_000) == 0.9
    assert momentum.at(9, 10) == 0.5  # never more than it had grown to


def test_a_step_of_nesterov_is_that_of_its_equation() -> None:
    rng = np.random.default_rng(1)
    start, gradients = rng.normal(size=(3, 2)), rng.normal(size=(4, 3, 2))
    variable = keras.Variable(start.astype(np.float32))
    optimizer = Nesterov(0.1, momentum=0.9, nesterov=True)
    optimizer.build([variable])
    # The stored weights are ahead of those of the paper by mu v.
    weights, velocity, ahead = start, np.zeros((3, 2)), start
    for gradient, momentum in zip(gradients, (0.5, 0.75, 0.75, 0.9), strict=True):
        optimizer.present_momentum.assign(momentum)
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))])
        velocity = momentum * velocity - 0.1 * gradient
        ahead = ahead + momentum * velocity - 0.1 * gradient
        np.testing.assert_allclose(np.asarray(variable), ahead, rtol=1e-5, atol=1e-6)
        weights = weights + velocity
    assert np.abs(ahead - weights - 0.9 * velocity).max() > 1e-3  # mu has changed meanwhile
    norm = float(np.linalg.norm(gradients[-1]))
    assert float(optimizer.gradient_norm) == pytest.approx(norm, rel=1e-5)


def test_training_with_momentum_learns() -> None:
    training = Training(num_steps=60, learning_rate=0.05, optimizer=fc.Momentum(period=10))
    _, curves = descend(fresh(), sequences_of(60), training, better_each_time(), SQUARED)
    assert curves["loss"][-1] < 0.3 * curves["loss"][0]


# Hessian-free -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def curved() -> Any:
    training = Training(num_steps=14, num_checks=2, optimizer=CURVED)
    return descend(fresh(), sequences_of(14), training, better_each_time(), SQUARED)


def test_few_steps_of_second_order_learn_what_gradients_learn_in_many(curved) -> None:
    body, curves = curved
    assert curves["step"] == [0.0, 12.0, 14.0] and curves["num_steps"] == [14.0]
    assert curves["loss"][-1] < 0.05 * curves["loss"][0]
    assert np.isnan(curves["learning_rate"]).all() and np.isfinite(curves["gradient_norm"]).all()
    lesson = lesson_of()
    errors = body.encode(lesson.features, lesson.weights > 0, body.initial_state(5))[0]
    missed = (errors - lesson.targets)[lesson.weights > 0]
    assert np.sqrt(np.mean(missed**2)) < 0.2


class Crash(Exception):
    """Whatever may break a training off."""


class StopsAt(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch + 1 == 13:
            raise Crash


def test_a_hessian_free_training_goes_on_from_its_checkpoint(curved, tmp_path: Path) -> None:
    kept, check = Checkpoint(tmp_path / "a.npz", {"fit": "this one"}), better_each_time()

    def descended(*callbacks: Any) -> Any:
        run = TrainingRun(save_every=12, callbacks=callbacks)
        training = Training(num_steps=14, num_checks=2, optimizer=CURVED, run=run)
        return descend(fresh(), sequences_of(14), training, check, SQUARED, 1.0, kept)

    with pytest.raises(Crash):
        descended(StopsAt())
    body, curves = descended()
    for found, expected in zip(body.weights, curved[0].weights, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(curves["loss"], curved[1]["loss"])


def test_an_update_of_second_order_counts_for_many() -> None:
    assert Training(optimizer=fc.HessianFree()).planned_steps(10**6, 64) == 100
    assert Training(optimizer=fc.Momentum()).planned_steps(10**6, 64) > 100


@pytest.mark.parametrize("optimizer", [fc.Momentum(period=9), fc.HessianFree(curvature=0.5)])
def test_a_bundle_can_hold_them(optimizer: Any) -> None:
    training = Training(optimizer=optimizer)
    assert decode_value(encode_value(training)) == training


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fc.Momentum(peak=1.0), r"`momentum peak` must be a number from 0\.0 to 0\.99"),
        (lambda: fc.Momentum(period=0), r"`momentum period` must be a whole number of at least 1"),
        (lambda: fc.HessianFree(damping=0.0), r"`damping` must be a number from 1e-12 to inf"),
        (lambda: fc.HessianFree(max_iterations=0), r"`max_iterations` must be a whole number"),
        (lambda: fc.HessianFree(curvature=1.5), r"`curvature` must be a number from 1e-09 to 1"),
        (
            lambda: Training(optimizer=fc.HessianFree(), learning_rate=0.1, clip_norm=2.0),
            "finds its own steps and learns from the truth alone: leave out learning_rate, clip_no",
        ),
        (
            lambda: Training(optimizer=fc.HessianFree(), teacher_forcing=0.5),
            "leave out teacher_forcing, or take another optimizer",
        ),
        (
            lambda: Training(
                optimizer=fc.HessianFree(), truncation=fc.Truncation(sequences="streams")
            ),
            "starts every sequence from zero states, and `streams` carry them on",
        ),
        (
            lambda: fc.LSTMForecaster(training=Training(optimizer=fc.HessianFree())),
            r"head Absolute\(\) has none, .* take design=fc\.NetworkDesign\(head='squared'\)",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_what_is_no_optimizer_is_refused() -> None:
    with pytest.raises(TypeError, match=r"'adam', fc\.Momentum.* got 'sgd'"):
        Training(optimizer="sgd")
