"""The body: whole blocks against single steps and against float64 oracles; masks; weights."""

from __future__ import annotations

import numpy as np
import pytest
from models.material import LAYERS, TRAINED, body_of
from oracles import cells

from forecast.layers import initializers
from forecast.models import program
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody

FEATURES, ROWS, STEPS = 4, 3, 9
GATES = {"SimpleRNN": "h", "LSTM": "ifco", "GRU": "zrh"}
STEP = {"SimpleRNN": cells.simple_rnn_step, "LSTM": cells.lstm_step, "GRU": cells.gru_step}


def features_of(num_steps: int = STEPS, num_rows: int = ROWS, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0.0, 1.0, (num_rows, num_steps, FEATURES)).astype(np.float32)


def random_states(body: Body, num_rows: int = ROWS, seed: int = 6) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [
        rng.normal(0.1, 0.5, state.shape).astype(np.float32)
        for state in body.initial_state(num_rows)
    ]


def assert_near(actual, expected, tolerance: float = 1e-5) -> None:
    assert cells.largest_error(actual, expected) < tolerance


@pytest.fixture(scope="module", params=LAYERS)
def body(request: pytest.FixtureRequest) -> Body:
    return body_of(request.param, FEATURES)


def test_a_block_equals_its_steps(body: Body) -> None:
    features, states = features_of(), random_states(body)
    outputs, after = body.encode(features, np.ones((ROWS, STEPS), dtype=bool), states)
    by_step, current = [], states
    for step in range(STEPS):
        output, current = body.step(features[:, step], current)
        by_step.append(output)
    assert_near(outputs, np.stack(by_step, axis=1))
    assert len(after) == len(current) == len(body.state_sizes)
    for found, wanted in zip(after, current, strict=True):
        assert_near(found, wanted)


def test_two_blocks_equal_one(body: Body) -> None:
    features, states = features_of(), random_states(body)
    valid = np.ones((ROWS, STEPS), dtype=bool)
    whole, end = body.encode(features, valid, states)
    first, middle = body.encode(features[:, :4], valid[:, :4], states)
    second, after = body.encode(features[:, 4:], valid[:, 4:], middle)
    assert_near(np.concatenate([first, second], axis=1), whole)
    for found, wanted in zip(after, end, strict=True):
        assert_near(found, wanted)


@pytest.mark.parametrize("layer", TRAINED)
def test_a_long_history_in_chunks_equals_the_whole(layer: str, monkeypatch) -> None:
    body, features = body_of(layer, FEATURES), features_of(11)
    states, valid = random_states(body), np.arange(11) < np.array([11, 6, 3])[:, None]
    whole, end = body.encode(features, valid, states)
    monkeypatch.setattr(program, "_LONG", 11)
    monkeypatch.setattr(program, "_CHUNK", 4)
    outputs, after = body.encode(features, valid, states)
    assert_near(outputs[valid], whole[valid])
    for found, wanted in zip(after, end, strict=True):
        assert_near(found, wanted)


def test_padded_rows_stand_still_and_the_others_do_not_notice(body: Body) -> None:
    features, states = features_of(), random_states(body)
    lengths = np.array([STEPS, 4, 0])
    valid = np.arange(STEPS) < lengths[:, None]
    features[~valid] = 7.0
    outputs, after = body.encode(features, valid, states)
    for row, length in enumerate(lengths):
        own = [state[row : row + 1] for state in states]
        if length == 0:
            for found, wanted in zip(after, own, strict=True):
                np.testing.assert_array_equal(found[row : row + 1], wanted)
            continue
        alone, expected = body.encode(
            features[row : row + 1, :length], valid[row : row + 1, :length], own
        )
        assert_near(outputs[row : row + 1, :length], alone)
        for found, wanted in zip(after, expected, strict=True):
            assert_near(found[row : row + 1], wanted)


def test_the_initial_state_is_zero_in_float32(body: Body) -> None:
    per_layer = 2 if body.blueprint.layer == "LSTM" else 1
    states = body.initial_state(3)
    assert [state.shape for state in states] == [(3, 5)] * (2 * per_layer)
    assert all(state.dtype == np.float32 and not state.any() for state in states)


