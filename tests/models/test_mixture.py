"""A network beside the linear forecasters: what it is made of, and what it does for new series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from models.material import frame_of, seasonal_values

import forecast as fc
from forecast.composition.combination import CombinedModel

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
    from forecast import engine
    from forecast.pipelines import read_frame

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
