"""SpectralRadius: radius, density, seed, shape; ScaledIdentity: blocks, copies; ChronoBias."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import ArpackNoConvergence

from forecast.layers import (
    GRU,
    LSTM,
    ChronoBias,
    ScaledIdentity,
    SimpleRNN,
    SpectralRadius,
    initializers,
)


def draw(units: int, *arguments: Any, dtype: str = "float64", **options: Any) -> np.ndarray:
    return np.asarray(SpectralRadius(*arguments, **options)((units, units), dtype=dtype))


@settings(max_examples=25)
@given(
    units=st.integers(1, 40),
    radius=st.floats(0.01, 2.0),
    connectivity=st.floats(0.01, 1.0),
    seed=st.integers(0, 2**40),
)
def test_radius_and_connectivity(units: int, radius: float, connectivity: float, seed: int) -> None:
    matrix = draw(units, radius, connectivity, seed=seed)
    assert np.abs(np.linalg.eigvals(matrix)).max() == pytest.approx(radius, rel=1e-6)
    fan_in = max(1, round(connectivity * units))
    np.testing.assert_array_equal((matrix != 0).sum(axis=0), fan_in)


def test_radius_is_the_growth_of_powers() -> None:
    matrix = draw(60, 0.7, 0.2, seed=3)
    power = np.linalg.matrix_power(matrix / 0.7, 2000)
    assert np.linalg.norm(power) ** (1 / 2000) == pytest.approx(1.0, abs=0.01)


def test_radius_zero_is_no_memory() -> None:
    assert not draw(6, 0.0, seed=1).any()


def test_radius_holds_at_500_units_in_float32() -> None:
    matrix = draw(500, 0.95, 0.02, seed=4, dtype="float32")
    assert matrix.dtype == np.float32
    assert np.abs(np.linalg.eigvals(matrix.astype("float64"))).max() == pytest.approx(
        0.95, rel=1e-5
    )


@pytest.mark.parametrize(("units", "connectivity"), [(501, 0.01), (501, 0.002), (700, 0.1)])
def test_a_large_sparse_matrix_has_the_radius_of_all_its_eigenvalues(
    units: int, connectivity: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = draw(units, 1.3, connectivity, seed=6)
    assert np.abs(np.linalg.eigvals(matrix)).max() == pytest.approx(1.3, rel=1e-9)
    monkeypatch.setattr(initializers, "_RADII", {})
    monkeypatch.setattr(np.linalg, "eigvals", lambda matrix: pytest.fail("all eigenvalues"))
    np.testing.assert_array_equal(draw(units, 1.3, connectivity, seed=6), matrix)


def test_all_eigenvalues_where_the_iteration_does_not_converge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gives_up(*arguments: Any, **options: Any) -> Any:
        raise ArpackNoConvergence("no convergence", np.zeros(0), np.zeros((0, 0)))

    expected = draw(501, 0.9, 0.01, seed=7)
    monkeypatch.setattr(initializers, "_RADII", {})
    monkeypatch.setattr(initializers, "eigs", gives_up)
    np.testing.assert_allclose(draw(501, 0.9, 0.01, seed=7), expected, rtol=1e-9)


def test_eigenvalues_of_a_draw_are_found_once(monkeypatch) -> None:
    """Another radius is the same matrix in another size; another seed, share or size is not."""
    looked_at = []

    def largest(matrix: np.ndarray) -> float:
        looked_at.append(matrix)
        return float(np.abs(np.linalg.eigvals(matrix)).max())

    monkeypatch.setattr(initializers, "_RADII", {})
    monkeypatch.setattr(initializers, "largest_absolute_eigenvalue", largest)
    first, second = (draw(12, radius, 0.4, seed=7) for radius in (0.5, 1.5))
    np.testing.assert_allclose(second, 3.0 * first, rtol=1e-14)
    assert len(looked_at) == 1
    for units, share, seed in ((13, 0.4, 7), (12, 0.5, 7), (12, 0.4, 8)):
        own = draw(units, 0.5, share, seed=seed)
        assert np.abs(np.linalg.eigvals(own)).max() == pytest.approx(0.5, abs=1e-12)
    assert len(looked_at) == 4


def test_seed() -> None:
    np.testing.assert_array_equal(draw(9, seed=1), draw(9, seed=1))
    assert (draw(9, seed=1) != draw(9, seed=2)).any()
    initializer = SpectralRadius(seed=1)
    np.testing.assert_array_equal(initializer((9, 9)), initializer((9, 9)))
    np.testing.assert_array_equal(
        draw(9, seed=1, dtype="float32"), draw(9, seed=1).astype("float32")
    )


def test_without_a_seed_keras_seed_rules() -> None:
    keras.utils.set_random_seed(1)
    first, second = draw(9), draw(9)
    keras.utils.set_random_seed(1)
    np.testing.assert_array_equal(draw(9), first)
    assert (first != second).any()


def test_the_default_dtype_is_that_of_keras() -> None:
    assert keras.backend.standardize_dtype(SpectralRadius(seed=0)((4, 4)).dtype) == "float32"


def test_config_round_trip() -> None:
    initializer = SpectralRadius(1.1, 0.3, seed=5)
    config = keras.initializers.serialize(initializer)
    assert config["registered_name"] == "keras_forecast>SpectralRadius"
    assert config["config"] == {"spectral_radius": 1.1, "connectivity": 0.3, "seed": 5}
    again = keras.initializers.deserialize(config)
    np.testing.assert_array_equal(again((7, 7)), initializer((7, 7)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"spectral_radius": -0.1}, r"spectral_radius=-0.1: expected a finite number of at least"),
        ({"spectral_radius": float("nan")}, r"spectral_radius=nan: expected a finite number"),
        ({"connectivity": 0.0}, r"connectivity=0.0: expected a number above 0 and at most 1"),
        ({"connectivity": 1.5}, r"connectivity=1.5: expected a number above 0 and at most 1"),
        ({"seed": -1}, r"seed=-1: expected an integer of at least 0, or None"),
        ({"seed": 1.5}, r"seed=1.5: expected an integer of at least 0, or None"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpectralRadius(**arguments)


@pytest.mark.parametrize("shape", [(3, 4), (3,), (2, 2, 2)])
def test_bad_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected a square one, \(units, units\)"):
        SpectralRadius(seed=0)(shape)


@pytest.mark.parametrize("gates", [1, 3])
def test_identity_in_every_gate(gates: int) -> None:
    matrix = np.asarray(ScaledIdentity(0.7)((4, 4 * gates), dtype="float64"))
    np.testing.assert_array_equal(matrix, np.tile(0.7 * np.eye(4), gates))
    layer = GRU(4, recurrent_initializer=ScaledIdentity(0.7))
    layer.build((None, None, 2))
    np.testing.assert_allclose(layer.cell.recurrent_kernel[:, :4], 0.7 * np.eye(4), rtol=1e-6)
    again = keras.initializers.deserialize(keras.initializers.serialize(ScaledIdentity(0.7)))
    assert again.get_config() == {"scale": 0.7}


def test_a_relu_network_of_identity_weights_sums_its_inputs() -> None:
    """The network of Le, Jaitly and Hinton at its start: nothing fades, nothing explodes."""
    layer = SimpleRNN(
        3, activation="relu", recurrent_initializer=ScaledIdentity(), kernel_initializer="identity"
    )
    inputs = np.random.default_rng(0).uniform(size=(2, 50, 3)).astype("float32")
    np.testing.assert_allclose(layer(inputs), inputs.sum(axis=1), rtol=1e-5)


def test_identity_refuses() -> None:
    with pytest.raises(ValueError, match=r"ScaledIdentity got shape \(3, 4\): expected \(units"):
        ScaledIdentity()((3, 4))
    with pytest.raises(ValueError, match="scale=-1: expected a finite number of at least 0"):
        ScaledIdentity(-1)


# Chrono biases ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gates", "signs"), [("ifco", (-1, 1, 0, 0)), ("ifc", (-1, 1, 0)), ("zrh", (1, 0, 0))]
)
def test_chrono_bias_spreads_the_times_that_units_remember(gates: str, signs: Any) -> None:
    bias = np.asarray(ChronoBias(80, gates, seed=3)((1000 * len(gates),), dtype="float64"))
    blocks = bias.reshape(len(gates), 1000)
    kept = blocks[signs.index(1)]
    times = np.exp(kept)
    assert 1 < times.min() < 1.5 and 78 < times.max() < 79
    assert times.mean() == pytest.approx(40, abs=2)
    for block, sign in zip(blocks, signs, strict=True):
        np.testing.assert_array_equal(block, sign * kept)


def test_chrono_bias_in_the_layers() -> None:
    lstm = LSTM(5, bias_initializer=ChronoBias(9, seed=1), unit_forget_bias=False)
    gru = GRU(5, bias_initializer=ChronoBias(9, "zrh", seed=1), reset_after=True)
    for layer in (lstm, gru):
        layer.build((None, None, 2))
    kept = np.asarray(lstm.cell.bias)[5:10]
    np.testing.assert_array_equal(np.asarray(gru.cell.bias)[0, :5], kept)
    assert not np.asarray(gru.cell.bias)[1].any()
    again = LSTM.from_config(lstm.get_config())
    again.build((None, None, 2))
    np.testing.assert_array_equal(again.cell.bias, lstm.cell.bias)


def test_chrono_bias_refuses() -> None:
    with pytest.raises(ValueError, match="longest=2: expected a number of at least 3 steps"):
        ChronoBias(2)
    with pytest.raises(ValueError, match="gates='fi': expected one of ifco, ifc, zrh"):
        ChronoBias(10, "fi")
    with pytest.raises(ValueError, match=r"got shape \(7,\): expected a multiple of 3"):
        ChronoBias(10, "zrh")((7,))
