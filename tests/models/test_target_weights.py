"""What targets count in the loss: by row, series, channel and step ahead; zero is no target."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from models.material import body_of, frame_of, highway_of, panel_of, seasonal_values

import forecast as fc
from forecast.heads import Absolute
from forecast.models.descent import descend
from forecast.models.inputs import input_width
from forecast.models.teaching import Lesson, Sequences, make_lesson
from forecast.pipelines import ChannelId, read_weighted

SEASON, BLOCK = 4, 3
ROWS = np.random.default_rng(5).uniform(0.2, 3.0, (3, 30))
ROWS[0, 8:14] = ROWS[2] = 0.0
FRAME = frame_of(seasonal_values(3, 30, seed=1))
WEIGHED = FRAME.assign(weight=ROWS.ravel())


def weighed_panel() -> Any:
    values = seasonal_values(3, 30, seed=3)
    values[1, 20] = np.nan
    series = [values[0], values[1, :24], values[2]]
    panel = panel_of(series)
    flat = np.concatenate([ROWS[0], ROWS[1, :24], ROWS[2]])
    return replace(panel, weights={"w": flat})


def lesson(weights: fc.TargetWeights, block_length: int = 1) -> Lesson:
    highway = highway_of(4, (SEASON,), num_series=3, block_length=block_length)
    return make_lesson(highway, weighed_panel(), SEASON, Absolute(), weights)


@pytest.mark.parametrize("block_length", [1, BLOCK])
@pytest.mark.parametrize("base", ["metric", "equal"])
def test_weights_multiply_the_cost_of_each_target(block_length: int, base: str) -> None:
    steps = (1.0, 0.0, 2.5)[:block_length]
    given = fc.TargetWeights("w", {"series 1": 0.3}, steps=steps, base=base)
    found = lesson(given, block_length)
    plain = lesson(fc.TargetWeights(base=base), block_length)
    expected = np.zeros((3, 30, block_length))
    for row in range(3):
        for step in range(30):
            for ahead in range(block_length):
                target = step + 1 + ahead
                if target < (30, 24, 30)[row]:
                    cost = plain.weights.reshape(3, 30, block_length)[row, step, ahead]
                    own = ROWS[row, target] * (0.3 if row == 1 else 1.0) * steps[ahead]
                    expected[row, step, ahead] = cost * own
    expected = expected.reshape(plain.weights.shape)
    expected /= expected[expected > 0].mean()
    np.testing.assert_allclose(found.weights, expected, rtol=1e-12)
    np.testing.assert_array_equal(found.targets, plain.targets)
    if base == "equal":
        assert set(np.unique(plain.weights)) == {0.0, 1.0}


def trained(material: Lesson) -> list[Any]:
    """The weights after a few updates on a lesson, and the loss of each."""
    sequences = Sequences(material, 8, 4, 11, seed=0)
    width = input_width(highway_of(4, (SEASON,)))
    body, history = descend(
        body_of("SimpleRNN", width, units=3, num_layers=1), sequences,
        fc.Training(num_steps=11, num_checks=1, learning_rate=0.05),
        check=lambda body: -float(np.abs(body.weights[1]).sum()),
    )  # fmt: skip
    return [*body.weights, np.array(history["loss"])]


def test_a_target_that_weighs_zero_is_none() -> None:
    found = lesson(fc.TargetWeights("w"))
    nothing = found.weights == 0.0
    assert nothing[0, 7:13].all() and nothing[2].all() and (found.weights > 0).any()
    absurd = replace(found, targets=np.where(nothing, 1e6, found.targets))
    for weight, other in zip(trained(found), trained(absurd), strict=True):
        np.testing.assert_array_equal(weight, other)
    drawn = {int(row) for number in range(30) for row in rows_of(found, number)}
    assert drawn == {0, 1}


def rows_of(material: Lesson, number: int) -> Any:
    return Sequences(material, 8, 4, 30, seed=0).places(number).rows


def test_the_loss_is_the_weighted_mean() -> None:
    material = lesson(fc.TargetWeights("w"))
    _, _, targets, weights = Sequences(material, 8, 4, 1, seed=0).batch(0)
    outputs = np.random.default_rng(0).standard_normal(targets.shape).astype(np.float32)
    expected = (weights * np.abs(outputs - targets)).sum() / weights.sum()
    np.testing.assert_allclose(Absolute().loss(outputs, targets, weights), expected, rtol=1e-6)


# From the frame -----------------------------------------------------------------------------------


def network(weights: fc.TargetWeights | str = "metric", **design: Any) -> fc.RNNForecaster:
    cut = fc.Truncation(8, weights=weights)
    training = fc.Training(num_steps=12, num_checks=1, batch_size=4, truncation=cut)
    parts = fc.NetworkDesign(**({"linear": "highway"} | design))
    return fc.RNNForecaster(3, 1, training, season_length=4, design=parts)


BY_COLUMN = fc.TargetWeights("weight", {0: 0.5})


@pytest.fixture(scope="module")
def fitted() -> fc.RNNForecaster:
    return network(BY_COLUMN).fit(WEIGHED)


def losses(forecaster: Any) -> list[float]:
    return forecaster.history_["loss"]


def test_a_column_of_the_frame_weighs_its_rows(fitted) -> None:
    plain = network().fit(FRAME)
    same = network(fc.TargetWeights("weight")).fit(FRAME.assign(weight=2.0))
    assert losses(same) == losses(plain) != losses(fitted)
    moved = fitted.predict(2, df=FRAME)  # nothing but the training asks for the column
    pd.testing.assert_frame_equal(moved, fitted.predict(2))


def test_rows_may_come_in_any_order_and_gaps_weigh_nothing() -> None:
    kept = WEIGHED.drop(index=[4, 5])
    read = read_weighted(kept.sample(frac=1.0, random_state=0), weights=["weight"]).panel
    expected = ROWS.ravel().copy()
    expected[[4, 5]] = 0.0
    np.testing.assert_array_equal(read.weights["weight"], expected)
    assert not read.num_covariates and read.covariates.is_empty
    assert read.take([1]).head(3).weights["weight"].tolist() == ROWS[1, :3].tolist()


def test_a_bundle_keeps_weights_of_series_of_any_id(fitted, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc")
    assert loaded.training == fitted.training
    pd.testing.assert_frame_equal(loaded.predict(3), fitted.predict(3))


def test_weights_reach_a_network_inside_of_others_and_in_backtests(fitted) -> None:
    within = fc.Pipeline([fc.StandardScaler(), fc.Ensemble(network(BY_COLUMN), 1)])
    assert within.weight_columns == ("weight",)
    together = fc.Combine([network(BY_COLUMN), fc.Naive()]).fit(WEIGHED)
    assert together.history_["RNN.loss"] == losses(fitted)
    cv = fc.cross_validation([within, fc.PooledAR(lags=3)], WEIGHED, 2, n_windows=1)
    plain = fc.cross_validation(fc.PooledAR(lags=3), FRAME, 2, n_windows=1)
    np.testing.assert_array_equal(cv["PooledAR"], plain["PooledAR"])
    assert cv[within.name].notna().all()


def test_weights_of_channels() -> None:
    panel = panel_of([np.arange(5.0), np.arange(5.0)])
    panel.ids[:] = [ChannelId("a", "load"), ChannelId("a", "price")]
    given = fc.TargetWeights(series={"a": 2.0}, channels={"price": 0.25})
    assert given.of_rows(panel)[:, 0].tolist() == [2.0, 0.5]
    with pytest.raises(ValueError, match=r"names 'wind', which .* known channels: 'load', 'price'"):
        fc.TargetWeights(channels={"wind": 1.0}).refuse_unknown(panel)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"weight": -1.0}, r"column 'weight' of weights is -1 in series 0, time 0 \(90 such rows"),
        ({"weight": None}, r"column 'weight' of weights is missing in series 0, time 0 \(90"),
        ({"weight": "x"}, "column 'weight' of weights holds text; convert it"),
        ({"weight": np.inf}, "column 'weight' of series 0, time 0, is infinite"),
        ({"weight": 0.0}, "column 'weight' of weights holds no number above 0"),
        ({"other": 1.0}, r"missing column 'weight' of weights; the frame has 'unique_id', 'ds'"),
    ],
)
def test_a_column_without_weights_is_refused(column: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network(fc.TargetWeights("weight")).fit(FRAME.assign(**column))


@pytest.mark.parametrize(
    ("weights", "design", "message"),
    [
        ({"column": "y"}, {}, "column 'y' of weights is the id, the time, a target"),
        ({"series": {"b": 1.0}}, {}, r"names 'b', which the data do not have; known series: 0, 1"),
        ({"steps": (1, 2)}, {}, r"has 2 weights, and the network emits 1 at once: give 1, or set "),
        ({"steps": (1,)}, {"block_length": 3}, r"has 1 weights, and the network emits 3 at once"),
    ],
)
def test_weights_that_do_not_fit_the_data_are_refused(weights, design, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network(fc.TargetWeights(**weights), **design).fit(FRAME)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"series": {"a": -1.0}}, "`series` must hold weights of at least 0; got -1.0 for 'a'"),
        ({"channels": {"a": "x"}}, "`channels` must hold weights of at least 0; got 'x' for 'a'"),
        ({"steps": (1.0, float("nan"))}, "`steps` must hold .* got nan for 2"),
        ({"steps": (0.0, 0.0)}, "`steps` holds no weight above 0"),
        ({"base": "all"}, "`base` must be one of metric, equal; got 'all'"),
        ({"column": 3}, "`column` must be the name of a column; got 3"),
    ],
)
def test_what_is_no_weight_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.compile(message)):
        fc.TargetWeights(**arguments)