@pytest.mark.parametrize(
    "form",
    [
        Blueprint("LSTM", 5, 2, FEATURES, seed=3),
        Blueprint("TemporalConvolution", 5, 1, FEATURES, seed=3, options={"context_length": 5}),
    ],
)
def test_no_states_are_zeros(form: Blueprint) -> None:
    drawn = np.random.default_rng(4)
    body = Body(form)
    body = body.with_weights([drawn.normal(0.0, 0.4, weight.shape) for weight in body.weights])
    features, mask = features_of(), np.ones((ROWS, STEPS), dtype=bool)
    mask[0, 6:] = False
    outputs, after = body.trainable()(features, mask, None)
    expected, states = body.encode(features, mask, body.initial_state(ROWS))
    assert_near(outputs, expected)
    for found, wanted in zip(after, states, strict=True):
        assert_near(found, wanted)


def test_a_window_is_read_in_parts(monkeypatch) -> None:
    """What is computed at once bounds the memory of attention, and changes nothing."""
    options = {"context_length": 5}
    body = Body(Blueprint("CausalTransformer", 4, 1, FEATURES, seed=3, options=options))
    drawn = np.random.default_rng(4)
    body = body.with_weights([drawn.normal(0.0, 0.4, weight.shape) for weight in body.weights])
    mask = np.random.default_rng(5).uniform(size=(ROWS, STEPS)) > 0.2
    given = features_of(), mask, body.initial_state(ROWS)
    whole, states = body.encode(*given)
    monkeypatch.setattr("forecast.models.body._MOST_ROWS", 2)
    monkeypatch.setattr("forecast.models.body._MOST_STEPS", 4)
    parts, after = body.encode(*given)
    assert_near(parts, whole)
    for found, wanted in zip(after, states, strict=True):
        assert_near(found, wanted)


def test_outputs_are_float64_and_states_float32(body: Body) -> None:
    features, states = features_of(), body.initial_state(ROWS)
    outputs, after = body.encode(features, np.ones((ROWS, STEPS), dtype=bool), states)
    wide = () if body.blueprint.has_readout else (5,)
    assert outputs.dtype == np.float64 and outputs.shape == (ROWS, STEPS, *wide)
    assert all(state.dtype == np.float32 for state in after)


@pytest.mark.parametrize("layer", TRAINED)
def test_two_layers_and_the_readout_equal_the_equations(layer: str) -> None:
    units, gates = 4, GATES[layer]
    first = cells.draw_weights(gates, FEATURES, units, seed=1)
    second = cells.draw_weights(gates, units, units, seed=2)
    rng = np.random.default_rng(3)
    kernel, bias = rng.normal(0.0, 0.7, (units, 1)), rng.normal(0.0, 0.7, 1)
    turned = "z" if layer == "GRU" else ""
    of_layers = [*cells.to_keras(first, gates, turned), *cells.to_keras(second, gates, turned)]
    body = Body(Blueprint(layer, units, 2, FEATURES, seed=0), [*of_layers, kernel, bias])
    states = random_states(body)
    half = len(states) // 2
    features = features_of()
    outputs, after = body.encode(features, np.ones((ROWS, STEPS), dtype=bool), states)
    exact = [state.astype(np.float64) for state in states]
    hidden, last = cells.run(STEP[layer], features.astype(float), tuple(exact[:half]), first)
    hidden, top = cells.run(STEP[layer], hidden, tuple(exact[half:]), second)
    assert_near(outputs, (hidden @ kernel + bias)[..., 0])
    for found, wanted in zip(after, (*last, *top), strict=True):
        assert_near(found, wanted)


def test_the_linear_map_reads_states_inputs_and_a_constant() -> None:
    body = body_of("EchoState", FEATURES, num_layers=1)
    coefficients = np.random.default_rng(2).normal(0.0, 1.0, 5 + FEATURES + 1)
    read = ReadBody(body, coefficients)
    features, states = features_of(), random_states(body)
    valid = np.ones((ROWS, STEPS), dtype=bool)
    outputs, _ = body.encode(features, valid, states)
    ones = np.ones((ROWS, STEPS, 1))
    expected = np.concatenate([outputs, features.astype(float), ones], axis=2) @ coefficients
    found, after = read.encode(features, valid, states)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    one, _ = read.step(features[:, 0], states)
    assert_near(one, expected[:, 0])
    assert [state.shape for state in after] == [(ROWS, 5)]


