"""A learner that was trained before trains as a new one, and keeps nothing of a training."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from models.descent_material import FEATURES, better_each_time, fresh, lesson_of, sequences_of
from models.material import body_of, highway_of

from forecast.heads import Squared
from forecast.models import descent
from forecast.models.body import Body
from forecast.models.descent import descend
from forecast.models.learner_pool import LearnerPool
from forecast.models.lens import Lens
from forecast.models.optimizers import HessianFree
from forecast.models.teaching import Sequences
from forecast.models.training import Training, Truncation
from forecast.models.training_run import TrainingRun
from forecast.models.walk import Walk

PLAN = Training(num_steps=14, num_checks=2, learning_rate=0.03)
Result = tuple[Body, dict[str, list[float]]]


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> LearnerPool:
    """An empty pool in place of that of the process."""
    pool = LearnerPool(3)
    monkeypatch.setattr(descent, "LEARNERS", pool)
    return pool


class CountedLoss:
    """The squared error; it runs once for each time that it is compiled."""

    def __init__(self) -> None:
        self.count = 0

    def loss(self, *parts: Any) -> Any:
        self.count += 1
        return Squared().loss(*parts)


def assert_same(actual: Result, expected: Result) -> None:
    np.testing.assert_equal(actual[0].weights, expected[0].weights)
    np.testing.assert_equal(actual[1], expected[1])


def plain(
    seed: int, training: Training = PLAN, loss: Any = None, sequences: str = "stretches"
) -> Result:
    """A training on the lesson of this seed, from weights of this seed."""
    batches = Sequences(
        lesson_of(seed),
        10,
        batch_size=6,
        num_updates=14,
        seed=seed,
        cut=Truncation(None, sequences),
    )
    body = body_of("SimpleRNN", FEATURES, units=3, num_layers=1, seed=seed)
    loss = CountedLoss() if loss is None else loss
    return descend(body, batches, training, better_each_time(), loss.loss, unit=1.0 + seed)


KINDS: dict[str, dict[str, Any]] = {
    "adam": {},
    "hessian free": {"training": Training(num_steps=12, optimizer=HessianFree(max_iterations=2))},
    "streams": {"sequences": "streams"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_ends_as_the_first_one_whatever_was_trained_in_between(pool, kind: str) -> None:
    loss, options = CountedLoss(), KINDS[kind]
    first = plain(1, loss=loss, **options)
    traced = loss.count
    other, again = plain(2, loss=loss, **options), plain(1, loss=loss, **options)
    assert loss.count == traced > 0
    assert_same(again, first)
    assert (other[0].weights[0] != first[0].weights[0]).any()


def test_a_walk_knows_of_its_highway_only_what_it_sees() -> None:
    first, second = (highway_of(4, (4,), seed=seed) for seed in (1, 2))
    program = fresh().program
    walk = Walk(first.features, program, warmup=5)
    assert walk == Walk(second.features, program, warmup=5)
    assert walk != Walk(first.features, program, warmup=6)
    np.testing.assert_array_equal(walk.groups, Lens(second).groups)


def test_a_training_that_was_broken_off_leaves_nothing_behind(pool) -> None:
    loss = CountedLoss()
    first = plain(1, loss=loss)

    def broken(error: type[BaseException]) -> None:
        checks = better_each_time()

        def check(body: Body) -> float:
            if checks(body) < 0.0:
                raise error
            return 0.0

        descend(fresh(), sequences_of(14), PLAN, check, loss.loss)

    with pytest.warns(UserWarning, match="interrupted"):
        broken(KeyboardInterrupt)
    assert_same(plain(1, loss=loss), first)
    with pytest.raises(ZeroDivisionError):
        broken(ZeroDivisionError)
    assert_same(plain(1, loss=loss), first)


def test_trainings_at_once_have_a_learner_each(pool) -> None:
    loss = CountedLoss()
    seeds = (1, 2, 3)
    expected = [plain(seed, loss=loss) for seed in seeds]
    traced = loss.count
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda seed: plain(seed, loss=loss), seeds))
    assert loss.count == 3 * traced  # two more were made
    for one, other in zip(found, expected, strict=True):
        assert_same(one, other)


def test_nothing_of_a_training_is_kept(pool) -> None:
    loss, batches, lesson = CountedLoss(), sequences_of(14), lesson_of()
    batches.lesson = lesson
    checks, start = better_each_time(), fresh()
    gone = [weakref.ref(one) for one in (batches, lesson, lesson.features, checks, start)]
    descend(start, batches, PLAN, checks, loss.loss)
    del batches, lesson, checks, start
    gc.collect()
    assert [one() for one in gone] == [None] * 5


def test_a_learner_that_callbacks_have_seen_is_theirs(pool) -> None:
    watch = keras.callbacks.Callback()
    loss = CountedLoss()
    plain(1, replace(PLAN, run=TrainingRun(callbacks=(watch,))), loss)
    seen = [np.array(weight) for weight in watch.model.stack.get_weights()]
    traced = loss.count
    plain(2, loss=loss)
    np.testing.assert_equal(watch.model.stack.get_weights(), seen)
    assert loss.count == 2 * traced


class Stub:
    """A learner without anything to compile."""

    def __init__(self, size: int = 3, draws: bool = False) -> None:
        self.weights = [keras.Variable(np.zeros(size))]
        self.variables = [*self.weights, *([keras.Variable(0.0)] if draws else [])]
        self.optimizer = self
        self.is_reusable = True


def made_anew(pool: LearnerPool, forms: list[str], make: Callable[[], Any] = Stub) -> list[str]:
    """Those of the forms, one after the other, for which nobody waited."""
    made: list[str] = []
    for form in forms:
        with pool.lent((form,), lambda form=form: made.append(form) or make()):
            pass
    return made


def test_the_learner_that_has_waited_longest_is_given_up() -> None:
    pool = LearnerPool(3)
    assert made_anew(pool, ["a", "b", "c", "a", "d"]) == ["a", "b", "c", "d"]
    assert made_anew(pool, ["a", "c", "b"]) == ["b"]


def test_what_is_large_or_draws_or_has_failed_does_not_wait() -> None:
    pool = LearnerPool(3)
    assert made_anew(pool, ["a", "a"], lambda: Stub(1_500_001)) == ["a", "a"]
    assert made_anew(pool, ["b", "b"], lambda: Stub(draws=True)) == ["b", "b"]
    with pytest.raises(ZeroDivisionError), pool.lent(("c",), Stub):
        raise ZeroDivisionError
    assert made_anew(pool, ["c", "c"]) == ["c"]
