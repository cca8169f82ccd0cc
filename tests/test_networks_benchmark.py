"""The benchmark of networks beside linear forecasters: its losses, its rows and its series."""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import pytest
from benchmark_material import HOURLY, SMALL, counted, named_splits, write

import forecast as fc

import networks  # isort: skip
import scores  # isort: skip
from losses import losses_of  # isort: skip
from nonlinear_data import NONLINEAR, read_nonlinear  # isort: skip
from panels import read  # isort: skip


@pytest.mark.parametrize("panel", [HOURLY, SMALL])
def test_the_mean_loss_of_one_origin_is_the_measure(tmp_path, panel):
    frame = counted({"H1": 300, "H2": 260}, num_test=panel.horizon)
    parts = read(panel, write(tmp_path, panel, frame))
    model = fc.SeasonalNaive(season_length=24).fit(parts.train, horizon=panel.horizon)
    losses = losses_of(model, panel, parts, "test")
    assert losses.shape == (1, 2)
    assert losses.mean() == pytest.approx(scores.score(model, panel, parts, "test")[panel.measure])


def test_the_mean_loss_of_many_windows_is_the_measure(tmp_path):
    panel = replace(SMALL, freq=None, measure="MSE", num_windows=None, standardise=True, stride=3)
    parts = read(panel, write(tmp_path, panel, named_splits({"train": 90, "val": 17, "test": 18})))
    model = fc.AR(lags=2).fit(parts.train, horizon=4)
    losses = losses_of(model, panel, parts, "test")
    assert losses.shape == (5, 2)
    assert losses.mean() == pytest.approx(scores.score(model, panel, parts, "test")["MSE"])


def test_a_row_compares_the_mean_loss_of_the_seeds_with_the_best_linear():
    rng = np.random.default_rng(0)
    losses = {name: rng.uniform(1.0, 2.0, (12, 1)) for name in networks.LINEAR}
    losses |= {f"LSTM seed {seed}": rng.uniform(0.2, 0.6, (12, 1)) for seed in range(2)}
    panel = replace(SMALL, num_windows=12, stride=4)
    row = networks._row("x", panel, argparse.Namespace(model="LSTM"), losses)
    best = min(networks.LINEAR, key=lambda name: losses[name].mean())
    network = (losses["LSTM seed 0"] + losses["LSTM seed 1"]) / 2
    assert row["best linear"] == best
    assert row["skill"] == pytest.approx(1.0 - network.mean() / losses[best].mean())
    assert row["interval"][0] < row["skill"] < row["interval"][1]
    assert row["p"] < 0.01
    assert row["test over"] == "origins"
    assert "LSTM" in networks.table([row | {"seconds": {"LSTM seed 0": 1.0}}], "LSTM")


@pytest.mark.parametrize("name", [name for name, panel in NONLINEAR.items() if not panel.file])
def test_simulated_series_follow_their_equation_and_leave_the_test_unseen(name, tmp_path):
    test = read_nonlinear(name, tmp_path, "test")
    validation = read_nonlinear(name, tmp_path, "validation")
    assert len(test.held) == NONLINEAR[name].num_held
    assert len(validation.train) + len(validation.held) == len(test.train)
    again = read_nonlinear(name, tmp_path, "test")
    np.testing.assert_array_equal(test.train["y"], again.train["y"])
    x = test.train["y"].to_numpy()
    if name == "henon":
        np.testing.assert_allclose(x[2:], 1 - 1.4 * x[1:-1] ** 2 + 0.3 * x[:-2], atol=1e-12)
    if name == "logistic":
        np.testing.assert_allclose(x[1:], 3.9 * x[:-1] * (1 - x[:-1]), atol=1e-12)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="--data"):
        read_nonlinear("santafe_laser", tmp_path, "test")
