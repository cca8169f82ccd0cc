"""Echo-state networks on arrays: equations, least squares, blocks, free running."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.layers.topology import recurrent_matrix
from forecast.models.echo import EchoDesign, EchoReadout, Reservoir, fit_echo_network, lesson
from forecast.models.echo import bank as bank_module
from forecast.models.echo import fit as fitting
from forecast.models.echo.bank import Bank, drawn_bank
from forecast.models.echo.view import View

TWO = (Reservoir(6, leak_rate=0.4, connectivity=0.5), Reservoir(5, 0.7, topology="cycle"))


def by_hand(bank: Bank, inputs: np.ndarray, is_deep: bool) -> np.ndarray:
    """States `(steps, units)` of one row, reservoir after reservoir."""
    parts, below = [], inputs
    for index, one in enumerate(bank.design.reservoirs):
        kernel, recurrent, bias = bank.weights[3 * index : 3 * index + 3]
        state, after = np.zeros(one.units), []
        for value in below:
            drive = value @ kernel + state @ recurrent_matrix(recurrent) + bias
            state = (1 - one.leak_rate) * state + one.leak_rate * np.tanh(drive)
            after.append(state)
        parts.append(np.stack(after))
        below = parts[-1] if is_deep else inputs
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("is_deep", [False, True])
@pytest.mark.parametrize("num_steps", [9, 140])
def test_reservoirs_side_by_side_and_above_one_another(is_deep: bool, num_steps: int) -> None:
    bank = drawn_bank(EchoDesign(TWO, is_deep, dtype="float64"), 2, seed=3)
    inputs = np.random.default_rng(0).normal(size=(3, num_steps, 2))
    found = bank.run(inputs, bank.initial_state(3))
    for row, expected in zip(found, inputs, strict=True):
        np.testing.assert_allclose(row, by_hand(bank, expected, is_deep), atol=1e-12)


def test_a_large_sparse_reservoir_runs_by_what_is_not_zero(monkeypatch) -> None:
    design = EchoDesign((Reservoir(40, connectivity=0.1),), dtype="float64")
    inputs = np.random.default_rng(0).normal(size=(2, 150, 1))
    dense = drawn_bank(design, 1, seed=0)
    monkeypatch.setattr("forecast.models.echo.bank._LARGE_MATRIX", 100)
    sparse = Bank(design, dense.weights)
    assert sparse._all[0]._sparse is not None
    start = dense.initial_state(2)
    np.testing.assert_allclose(sparse.run(inputs, start), dense.run(inputs, start), atol=1e-12)


@settings(max_examples=20)
@given(lags=st.integers(1, 4), quadratic=st.integers(0, 3), width=st.integers(1, 2))
def test_columns_are_the_newest_inputs_and_their_products(lags, quadratic, width) -> None:
    view = View(lags, quadratic, width)
    rng = np.random.default_rng(1)
    known = rng.normal(size=(view.length + 5, width))
    states = rng.normal(size=(1, 5, 3))
    columns = view.columns(states, known[None, view.length :], known[None, : view.length])[0]
    assert columns.shape == (5, 3 + view.width + 1)
    for step in range(5):
        newest = known[step + 1 : view.length + step + 1][::-1]
        factors = newest[:quadratic].ravel()
        products = [
            factors[i] * factors[j] for i in range(len(factors)) for j in range(i, len(factors))
        ]
        expected = [*states[0, step], *newest[:lags].ravel(), *products, 1.0]
        np.testing.assert_allclose(columns[step], expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_readout_is_the_ridge_regression(dtype: str, monkeypatch) -> None:
    monkeypatch.setattr(bank_module, "_MOST_STEPS", 128)
    readout = EchoReadout(washout=20, ridge=0.01, lags=2, quadratic_lags=1)
    design = EchoDesign(TWO, readout=readout, dtype=dtype)
    rng = np.random.default_rng(2)
    inputs, targets = rng.normal(size=(2, 300, 1)), rng.normal(size=(2, 300, 2))
    network, _ = fit_echo_network(design, inputs, targets, seed=1)
    recent, start = np.zeros((2, 2, 1)), network.bank.initial_state(2)
    columns = network.view.columns(network.bank.run(inputs, start), inputs, recent)[:, 20:, :-1]
    columns = columns.reshape(-1, columns.shape[2]).astype(float)
    wanted = targets[:, 20:].reshape(-1, 2)
    scaled = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    gram = scaled.T @ scaled / len(scaled) + 0.01 * np.eye(scaled.shape[1])
    slopes = np.linalg.solve(gram, scaled.T @ (wanted - wanted.mean(axis=0)) / len(scaled))
    slopes /= columns.std(axis=0)[:, None]
    tolerance = 1e-9 if dtype == "float64" else 1e-3
    np.testing.assert_allclose(network.coefficients[:-1], slopes, atol=tolerance)


def test_sums_in_blocks_are_the_regression_on_all_rows(monkeypatch) -> None:
    design = EchoDesign((Reservoir(8),), readout=EchoReadout(ridge=1e-3), dtype="float64")
    wave = np.sin(0.3 * np.arange(1500))[None, :, None]
    wave = wave + 0.1 * np.random.default_rng(0).normal(size=wave.shape)
    whole, _ = fit_echo_network(design, wave[:, :-1], wave[:, 1:])
    monkeypatch.setattr(fitting, "MOST_HELD", 2000)
    blocks, _ = fit_echo_network(design, wave[:, :-1], wave[:, 1:])
    np.testing.assert_allclose(blocks.coefficients, whole.coefficients, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_fit_hands_on_where_the_network_stands(dtype: str, monkeypatch) -> None:
    monkeypatch.setattr(bank_module, "MOST_HELD", 2000)  # blocks of 128 steps
    monkeypatch.setattr(lesson, "MOST_HELD", 2000)  # row after row
    readout = EchoReadout(ridge=1e-3, lags=2)
    design = EchoDesign((Reservoir(8),), readout=readout, dtype=dtype)
    wave = np.sin(0.3 * np.arange(300) + np.arange(3)[:, None])[:, :, None]
    network, fit = fit_echo_network(design, wave[:, :-1], wave[:, 1:])
    _, expected = network.encode(wave[:, :-1], network.initial(3))
    np.testing.assert_allclose(fit.memory.states, expected.states, atol=1e-6)
    np.testing.assert_array_equal(fit.memory.recent, expected.recent)


def test_the_penalty_is_chosen_where_noise_is_all_there_is() -> None:
    design = EchoDesign((Reservoir(60),), dtype="float64")
    noise = np.random.default_rng(0).normal(size=(1, 400, 1))
    _, fit = fit_echo_network(design, noise[:, :-1], noise[:, 1:])
    assert fit.ridge >= 0.1


def test_pieces_give_the_outputs_of_the_whole() -> None:
    design = EchoDesign(TWO, readout=EchoReadout(lags=3, quadratic_lags=2), dtype="float64")
    wave = np.sin(0.3 * np.arange(400))[None, :, None]
    network, _ = fit_echo_network(design, wave[:, :-1], wave[:, 1:])
    whole, end = network.encode(wave, network.initial(1))
    first, middle = network.encode(wave[:, :3], network.initial(1))
    second, last = network.encode(wave[:, 3:], middle)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-12)
    np.testing.assert_allclose(last.states, end.states, atol=1e-12)
    np.testing.assert_array_equal(last.recent, end.recent)
    # Only the first steps of a row count.
    _, short = network.encode(wave, network.initial(1), np.array([3]))
    np.testing.assert_allclose(short.states, middle.states, atol=1e-12)
    np.testing.assert_array_equal(short.recent, middle.recent)


def test_noise_is_drawn_anew_by_its_seed_and_shrinks_the_readout() -> None:
    quiet, noisy = (
        EchoDesign((Reservoir(30),), readout=EchoReadout(ridge=1e-12, noise=noise), dtype="float64")
        for noise in (0.0, 0.1)
    )
    wave = np.sin(0.3 * np.arange(600))[None, :, None]
    sizes = [
        np.abs(fit_echo_network(design, wave[:, :-1], wave[:, 1:])[0].coefficients).max()
        for design in (quiet, noisy, noisy)
    ]
    assert sizes[1] == sizes[2] < sizes[0] / 2


def test_more_units_than_steps_and_one_unit() -> None:
    wave = np.sin(0.3 * np.arange(40))[None, :, None]
    for units in (1, 100):
        design = EchoDesign((Reservoir(units),), dtype="float64")
        network, _ = fit_echo_network(design, wave[:, :-1], wave[:, 1:])
        assert np.isfinite(network.encode(wave, network.initial(1))[0]).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Reservoir(units=0), "`units` must be"),
        (lambda: Reservoir(spectral_radius=-0.1), "`spectral_radius` must be a number from 0.0"),
        (lambda: Reservoir(leak_rate=1.5), "`leak_rate` must be a number from"),
        (lambda: Reservoir(topology="ring"), "topology='ring': expected one of"),
        (lambda: EchoReadout(washout=-1), "`washout` must be a whole number of at least 0"),
        (lambda: EchoReadout(quadratic_lags=1.5), "`quadratic_lags` must be a whole number"),
        (lambda: EchoReadout(ridge=-1.0), "`ridge` must be a number from 0.0"),
        (lambda: EchoDesign(dtype="float16"), "`dtype` must be one of float32, float64"),
        (lambda: EchoDesign(num_candidates=0), "`num_candidates` must be"),
    ],
)
def test_bad_settings(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_reservoirs_are_a_tuple_of_reservoirs() -> None:
    with pytest.raises(TypeError, match=r"`reservoirs` must be a tuple of fc.Reservoir"):
        EchoDesign(reservoirs=())
