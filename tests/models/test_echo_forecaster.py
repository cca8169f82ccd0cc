"""`ESNForecaster` with a design: the laws, gaps, panels, learning, bundles, odd series."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.fitting import Task
from forecast.models.echo.estimate import chosen_design
from forecast.models.echo.model import EchoModel
from forecast.models.echo.network import EchoNetwork
from forecast.pipelines import Block, Season, read_frame
from forecast.protocol import Static

SMALL = fc.EchoDesign((fc.Reservoir(20),), dtype="float64")
RICH = fc.EchoDesign(
    (fc.Reservoir(12, topology="cycle"), fc.Reservoir(8, leak_rate=0.3)), is_deep=True,
    readout=fc.EchoReadout(washout=10, lags=3, quadratic_lags=2, pooled=False), dtype="float64",
)  # fmt: skip
DESIGNS = pytest.mark.parametrize("design", [SMALL, RICH], ids=["small", "rich"])


def frame(lengths: tuple[int, ...] = (150, 90), gaps: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for index, length in enumerate(lengths):
        time = np.arange(length)
        y = 10.0 * (index + 1) + np.sin(0.5 * time) + 0.05 * rng.normal(size=length)
        if gaps:
            y[length // 2 : length // 2 + 3] = np.nan
        parts.append(pd.DataFrame({"unique_id": f"s{index}", "ds": time, "y": y}))
    return pd.concat(parts, ignore_index=True)


def model_of(design: fc.EchoDesign, data: pd.DataFrame) -> EchoModel:
    return fc.ESNForecaster(design=design).fit(data, horizon=5)._require_fitted().model


def block_of(values: np.ndarray) -> Block:
    known = ~np.isnan(values)
    return Block(values, known, np.ones_like(known), np.zeros((*values.shape, 0)))


@DESIGNS
def test_a_wave_is_forecast_far_ahead(design: fc.EchoDesign) -> None:
    data = frame()
    last = data.groupby("unique_id").ds.transform("max") - data.ds
    fitted = fc.ESNForecaster(design=design, seed=1).fit(data[last >= 10], horizon=10)
    forecasts = fitted.predict(horizon=10)
    came = data[last < 10].merge(forecasts, on=["unique_id", "ds"])
    assert np.abs(came.y - came.ESN).mean() < 0.15


@DESIGNS
def test_states_in_any_blocks_with_gaps(design: fc.EchoDesign) -> None:
    model = model_of(design, frame())
    values = frame((40, 40), gaps=True).y.to_numpy().reshape(2, 40)
    start = model.init_state(2, Static(np.arange(2)))
    whole, one_step = model.observe(start, block_of(values))
    state, parts = start, []
    for part in np.split(values, [1, 7, 21], axis=1):
        state, ahead = model.observe(state, block_of(part))
        parts.append(ahead)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), one_step, rtol=1e-10)
    for name, array in whole.arrays.items():
        np.testing.assert_allclose(state.arrays[name], array, atol=1e-10)
    # One row is what it is alone.
    alone, _ = model.observe(start.take([1]), block_of(values[1:]))
    np.testing.assert_allclose(alone.arrays["reservoir"][0], whole.arrays["reservoir"][1])


@DESIGNS
def test_saved_is_loaded_and_update_is_condition(design: fc.EchoDesign, tmp_path: Path) -> None:
    data = frame((90, 90))
    fitted = fc.ESNForecaster(design=design, seed=1).fit(data[data.ds < 80], horizon=5)
    fitted.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc")
    expected = fitted.predict(horizon=5, level=80)
    pd.testing.assert_frame_equal(loaded.predict(horizon=5, level=80), expected)
    moved = loaded.update(data[data.ds >= 80]).predict(horizon=5)
    pd.testing.assert_frame_equal(moved, fitted.condition(data).predict(horizon=5), rtol=1e-8)


def channel_frame(lengths: tuple[int, ...] = (160, 120)) -> pd.DataFrame:
    """Systems of two channels; the second repeats what the first, noise, was a step before."""
    parts = []
    for index, length in enumerate(lengths):
        noise = np.random.default_rng(index).normal(size=length + 1)
        columns = {"load": 5.0 + noise[1:], "echo": 100.0 - 20.0 * noise[:-1]}
        parts.append(pd.DataFrame({"unique_id": f"s{index}", "ds": np.arange(length), **columns}))
    return pd.concat(parts, ignore_index=True)


@DESIGNS
def test_channels_of_a_system_are_read_together(design: fc.EchoDesign, tmp_path: Path) -> None:
    """Only the other channel tells what comes; gaps, blocks, paths and bundles go along."""
    data, targets = channel_frame(), ["load", "echo"]
    data.loc[[40, 41, 190], "load"] = np.nan
    data.loc[[41, 200], "echo"] = np.nan
    last = data.groupby("unique_id").ds.transform("max") - data.ds
    fitted = fc.ESNForecaster(design=design, seed=1)
    fitted.fit(data[last >= 6], horizon=3, target_col=targets)
    ahead = fitted.predict(horizon=1, level=80)
    came = data[last == 5].reset_index(drop=True)
    heard = ahead.loc[ahead["channel"] == "echo", "ESN"]
    assert np.abs(heard.to_numpy() - came["echo"].to_numpy()).max() < 4.0, "of a deviation of 20"
    moved = copy(fitted).update(data[(last < 6) & (last >= 3)]).update(data[last < 3])
    rolled = copy(fitted).condition(data).predict(horizon=3)
    pd.testing.assert_frame_equal(moved.predict(horizon=3), rolled, rtol=1e-8)
    paths = fitted.sample(horizon=3, num_paths=5, seed=3)
    alone = fitted.sample(horizon=3, num_paths=2, seed=3)
    few = paths[paths["path"] < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(few, alone, rtol=1e-8)
    fitted.save(tmp_path / "model.kfc")
    loaded = fc.load(tmp_path / "model.kfc").predict(horizon=1, level=80)
    pd.testing.assert_frame_equal(loaded, ahead)


def test_learning_from_newer_rows_is_the_fit_on_all_rows() -> None:
    design = fc.EchoDesign(
        (fc.Reservoir(10),), readout=fc.EchoReadout(washout=5, ridge=0.0), dtype="float64"
    )
    values = frame((120,)).y.to_numpy()[None]
    model = model_of(design, frame((120,)).head(80))
    state, _ = model.observe(
        model.init_state(1, Static(np.zeros(1, int))), block_of(values[:, :80])
    )
    learned = model.learn(state, block_of(values[:, 80:]))
    scaled = (values - model.scales[:, :1]) / model.scales[:, 1:]
    blank = EchoNetwork(model.bank, model.view, model.coefficients).initial(1)
    columns = model._columns_before(blank, scaled[:, :, None])[0]
    wanted = np.linalg.lstsq(columns[6:120], scaled[0, 6:, None], rcond=None)[0]
    np.testing.assert_allclose(
        columns[6:120] @ learned.coefficients[0], columns[6:120] @ wanted, atol=1e-6
    )


def test_a_readout_for_each_series_cannot_learn() -> None:
    data = frame((90, 90))
    fitted = fc.ESNForecaster(design=RICH).fit(data[data.ds < 80], horizon=5)
    with pytest.raises(ValueError, match=r"readout for each series; take EchoReadout\(pooled"):
        fitted.update(data[data.ds >= 80], learn=True)


@DESIGNS
def test_constant_and_short_series(design: fc.EchoDesign) -> None:
    data = frame((120, 3))
    data = pd.concat([data, pd.DataFrame({"unique_id": "flat", "ds": range(50), "y": 7.0})])
    forecasts = fc.ESNForecaster(design=design).fit(data, horizon=4).predict(horizon=4)
    assert np.isfinite(forecasts.ESN).all()
    assert (forecasts.ESN[forecasts.unique_id == "flat"] == 7.0).all()


def test_the_search_is_seeded_and_better_than_what_was_given() -> None:
    panel = read_frame(frame((160,))).panel
    task = Task(panel, Season(1, ""), 5)
    # Nothing can be forecast by a reservoir that takes in nothing but its newest value.
    poor = fc.Reservoir(20, spectral_radius=0.0, leak_rate=1.0)
    design = replace(SMALL, reservoirs=(poor,), num_candidates=4)
    first, again = (chosen_design(task, design, seed=2) for _ in range(2))
    assert first == again
    assert first.reservoirs[0].spectral_radius > 0.0
    assert chosen_design(task, replace(design, num_candidates=1), seed=2).reservoirs == (poor,)


def test_new_series_and_other_designs_are_refused() -> None:
    fitted = fc.ESNForecaster(design=SMALL).fit(frame(), horizon=5)
    stranger = frame((50,)).assign(unique_id="stranger")
    with pytest.raises(ValueError, match="stranger"):
        fitted.predict(horizon=3, df=stranger)
    with pytest.raises(TypeError, match=r"`design` must be an fc.EchoDesign"):
        fc.ESNForecaster(design="deep")


def test_a_reservoir_that_does_not_forget_is_told_among_the_choices() -> None:
    data = frame((120,))
    wild = fc.Reservoir(20, spectral_radius=8.0)
    silent = replace(wild, spectral_radius=0.0)
    calm = fc.Reservoir(10, spectral_radius=0.5)
    told = "The echo-state property does not hold on these"
    for reservoirs, is_deep, words in (
        ((wild,), False, told), ((calm, wild), True, told), ((calm,), False, ""),
        ((silent,), False, "A spectral radius of 0 leaves the reservoir no memory but its leak"),
    ):  # fmt: skip
        readout = fc.EchoReadout(ridge=1e-6)
        design = replace(SMALL, reservoirs=reservoirs, is_deep=is_deep, readout=readout)
        choices = fc.ESNForecaster(design=design).fit(data, horizon=3).fitted_.estimate.choices
        assert words in choices if words else choices.endswith("readout ridge 1e-06")


def test_the_corrected_network_tells_of_it_too_and_refuses_a_radius_of_0() -> None:
    wild = fc.ESNForecaster(units=20, spectral_radius=8.0).fit(frame((120,)), horizon=3)
    assert "The echo-state property does not hold" in wild.fitted_.estimate.choices
    with pytest.raises(ValueError, match=r"`spectral_radius` must be a number from 1e-09"):
        fc.ESNForecaster(spectral_radius=0.0)
