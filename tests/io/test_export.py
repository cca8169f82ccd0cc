"""An exported forecaster, served by TensorFlow alone, says what the library says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import export_server
import numpy as np
import pytest
from export_server import HORIZON
from io_samples import long_frame
from keras import ops

import forecast as fc
from forecast import engine
from forecast.heads import Absolute, Normal, Quantiles
from forecast.intervals import interval_limits
from forecast.io.export.manifest import _LEVELS
from forecast.io.export.rolling import rolled
from forecast.io.export.signatures import PREFIX, Signatures
from forecast.io.export.support import served_model
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody
from forecast.models.highway_model import HighwayModel
from forecast.models.network import NetworkModel
from forecast.pipelines import Block

SERVER = Path(export_server.__file__)
REGRESSION = fc.Regression("squared", ridge=1e-3, shrinkage=50.0, metric_weights=False)
MODELS = {
    "seasonal": fc.SeasonalNaive(season_length=12),
    "ar": fc.AR(lags=[1, 2, 3, 7], terms=fc.Terms(trend="ct", seasonal=True), season_length=12),
    "direct": fc.PooledAR(
        lags=6, block_length=4, regression=REGRESSION, season_length=12,
        design=fc.Design(0.5, "none", "causal", level_means=True, season_means=True),
    ),
    "recursive": fc.PooledAR(
        lags=5, block_length=1, regression=REGRESSION, season_length=12,
        design=fc.Design(1.0, "none", "window", level_means=False, season_means=True),
    ),
    "lstm": fc.ESNForecaster(units=4, season_length=12, alias="lstm"),
    "esn": fc.ESNForecaster(units=12),
    "shares": fc.ESNForecaster(units=4, season_length=6, alias="shares"),
    "blocks": fc.ESNForecaster(units=4, season_length=12, alias="blocks"),
    "combined": fc.Combine([
        fc.Combine([fc.Drift(), fc.AR(lags=4)], method="weighted", alias="inner"),
        fc.Naive(), fc.SeasonalNaive(season_length=12),
    ]),
}  # fmt: skip
LOCAL = ("ar", "combined")
LAYERS = {
    "lstm": ("LSTM", 5, 2), "shares": ("GRU", 4, 1), "blocks": ("LSTM", 4, 1),
}  # fmt: skip
HEADS = {"shares": Quantiles((0.2, 0.6, 0.9)), "blocks": Normal()}
BLOCKS = fc.PooledAR(
    lags=5, block_length=3, regression=REGRESSION, season_length=12,
    design=fc.Design(1.0, "none", "window", level_means=True, season_means=True),
)  # fmt: skip
NETWORKS = (*LAYERS, "esn")
# One of each kind.
GUIDED = ("seasonal", "ar", "recursive", "shares", "combined")
FRAME = long_frame(("a", "b", "c"), steps=80)

every_model = pytest.mark.parametrize("name", MODELS)


def tolerance(name: str) -> float:
    """Relative to the size of the values, some 50."""
    return 50 * (1e-5 if name in NETWORKS else 1e-10)


def with_weights(name, forecaster):
    """The network of a reservoir's fit with random weights, which cost no training."""
    fitted, random = forecaster.fitted_, np.random.default_rng(11)
    model, head = fitted.model, HEADS.get(name, Absolute())
    highway = model.highway
    if name == "blocks":
        highway = HighwayModel.of(BLOCKS.clone().fit(FRAME, horizon=4).fitted_.model)
    if name == "lstm":  # two of the three series in a scale of their own
        scales = [[0.0, 0.0], [48.0, 2.0], [0.0, 0.0], [53.0, 3.0]]
        highway = highway.seen_in(np.array(scales))
    if name in LAYERS:
        outputs = head.num_outputs * highway.block_length
        form = Blueprint(*LAYERS[name], model.body.num_features, seed=0, num_outputs=outputs)
        body = Body(form)
        body = body.with_weights([random.normal(scale=0.4, size=w.shape) for w in body.weights])
    else:
        maps = random.normal(scale=0.3, size=(4, len(model.body.coefficients)))
        body = ReadBody(model.body.body, maps[0], departures=maps[1:])
    estimate = replace(fitted.estimate, model=NetworkModel(highway, body, head))
    forecaster.fitted_ = replace(fitted, estimate=estimate)
    return forecaster.condition(FRAME)


@pytest.fixture(scope="module")
def fitted():
    """All forecasters, fitted on three series of unequal length, one with gaps."""
    models = {name: model.clone().fit(FRAME, horizon=4) for name, model in MODELS.items()}
    return {
        name: with_weights(name, model) if name in NETWORKS else model
        for name, model in models.items()
    }


