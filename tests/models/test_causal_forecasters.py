"""Temporal convolution and transformer as forecasters: their size, their window, their bundles."""

from __future__ import annotations

from copy import copy
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from contracts import awaken
from models.material import frame_of, seasonal_values

import forecast as fc
from forecast.archive.errors import BundleError
from forecast.context import CAUSAL, dilations_for, sliding_window_for
from forecast.io.network_shapes import network_shapes
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.causal import causal_network
from forecast.models.stack import RecurrentStack

ALONE = fc.NetworkDesign(linear="highway")
FRAME = frame_of(seasonal_values(4, 60, seed=1))
OLD, NEW = FRAME[FRAME["ds"] < 50], FRAME[FRAME["ds"] >= 50]
CLASSES = (fc.TemporalConvolutionForecaster, fc.TransformerForecaster)
every_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
every_layer = pytest.mark.parametrize("layer", CAUSAL)


def small(cls: Any, **changes: Any) -> Any:
    training = fc.Training(num_steps=6, num_checks=1, learning_rate=0.02)
    options = {"units": 4, "context_length": 5, "season_length": 4, "seed": 0, "design": ALONE}
    return cls(**options | {"training": training} | changes)


@pytest.fixture(scope="module")
def networks() -> dict[Any, Any]:
    """Each fitted once, then given a random readout; no test may change it."""
    fitted = {cls: small(cls).fit(OLD, horizon=3) for cls in CLASSES}
    for one in fitted.values():
        assert "4 units that see 5 steps, linear highway" in one.choices_
        assert np.isfinite(one.history_["loss"]).all()
        awaken(one, OLD)
    return fitted


# How far they see ---------------------------------------------------------------------------------


@every_layer
@pytest.mark.parametrize("context_length", [2, 3, 5, 16, 48, 96, 101])
def test_a_network_sees_its_context_and_hardly_more(layer: str, context_length: int) -> None:
    network = causal_network(layer, 8, context_length, seed=0)
    more = network.receptive_field - context_length
    assert 0 <= more <= (3 if layer == "TemporalConvolution" else 1)


def test_dilations_double_and_the_last_one_is_cut() -> None:
    assert [dilations_for(length) for length in (2, 5, 29, 31)] == [(1,), (1,), (1, 2, 4),
                                                                   (1, 2, 4, 1)]  # fmt: skip
    assert sliding_window_for(2) == 2


@every_class
def test_the_size_follows_season_and_data_unless_given(cls: Any) -> None:
    def sizes(forecaster: Any, num_rows: int, season: int) -> tuple[int, int]:
        panel, period = SimpleNamespace(num_rows=num_rows), SimpleNamespace(length=season)
        found = forecaster._sizes(SimpleNamespace(panel=panel, season=period))
        return found["units"], found["options"]["context_length"]

    assert sizes(cls(), 19_999, 1) == (32, 16)
    assert sizes(cls(), 20_000, 24) == (64, 48)
    assert sizes(cls(), 20_000, 168) == (64, 96)
    assert sizes(cls(units=6, context_length=7), 50_000, 24) == (6, 7)


@every_layer
def test_what_came_before_the_context_is_forgotten(layer: str) -> None:
    rng = np.random.default_rng(3)
    body = Body(Blueprint(layer, 4, 1, 3, 0, {"context_length": 5}))
    body = body.with_weights([rng.normal(0.0, 0.5, weight.shape) for weight in body.weights])
    features = rng.normal(size=(2, 12, 3)).astype("float32")
    other, valid = features.copy(), np.ones((2, 12), bool)
    other[:, :7] = rng.normal(size=(2, 7, 3))
    found = [body.encode(values, valid, body.initial_state(2)) for values in (features, other)]
    (outputs, states), (changed, moved) = found
    np.testing.assert_allclose(outputs[:, -1], changed[:, -1], rtol=1e-5, atol=1e-6)
    # Before, some row differs at every step: not all, where a ReLU is dead.
    assert np.abs(outputs - changed)[:, 6:11].max(axis=0).min() > 1e-6
    np.testing.assert_array_equal(states[1], moved[1])  # the window: 4 steps of 3 features


# As forecasters -----------------------------------------------------------------------------------


