"""The networks as forecasters: what a fit makes of its training, and that it learns at all."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from models.material import block_of, frame_of, seasonal_values
from numpy.typing import NDArray

import forecast as fc
from forecast import engine
from forecast.fitting import Task
from forecast.forecaster import Forecaster
from forecast.models import forecaster, guide, trained
from forecast.models.body import Body
from forecast.models.network import NetworkModel

ALONE = fc.NetworkDesign(linear="highway")
FRAME = frame_of(seasonal_values(4, 60, seed=1))


def small(**training: Any) -> fc.RNNForecaster:
    options = {"num_steps": 12, "num_checks": 2} | training
    training = fc.Training(**options)
    return fc.RNNForecaster(units=4, season_length=4, training=training, seed=0, design=ALONE)


def weights_of(fitted: Forecaster) -> list[NDArray]:
    model = fitted.fitted_.model
    assert isinstance(model, NetworkModel) and isinstance(model.body, Body)
    return list(model.body.weights)


def numpy_state() -> NDArray:
    return np.asarray(np.random.get_state(legacy=False)["state"]["key"]).copy()  # noqa: NPY002


def use_check(monkeypatch: pytest.MonkeyPatch, check: Callable[[Body], float]) -> None:
    monkeypatch.setattr(trained, "free_running_check", lambda *arguments: check)


def better_each_time() -> Callable[[Body], float]:
    numbers = count()
    return lambda body: -float(next(numbers))


def assert_forecasts(fitted: Forecaster, frame: pd.DataFrame) -> None:
    forecasts = fitted.predict(3)
    assert len(forecasts) == 3 * frame["unique_id"].nunique()
    assert np.isfinite(forecasts[fitted.name]).all()


def test_a_recorded_number_of_steps_replays_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()
    monkeypatch.setattr(guide, "time", SimpleNamespace(perf_counter=lambda: float(next(clock))))
    use_check(monkeypatch, better_each_time())
    timed = small(num_steps=None, max_seconds=30.0).fit(FRAME)
    assert timed.num_steps_ == 15
    replayed = small(num_steps=timed.num_steps_).fit(FRAME)
    for left, right in zip(weights_of(timed), weights_of(replayed), strict=True):
        np.testing.assert_array_equal(left, right)
    assert weights_of(timed)[-2].any()
    pd.testing.assert_frame_equal(timed.predict(5, [80]), replayed.predict(5, [80]))
    assert "best of 3 checks at step 15, 25% of its corrections" in timed.choices_


def test_a_fit_leaves_every_global_random_state_alone() -> None:
    keras.utils.set_random_seed(11)
    expected = np.asarray(keras.random.uniform((4,)))
    keras.utils.set_random_seed(11)
    of_python, of_numpy = random.getstate(), numpy_state()
    small().fit(FRAME)
    fc.ESNForecaster(units=20, season_length=4, seed=3).fit(FRAME)
    assert random.getstate() == of_python
    np.testing.assert_array_equal(numpy_state(), of_numpy)
    np.testing.assert_array_equal(np.asarray(keras.random.uniform((4,))), expected)


@pytest.mark.parametrize("checks_before", [0, 1])
def test_an_interrupted_fit_returns_a_forecaster(
    checks_before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = count()

    def check(body: Body) -> float:
        if next(numbers) == checks_before:
            raise KeyboardInterrupt
        return 1.0

    use_check(monkeypatch, check)
    with pytest.warns(UserWarning, match="interrupted; the best weights so far are kept"):
        fitted = small().fit(FRAME)
    stood = f"best of {checks_before} checks at step 0"
    if checks_before:
        assert f"{stood}, averaged readout with " in fitted.choices_
    else:
        assert fitted.choices_.endswith(stood)
        assert not weights_of(fitted)[-2].any()
    assert_forecasts(fitted, FRAME)


def test_checks_that_cannot_be_scored_leave_the_linear_forecast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_check(monkeypatch, lambda body: float("nan"))
    fitted = small().fit(FRAME)
    assert fitted.choices_.endswith("best of 3 checks at step 0")
    assert not weights_of(fitted)[-2].any()


def test_a_panel_of_constants_is_forecast_as_its_constants() -> None:
    frame = frame_of(np.repeat([[5.1], [-2.0]], 40, axis=1))
    fitted = small().fit(frame)
    assert fitted.choices_.endswith("linear highway alone: no changes to learn from")
    assert fitted.num_steps_ == 0 and fitted.history_ == {}
    np.testing.assert_allclose(fitted.predict(2)["RNN"], [5.1, 5.1, -2.0, -2.0], rtol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 3, 5, 8])
def test_series_of_any_length_can_be_fitted(length: int) -> None:
    frame = frame_of(seasonal_values(2, length, seed=0))
    assert_forecasts(small(num_steps=1).fit(frame), frame)
    assert_forecasts(fc.ESNForecaster(units=10, seed=0).fit(frame), frame)


def test_series_too_short_to_train_on_leave_the_linear_forecast_and_say_so() -> None:
    frame = frame_of(seasonal_values(2, 1, seed=0))
    training = fc.Training(num_steps=1, run=fc.TrainingRun(checkpoint="never.npz"))
    fitted = fc.RNNForecaster(units=4, season_length=4, training=training).fit(frame)
    assert fitted.choices_.endswith("linear highway alone: too short to train on")
    assert fitted.history_ == {} and not Path("never.npz").exists()


@pytest.mark.parametrize("sequences", ["streams", "windows"])
def test_series_of_unequal_lengths_can_be_sampled(sequences: str) -> None:
    frame = FRAME[(FRAME["unique_id"] > 0) | (FRAME["ds"] < 13)]
    frame = frame[frame["ds"] != 7]
    options = {"teacher_forcing": 0.3, "truncation": fc.Truncation(10, sequences=sequences)}
    fitted = small(num_steps=3, num_checks=1, **options).fit(frame)
    assert np.isfinite(fitted.history_["loss"]).all()
    assert_forecasts(fitted, frame)


def test_the_size_follows_the_data_unless_given() -> None:
    def sizes(forecaster: Any, num_rows: int) -> tuple[int, int]:
        found = forecaster._sizes(SimpleNamespace(panel=SimpleNamespace(num_rows=num_rows)))
        return found["units"], found["num_layers"]

    assert sizes(fc.LSTMForecaster(), 19_999) == (32, 1)
    assert sizes(fc.LSTMForecaster(), 20_000) == (64, 2)
    assert sizes(fc.LSTMForecaster(units=5, num_layers=3), 50_000) == (5, 3)
    assert sizes(fc.LSTMForecaster(num_layers=3), 10) == (32, 3)


def choose_usual(choose: Callable[[Task], Any], task: Task) -> Any:
    """The highway in logarithms: without steps ahead nothing is tried."""
    return choose(replace(task, ahead=None))


@pytest.fixture(scope="module")
def chaos() -> NDArray:
    """Logistic maps `x' = 3.7 x (1 - x)` in 40 sizes: a linear forecast misses most of them."""
    rng = np.random.default_rng(0)
    steps = [rng.uniform(0.1, 0.9, 40)]
    while len(steps) < 250:
        steps.append(3.7 * steps[-1] * (1.0 - steps[-1]))
    return np.array(steps[-150:]).T * rng.uniform(1.0, 100.0, (40, 1)) + 5.0


def one_step_error(forecaster: Forecaster, values: NDArray) -> float:
    """Mean absolute error one step ahead over the last 30 steps, of series fitted before them."""
    fitted = forecaster.fit(frame_of(values[:, :-30]))
    state, block = fitted.store_.state, block_of(values[:, -30:])
    _, forecasts = engine.absorb(fitted.fitted_.model, state, block)
    size = np.abs(np.diff(values)).mean(axis=1, keepdims=True)
    return float((np.abs(forecasts - values[:, -30:]) / size).mean())


def test_an_echo_state_network_learns_what_a_linear_forecast_cannot(chaos: NDArray) -> None:
    linear = one_step_error(fc.PooledAR(), chaos)
    assert linear > 0.3
    assert one_step_error(fc.ESNForecaster(units=60, seed=0), chaos) < 0.5 * linear


@pytest.mark.slow
@pytest.mark.parametrize(
    "cls", [pytest.param(fc.RNNForecaster, marks=pytest.mark.long), fc.LSTMForecaster]
)
def test_a_trained_network_learns_what_a_linear_forecast_cannot(cls, chaos: NDArray) -> None:
    training = fc.Training(num_steps=150, learning_rate=1e-2, num_checks=3)
    linear = one_step_error(fc.PooledAR(), chaos)
    network = cls(units=16, training=training, seed=0, design=ALONE)
    assert one_step_error(network, chaos) < 0.5 * linear


def test_a_negative_value_after_the_training_part_keeps_the_highway_it_was_trained_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = partial(choose_usual, forecaster.choose_highway)
    monkeypatch.setattr(forecaster, "choose_highway", usual)
    values = 10.0 + np.sin(np.arange(60.0))
    values[-2] = -1.0
    frame = pd.DataFrame({"unique_id": "a", "ds": range(60), "y": values})
    training = fc.Training(num_steps=2, num_checks=1)
    fitted = fc.LSTMForecaster(units=4, training=training, design=ALONE).fit(frame, horizon=4)
    assert fitted.fitted_.model.highway.power.is_logarithm
    assert np.isfinite(fitted.predict(4)["LSTM"]).all()
