"""Lyapunov exponents, memory and residuals, where the answer is known; pictures; refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from diagnostics.dynamics_material import ALONE, autoregressive, fitted, frame
from scipy.stats import chi2
from statsmodels.stats.diagnostic import acorr_ljungbox

import forecast as fc
from forecast.diagnostics import exponent_of_map
from forecast.diagnostics.lyapunov import growth_along
from forecast.diagnostics.memory_capacity import recall_of
from forecast.forecaster import NotFittedError

# Lyapunov exponents -------------------------------------------------------------------------------


def test_of_the_logistic_map_it_is_the_logarithm_of_two() -> None:
    start = np.random.default_rng(1).uniform(0.05, 0.95, (60, 1))
    found = exponent_of_map(lambda x: 4.0 * x * (1.0 - x), start, 1500)
    assert found == pytest.approx(np.log(2.0), rel=0.02)
    settled = exponent_of_map(lambda x: 2.5 * x * (1.0 - x), start, 1000)
    assert settled == pytest.approx(np.log(0.5), rel=1e-3)  # |2 - r| at the fixed point


def test_of_an_autoregression_it_is_the_logarithm_of_its_radius() -> None:
    model = fc.AR(lags=3).fit(frame(), horizon=2)
    found = fc.lyapunov_exponent(model, frame(), num_steps=600)
    radii = fc.jacobian_spectrum(model, frame(), free_running=True, num_steps=1).table["radius"]
    np.testing.assert_allclose(found.exponents, np.log(radii), atol=0.01)
    assert list(found.exponents.index) == ["one", "other"]
    last = found.table.groupby("unique_id", sort=False)["exponent"].last()
    np.testing.assert_allclose(last, found.exponents)
    assert "lead to the same forecasts" in found.verdict
    walk = fc.lyapunov_exponent(fc.Naive().fit(frame(), horizon=2), frame(), num_steps=40)
    np.testing.assert_allclose(walk.exponents, 0.0, atol=1e-6)
    assert "neither forgotten nor" in walk.verdict


def test_what_is_forgotten_at_once_and_what_leaves_all_bounds_are_told_apart() -> None:
    start, size = np.ones((1, 2)), np.full((1, 2), 1e-6)
    gone = growth_along(lambda x: 0.0 * x + 1.0, start, size, 5, seed=0)
    assert np.isneginf(gone).all()
    away = growth_along(lambda x: 100.0 * x, start, size, 6, seed=0)
    np.testing.assert_allclose(away[0, :3], np.log(100.0), rtol=1e-6)
    assert np.isnan(away[0, 3:]).all()


# Memory -------------------------------------------------------------------------------------------


def test_a_delay_line_remembers_exactly_its_length() -> None:
    values = np.random.default_rng(2).exponential(size=(2, 6, 300))
    line = np.stack([values[:, :, 40 - lag : 300 - lag] for lag in range(1, 8)], axis=-1)
    mixed = line @ np.random.default_rng(3).normal(size=(7, 7))
    found = recall_of(values, mixed, num_lags=30)
    np.testing.assert_allclose(found.sum(axis=1), 7.0, atol=1e-6)
    np.testing.assert_allclose(found[:, :7], 1.0, atol=1e-8)


def test_so_does_the_window_of_an_autoregression_and_a_reservoir_that_is_a_line() -> None:
    found = fc.memory_capacity(fc.AR(lags=5).fit(frame(), horizon=2), frame(), max_lag=12)
    np.testing.assert_allclose(found.capacities, 5.0, atol=1e-6)
    assert found.state_size == 5 and "up to lag 5" in found.verdict
    reservoir = fc.Reservoir(
        6, spectral_radius=0.99, leak_rate=1.0, input_scaling=1e-3, bias_scaling=0.0,
        topology="delay_line",
    )  # fmt: skip
    line = fc.ESNForecaster(
        design=fc.EchoDesign((reservoir,), dtype="float64"), season_length=1
    ).fit(frame(), horizon=2)
    found = fc.memory_capacity(line, frame(), max_series=1)
    assert found.capacities.iloc[0] == pytest.approx(6.0, abs=0.02)
    assert found.table["recall"].between(0.0, 1.0).all() and len(found.table) == 12


# Residuals ----------------------------------------------------------------------------------------


def test_residuals_are_tested_as_by_statsmodels() -> None:
    found = fc.residual_diagnostics(fc.Naive().fit(frame(), horizon=2), frame(), num_lags=6)
    statistics = []
    for name, rows in frame().groupby("unique_id", sort=False):
        changes = np.diff(rows["y"])
        expected = acorr_ljungbox(changes, lags=[6]).iloc[0]
        row = found.table.set_index("unique_id").loc[name]
        assert row["statistic"] == pytest.approx(expected["lb_stat"])
        assert row["p_value"] == pytest.approx(expected["lb_pvalue"])
        statistics.append(expected["lb_stat"])
        own = found.residuals.query("unique_id == @name")
        np.testing.assert_allclose(own["residual"], changes)
        assert list(own["ds"]) == list(rows["ds"].iloc[1:])
    assert found.p_value == pytest.approx(chi2.sf(sum(statistics), 12))
    assert "2 of 2 series are correlated" in found.verdict


def test_white_residuals_are_called_so_and_short_series_are_left_untested() -> None:
    white = pd.DataFrame({"unique_id": "white", "ds": range(300),
                          "y": autoregressive([0.7], 300, seed=7)})  # fmt: skip
    short = pd.DataFrame({"unique_id": "short", "ds": range(8), "y": np.arange(8.0) % 3})
    both = pd.concat([white, short], ignore_index=True)
    found = fc.residual_diagnostics(fc.AR(lags=1).fit(both, horizon=2), both)
    assert found.p_value > 0.05 and "Nothing is seen" in found.verdict
    assert found.table["statistic"].isna().tolist() == [False, True]


# What is looked at, and what is refused -----------------------------------------------------------


def test_the_part_inside_of_a_pipeline_or_an_ensemble_is_looked_at() -> None:
    alone = fc.AR(lags=[1, 2])
    piped = fc.Pipeline([fc.Difference(), fc.AR(lags=[1, 2])]).fit(frame(), horizon=2)
    found = fc.jacobian_spectrum(piped, frame(), free_running=True, num_steps=2)
    assert found.verdict.startswith("the model inside of Difference+AR, in transformed units")
    changes = frame().assign(y=frame().groupby("unique_id")["y"].diff()).dropna()
    inner = fc.jacobian_spectrum(
        alone.fit(changes, horizon=2), changes, free_running=True, num_steps=2
    )
    np.testing.assert_allclose(found.table["radius"], inner.table["radius"], rtol=1e-6)
    assert np.isfinite(fc.lyapunov_exponent(piped, frame(), num_steps=20).exponents).all()
    ensemble = fc.Ensemble(fc.ESNForecaster(units=5, season_length=1), 2).fit(frame(), horizon=2)
    assert fc.gradient_flow(ensemble, frame(), num_steps=2).verdict.startswith("member 1 of 2 of")


@pytest.mark.parametrize("look", [
    fc.jacobian_spectrum, fc.gradient_flow, fc.lyapunov_exponent, fc.memory_capacity,
    fc.gate_activity, fc.residual_diagnostics,
])  # fmt: skip
def test_what_cannot_be_looked_at_is_refused(look: Any) -> None:
    with pytest.raises(TypeError, match=r"fitted forecaster .* Call the class to make one"):
        look(fc.AR, frame())
    with pytest.raises(NotFittedError, match=r"AR is not fitted yet; call fit\(df\) first"):
        look(fc.AR(), frame())
    model = fc.SeasonalNaive(4).fit(frame(), horizon=2)
    with pytest.raises(ValueError, match="nothing to lead SeasonalNaive along: give df"):
        look(model, None)


def test_forecasters_without_gates_or_of_several_kinds_are_refused() -> None:
    naive = fc.Naive().fit(frame(), horizon=2)
    with pytest.raises(ValueError, match=r"Naive has no gates \(NaiveModel\)"):
        fc.gate_activity(naive, frame())
    with pytest.raises(ValueError, match=r"RNN has no gates \(NetworkModel\)"):
        fc.gate_activity(fitted(fc.RNNForecaster, design=ALONE), frame())
    mixed = fc.Combine([fc.Naive(), fc.AR(lags=2)]).fit(frame(), horizon=2)
    with pytest.raises(ValueError, match=r"different kinds \(ARModel, NaiveModel\).* fit the one"):
        fc.jacobian_spectrum(mixed, frame())
    known = frame().assign(price=np.arange(len(frame())) % 5.0)
    priced = fc.AR(lags=2).fit(known, horizon=2, future_covariates=["price"])
    assert len(fc.jacobian_spectrum(priced, known, num_steps=2).table) == 4
    for look in (fc.lyapunov_exponent, fc.memory_capacity):
        with pytest.raises(ValueError, match="AR uses covariates, of which nothing is known"):
            look(priced, known)


def test_every_finding_draws_a_picture() -> None:
    lstm = fitted(fc.LSTMForecaster, num_layers=2)
    found = [
        fc.jacobian_spectrum(lstm, frame(), num_steps=4), fc.gradient_flow(lstm, frame()),
        fc.lyapunov_exponent(lstm, frame(), num_steps=10),
        fc.memory_capacity(lstm, frame(), max_lag=4), fc.gate_activity(lstm, frame(), num_steps=5),
        fc.residual_diagnostics(lstm, frame()),
    ]  # fmt: skip
    titles = [one.plot().axes[0].get_title(loc="left") for one in found]
    assert titles == [
        "Jacobian of a step (one)", "Length of a gradient of 1, further back",
        "Largest Lyapunov exponent, mean growth so far",
        titles[3], "input gate, layer 1", "Autocorrelation of one-step residuals, mean of 2 series",
    ]  # fmt: skip
    assert titles[3].startswith("Memory of an input: capacity")
    for one in found:
        one.plot().canvas.draw()
        assert str(one) == one.verdict
    with pytest.raises(ValueError, match=r"series 'third' was not looked at; there are \['one'"):
        found[4].plot("third")
