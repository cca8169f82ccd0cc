"""Spans side by side are the run from the first step to the last, or are not taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.models.echo import EchoDesign, Reservoir
from forecast.models.echo.bank import drawn_bank
from forecast.models.echo.spans import Forgetting, run_in_spans

SETTINGS = Reservoir(units=20, spectral_radius=0.8, leak_rate=0.6)
BANK = drawn_bank(EchoDesign((SETTINGS,), dtype="float64"), 2, seed=3)
FORGETTING = Forgetting.of(SETTINGS, np.dtype("float64"))


def in_turn(inputs, states):
    """The plain loop."""
    found = []
    for step in range(inputs.shape[1]):
        states = BANK.step(inputs[:, step], states)
        found.append(states)
    return np.stack(found, axis=1)


def drawn(num_rows: int, num_steps: int):
    rng = np.random.default_rng(5)
    return rng.normal(size=(num_rows, num_steps, 2)), rng.uniform(-1, 1, (num_rows, 20))


@pytest.mark.parametrize(("num_rows", "num_steps"), [(1, 1500), (1, 1501), (2, 1503)])
def test_spans_are_the_run_from_first_to_last(num_rows, num_steps):
    inputs, states = drawn(num_rows, num_steps)
    taken = []

    def counted(inputs, states):
        taken.append(inputs.shape[:2])
        return in_turn(inputs, states)

    found = np.empty((num_rows, num_steps, 20))
    assert run_in_spans(counted, inputs, states, FORGETTING, found)
    np.testing.assert_allclose(found, in_turn(inputs, states), rtol=0, atol=FORGETTING.size)
    assert [rows for rows, _ in taken] == [4]


@pytest.mark.parametrize(
    ("num_rows", "num_steps", "settings"),
    [
        pytest.param(3, 5000, SETTINGS, id="many rows"),
        pytest.param(1, 4 * FORGETTING.num_steps, SETTINGS, id="few steps"),
        pytest.param(1, 5000, replace(SETTINGS, spectral_radius=1.0), id="no forgetting"),
    ],
)
def test_no_spans_where_they_are_no_help(num_rows, num_steps, settings):
    def refused(inputs, states):
        raise AssertionError("run for nothing")

    forgetting = Forgetting.of(settings, np.dtype("float64"))
    out = np.empty((num_rows, num_steps, 20))
    assert not run_in_spans(refused, *drawn(num_rows, num_steps), forgetting, out)


def test_a_start_that_is_not_forgotten_is_noticed():
    """A reservoir that keeps what it once was, though its settings speak of a small radius."""
    inputs, states = drawn(1, 1500)

    def kept(inputs, states):
        return np.broadcast_to(states[:, None], (*inputs.shape[:2], states.shape[1]))

    out = np.full((1, 1500, 20), 7.0)
    assert not run_in_spans(kept, inputs, states, FORGETTING, out)
    assert (out == 7.0).all()


def test_a_long_series_in_float32_is_as_in_one_go(monkeypatch):
    bank = drawn_bank(EchoDesign((SETTINGS, replace(SETTINGS, units=12)), is_deep=True), 2, seed=3)
    inputs = drawn(1, 1500)[0]
    found = bank.run(inputs, bank.initial_state(1))
    monkeypatch.setattr("forecast.models.echo.bank.run_in_spans", lambda *_: False)
    expected = bank.run(inputs, bank.initial_state(1))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_the_steps_of_forgetting_are_those_of_a_linear_reservoir():
    size = (1 - 0.6 * 0.2) ** np.arange(1000)
    assert np.argmax(size <= FORGETTING.size) == FORGETTING.num_steps
    assert Forgetting(1.0, 1e-7).num_steps == 1
