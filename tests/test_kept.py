"""Fits that several forecasters of a backtest ask for are made once, and counted for each."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.fitting import Task
from forecast.kept import KeptEstimates, estimate_once, seconds_spared, shared_fits
from forecast.models import mixture
from forecast.pipelines import Columns, Origins, Season, read_frame

SLOW = 2.0  # seconds, more than all else of a fit takes


def slowly(function):
    def slow(*arguments):
        time.sleep(SLOW)
        return function(*arguments)

    return slow


def frame(length: int = 60, **columns: object) -> pd.DataFrame:
    values = np.random.default_rng(3).normal(size=length).cumsum()
    return pd.DataFrame({"unique_id": "a", "ds": np.arange(length), "y": values, **columns})


def task(data: pd.DataFrame | None = None, horizon: int = 4, season: int = 1) -> Task:
    data = frame() if data is None else data
    known = [name for name in data if name not in ("unique_id", "ds", "y")]
    panel = read_frame(data, Columns(future=tuple(known))).panel
    ahead = (panel, Origins(np.array([[50]]), horizon, 1))
    return Task(panel.head(np.array([50])), Season(season, "given"), horizon, ahead)


class Choosing(fc.Naive):
    """It takes long, and counts how often it is fitted."""

    made = 0
    shares_fits = True

    def _estimate(self, asked):
        type(self).made += 1
        time.sleep(0.01)
        return super()._estimate(asked)


class Subclass(Choosing):
    """It may do more than its parent: its fits are its own."""


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    for cls in (Choosing, Subclass):
        monkeypatch.setattr(cls, "made", 0)


def test_equal_forecasters_share_a_fit_of_one_task_and_its_seconds():
    with shared_fits():
        began = time.perf_counter()
        first = estimate_once(Choosing(alias="one"), task())
        took = time.perf_counter() - began
        assert seconds_spared() == 0.0
        with shared_fits():  # of a backtest within the comparison
            assert estimate_once(Choosing(alias="two"), task()) is first
        assert Choosing.made == 1 and 0.01 <= seconds_spared() <= took
    assert seconds_spared() == 0.0


@pytest.mark.parametrize(
    "other",
    [
        task(horizon=3),
        task(season=7),
        task(frame().assign(unique_id="b")),
        task(frame().assign(y=lambda f: f["y"].where(f["ds"] < 55, 1.0))),
        task(frame(price=1.0)),
        replace(task(), ahead=None),
        replace(task(), settled="an earlier choice"),
    ],
    ids=["horizon", "season", "ids", "steps ahead", "covariate", "nothing ahead", "settled"],
)
def test_another_task_is_another_fit(other):
    with shared_fits():
        for asked in (task(), other):
            estimate_once(Choosing(), asked)
    assert Choosing.made == 2


def test_covariates_of_other_values_or_kinds_are_another_fit():
    with shared_fits():
        for price in (1.0, 2.0):
            estimate_once(Choosing(), task(frame(price=price)))
        columns = Columns.named("unique_id", "ds", "y", past=["price"])
        past = replace(task(), panel=read_frame(frame(price=1.0), columns).panel)
        estimate_once(Choosing(), past)
    assert Choosing.made == 3


def test_nothing_is_kept_outside():
    for _ in range(2):
        estimate_once(Choosing(), task())
    assert Choosing.made == 2


def test_only_a_class_that_says_so_itself_shares():
    with shared_fits():
        for _ in range(2):
            estimate_once(Choosing(), task())
            estimate_once(Subclass(), task())
            estimate_once(fc.Combine([Subclass(), fc.Naive()], alias="both"), task())
    assert (Choosing.made, Subclass.made) == (1, 4)


def test_two_classes_of_one_name_are_two():
    twin = type("Choosing", (Subclass,), {"shares_fits": True})
    with shared_fits():
        estimate_once(Choosing(), task())
        estimate_once(twin(), task())
    assert Choosing.made == twin.made == 1


def test_long_settings_are_read_to_their_end():
    class Listed(Choosing):
        shares_fits = True

        def __init__(self, table=None):
            super().__init__()
            self.table = table

    tables = np.zeros((2, 2000))
    tables[1, 1000] = 1e-12
    with shared_fits():
        for table in (*tables, tables[1].copy()):
            estimate_once(Listed(table), task())
    assert Listed.made == 2


def test_settings_that_cannot_be_compared_are_fitted_each_time():
    lags = {1: "one", 3: "three"}.keys()
    found = [fc.AR(lags=lags, alias="a"), fc.AR(lags=lags, alias="b")]
    frames = fc.cross_validation(found, frame(), horizon=3, n_windows=1)
    np.testing.assert_array_equal(frames["a"], frames["b"])


def test_what_is_kept_elsewhere_is_shared_and_counted():
    elsewhere = KeptEstimates(4)
    estimate_once(Choosing(), task(), elsewhere)
    with shared_fits():
        estimate_once(Choosing(), task(), elsewhere)
        assert Choosing.made == 1 and seconds_spared() >= 0.01
        estimate_once(Choosing(), task())
    assert Choosing.made == 1


def test_the_one_that_was_asked_for_last_stays():
    elsewhere, tasks = KeptEstimates(2), [task(horizon=steps) for steps in (1, 2, 3)]
    for index in (0, 1, 0, 2, 0, 1):
        estimate_once(Choosing(), tasks[index], elsewhere)
    assert Choosing.made == 4  # the second one was given up for the third


def test_settings_count():
    with shared_fits():
        one, other, same = (
            estimate_once(fc.AR(lags=fc.LagSelection(by)), task()) for by in ("bic", "aic", "bic")
        )
    assert one is same and one is not other


@pytest.fixture
def chosen(monkeypatch):
    """The pooled autoregressions that have chosen their ways."""
    found, choose = [], fc.PooledAR._choose
    monkeypatch.setattr(
        fc.PooledAR, "_choose", lambda self, asked: found.append(self) or choose(self, asked)
    )
    return found


def test_a_comparison_chooses_once_and_counts_the_seconds_for_each(chosen, monkeypatch):
    monkeypatch.setattr(fc.PooledAR, "_choose", slowly(fc.PooledAR._choose))
    both = fc.Combine([fc.AR(), fc.PooledAR()])
    result = fc.compare([both], frame(), horizon=3, n_windows=2)
    assert len(chosen) == 1
    assert (result.table.set_index("model")["fit s"][["Combine", "PooledAR"]] > SLOW).all()
    alone = fc.cross_validation([both], frame(), horizon=3, n_windows=2)
    assert len(chosen) == 2
    np.testing.assert_array_equal(result.backtest.frame["Combine"], alone["Combine"])


@pytest.mark.slow
@pytest.mark.parametrize("first", [True, False], ids=["before it", "after it"])
def test_a_network_and_a_linear_forecaster_choose_once(first, chosen, monkeypatch):
    monkeypatch.setattr(mixture, "_KEPT", KeptEstimates(4))
    training = fc.Training(num_steps=1, num_checks=1)
    network = fc.LSTMForecaster(3, num_layers=1, training=training, season_length=5)
    both = [fc.PooledAR(season_length=5), network]
    fc.cross_validation(both if first else both[::-1], frame(), 3, n_windows=1)
    assert len(chosen) == 1


@pytest.mark.slow
def test_seconds_of_a_network_hold_its_linear_parts_at_every_seed(monkeypatch):
    monkeypatch.setattr(fc.PooledAR, "_choose", slowly(fc.PooledAR._choose))
    training = fc.Training(num_steps=1, num_checks=1)
    network = fc.LSTMForecaster(3, num_layers=1, training=training, season_length=5)
    result = fc.compare([network], frame(), 3, n_windows=2, num_seeds=2, season_length=5)
    assert result.table.set_index("model").loc["LSTM", "fit s"] > SLOW