@pytest.fixture(scope="module")
def rows():
    """Newer rows with gaps, one of them longer than AR remembers, and padding; a new history."""
    random = np.random.default_rng(3)
    values = 50 + np.cumsum(random.normal(size=(3, 14)), axis=1)
    observed = random.random(values.shape) > 0.25
    observed[0, 3:12] = False
    valid = np.arange(14) < np.array([14, 0, 9])[:, None]
    return {
        "values": np.where(observed, values, 0.0),
        "observed": observed,
        "valid": valid,
        "history": 40 + np.cumsum(random.normal(size=(3, 30)), axis=1),
        "series": np.array([-1, 1, -1]),
        "fitted_series": np.array([2, 0, 1]),
        "guided": np.array(GUIDED),
    }


@pytest.fixture(scope="module")
def served(fitted, rows, tmp_path_factory):
    """What a process without this library answers, by forecaster."""
    folder = tmp_path_factory.mktemp("exports")
    np.savez(folder / "rows.npz", **rows)
    for name, forecaster in fitted.items():
        forecaster.export(folder / name)
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-P", str(SERVER), *(str(folder / name) for name in MODELS)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return {name: dict(np.load(folder / f"{name}.npz")) for name in MODELS}


def block(rows, valid) -> Block:
    return Block(np.where(valid, rows["values"], 0.0), rows["observed"] & valid, valid)


def absorbed(forecaster, block: Block):
    """The state after a block, and before each of its steps the forecast of `predict(1)`."""
    model, state, forecasts = forecaster.fitted_.model, forecaster.store_.state, []
    for step in range(block.num_steps):
        forecasts.append(engine.forecast(model, state, 1)[:, 0, 0])
        columns = (block.values, block.observed, block.valid)
        state, _ = engine.absorb(model, state, Block(*(c[:, step : step + 1] for c in columns)))
    return state, np.stack(forecasts, axis=1)


def close(name, got, expected) -> None:
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance(name))


def close_states(name, forecaster, got, state) -> None:
    calibration = forecaster.fitted_.calibration
    model = served_model(forecaster.fitted_.model)
    signatures = Signatures(model, calibration.default_scale, range(-1, 3))
    expected = signatures.of_state(state)
    assert set(got) == {PREFIX + key for key in expected}
    for key, array in expected.items():
        assert got[PREFIX + key].dtype == array.dtype
        close(name, got[PREFIX + key], array)


def states_of(result, prefix):
    start = f"{prefix}_{PREFIX}"
    return {
        key.removeprefix(f"{prefix}_"): array
        for key, array in result.items()
        if key.startswith(start)
    }


@every_model
def test_the_rollout_is_the_forecast_of_the_library(name, fitted, served):
    expected = engine.forecast(fitted[name].fitted_.model, fitted[name].store_.state, HORIZON)
    close(name, served[name]["start"], expected[:, 0])
    points = fitted[name].predict(HORIZON)[fitted[name].name].to_numpy()
    close(name, served[name]["start"].ravel(), points)


@every_model
def test_steps_one_after_the_other_with_gaps(name, fitted, served, rows):
    everywhere = np.ones_like(rows["valid"])
    state, forecasts = absorbed(fitted[name], block(rows, everywhere))
    close(name, served[name]["steps"][:, :-1], forecasts[:, 1:])
    close_states(name, fitted[name], states_of(served[name], "stepped"), state)


@every_model
def test_a_batch_is_its_steps(name, fitted, served):
    result = served[name]
    start = engine.forecast(fitted[name].fitted_.model, fitted[name].store_.state, 1)[:, 0]
    steps = np.concatenate([start, result["steps"]], axis=1)
    close(name, result["whole_one_step"], steps[:, :-1])
    close(name, result["whole_forecast"], steps[:, -1])
    for key, array in states_of(result, "stepped").items():
        close(name, result[f"whole_{key}"], array)


@every_model
def test_padding_stands_still(name, fitted, served, rows):
    forecaster, valid = fitted[name], rows["valid"]
    state, forecasts = absorbed(forecaster, block(rows, valid))
    close_states(name, forecaster, states_of(served[name], "padded"), state)
    close(name, served[name]["padded_one_step"], np.where(valid, forecasts, np.nan))
    at_once, _ = engine.absorb(
        forecaster.fitted_.model, forecaster.store_.state, block(rows, valid)
    )
    ahead = engine.forecast(forecaster.fitted_.model, at_once, 3)[:, 0]
    close(name, served[name]["padded_ahead"], ahead)
    close(name, served[name]["padded_scale"], forecaster.fitted_.calibration.scale(at_once))


