"""How a network is trained: ranges, plans, and the learning rate of every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forecast.models.schedules import TIMING_STEPS, LearningRate, TeacherForcing
from forecast.models.training import Training, Truncation
from forecast.models.training_run import TrainingRun


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_steps": 0}, r"`num_steps` must be a whole number of at least 1; got 0"),
        ({"num_steps": 2.5}, r"`num_steps` must be a whole number of at least 1; got 2\.5"),
        ({"num_steps": True}, r"`num_steps` must be a whole number .* got True"),
        ({"max_seconds": 0.0}, r"`max_seconds` must be a number from 0\.001 to inf; got 0\.0"),
        ({"max_seconds": float("nan")}, r"`max_seconds` must be a number .* got nan"),
        ({"max_seconds": "ten"}, r"`max_seconds` must be a number .* got 'ten'"),
        ({"batch_size": 0}, r"`batch_size` must be a whole number of at least 1; got 0"),
        ({"batch_size": None}, r"`batch_size` must be a whole number .* got None"),
        ({"learning_rate": -0.5}, r"`learning_rate` must be .* above 0 and at most 1 .* got -0\.5"),
        ({"learning_rate": 0}, r"above 0 and at most 1 \(at 0 nothing is learned\); got 0"),
        ({"learning_rate": 1.5}, r"`learning_rate` must be .* above 0 and at most 1 .* got 1\.5"),
        (
            {"teacher_forcing": 1.5},
            r"`teacher_forcing` must be a number from 0\.0 to 1\.0; got 1\.5",
        ),
        ({"teacher_forcing": -1}, r"`teacher_forcing` must be a number from 0\.0 to 1\.0; got -1"),
        ({"teacher_forcing": "none"}, r"`teacher_forcing` must be a number .* got 'none'"),
        ({"clip_norm": 0.0}, r"`clip_norm` must be a number from 1e-09 to inf; got 0\.0"),
        ({"truncation": -3}, r"`truncation` must be a whole number of at least 1; got -3"),
        ({"num_checks": 0}, r"`num_checks` must be a whole number of at least 1; got 0"),
    ],
)
def test_values_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Training(**arguments)


def test_a_sequence_is_three_seasons_within_limits_and_no_longer_than_the_data() -> None:
    assert Training().sequence_length(1000, 1) == 64
    assert Training().sequence_length(1000, 30) == 90
    assert Training().sequence_length(1000, 365) == 192
    assert Training().sequence_length(40, 30) == 40
    assert Training(truncation=7).sequence_length(1000, 30) == 7
    assert Training(truncation=70).sequence_length(9, 30) == 9


def test_steps_are_planned_from_twenty_passes_unless_given() -> None:
    assert Training().planned_steps(32 * 192 * 40, 192) == 800
    assert Training().planned_steps(100, 100) == 3_000_000 // 3200  # short: by time steps
    assert Training().planned_steps(100, 100, rounds=3) == 9_000_000 // 3200
    assert Training().planned_steps(10_000_000, 192) == 1000
    assert Training(num_steps=7).planned_steps(10_000_000, 64) == 7


def test_the_learning_rate_rises_then_falls_as_a_cosine() -> None:
    num_steps, peak = 110, 0.004
    rates = np.array([LearningRate(peak).at(step, num_steps) for step in range(num_steps + 1)])
    np.testing.assert_allclose(rates[:TIMING_STEPS], peak * np.arange(1, 11) / 10, rtol=1e-12)
    half = TIMING_STEPS + (num_steps - TIMING_STEPS) // 2
    np.testing.assert_allclose(rates[TIMING_STEPS], peak, rtol=1e-12)
    np.testing.assert_allclose(rates[half], peak * 0.505, rtol=1e-12)
    np.testing.assert_allclose(rates[-1], peak * 0.01, rtol=1e-12)
    assert (np.diff(rates[TIMING_STEPS:]) < 0).all()
    quarter = rates[TIMING_STEPS + 25]
    np.testing.assert_allclose(quarter, peak * (0.01 + 0.495 * (1 + np.sqrt(0.5))), rtol=1e-12)


def test_a_plan_within_the_warm_up_keeps_a_positive_rate() -> None:
    for num_steps in (1, 5, TIMING_STEPS, TIMING_STEPS + 1):
        rates = [LearningRate(0.01).at(step, num_steps) for step in range(num_steps + 3)]
        assert min(rates) >= 1e-4 * (1 - 1e-12) and max(rates) <= 0.01


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: LearningRate(schedule="step"),
            r"`schedule` of `learning_rate` must be one of cos",
        ),
        (lambda: LearningRate(warmup=0), r"`warmup` must be a whole number of at least 1; got 0"),
        (lambda: LearningRate(end=1.5), r"`end` must be a number from 0\.0 to 1\.0; got 1\.5"),
        (
            lambda: TeacherForcing("cosine"),
            r"one of linear, exponential, inverse_sigmoid; got 'cos",
        ),
        (lambda: TeacherForcing(start=2.0), r"`teacher_forcing start` must be .* got 2\.0"),
        (lambda: TeacherForcing(end=-0.1), r"`teacher_forcing end` must be .* got -0\.1"),
        (lambda: Truncation(sequences="all"), r"one of stretches, streams, windows; got 'all'"),
        (lambda: Truncation(weights="big"), r"`weights` must be one of metric, equal; got 'big'"),
        (lambda: Truncation(loss_steps=0), r"`loss_steps` must be a whole number .* got 0"),
        (lambda: TrainingRun(patience=0), r"`patience` must be a whole number .* got 0"),
        (lambda: TrainingRun(checkpoint="a.pkl"), r"must end in \.npz; got 'a\.pkl'"),
    ],
)
def test_grouped_options_out_of_range_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_options_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match=r"must be an fc\.TrainingRun\(\.\.\.\); got 4"):
        Training(run=4)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"`callbacks` must be Keras callbacks; got 'stop'"):
        TrainingRun(callbacks=("stop",))


@pytest.mark.parametrize("schedule", ["linear", "exponential", "inverse_sigmoid"])
def test_the_share_of_truth_falls_from_its_start_to_its_end(schedule: str) -> None:
    forcing = TeacherForcing(schedule, start=0.9, end=0.2)
    shares = np.array([forcing.at(step, 110) for step in range(111)])
    np.testing.assert_allclose(shares[: TIMING_STEPS + 1], 0.9)
    np.testing.assert_allclose(shares[-1], 0.2)
    assert (np.diff(shares[TIMING_STEPS:]) < 0).all()
    middle = {
        "linear": 0.5,
        "exponential": (0.1 - 0.01) / 0.99,
        "inverse_sigmoid": 0.5,
    }[schedule]
    np.testing.assert_allclose(shares[60], 0.2 + 0.7 * middle)


def test_learning_rates_of_every_schedule_end_where_they_are_told_to() -> None:
    for schedule in ("cosine", "linear", "exponential"):
        rate = LearningRate(0.1, schedule, warmup=20, end=0.05)
        np.testing.assert_allclose([rate.at(9, 200), rate.at(19, 200)], [0.05, 0.1])
        np.testing.assert_allclose([rate.at(20, 200), rate.at(200, 200)], [0.1, 0.005])
    constant = LearningRate(0.1, "constant", warmup=1)
    assert {constant.at(step, 50) for step in range(51)} == {0.1}


def test_a_number_stands_for_a_share_that_stays() -> None:
    assert Training().forcing is None and Training(teacher_forcing=1).forcing is None
    assert Training().forced_by_default(0.0).forcing == TeacherForcing(start=0.0, end=0.0)
    assert Training(teacher_forcing=1).forced_by_default(0.0).forcing is None
    assert Training(teacher_forcing=TeacherForcing(end=1.0)).forcing is None
    assert Training(teacher_forcing=0.25).forcing == TeacherForcing(start=0.25, end=0.25)


def test_the_first_updates_do_not_depend_on_the_plan() -> None:
    """A plan made from `max_seconds` after the timing phase is replayed from its beginning."""
    for setting in (LearningRate(), LearningRate(warmup=3), TeacherForcing("exponential")):
        first = [[setting.at(step, total) for step in range(TIMING_STEPS)] for total in (15, 800)]
        assert first[0] == first[1]
