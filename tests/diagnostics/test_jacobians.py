"""Jacobians and gates: to closed forms, to the NumPy cells, and to differences of `observe`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from diagnostics.dynamics_material import ALONE, fitted, frame, with_weights
from numpy.typing import NDArray
from oracles import cells

import forecast as fc
from forecast.diagnostics.gradient_flow import gradients_back
from forecast.diagnostics.series_walk import SeriesWalk, gap
from forecast.diagnostics.state_view import jacobian_of, view_of
from forecast.dynamics import Dynamics
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.echo.bank import drawn_bank

UNITS, FEATURES = 3, 2


def slopes(step: Callable[[NDArray], NDArray], at: NDArray) -> NDArray:
    """Derivative by central differences in float64."""
    moves = 1e-6 * np.eye(len(at))
    return np.array([(step(at + move) - step(at - move)) / 2e-6 for move in moves]).T


def steps_of(forecaster: Any, count: int = 2) -> list[tuple[Any, Any]]:
    """States and steps that the part inside sees."""
    walk = SeriesWalk.of(forecaster, frame(), count, 2)
    return [(walk.part.model, walk.part.seen(*step)) for step in walk.steps("test")]


class Blind:
    """A model that does not know its own derivative."""

    def __init__(self, model: Any) -> None:
        self.dynamics: Dynamics = model.dynamics
        self.observe = model.observe
        self.num_channels = getattr(model, "num_channels", 1)


# Linear models ------------------------------------------------------------------------------------


def test_of_an_autoregression_running_freely_it_is_the_companion_matrix() -> None:
    model = fc.AR(lags=[1, 3]).fit(frame(), horizon=2)
    found = fc.jacobian_spectrum(model, frame(), free_running=True, num_steps=2)
    for row, name in enumerate(("one", "other")):
        first, third = model.fitted_.model.coefficients[row]
        companion = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [third, 0.0, first]])
        part = found.table[found.table["unique_id"] == name]
        np.testing.assert_allclose(part["norm"], np.linalg.norm(companion, 2), rtol=1e-8)
        values = np.linalg.eigvals(companion)
        np.testing.assert_allclose(part["radius"], np.abs(values).max(), rtol=1e-8)
        own = found.spectrum[found.spectrum["unique_id"] == name].iloc[:3]
        np.testing.assert_allclose(np.sort(own["real"]), np.sort(values.real), atol=1e-8)


def test_fed_the_truth_a_window_only_moves_on() -> None:
    found = fc.jacobian_spectrum(fc.AR(lags=4).fit(frame(), horizon=2), frame(), num_steps=2)
    np.testing.assert_allclose(found.table["norm"], 1.0, atol=1e-9)
    assert found.table["radius"].max() < 1e-9
    assert "fed the true values" in found.verdict


def test_of_a_linear_dynamical_system_it_is_a_and_the_filter_takes_off_what_it_sees() -> None:
    model = fc.LinearDynamicalSystem(state_size=2, season_length=1, max_iterations=3)
    model.fit(frame(), horizon=2)
    system = model.fitted_.model.system
    walk = SeriesWalk.of(model, frame(), 2, 2)
    for state, block in walk.steps("test"):
        free = jacobian_of(walk.model, state, gap(block), fed=True)
        np.testing.assert_allclose(free, system.transition, atol=1e-8)
        driven = jacobian_of(walk.model, state, block, fed=False)
        for row, (a, c) in enumerate(zip(system.transition, system.readout, strict=True)):
            spread = state.arrays["covariance"][row]
            gain = a @ spread @ c.T / (c @ spread @ c.T + system.output_noise[row])
            np.testing.assert_allclose(driven[row], a - gain @ c, atol=1e-8)


def test_the_channels_of_a_system_are_one_state() -> None:
    wide = frame().pivot(index="ds", columns="unique_id", values="y").dropna().reset_index()
    model = fc.VAR(lags=2).fit(wide.assign(unique_id="both"), target_col=["one", "other"])
    walk = SeriesWalk.of(model, wide.assign(unique_id="both"), 1, 3)
    [(state, block)] = walk.steps("test")
    found = jacobian_of(walk.model, state, gap(block), fed=True)
    first, second = model.fitted_.model.coefficients[0]
    expected = np.array([
        [0.0, 1.0, 0.0, 0.0], [second[0, 0], first[0, 0], second[0, 1], first[0, 1]],
        [0.0, 0.0, 0.0, 1.0], [second[1, 0], first[1, 0], second[1, 1], first[1, 1]],
    ])  # fmt: skip
    np.testing.assert_allclose(found, [expected], atol=1e-8)
    np.testing.assert_array_equal(
        view_of(walk.model, fed=True)
        .put(state, view_of(walk.model, True).vector(state))
        .arrays["window"],
        state.arrays["window"],
    )


# Networks -----------------------------------------------------------------------------------------


def body_of(layer: str, weights: list[NDArray], **options: Any) -> Body:
    form = Blueprint(layer, UNITS, 1, FEATURES, 0, options)
    return Body(form, [*weights, np.zeros((UNITS, 1)), np.zeros(1)])


CELLS = {
    "SimpleRNN": (cells.simple_rnn_step, "h", "h", "", "", {}),
    "LSTM": (cells.lstm_step, "ifco", "ifo", "", "", {}),
    "GRU": (cells.gru_step, "zrh", "zr", "z", "", {}),
    "GRU, reset after": (cells.gru_reset_after_step, "zrh", "zr", "z", "zrh",
                         {"reset_after": True}),
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_jacobian_and_gates_of_a_cell_are_those_of_its_equation(name: str) -> None:
    step, gates, shown, turned, extra, options = CELLS[name]
    weights = cells.draw_weights(gates, FEATURES, UNITS, seed=3, extra=extra)
    body = body_of(
        name.split(",")[0], cells.to_keras(weights, gates, turned=turned, extra=extra), **options
    )
    rng = np.random.default_rng(4)
    inputs = rng.normal(size=(2, FEATURES)).astype(np.float32)
    states = [rng.normal(size=(2, UNITS)).astype(np.float32) for _ in body.state_sizes]
    found = body.jacobian(inputs, states)
    opened = body.gates(inputs, states)[0]
    assert len(opened) == (0 if name == "SimpleRNN" else len(shown))
    for row in range(2):
        at = np.concatenate([state[row] for state in states]).astype(float)
        expected = slopes(partial(_after, step, weights, inputs[row].astype(float)), at)
        np.testing.assert_allclose(found[row], expected, atol=2e-5)
        for gate, activity in zip(shown, opened.values(), strict=False):
            total = cells.affine(gate, inputs[row], at[:UNITS], weights)
            total = total + weights.get(f"d_{gate}", 0.0)
            expected = cells.sigmoid(-total if gate in turned else total)
            np.testing.assert_allclose(activity[row], expected, atol=1e-5)


def _after(step: Any, weights: Any, x: NDArray, at: NDArray) -> NDArray:
    """All states after one step, side by side."""
    return np.concatenate(step(x, tuple(np.split(at, len(at) // UNITS)), weights))


@pytest.mark.parametrize("cls", [fc.RNNForecaster, fc.ESNForecaster])
def test_a_model_that_knows_its_derivative_agrees_with_differences_of_observe(cls: Any) -> None:
    forecaster = (
        fitted(cls, num_layers=2, design=ALONE)
        if cls is fc.RNNForecaster
        else fc.ESNForecaster(units=12, season_length=1).fit(frame(), horizon=3)
    )
    for model, (state, block) in steps_of(forecaster):
        own = jacobian_of(model, state, block, fed=False)
        np.testing.assert_allclose(own, jacobian_of(Blind(model), state, block, False), atol=2e-3)


def _stepped(bank: Any, inputs: NDArray, at: NDArray) -> NDArray:
    return bank.step(inputs, at[None])[0]


def test_reservoirs_above_one_another_act_on_those_above_them() -> None:
    reservoirs = (fc.Reservoir(4, topology="cycle"), fc.Reservoir(3, leak_rate=0.3))
    for is_deep in (False, True):
        bank = drawn_bank(fc.EchoDesign(reservoirs, is_deep, dtype="float64"), 2, 5)
        rng = np.random.default_rng(6)
        inputs, states = rng.normal(size=(1, 2)), rng.normal(size=(1, 7))
        expected = slopes(partial(_stepped, bank, inputs), states[0])
        np.testing.assert_allclose(bank.jacobian(inputs, states), [expected], atol=1e-8)


# Gradients ----------------------------------------------------------------------------------------


def test_products_of_jacobians_are_taken_in_the_order_of_time() -> None:
    rng = np.random.default_rng(7)
    jacobians = rng.normal(size=(3, 1, 4, 4))
    found = gradients_back(jacobians)[-1, 0]
    product = np.eye(4)
    for distance, jacobian in enumerate(jacobians[::-1, 0], start=1):
        product = product @ jacobian
        assert found[distance] == pytest.approx(np.linalg.norm(product) / 2.0)


def test_gradients_vanish_for_small_weights_and_last_for_orthogonal_ones() -> None:
    network = fitted(fc.RNNForecaster, design=ALONE)
    kernel, recurrent, bias = network.fitted_.model.body.weights[:3]
    rotation, _ = np.linalg.qr(np.random.default_rng(8).normal(size=recurrent.shape))
    found = {
        size: fc.gradient_flow(
            with_weights(network, [0.002 * kernel, size * rotation, 0.0 * bias]), frame(),
            num_steps=20,
        )
        for size in (0.2, 1.0)
    }  # fmt: skip
    assert found[0.2].kind == "vanishing" and found[1.0].kind == "near identity"
    last = {size: one.table.query("distance == 20")["gradient"] for size, one in found.items()}
    assert last[0.2].max() < 1e-12 and last[1.0].min() > 0.95
    assert "lags as inputs need none" in found[0.2].verdict
    # At zero states a network is linear: its Jacobian is the matrix itself.
    still = with_weights(network, [0.0 * kernel, 1.5 * rotation, 0.0 * bias])
    exploding = fc.gradient_flow(still, frame(), num_steps=20)
    assert exploding.kind == "exploding"
    np.testing.assert_allclose(
        exploding.table.query("distance == 20")["gradient"], 1.5**20, rtol=1e-4
    )


def test_gates_are_told_of_every_unit_and_layer() -> None:
    lstm = fitted(fc.LSTMForecaster, num_layers=2)
    found = fc.gate_activity(lstm, frame(), num_steps=3)
    assert len(found.table) == 2 * 3 * 2 * 3 * 4
    assert found.table["gate"].unique().tolist() == ["input", "forget", "output"]
    times = found.table.query("unique_id == 'one'")["ds"].unique()
    assert list(times) == list(frame().query("unique_id == 'one'")["ds"].iloc[-3:])
    means = found.table.groupby(["layer", "gate"], sort=False)["activity"].mean()
    np.testing.assert_allclose(found.summary["mean"], means)
    assert "the network inside of LSTM (weight" in found.verdict
    model, (state, block) = steps_of(lstm, 3)[0]
    [first, second] = model.gates(state, block)
    shown = found.table.query("layer == 2 and gate == 'forget' and unique_id == 'other'")
    np.testing.assert_allclose(shown["activity"].iloc[:4], second["forget"][1], rtol=1e-6)
    assert first["forget"].mean() > 0.6  # their bias starts at 1
