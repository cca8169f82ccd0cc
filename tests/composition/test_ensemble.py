"""Ensembles: against members fitted one by one, with seeds that never meet, and what is refused."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import sklearn.base
from ar_material import frame_of, simulated

import forecast as fc
from forecast.baselines.window import WindowModel
from forecast.compare.seeds import replicas_of
from forecast.seeds import reseeded, seeds_within

HORIZON = 3
FRAME = frame_of(*(simulated([0.6, 0.2], 60, seed, mean=20.0) for seed in range(3)))


class Steps(WindowModel):
    """`y[t+1] = y[t] + d`."""

    def __init__(self, size: float) -> None:
        super().__init__(1, 1)
        self.size = size

    def emit(self, past, num_steps, future):
        return past.last[:, None] + self.size


class Drawn(fc.Naive):
    """A step whose size is drawn, and a learning curve."""

    def __init__(self, scale: float = 0.1, seed: int = 0, alias: str | None = None) -> None:
        self.scale, self.seed, self.alias = scale, seed, alias

    @property
    def size(self) -> float:
        return float(self.scale * np.random.default_rng(self.seed).normal())

    def _estimate(self, task):
        found = super()._estimate(task)
        curve = {"num_steps": [10.0 + self.seed]}
        return replace(found, model=Steps(self.size), choices=f"{self.size:.3f}", history=curve)


def points(forecaster, horizon=HORIZON):
    return forecaster.predict(horizon)[forecaster.name].to_numpy()


# Forecasts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "joined"), [("mean", np.mean), ("median", np.median)])
def test_the_forecast_is_that_of_members_fitted_alone(method, joined):
    many = fc.Ensemble(Drawn(seed=7), 5, method).fit(FRAME, horizon=HORIZON)
    alone = [points(Drawn(seed=seed).fit(FRAME, horizon=HORIZON)) for seed in range(7, 12)]
    np.testing.assert_allclose(points(many), joined(alone, axis=0), rtol=1e-14)
    assert len(np.unique(np.array(alone)[:, 0])) == 5


def test_beyond_the_horizon_of_the_fit_the_mean_is_fed_back():
    many = fc.Ensemble(Drawn(), 3).fit(FRAME, horizon=1)
    size = np.mean([Drawn(seed=seed).size for seed in range(3)])
    last = FRAME.groupby("unique_id")["y"].last().to_numpy()
    expected = last[:, None] + size * np.arange(1, 5)
    np.testing.assert_allclose(points(many, 4).reshape(3, 4), expected, rtol=1e-12)


def chaotic(length: int = 90, start: float = 0.3) -> np.ndarray:
    """The logistic map, of which no linear forecast knows anything: networks correct it."""
    values = [start]
    for _ in range(length - 1):
        values.append(3.8 * values[-1] * (1.0 - values[-1]))
    return 10.0 + 5.0 * np.array(values)


CHAOS = frame_of(chaotic(), chaotic(start=0.41))


@pytest.fixture(scope="module")
def reservoirs():
    """An ensemble of two networks, and each fitted alone."""
    esn = fc.ESNForecaster(units=10, season_length=1)
    many = fc.Ensemble(esn, num_members=2).fit(CHAOS, horizon=HORIZON)
    alone = [esn.clone().set_params(seed=seed).fit(CHAOS, horizon=HORIZON) for seed in (0, 1)]
    return many, alone


def test_networks_in_an_ensemble_are_those_fitted_alone_bit_for_bit(reservoirs):
    """Halves are exact, so the mean of two is too; the season is the one given to the member."""
    many, alone = reservoirs
    np.testing.assert_array_equal(points(many), (points(alone[0]) + points(alone[1])) / 2)
    assert (points(alone[0]) != points(alone[1])).any()
    assert many.fitted_.season == alone[0].fitted_.season and many.fitted_.season.given


def test_networks_in_an_ensemble_move_on_as_they_do_alone(reservoirs):
    rows = CHAOS.groupby("unique_id").tail(2).assign(y=lambda df: df["y"] * 1.02)
    rows["ds"] += pd.Timedelta("2D")
    for learn in (False, True):
        moved = [copy(one).update(rows, learn=learn) for one in (reservoirs[0], *reservoirs[1])]
        first, second = points(moved[1]), points(moved[2])
        np.testing.assert_array_equal(points(moved[0]), (first + second) / 2)


def test_networks_in_an_ensemble_go_through_a_bundle(reservoirs, tmp_path):
    many = reservoirs[0]
    many.save(tmp_path / "many.kfc")
    loaded = fc.load(tmp_path / "many.kfc")
    assert repr(loaded) == repr(many) and loaded.choices_ == many.choices_
    pd.testing.assert_frame_equal(
        loaded.sample(4, 3, seed=1), many.sample(4, 3, seed=1), check_exact=True
    )


def test_an_ensemble_of_networks_can_be_exported(reservoirs):
    from forecast.io.export.support import check_exportable

    check_exportable(reservoirs[0])


# Seeds --------------------------------------------------------------------------------------------


def inner_seeds(forecaster) -> list[int]:
    """The seeds of all that an ensemble fits, those of its ensembles too."""
    members = forecaster._members if isinstance(forecaster, fc.Ensemble) else None
    if members is None:
        return list(seeds_within(forecaster).values())
    return [seed for member in members for seed in inner_seeds(member)]


def test_ensembles_of_ensembles_use_each_seed_once():
    nested = fc.Ensemble(fc.Ensemble(Drawn(seed=3), 2), 3)
    assert inner_seeds(nested) == [3, 4, 5, 6, 7, 8]
    piped = fc.Ensemble(fc.Pipeline([fc.Log1p(), nested]), 2)
    assert piped.seeds_used == 12
    assert [seeds_within(member) for member in piped._members] == [
        {"Ensemble__forecaster__forecaster__seed": 3},
        {"Ensemble__forecaster__forecaster__seed": 9},
    ]


def test_seeds_within_a_combination_move_together():
    both = fc.Combine([Drawn(seed=2), Drawn(seed=5, alias="other"), fc.AR()])
    assert seeds_within(reseeded(both, 4)) == {"Drawn__seed": 6, "other__seed": 9}
    assert inner_seeds(fc.Ensemble(both, 2)) == [2, 5, 3, 6]


def test_runs_of_an_ensemble_in_a_comparison_share_no_member():
    replicas = replicas_of([fc.Ensemble(Drawn(seed=1), 3, alias="three")], num_seeds=3)
    assert replicas.seeds == {"three": [1, 4, 7]}
    assert replicas.columns == {"three": ("three-seed-4", "three-seed-7")}
    assert [inner_seeds(one) for one in replicas.all] == [[4, 5, 6], [7, 8, 9]]


# What it says of itself ---------------------------------------------------------------------------


def test_what_an_ensemble_is_follows_from_its_member():
    network = fc.Ensemble(fc.LSTMForecaster(season_length=4))
    assert (network.role, network.closed_form, network.season_length) == ("network", False, 4)
    assert network.takes_new_series and network.is_random and network.name == "Ensemble"
    regimes = fc.Ensemble(fc.HiddenMarkov(), alias="regimes")
    assert regimes.closed_form and not regimes.takes_new_series and regimes.name == "regimes"
    drivers = fc.Combine([fc.PooledAR(), Drawn()])
    assert fc.Ensemble(drivers).uses_past_covariates and not regimes.uses_covariates


def test_choices_curves_and_steps_are_those_of_the_members():
    many = fc.Ensemble(Drawn(seed=4), 2).fit(FRAME, horizon=HORIZON)
    sizes = [Drawn(seed=seed).size for seed in (4, 5)]
    assert many.choices_ == f"mean of Drawn-seed-4 ({sizes[0]:.3f}), Drawn-seed-5 ({sizes[1]:.3f})"
    assert many.history_ == {"Drawn-seed-4.num_steps": [14.0], "Drawn-seed-5.num_steps": [15.0]}
    assert many.num_steps_ == (14, 15)
    alike = fc.Ensemble(Drawn(scale=0.0), 3, "median").fit(FRAME, horizon=HORIZON)
    assert alike.choices_ == "median of 3 Drawn (0.000)"


def test_closed_forms_have_no_steps(reservoirs):
    assert reservoirs[0].num_steps_ == ()


# Arguments ----------------------------------------------------------------------------------------


def test_arguments_of_the_members_are_set_by_name():
    given = fc.LSTMForecaster()
    many = fc.Ensemble(given).set_params(
        forecaster__units=8, forecaster__training__num_steps=5, num_members=3
    )
    assert many.forecaster.units == 8 and many.forecaster.training.num_steps == 5
    assert (given.units, many.num_members) == (None, 3)
    assert many.get_params()["forecaster__units"] == 8
    other = many.set_params(forecaster=Drawn(), forecaster__seed=2)
    assert repr(other) == "Ensemble(forecaster=Drawn(seed=2), num_members=3)"


def test_the_forecaster_is_cloned_with_the_ensemble_and_left_unfitted():
    first = fc.Ensemble(Drawn(seed=2), 2, alias="two")
    for twin in (first.clone(), sklearn.base.clone(first)):
        assert repr(twin) == repr(first) and twin.forecaster is not first.forecaster
    first.fit(FRAME, horizon=HORIZON)
    assert "fitted_" not in vars(first.forecaster)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([fc.AR()], ValueError, r"of AR would be 5 equal members.* a seed, such as fc\.LSTMF"),
        ([fc.Combine([fc.AR()])], ValueError, r"of Combine would be 5 equal members"),
        ([fc.LSTMForecaster], TypeError, r"with a seed.*LSTMForecaster'>\. Call the class to"),
        ([[fc.LSTMForecaster()]], TypeError, r"must be one forecaster with a seed, such as"),
        ([Drawn(), 0], ValueError, r"`num_members` must be a whole number of at least 1; got 0"),
        ([Drawn(), 2.5], ValueError, r"num_members"),
        ([Drawn(), 2, "weighted"], ValueError, r"`method` must be 'mean' or 'median'; got 'w"),
    ],
    ids=["no seed", "no seed inside", "class", "list", "none", "fraction", "method"],
)
def test_what_no_ensemble_can_be_made_of_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        fc.Ensemble(*arguments)


def test_a_refused_change_changes_nothing():
    many = fc.Ensemble(Drawn(), 2)
    before, member = repr(many), many.forecaster
    for changes, message in (
        ({"forecaster__sed": 1}, r"no parameter 'forecaster__sed'.*mean 'forecaster__seed'\?"),
        ({"num_members": 0}, r"num_members"),
        ({"forecaster": fc.Drift()}, r"an ensemble of Drift would be 2 equal members"),
    ):
        with pytest.raises(ValueError, match=message):
            many.set_params(**{"alias": "changed", **changes})
        assert repr(many) == before and many.forecaster is member