def test_each_row_is_read_by_the_map_of_its_series() -> None:
    body, rng = body_of("EchoState", FEATURES, num_layers=1), np.random.default_rng(3)
    coefficients, departures = rng.normal(size=10), rng.normal(size=(4, 10))
    read = ReadBody(body, coefficients, departures=departures)
    series = np.array([2, -1, 0, 3, -1, 2, 1])[:ROWS]
    features, states = features_of(), random_states(body)
    valid = np.ones((ROWS, STEPS), dtype=bool)
    found, _ = read.of_series(series).encode(features, valid, states)
    first, _ = read.of_series(series).step(features[:, 0], states)
    for row, which in enumerate(series):
        own = coefficients if which < 0 else coefficients + departures[which]
        expected, _ = ReadBody(body, own).encode(features, valid, states)
        np.testing.assert_allclose(found[row], expected[row], rtol=1e-10, atol=1e-12)
        assert_near(first[row], expected[row, 0])
    assert body.of_series(series) is body


@pytest.mark.parametrize("layer", TRAINED)
def test_an_untrained_network_corrects_nothing(layer: str) -> None:
    body = Body(Blueprint(layer, 6, 2, FEATURES, seed=4))
    outputs, _ = body.encode(features_of(), np.ones((ROWS, STEPS), bool), body.initial_state(ROWS))
    np.testing.assert_array_equal(outputs, np.zeros((ROWS, STEPS)))


@pytest.mark.parametrize("layer", LAYERS)
def test_the_seed_decides_the_weights_and_no_two_matrices_share_draws(layer: str) -> None:
    first, again, other = (Body(Blueprint(layer, 6, 2, 6, seed)).weights for seed in (1, 1, 2))
    for left, right in zip(first, again, strict=True):
        np.testing.assert_array_equal(left, right)
    matrices = [(left, right) for left, right in zip(first, other, strict=True) if left.any()]
    varied = [pair for pair in matrices if len(np.unique(pair[0])) > 2]
    assert len(varied) >= 4 and all((left != right).any() for left, right in varied)
    # Both layers have inputs of the same width: equal kernels would mean one seed used twice.
    half = (len(first) - (2 if layer in TRAINED else 0)) // 2
    assert (first[0] != first[half]).any() and (first[1] != first[half + 1]).any()


def test_weights_of_another_shape_are_refused() -> None:
    body = body_of("LSTM", FEATURES, num_layers=1)
    with pytest.raises(ValueError, match=r"weights of the shapes \[\(4, 20\).* are expected; got"):
        body.with_weights([weight[:1] for weight in body.weights])
    with pytest.raises(ValueError, match=r"are expected; got"):
        body.with_weights(body.weights[:-1])


@pytest.mark.parametrize("layer", LAYERS)
def test_arrays_rebuild_the_body(layer: str) -> None:
    body = body_of(layer, FEATURES)
    read = body if layer in TRAINED else ReadBody(body, np.arange(5 + FEATURES + 1) / 10.0)
    rebuilt = Body.of_arrays(read.blueprint, read.arrays())
    assert type(rebuilt) is type(read)
    features, states = features_of(), random_states(body)
    valid = np.ones((ROWS, STEPS), dtype=bool)
    np.testing.assert_array_equal(
        rebuilt.encode(features, valid, states)[0], read.encode(features, valid, states)[0]
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_weights_that_are_given_are_not_drawn(layer: str, monkeypatch) -> None:
    """The eigenvalues of a large reservoir take minutes, and a bundle has its weights."""
    body = body_of(layer, FEATURES)
    program._program.cache_clear()
    monkeypatch.setattr(Blueprint, "layers", lambda _: pytest.fail("weights are drawn"))
    monkeypatch.setattr(initializers, "largest_absolute_eigenvalue", lambda _: pytest.fail("slow"))
    again = Body(body.blueprint, body.weights)
    features, states = features_of(), random_states(body)
    for left, right in zip(again.step(features[:, 0], states), body.step(features[:, 0], states),
                           strict=True):  # fmt: skip
        np.testing.assert_array_equal(left, right)


def test_an_unknown_layer_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"must be one of SimpleRNN, LSTM, GRU, TemporalConvolution, .*; got 'RNN'"
    ):
        Blueprint("RNN", 4, 1, 3, seed=0)