@pytest.mark.long
@every_class
def test_update_equals_condition(cls: Any, networks: dict[Any, Any]) -> None:
    fitted = networks[cls]
    updated = copy(fitted).update(NEW[NEW["ds"] < 53]).update(NEW[NEW["ds"] >= 53])
    whole = copy(fitted).condition(FRAME)
    for name, array in whole.store_.state.arrays.items():
        np.testing.assert_allclose(updated.store_.state.arrays[name], array, rtol=1e-5, atol=1e-6)


@every_class
def test_rollout_and_paths_agree_with_single_steps(cls: Any, networks: dict[Any, Any]) -> None:
    """The forecast of two steps is that of one step, fed back."""
    fitted, name = networks[cls], networks[cls].name
    forecasts = fitted.predict(4)
    first = forecasts.groupby("unique_id").head(1).rename(columns={name: "y"})
    again = copy(fitted).update(first[["unique_id", "ds", "y"]]).predict(3)
    later = forecasts.groupby("unique_id").tail(3)
    np.testing.assert_allclose(again[name], later[name], rtol=1e-5)


@every_class
def test_its_readout_is_the_trained_one(cls: Any, networks: dict) -> None:
    assert "averaged" not in networks[cls].choices_


@every_class
def test_a_bundle_brings_it_back_bit_for_bit(cls: Any, networks: dict, tmp_path: Any) -> None:
    saved = networks[cls]
    saved.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc")
    assert loaded.get_params() == saved.get_params()
    pd.testing.assert_frame_equal(loaded.predict(5, [80]), saved.predict(5, [80]), check_exact=True)
    updated = [one.update(NEW).predict(2) for one in (loaded, copy(saved))]
    pd.testing.assert_frame_equal(*updated, check_exact=True)


@pytest.mark.long
@every_class
def test_a_nonlinear_series_is_learned(cls: Any) -> None:
    """The tent map: its linear forecast is hardly better than its mean."""
    values = [0.3137]
    for _ in range(399):
        values.append(1.9 * min(values[-1], 1 - values[-1]))
    frame = frame_of(np.array([values]))
    training = fc.Training(num_steps=300, learning_rate=1e-2, batch_size=8)
    fitted = cls(16, 8, season_length=1, design=ALONE, training=training)
    losses = fitted.fit(frame, horizon=1).history_["loss"]
    assert losses[-1] < 0.3 * losses[0]


# Refusals -----------------------------------------------------------------------------------------


def test_refusals() -> None:
    for cls in CLASSES:
        with pytest.raises(ValueError, match="context_length=1: expected at least 2 steps"):
            cls(context_length=1)
        with pytest.raises(ValueError, match="context_length"):
            cls(context_length=0)
    with pytest.raises(ValueError, match="units=5: expected an even number, such as 6"):
        fc.TransformerForecaster(units=5)


def test_a_start_that_sees_other_steps_is_refused(networks: dict[Any, Any]) -> None:
    cls = fc.TemporalConvolutionForecaster
    training = fc.Training(num_steps=1, run=fc.TrainingRun(start=networks[cls]))
    with pytest.raises(ValueError, match=r"is 4 units that see 5 .* is 4 units that see 9 steps"):
        small(cls, context_length=9, training=training).fit(OLD, horizon=3)


@every_layer
@pytest.mark.parametrize(("units", "context_length"), [(4, 5), (6, 48), (8, 2)])
def test_shapes_of_a_bundle_are_those_of_the_layers(
    layer: str, units: int, context_length: int
) -> None:
    form = Blueprint(layer, units, 1, 8, 0, {"context_length": context_length})
    stack = RecurrentStack(form.layers())
    stack.build((None, None, 8))
    entry = {"layer": layer, "units": units, "num_layers": 1, "num_features": 8,
             "options": {"context_length": context_length}}  # fmt: skip
    built = {f"weight.{place}": tuple(one.shape) for place, one in enumerate(stack.weights)}
    headers: Any = dict.fromkeys(built)
    assert network_shapes(entry, headers) == built
    entry["options"] = {"context_length": 10**9}
    with pytest.raises(BundleError, match="its context_length is 1000000000, not a whole number"):
        network_shapes(entry, headers)
    if layer == "TemporalConvolution":
        entry["options"] = {"context_length": 50_000}
        with pytest.raises(BundleError, match="its 50000 steps of context do not fit its"):
            network_shapes(entry, headers)