@every_model
def test_any_number_of_rows(name, served):
    close(name, served[name]["alone"], served[name]["padded_one_step"][1:2])
    assert served[name]["nobody"].shape == (0, 4)


@every_model
def test_a_history_from_its_first_step(name, fitted, served, rows):
    model, history = fitted[name].fitted_.model, rows["history"]
    series = rows["fitted_series" if name in LOCAL else "series"]
    everywhere = np.ones_like(history, dtype=bool)
    begun = engine.begin(model, series)
    state, _ = engine.absorb(model, begun, Block(history, everywhere, everywhere))
    close_states(name, fitted[name], states_of(served[name], "new"), state)
    close(name, served[name]["new_forecast"], engine.forecast(model, state, 1)[:, 0, 0])
    assert np.isnan(served[name]["new_one_step"][:, 0]).all()


@every_model
def test_a_series_begins_with_its_first_value(name, served):
    """Two steps without a value before it change nothing."""
    result = served[name]
    assert np.isnan(result["late_one_step"][:, :3]).all()
    np.testing.assert_array_equal(result["late_one_step"][:, 2:], result["new_one_step"])
    for key, array in (*states_of(result, "new").items(), ("forecast", result["new_forecast"])):
        np.testing.assert_array_equal(result[f"late_{key}"], array)


@pytest.mark.parametrize("name", GUIDED)
def test_the_example_of_the_guide_runs(name, fitted, served):
    """It gives each series a step without a value, then forecasts the horizon of the fit."""
    nothing = np.zeros((3, 1))
    missing = Block(nothing, nothing > 0, nothing == 0)
    model = fitted[name].fitted_.model
    state, _ = engine.absorb(model, fitted[name].store_.state, missing)
    points = engine.forecast(model, state, 4)[:, 0]
    close(name, served[name]["guide"], points)
    low, high = interval_limits(fitted[name].fitted_, state, points, 80)
    close(name, served[name]["guide_low"], low)
    close(name, served[name]["guide_high"], high)


def test_blocks_of_points_move_as_in_the_library(fitted):
    """The other head that emits several numbers, in one process."""
    found = fitted["blocks"].fitted_.model
    form = replace(found.body.blueprint, num_outputs=3)
    body, random = Body(form), np.random.default_rng(2)
    body = body.with_weights([random.normal(scale=0.4, size=w.shape) for w in body.weights])
    model, values = NetworkModel(found.highway, body), FRAME["y"].to_numpy()[:40].reshape(2, 20)
    everywhere = np.ones(values.shape, dtype=bool)
    state, _ = engine.absorb(
        model, engine.begin(model, np.array([-1, 1])), Block(values, everywhere, everywhere)
    )
    served = served_model(model)
    begun = Signatures(served, 1.0, range(-1, 3)).of_state(state)
    begun = {name: ops.convert_to_tensor(array) for name, array in begun.items()}
    close("blocks", rolled(served, begun, 8), engine.forecast(model, state, 8)[:, 0])


def test_what_stands_beside_the_model(fitted, tmp_path):
    forecaster = fitted["seasonal"]
    forecaster.export(tmp_path / "1")
    manifest = json.loads((tmp_path / "1" / "manifest.json").read_text())
    states = np.load(tmp_path / "1" / "states.npz")
    assert states["ids"].tolist() == ["a", "b", "c"] == manifest["fitted_ids"]
    assert states["ends"].tolist() == [end.isoformat() for end in forecaster.store_.ends]
    assert [manifest[key] for key in ("frequency", "season_length", "horizon")] == ["ME", 12, 4]
    assert set(manifest["signatures"]) == {"initial_state", "step", "batch", "rollout"}
    batch = manifest["signatures"]["batch"]
    assert batch["inputs"]["observed"] == {"dtype": "bool", "shape": [None, None]}
    assert batch["outputs"]["state_window"] == {"dtype": "float64", "shape": [None, 12]}
    assert set(manifest["intervals"]) == {str(level) for level in _LEVELS}
    width = np.array(manifest["intervals"]["80"])
    scale = forecaster.fitted_.calibration.scale(forecaster.store_.state)
    frame = forecaster.predict(4, level=[80])
    half = (frame["SeasonalNaive-hi-80"] - frame["SeasonalNaive"]).to_numpy().reshape(3, 4)
    np.testing.assert_allclose(scale[:, None] * width, half)
