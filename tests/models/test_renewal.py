"""Which highway a trained network keeps: the newest, that of its training, or the mean of both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from models.material import (
    frame_of,
    highway_of,
    network_of,
    panel_of,
    past_of,
    seasonal_values,
)

import forecast as fc
from forecast.baselines.power import Power
from forecast.fitting import Task
from forecast.forecaster import Forecaster
from forecast.models.forecaster import NetworkForecaster
from forecast.models.highway_model import HighwayModel, series_scales
from forecast.models.network import NetworkModel
from forecast.models.renewal import Learned, renewed
from forecast.pipelines import Origins, Season

VALUES = seasonal_values(3, 60, seed=2)
PANEL = panel_of(list(VALUES))
TASK = Task(PANEL, Season(4, ""), 6)
ORIGINS = Origins(np.array([[40, 40, 40], [47, 47, 47]]), 6, 7)
TAKEN = ", mean of its highway and of one that knows all steps"


def learned_by(network: NetworkModel, origins: Origins | None = ORIGINS) -> Learned:
    return Learned(network, "", np.zeros(0, dtype=np.int64), {}, origins=origins)


def wild(highway: HighwayModel, factor: float = 3.0) -> HighwayModel:
    """One that explodes when it is fed back."""
    other = highway.seen_in(highway.scales)
    other.coefficients = highway.coefficients + factor
    return other


def with_covariates(seed: int) -> HighwayModel:
    """Coefficients, means and spreads of two covariates, for two steps ahead of two series."""
    rng = np.random.default_rng(seed)
    plain = highway_of(num_series=2, seed=seed, block_length=2)
    shape = (*plain.coefficients.shape[:2], 2)
    own = rng.normal(size=shape)
    coefficients = np.concatenate(
        [plain.coefficients[..., :-1], own, plain.coefficients[..., -1:]], axis=2
    )
    centres, spreads = rng.normal(size=2), rng.uniform(0.5, 3.0, 2)
    return HighwayModel(plain.features, coefficients, plain.power, centres, spreads)


def test_the_mean_of_two_highways_forecasts_the_mean_of_both() -> None:
    first, second = with_covariates(1), with_covariates(2)
    past = past_of(np.random.default_rng(3).normal(4.0, 2.0, 20), 20, series=1)
    future = np.random.default_rng(4).normal(size=(1, 2, 2))
    expected = (first.emit(past, 2, future) + second.emit(past, 2, future)) / 2
    found = first.mean_with(second)
    np.testing.assert_allclose(found.emit(past, 2, future), expected, rtol=1e-12)
    np.testing.assert_array_equal(found.covariate_centres, second.covariate_centres)


def test_the_mean_leaves_both_highways_as_they_are() -> None:
    first, second = with_covariates(1), with_covariates(2)
    first.mean_with(second)
    np.testing.assert_array_equal(first.coefficients, with_covariates(1).coefficients)
    np.testing.assert_array_equal(second.coefficients, with_covariates(2).coefficients)


def test_a_highway_that_forecasts_worse_even_where_it_knows_the_answer_is_met_halfway() -> None:
    network = network_of(highway_of())
    found, words = renewed(network, wild(network.highway), learned_by(network), TASK)
    assert words == TAKEN
    expected = network.highway.mean_with(wild(network.highway))
    np.testing.assert_array_equal(found.highway.coefficients, expected.coefficients)
    assert found.body is network.body


def test_a_highway_that_forecasts_better_there_is_taken() -> None:
    good = highway_of()
    network = network_of(wild(good))
    found, words = renewed(network, good, learned_by(network), TASK)
    assert (words, found.highway) == ("", good)


def test_without_checks_of_the_training_the_newest_highway_is_taken() -> None:
    network = network_of(highway_of())
    newest = wild(network.highway)
    found, words = renewed(network, newest, learned_by(network, origins=None), TASK)
    assert (words, found.highway) == ("", newest)


def test_coefficients_of_other_series_are_not_averaged() -> None:
    network = network_of(highway_of())
    newest = wild(highway_of(num_series=3))
    found, words = renewed(network, newest, learned_by(network), TASK)
    assert (words, found.highway) == ("", newest)


@pytest.mark.parametrize("what", ["logarithm", "lags", "scale"])
def test_a_network_that_would_see_something_else_stays_as_it_was_trained(what: str) -> None:
    kept = highway_of()
    newest = highway_of(logarithm=what == "logarithm", num_lags=4 if what == "lags" else 5)
    if what == "scale":
        kept = kept.seen_in(series_scales(PANEL, Power(1.0)))
    network = network_of(kept)
    found, words = renewed(network, newest, learned_by(network), TASK)
    assert (words, found) == ("", network)


SHORT = fc.Training(num_steps=10)
FORECASTERS: dict[str, Forecaster] = {
    "averaged": fc.LSTMForecaster(training=SHORT, design=fc.NetworkDesign(linear="highway")),
    "refitted": fc.GRUForecaster(training=SHORT, design=fc.NetworkDesign(readout="refitted")),
    "normal": fc.RNNForecaster(training=SHORT, design=fc.NetworkDesign(head="normal")),
    "window": fc.Seq2SeqForecaster(training=SHORT),
    "pipeline": fc.Pipeline([fc.Difference(), fc.LSTMForecaster(training=SHORT)]),
}


@pytest.mark.parametrize("name", FORECASTERS)
def test_every_trained_network_is_asked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, longest = NetworkForecaster._highway, [0]

    def highway(self: Any, task: Task, settings: Any) -> HighwayModel:
        """As usual for the training; wild for all steps."""
        made, num_steps = usual(self, task, settings), int(task.panel.lengths.max())
        longest[0] = longest[0] or num_steps
        return wild(made) if num_steps > longest[0] else made

    monkeypatch.setattr(NetworkForecaster, "_highway", highway)
    fitted = FORECASTERS[name].clone().fit(frame_of(seasonal_values(3, 90, seed=5)), horizon=6)
    assert fitted.choices_.count(TAKEN) == 1
