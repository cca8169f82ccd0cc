"""In which scale a network sees its series: chosen by what a reservoir learns in either."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from models.material import highway_of, panel_of
from numpy.typing import NDArray

import forecast as fc
from forecast.baselines.pooled.fit import PooledSettings, estimate_pooled
from forecast.baselines.power import Power
from forecast.fitting import Task
from forecast.models import forecaster
from forecast.models.highway import choose_highway
from forecast.models.highway_model import WINDOW_SCALE, HighwayModel, series_scales
from forecast.models.mixture import network_in
from forecast.models.scale_choice import choose_scale
from forecast.pipelines import Season

NUM_STEPS = 1_200
NOISE = np.random.default_rng(4).normal(size=NUM_STEPS)


def logistic_map(start: float = 0.3) -> NDArray:
    values = [start]
    while len(values) < NUM_STEPS:
        values.append(3.9 * values[-1] * (1.0 - values[-1]))
    return np.array(values)


def autoregression() -> NDArray:
    values = NOISE.copy()
    for step in range(1, NUM_STEPS):
        values[step] += 0.8 * values[step - 1]
    return values


OTHERS = {
    "noise": NOISE,
    "random walk": NOISE.cumsum(),
    "autoregression": autoregression(),
    "trend": NOISE + 0.01 * np.arange(NUM_STEPS),
    "short": logistic_map()[:20],
    "constant": np.full(NUM_STEPS, 3.0),
}


def chosen_for(*series: NDArray) -> str:
    task = Task(panel_of(list(series)), Season(1, ""), 5)
    return choose_scale(HighwayModel.of(estimate_pooled(task.panel, choose_highway(task))), task)


def test_series_that_follow_a_rule_within_bounds_are_seen_in_their_own_scale() -> None:
    assert chosen_for(50.0 + 7.0 * logistic_map()) == "series"
    assert chosen_for(logistic_map(), 1e4 * logistic_map(0.4)) == "series"


@pytest.mark.parametrize("kind", OTHERS)
def test_other_series_are_seen_in_the_scale_of_their_newest_lags(kind: str) -> None:
    assert chosen_for(OTHERS[kind]) == "window"


def test_scales_are_mean_and_mean_absolute_deviation_of_what_is_known() -> None:
    values = [[1.0, 4.0, np.nan, 16.0], [9.0] * 5, [np.nan, 9.0, 25.0]]
    expected = []
    for known in ([1.0, 4.0, 16.0], [9.0, 25.0]):
        roots = 2.0 * (np.sqrt(1.0 + np.array(known)) - 1.0)
        expected.append((roots.mean(), np.abs(roots - roots.mean()).mean()))
    found = series_scales(panel_of([np.array(series) for series in values]), Power(0.5))
    # Neither a new series has one, nor one that never changes.
    np.testing.assert_allclose(found, [(0.0, 0.0), expected[0], (0.0, 0.0), expected[1]])


def test_some_series_of_a_highway_keep_their_coefficients_and_scales() -> None:
    scales = np.arange(10.0).reshape(5, 2)
    highway, chosen = highway_of(num_series=4).seen_in(scales), np.array([3, 1])
    taken = highway.take(chosen)
    np.testing.assert_array_equal(taken.coefficients, highway.coefficients[[0, 4, 2]])
    np.testing.assert_array_equal(taken.scales, scales[[0, 4, 2]])
    shared = highway_of(num_series=0).take(chosen)
    assert len(shared.coefficients) == 1 and shared.scales is not None
    np.testing.assert_array_equal(shared.scales, WINDOW_SCALE)
    assert highway.knows_scales and not shared.knows_scales


def test_a_network_learns_a_chaotic_rule_and_keeps_its_scale_in_later_fits() -> None:
    values = 50.0 + 7.0 * logistic_map()
    df = pd.DataFrame({"unique_id": "map", "ds": range(NUM_STEPS), "y": values})
    network = fc.LSTMForecaster(units=16, training=fc.Training(num_steps=500, learning_rate=0.01))
    backtest = fc.cross_validation([network, fc.AR()], df, 2, n_windows=20, refit=False)
    errors = fc.score(backtest, ["MAE"], train_df=df).set_index("model").MAE
    assert errors["LSTM"] < 0.4 * errors["AR"]
    fitted = network.fit(df[:-20], horizon=2)
    assert "linear highway in the scale of the series" in fitted.choices_
    # Scale and highway are those of the part before the origins, on which the network was trained.
    inside = fitted.fitted_.model.members[-1].highway
    known = values[:-20]
    means = known.cumsum() / np.arange(1, len(known) + 1)
    length = 1 + int(np.argmin(np.abs(means[600:] - inside.scales[1, 0]))) + 600
    assert length < len(known) - 50
    head = panel_of([known[:length]])
    np.testing.assert_allclose(inside.scales, series_scales(head, inside.power), rtol=1e-12)
    settled = fitted.fitted_.estimate.settled[1][-1].pooled
    trained_on = estimate_pooled(head, settled).coefficients
    np.testing.assert_allclose(inside.coefficients, trained_on, rtol=1e-9)
    whole = estimate_pooled(panel_of([known]), settled).coefficients
    assert not np.allclose(inside.coefficients, whole, rtol=1e-3)
    # A series that it was not fitted on is seen in the scale of its newest lags.
    other = df.assign(unique_id="other", y=3.0 * df["y"] + 100.0)
    assert np.isfinite(fitted.predict(df=other)["LSTM"]).all()


def test_a_training_goes_on_in_the_scale_of_its_start() -> None:
    df = pd.DataFrame({"unique_id": "map", "ds": range(NUM_STEPS), "y": logistic_map()})
    training = fc.Training(num_steps=2, num_checks=1)
    design = fc.NetworkDesign(linear="highway")
    start = fc.GRUForecaster(units=4, training=training, design=design).fit(df, horizon=2)
    assert "in the scale of the series" in start.choices_
    later = fc.Training(num_steps=2, num_checks=1, run=fc.TrainingRun(start=start))
    walk = df.assign(unique_id="walk", y=NOISE.cumsum())
    moved = fc.GRUForecaster(units=4, training=later, design=design).fit(walk, horizon=2)
    assert "in the scale of the series" in moved.choices_


def test_more_steps_are_planned_in_the_scale_of_the_series(monkeypatch) -> None:
    monkeypatch.setattr("forecast.models.training._FEWEST_TIME_STEPS", 20_480)  # ten updates
    network = fc.GRUForecaster(units=2, design=fc.NetworkDesign(linear="highway"))
    for values, planned in ((logistic_map(), 30), (NOISE[:600], 10)):
        df = pd.DataFrame({"unique_id": "x", "ds": range(len(values)), "y": values})
        assert network.fit(df, horizon=2).num_steps_ == planned


def test_nothing_is_transformed_in_the_scale_of_the_series(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_logarithms(task: Task) -> PooledSettings:
        usual = choose_highway(task)
        return replace(usual, design=replace(usual.design, power=0.0))

    monkeypatch.setattr(forecaster, "choose_highway", in_logarithms)
    short = fc.Training(num_steps=1, num_checks=1)
    network = fc.LSTMForecaster(training=short, design=fc.NetworkDesign(linear="highway"))
    for values, power in ((50.0 + 7.0 * logistic_map(), 1.0), (OTHERS["trend"] + 9.0, 0.0)):
        frame = pd.DataFrame({"unique_id": "a", "ds": range(NUM_STEPS), "y": values})
        fitted = network.clone().fit(frame, horizon=5)
        assert fitted.fitted_.model.highway.power == Power(power)
        assert ("scale of the series" in fitted.choices_) == (power == 1.0)


def test_an_echo_state_network_is_read_in_the_scale_of_a_chaotic_series(tmp_path: Path) -> None:
    values = 50.0 + 7.0 * logistic_map()
    df = pd.DataFrame({"unique_id": "map", "ds": range(NUM_STEPS), "y": values})
    network = fc.ESNForecaster(seed=1)
    backtest = fc.cross_validation([network, fc.AR()], df, 2, n_windows=20)
    errors = fc.score(backtest, ["MAE"], train_df=df).set_index("model").MAE
    assert errors["ESN"] < 0.5 * errors["AR"]
    fitted = network.fit(df[:-20], horizon=2)
    assert "linear highway in the scale of the series" in fitted.choices_
    highway = fitted.fitted_.model.highway
    known = panel_of([values[:-20]])  # a closed form is fitted again to all of them
    np.testing.assert_allclose(highway.scales, series_scales(known, highway.power), rtol=1e-12)
    fitted.save(tmp_path / "map.kfc")
    pd.testing.assert_frame_equal(fc.load(tmp_path / "map.kfc").predict(2), fitted.predict(2))
    walk = pd.DataFrame({"unique_id": "walk", "ds": range(NUM_STEPS), "y": NOISE.cumsum()})
    assert "scale of the series" not in network.fit(walk, horizon=2).choices_


def test_an_encoder_and_decoder_see_a_chaotic_series_in_its_own_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecast.models.training._FEWEST_TIME_STEPS", 30_000)
    values = 50.0 + 7.0 * logistic_map()
    df = pd.DataFrame({"unique_id": "map", "ds": range(NUM_STEPS), "y": values})
    walk = pd.DataFrame({"unique_id": "walk", "ds": range(NUM_STEPS), "y": NOISE.cumsum()})
    usual = fc.Seq2SeqForecaster(units=4).fit(walk, horizon=2)
    assert "scale of the series" not in usual.choices_
    fitted = fc.Seq2SeqForecaster(units=4).fit(df, horizon=2)
    assert "linear highway in the scale of the series" in fitted.choices_
    assert fitted.num_steps_ == pytest.approx(3 * usual.num_steps_, abs=2)
    assert network_in(fitted.fitted_.model).highway.knows_scales
    fitted.save(tmp_path / "map.kfc")
    pd.testing.assert_frame_equal(fc.load(tmp_path / "map.kfc").predict(2), fitted.predict(2))
