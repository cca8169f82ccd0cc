"""Gradient descent: rates, plans, losses and checks as they happen, and how it ends early."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from models.descent_material import FEATURES, better_each_time, fresh, lesson_of, sequences_of
from models.material import body_of
from numpy.typing import NDArray

from forecast.heads import Absolute
from forecast.models import guide
from forecast.models.body import Body
from forecast.models.descent import descend
from forecast.models.schedules import TIMING_STEPS, LearningRate
from forecast.models.teaching import Sequences
from forecast.models.training import Training
from forecast.models.training_run import TrainingRun


def assert_same(actual: Sequence[NDArray], expected: Sequence[NDArray]) -> None:
    for left, right in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(left, right)


class Recorder:
    """A check that notes the weights it sees; scores improve until `until`, then get worse."""

    def __init__(self, until: int = 10**6) -> None:
        self.until = until
        self.weights: list[Sequence[NDArray]] = []

    def __call__(self, body: Body) -> float:
        self.weights.append(body.weights)
        number = len(self.weights) - 1
        return float(-number if number <= self.until else number)


PLAN = Training(num_steps=35, num_checks=25, learning_rate=0.05)


class Watch(keras.callbacks.Callback):
    """A user's callback: what it was told, and the rate of the optimizer after every update."""

    def __init__(self) -> None:
        super().__init__()
        self.rates: list[float] = []
        self.epochs: list[tuple[int, dict[str, float]]] = []
        self.told: list[str] = []

    def on_train_begin(self, logs=None) -> None:
        self.told.append("begin")

    def on_train_batch_end(self, batch, logs=None) -> None:
        assert set(logs) == {"loss"} and batch == len(self.rates)
        self.rates.append(float(self.model.optimizer.learning_rate.numpy()))

    def on_epoch_end(self, epoch, logs=None) -> None:
        self.epochs.append((epoch, logs))

    def on_train_end(self, logs=None) -> None:
        self.told.append("end")


@dataclass(frozen=True, eq=False)
class Trained:
    """A training with a check after every step of the plan.

    Args:
        weights: those that it ended with.
        history: its curves.
        watch: a callback that was told of it.
    """

    weights: Sequence[NDArray]
    history: dict[str, list[float]]
    watch: Watch


@pytest.fixture(scope="module")
def trained() -> Trained:
    watch = Watch()
    plan = replace(PLAN, run=TrainingRun(callbacks=(watch,)))
    best, history = descend(fresh(), sequences_of(35), plan, better_each_time())
    return Trained(best.weights, history, watch)


def test_training_learns_what_the_inputs_say(trained: Trained) -> None:
    assert trained.history["step"] == [0.0, *np.arange(11.0, 36.0)]
    assert trained.history["num_steps"] == [35.0]
    assert trained.history["loss"][-1] < 0.5 * trained.history["loss"][0]


def test_the_optimizer_gets_the_rate_of_every_step(trained: Trained) -> None:
    expected = [LearningRate(0.05).at(step, 35) for step in range(35)]
    np.testing.assert_allclose(trained.watch.rates, expected, rtol=1e-6)
    np.testing.assert_allclose(trained.history["learning_rate"][1:], expected[10:])
    assert trained.history["teacher_forcing"] == [1.0] * 26


def test_a_callback_is_told_of_every_update_and_an_epoch_ends_with_each_check(
    trained: Trained,
) -> None:
    watch, history = trained.watch, trained.history
    assert watch.told == ["begin", "end"] and len(watch.rates) == 35
    assert [epoch for epoch, _ in watch.epochs] == list(range(25))
    assert [logs["val_loss"] for _, logs in watch.epochs] == history["free_running"][1:]
    assert [logs["loss"] for _, logs in watch.epochs] == history["loss"][1:]


def test_a_callback_ends_the_training() -> None:
    class Enough(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None) -> None:
            self.model.stop_training = epoch == 2

    training = Training(num_steps=35, num_checks=25, run=TrainingRun(callbacks=(Enough(),)))
    _, history = descend(fresh(), sequences_of(35), training, better_each_time())
    assert history["step"] == [0.0, 11.0, 12.0, 13.0]


def test_the_first_update_of_adam_moves_weights_by_a_tenth_of_the_rate() -> None:
    training = Training(num_steps=1, learning_rate=0.02)
    body, _ = descend(fresh(), sequences_of(1), training, better_each_time())
    pairs = zip(body.weights, fresh().weights, strict=True)
    moved = [np.abs(new - old) for new, old in pairs]
    *_, kernel, bias = moved
    np.testing.assert_allclose(np.append(kernel, bias), 0.02 / TIMING_STEPS, rtol=1e-3)
    # Behind a readout of zeros no gradient reaches the layers yet.
    assert not any(move.any() for move in moved[:-2])


def test_the_loss_is_the_weighted_absolute_error_of_each_batch() -> None:
    body = body_of("SimpleRNN", FEATURES, units=3, num_layers=2)
    sequences = sequences_of(14)
    losses = []
    for number in range(14):
        features, valid, targets, weights = sequences.batch(number)
        corrections, _ = body.encode(features, valid, body.initial_state(len(features)))
        losses.append((np.abs(targets - corrections) * weights).sum() / weights.sum())
    standing = Training(num_steps=14, num_checks=2, learning_rate=1e-30)
    _, history = descend(body, sequences, standing, better_each_time())
    assert history["step"] == [0.0, 12.0, 14.0]
    expected = [losses[0], np.mean(losses[:12]), np.mean(losses[12:])]
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-5)


