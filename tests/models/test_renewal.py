"""Which highway a trained network keeps: the newest, that of its training, or the mean of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from models.material import frame_of, highway_of, network_of, panel_of, past_of, seasonal_values

import forecast as fc
from forecast.baselines.power import Power
from forecast.composition.pipeline_model import PipelineModel
from forecast.fitting import Task
from forecast.forecaster import Forecaster
from forecast.models import trained
from forecast.models.body import ReadBody
from forecast.models.forecaster import NetworkForecaster
from forecast.models.highway_model import HighwayModel, series_scales
from forecast.models.mixture import network_in
from forecast.models.network import NetworkModel
from forecast.models.readout import Readout, fit_readout
from forecast.models.renewal import Learned, renewed
from forecast.models.teaching import Lesson, make_lesson
from forecast.pipelines import Origins, Season, read_frame

VALUES = seasonal_values(3, 60, seed=2)
PANEL = panel_of(list(VALUES))
TASK = Task(PANEL, Season(4, ""), 6)
ORIGINS = Origins(np.array([[40, 40, 40], [47, 47, 47]]), 6, 7)
TAKEN = ", mean of the training's highway and the newest"


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


def test_a_longer_memory_is_no_other_highway() -> None:
    network, longer = network_of(highway_of()), wild(highway_of(window_length=30))
    found, words = renewed(network, longer, learned_by(network), TASK)
    assert words == TAKEN
    assert found.highway.features.window_length == 30


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
ALONE = fc.NetworkDesign(linear="highway")
FORECASTERS: dict[str, Forecaster] = {
    "averaged": fc.LSTMForecaster(training=SHORT, design=ALONE),
    "beside linear ones": fc.LSTMForecaster(training=SHORT),
    "blocks": fc.LSTMForecaster(training=SHORT, design=fc.NetworkDesign(block_length=3)),
    "normal": fc.RNNForecaster(training=SHORT, design=fc.NetworkDesign(head="normal")),
    "refitted": fc.GRUForecaster(training=SHORT, design=fc.NetworkDesign(readout="refitted")),
    "window": fc.Seq2SeqForecaster(training=SHORT),
    "pipeline": fc.Pipeline([fc.Difference(), fc.LSTMForecaster(training=SHORT)]),
}
FRAME = frame_of(seasonal_values(3, 90, seed=5))


def network_of_fit(fitted: Forecaster) -> Any:
    """The network inside a pipeline, or beside linear forecasters."""
    model = fitted.fitted_.model
    return network_in(model.members[0] if isinstance(model, PipelineModel) else model)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[HighwayModel]:
    """The highways that a fit makes: as usual for the training, wild for all steps."""
    usual, made = NetworkForecaster._highway, []

    def highway(self: Any, task: Task, settings: Any) -> HighwayModel:
        found, num_steps = usual(self, task, settings), int(task.panel.lengths.max())
        is_newest = bool(made) and num_steps > made[0][0]
        made.append((num_steps, wild(found) if is_newest else found))
        return made[-1][1]

    monkeypatch.setattr(NetworkForecaster, "_highway", highway)
    return made


@pytest.mark.parametrize("name", FORECASTERS)
def test_every_trained_network_is_asked(name: str, made: list) -> None:
    fitted = FORECASTERS[name].clone().fit(FRAME, horizon=6)
    assert fitted.choices_.count(TAKEN) == 1
    training, newest = made[-2][1], made[-1][1]
    kept = network_of_fit(fitted).highway.coefficients
    np.testing.assert_array_equal(kept, training.mean_with(newest).coefficients)


def prefer_closed_form(body: Any) -> float:
    return -1.0 if isinstance(body, ReadBody) else 0.0


def test_a_readout_in_closed_form_is_fitted_to_the_errors_of_the_highway_taken(
    made: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: list[Lesson] = []

    def watched(body: Any, lesson: Lesson, *others: Any) -> Readout:
        taught.append(lesson)
        return fit_readout(body, lesson, *others)

    monkeypatch.setattr(trained, "fit_readout", watched)
    monkeypatch.setattr(trained, "free_running_check", lambda *_: prefer_closed_form)
    fitted = FORECASTERS["refitted"].clone().fit(FRAME, horizon=6)
    network = network_of_fit(fitted)
    assert isinstance(network.body, ReadBody)
    assert fitted.choices_.count(TAKEN) == 1
    panel, season = read_frame(FRAME).panel, fitted.fitted_.season.length
    expected = make_lesson(network.highway, panel, season)
    np.testing.assert_allclose(taught[-1].targets, expected.targets)


def test_the_mean_is_in_the_bundle(made: list, tmp_path: Path) -> None:
    fitted = FORECASTERS["averaged"].clone().fit(FRAME, horizon=6)
    fitted.save(tmp_path / "a.kfc")
    loaded = fc.load(tmp_path / "a.kfc")
    assert TAKEN in loaded.choices_
    pd.testing.assert_frame_equal(loaded.predict(6), fitted.predict(6))


def test_a_short_monthly_series_is_asked_too(made: list) -> None:
    """Eight years do not fit into it, so that the newest highway remembers more steps."""
    monthly = frame_of(seasonal_values(3, 80, seed=6, season=12))
    forecaster = fc.LSTMForecaster(training=SHORT, design=ALONE, season_length=12)
    assert TAKEN in forecaster.fit(monthly, horizon=6).choices_
    assert made[-2][1].features.window_length < made[-1][1].features.window_length
