"""A network beside the linear forecasters: what it is made of, and what it does for new series."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from models.material import frame_of, seasonal_values

import forecast as fc
from forecast import engine
from forecast.baselines.autoregression.lags import seasons_of
from forecast.baselines.naive import NaiveModel
from forecast.composition.combination import CombinedModel
from forecast.fitting import fit_model
from forecast.models.readout import averaged_readout, fit_readout
from forecast.models.teaching import make_lesson
from forecast.pipelines import read_frame

HORIZON = 4
FRAME = frame_of(seasonal_values(4, 60, seed=1))
TRAINING = fc.Training(num_steps=6, num_checks=1)


def network(linear: str) -> fc.LSTMForecaster:
    design = fc.NetworkDesign(linear=linear)
    return fc.LSTMForecaster(units=4, training=TRAINING, season_length=4, seed=0, design=design)


@pytest.fixture(scope="module")
def fitted() -> fc.LSTMForecaster:
    return network("combined").fit(FRAME, horizon=HORIZON)


def forecasts_of(forecaster: fc.LSTMForecaster | fc.AR | fc.PooledAR) -> np.ndarray:
    alone = forecaster.fit(FRAME, horizon=HORIZON).predict(HORIZON)
    return alone[forecaster.name].to_numpy()


def test_the_forecast_is_the_weighted_sum_of_what_each_forecasts_alone(fitted) -> None:
    weights = fitted.fitted_.model.weights
    members = [fc.AR(season_length=4), fc.PooledAR(season_length=4), network("highway")]
    alone = np.stack([forecasts_of(member) for member in members])
    expected = weights @ alone
    np.testing.assert_allclose(fitted.predict(HORIZON)["LSTM"], expected, rtol=1e-6)
    assert weights.sum() == pytest.approx(1.0)


def test_what_each_part_contributes_is_said(fitted) -> None:
    weights = fitted.fitted_.model.weights
    for name, weight in zip(("AR", "PooledAR", "network"), weights, strict=True):
        assert f"{weight:.2f} {name} (" in fitted.choices_
    assert fitted.num_steps_ == 6
    assert set(fitted.history_) >= {"step", "loss", "free_running"}


def test_a_new_series_is_forecast_without_the_part_that_knows_its_own_series_only(fitted) -> None:
    new = FRAME[FRAME["unique_id"] == FRAME["unique_id"].iloc[0]].assign(unique_id="new")
    made = fitted.predict(HORIZON, df=new)["LSTM"].to_numpy()
    _, pooled, of_network = fitted.fitted_.model.members
    newcomers = fitted.fitted_.model.newcomer_weights
    assert newcomers[0] == 0.0
    assert newcomers.sum() == pytest.approx(1.0)
    rest = CombinedModel([pooled, of_network], HORIZON, newcomers[1:])
    assert np.isfinite(made).all()
    np.testing.assert_allclose(made, rolled(rest, new), rtol=1e-6)


def rolled(model: CombinedModel, frame: pd.DataFrame) -> np.ndarray:
    """The forecast of a model for one series that it was not fitted on."""
    panel = read_frame(frame).panel
    state = engine.begin(model, np.array([-1]))
    state, _ = engine.absorb(model, state, panel.block(np.zeros(1, dtype=int), panel.lengths))
    return engine.forecast(model, state, HORIZON)[0, 0]


def test_learning_from_a_new_series_leaves_the_part_of_known_series_alone(fitted) -> None:
    new = FRAME[FRAME["unique_id"] == FRAME["unique_id"].iloc[0]].assign(unique_id="new")
    model = fitted.fitted_.model
    learner = fc.LSTMForecaster.clone(fitted)
    learner.fit(FRAME, horizon=HORIZON)
    learner.condition(pd.concat([FRAME, new.iloc[:-6]]))
    learner.update(new.iloc[-6:], learn=True)
    before, after = model.members[0].coefficients, learner.fitted_.model.members[0].coefficients
    np.testing.assert_array_equal(before, after)


def test_learning_goes_on_where_a_part_has_no_weight_or_cannot_learn(fitted) -> None:
    copy = pickle.loads(pickle.dumps(fitted.fitted_.model))
    copy.weights = np.array([0.6, 0.0, 0.4])
    copy.newcomer_weights = np.array([0.0, 0.0, 1.0])
    panel = read_frame(FRAME).panel
    series = np.arange(panel.num_series)
    state = engine.begin(copy, series)
    half = panel.lengths // 2
    state, _ = engine.absorb(copy, state, panel.block(np.zeros_like(half), half))
    block = panel.block(half, panel.lengths)
    newer, _, _ = engine.learn(copy, state, block)
    assert newer.members[0] is not copy.members[0]
    copy.members = (copy.members[0], Refuses(), copy.members[2])
    assert copy._taught(copy.members[1], engine.inner(state), block) is copy.members[1]


class Refuses(NaiveModel):
    """A linear forecaster that cannot learn as it was fitted."""

    def learn(self, state, block):
        raise ValueError("no sums")


def test_series_that_are_too_short_for_a_linear_part_are_named() -> None:
    short = pd.DataFrame({"unique_id": "short", "ds": range(2), "y": [1.0, 2.0]})
    both = pd.concat([FRAME, short], ignore_index=True)
    assert "short" in list(network("combined").fit(both, horizon=HORIZON).fell_back_)


def test_a_refit_keeps_the_weights_and_what_the_linear_parts_chose(fitted) -> None:
    panel = read_frame(FRAME).panel
    again = fit_model(network("combined"), panel, None, previous=fitted.fitted_)
    np.testing.assert_array_equal(again.model.weights, fitted.fitted_.model.weights)
    assert again.estimate.settled == fitted.fitted_.estimate.settled


def test_what_is_linear_of_it_is_the_same_sum_of_linear_parts(fitted) -> None:
    linear = fitted.fitted_.model.highway
    assert linear.members[:2] == fitted.fitted_.model.members[:2]
    assert linear.members[2] is fitted.fitted_.model.members[2].highway


def test_linear_parts_of_one_task_are_fitted_once(monkeypatch, fitted) -> None:
    def refuse(*arguments):
        raise AssertionError("fitted again")

    monkeypatch.setattr(fc.PooledAR, "_choose", refuse)
    again = fc.GRUForecaster(units=4, training=TRAINING, season_length=4, seed=5)
    assert np.isfinite(again.fit(FRAME, horizon=HORIZON).predict(HORIZON)["GRU"]).all()


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(ValueError, match="`linear` must be one of combined, highway; got 'none'"):
        fc.NetworkDesign(linear="none")
    with pytest.raises(ValueError, match="`design` must be of the class NetworkDesign"):
        fc.LSTMForecaster(design="combined")


@pytest.mark.long
def test_a_refitted_readout_is_kept_where_it_forecasts_better(tmp_path) -> None:
    design = fc.NetworkDesign(linear="highway", readout="shrunk")
    values = np.array([chaotic(num_steps=400), 1.0 - np.array(chaotic(num_steps=403))[3:]])
    forecaster = fc.LSTMForecaster(
        units=12, training=fc.Training(num_steps=120, learning_rate=1e-2), design=design, seed=0
    )
    fitted = forecaster.fit(frame_of(values), horizon=3)
    model, season = fitted.fitted_.model, fitted.fitted_.season
    lesson = make_lesson(model.highway, read_frame(frame_of(values)).panel, season.length)
    whole = fit_readout(model.body.body, lesson, seasons_of(season), per_series=True)
    assert fitted.choices_.endswith(f", readout refitted with {whole.words}")
    assert whole.departures is not None
    np.testing.assert_allclose(model.body.coefficients, whole.coefficients, rtol=1e-9)
    np.testing.assert_allclose(model.body.departures, whole.departures, rtol=1e-9, atol=1e-12)
    alone = forecaster.clone().set_params(design=fc.NetworkDesign(linear="highway"))
    alone.fit(frame_of(values), horizon=3)
    assert fitted.fitted_.calibration.mase < alone.fitted_.calibration.mase
    fitted.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc")
    pd.testing.assert_frame_equal(loaded.predict(9), fitted.predict(9), check_exact=True)


@pytest.mark.slow
def test_an_averaged_readout_is_half_the_trained_one_and_half_one_that_knows_all_steps() -> None:
    frame = frame_of(np.array([chaotic(num_steps=120)]))
    found = {}
    for readout in ("trained", "averaged"):
        design = fc.NetworkDesign(linear="highway", readout=readout)
        training = fc.Training(num_steps=20, num_checks=2, learning_rate=1e-2)
        forecaster = fc.LSTMForecaster(4, 1, training, season_length=1, seed=0, design=design)
        found[readout] = forecaster.fit(frame, horizon=3)
    network, season = found["trained"].fitted_.model, found["trained"].fitted_.season
    lesson = make_lesson(network.highway, read_frame(frame).panel, season.length)
    expected, words = averaged_readout(network.body, lesson, seasons_of(season))
    assert found["averaged"].choices_.endswith(f", averaged readout with {words}")
    averaged = found["averaged"].fitted_.model.body.weights
    for weight, other in zip(averaged, expected.weights, strict=True):
        np.testing.assert_array_equal(weight, other)
    assert (averaged[-2] != network.body.weights[-2]).any()
    again = fit_model(found["averaged"].clone(), read_frame(frame).panel, 3)
    np.testing.assert_array_equal(again.model.body.weights[-2], averaged[-2])


def chaotic(num_steps: int) -> list[float]:
    """`x' = 3.9 x (1 - x)`."""
    values = [0.3]
    while len(values) < num_steps:
        values.append(3.9 * values[-1] * (1.0 - values[-1]))
    return values


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"readout": "none"}, "one of trained, refitted, shrunk, averaged; got 'none'"),
        ({"readout": "refitted", "head": "huber"}, "take it with head='absolute'"),
        ({"readout": "shrunk", "head": "squared"}, "readout='shrunk' minimises absolute errors"),
        ({"readout": "refitted", "block_length": 3}, "block_length=1; got"),
        ({"readout": "averaged", "head": "normal"}, "readout='averaged' minimises absolute errors"),
    ],
)
def test_readouts_that_cannot_be_are_refused(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        fc.NetworkDesign(**changes)


def test_a_walk_on_own_forecasts_needs_single_points() -> None:
    sampled = fc.Training(teacher_forcing=0.5)
    for design in (fc.NetworkDesign(head="normal"), fc.NetworkDesign(block_length=4)):
        with pytest.raises(ValueError, match=r"teacher_forcing=0\.5 feeds"):
            fc.LSTMForecaster(training=sampled, design=design)