def test_the_same_steps_give_the_same_weights_bit_for_bit(trained: Trained) -> None:
    start = fresh()
    again, _ = descend(start, sequences_of(35), PLAN, better_each_time())
    other, _ = descend(start, sequences_of(35, seed=2), PLAN, better_each_time())
    assert_same(again.weights, trained.weights)
    assert (other.weights[0] != trained.weights[0]).any()
    assert_same(start.weights, fresh().weights)
    assert (start.weights[0] != trained.weights[0]).any()


def tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock on which everything between two looks takes one second."""
    clock = count()
    monkeypatch.setattr(guide, "time", SimpleNamespace(perf_counter=lambda: float(next(clock))))


def test_max_seconds_fixes_a_plan_that_replays(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick(monkeypatch)
    # 23 s until the plan is made (the first check 2, ten steps 20, a look), 25 s for the checks:
    # 25 of 73 are left, for as many steps after the ten.
    training = Training(max_seconds=73.0, num_checks=25, learning_rate=0.05)
    body, history = descend(fresh(), sequences_of(60), training, better_each_time())
    assert history == trained.history
    assert_same(body.weights, trained.weights)


@pytest.mark.parametrize(("max_seconds", "planned"), [(1.0, TIMING_STEPS), (1e6, 13)])
def test_a_plan_is_no_shorter_than_the_timing_and_no_longer_than_the_passes(
    max_seconds: float, planned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick(monkeypatch)
    training = Training(max_seconds=max_seconds, num_checks=2)
    _, history = descend(fresh(), sequences_of(13), training, better_each_time())
    assert history["num_steps"] == [float(planned)] and history["step"][-1] == planned


@pytest.mark.parametrize("scores", [[0.0, 1.0, 2.0], [1.0, 1.0, 1.0], [np.nan, np.nan, np.nan]])
def test_the_untrained_network_is_a_candidate(scores: list[float]) -> None:
    given, training = iter(scores), Training(num_steps=12, num_checks=2)
    body, history = descend(fresh(), sequences_of(12), training, lambda body: next(given))
    np.testing.assert_array_equal(history["free_running"], scores)
    assert_same(body.weights, fresh().weights)
    valid = np.ones((5, 24), dtype=bool)
    corrections, _ = body.encode(lesson_of().features, valid, body.initial_state(5))
    assert not corrections.any()


def test_the_best_weights_are_kept_and_patience_ends_the_training() -> None:
    check = Recorder(until=2)
    training = Training(num_steps=40, num_checks=30)
    body, history = descend(fresh(), sequences_of(40), training, check)
    # The best check was that of step 12; four checks without a better one follow.
    assert history["step"] == [0.0, *np.arange(11.0, 17.0)]
    assert history["num_steps"] == [40.0]
    assert_same(body.weights, check.weights[2])
    hasty = replace(training, run=TrainingRun(patience=1))
    _, history = descend(fresh(), sequences_of(40), hasty, Recorder(until=2))
    assert history["step"] == [0.0, 11.0, 12.0, 13.0]
    assert (check.weights[2][0] != check.weights[-1][0]).any()


def test_a_training_that_stops_early_leaves_no_iterator_to_the_end_of_the_process() -> None:
    hasty = Training(num_steps=40, num_checks=30, run=TrainingRun(patience=1))
    _, history = descend(fresh(), sequences_of(40), hasty, Recorder(until=1))
    assert history["step"][-1] < 40
    # TensorFlow would end it after Python has ended, and complain on standard error.
    assert "OwnedIterator" not in {type(each).__name__ for each in gc.get_objects()}


class Broken(Sequences):
    """Batches whose targets are not numbers from one on."""

    broken_from = 12

    def __getitem__(self, number: int):
        inputs, targets, weights = super().__getitem__(number)
        return inputs, targets + (np.nan if number >= self.broken_from else 0.0), weights


def test_divergence_stops_the_training_and_keeps_the_best_weights() -> None:
    check = Recorder()
    sequences = Broken(lesson_of(), 10, batch_size=6, num_updates=30, seed=1)
    with pytest.warns(UserWarning, match="the loss diverged; the best weights so far are kept"):
        training = Training(num_steps=30, num_checks=20)
        body, history = descend(fresh(), sequences, training, check)
    assert history["step"] == [0.0, 11.0, 12.0]
    assert_same(body.weights, check.weights[-1])
    assert all(np.isfinite(weight).all() for weight in body.weights)


def test_a_loss_that_is_infinite_at_once_leaves_the_untrained_network() -> None:
    def infinite(*parts: Any) -> Any:
        return Absolute().loss(*parts) / 0.0

    with pytest.warns(UserWarning, match="the loss diverged"):
        body, history = descend(
            fresh(), sequences_of(20), Training(num_steps=20), better_each_time(), infinite
        )
    assert history["step"] == [0.0]
    assert_same(body.weights, fresh().weights)


@pytest.mark.parametrize("checks_before", [0, 2])
def test_an_interrupt_keeps_the_best_weights(checks_before: int) -> None:
    recorder = Recorder()

    def check(body: Body) -> float:
        if len(recorder.weights) == checks_before:
            raise KeyboardInterrupt
        return recorder(body)

    with pytest.warns(UserWarning, match="interrupted; the best weights so far are kept"):
        training = Training(num_steps=20, num_checks=10)
        body, history = descend(fresh(), sequences_of(20), training, check)
    assert history["step"] == [0.0, 11.0, 12.0][:checks_before]
    assert len(history["loss"]) == len(history["free_running"]) == checks_before
    assert_same(body.weights, recorder.weights[-1] if checks_before else fresh().weights)
