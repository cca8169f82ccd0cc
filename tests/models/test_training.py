"""How a network is trained: ranges, plans, and the learning rate of every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forecast.models.training import WARMUP_STEPS, Training, learning_rate_at


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
        ({"learning_rate": -0.5}, r"`learning_rate` must be a number from 0\.0 to 1\.0; got -0\.5"),
        ({"learning_rate": 1.5}, r"`learning_rate` must be a number from 0\.0 to 1\.0; got 1\.5"),
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


def test_steps_are_planned_from_twelve_passes_unless_given() -> None:
    assert Training().planned_steps(32 * 64 * 25, 64) == 300
    assert Training().planned_steps(100, 64) == 100
    assert Training().planned_steps(10_000_000, 64) == 800
    assert Training(num_steps=7).planned_steps(10_000_000, 64) == 7


def test_the_learning_rate_rises_then_falls_as_a_cosine() -> None:
    num_steps, peak = 110, 0.004
    rates = np.array([learning_rate_at(step, num_steps, peak) for step in range(num_steps + 1)])
    np.testing.assert_allclose(rates[:WARMUP_STEPS], peak * np.arange(1, 11) / 10, rtol=1e-12)
    half = WARMUP_STEPS + (num_steps - WARMUP_STEPS) // 2
    np.testing.assert_allclose(rates[WARMUP_STEPS], peak, rtol=1e-12)
    np.testing.assert_allclose(rates[half], peak * 0.505, rtol=1e-12)
    np.testing.assert_allclose(rates[-1], peak * 0.01, rtol=1e-12)
    assert (np.diff(rates[WARMUP_STEPS:]) < 0).all()
    quarter = rates[WARMUP_STEPS + 25]
    np.testing.assert_allclose(quarter, peak * (0.01 + 0.495 * (1 + np.sqrt(0.5))), rtol=1e-12)


def test_a_plan_within_the_warm_up_keeps_a_positive_rate() -> None:
    for num_steps in (1, 5, WARMUP_STEPS, WARMUP_STEPS + 1):
        rates = [learning_rate_at(step, num_steps, 0.01) for step in range(num_steps + 3)]
        assert min(rates) >= 1e-4 * (1 - 1e-12) and max(rates) <= 0.01
