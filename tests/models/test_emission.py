"""Networks with heads and blocks beside loops written out: points, draws, feedback, laws."""

from __future__ import annotations

import numpy as np
import pytest
from models.material import block_of, highway_of, network_of, no_future, seasonal_values
from scipy import stats

from forecast.baselines.window import Past
from forecast.draws import Bounds, Draws, FeedBack, keyed_uniforms
from forecast.heads import NegativeBinomial, Normal, Poisson, Quantiles, StudentT
from forecast.models.inputs import read_inputs
from forecast.models.network import NetworkModel
from forecast.pipelines import Block
from forecast.protocol import Static

ROWS, STEPS = 3, 30
WIDE = Bounds(np.full(ROWS, -1e9), np.full(ROWS, 1e9))
NEW = Static(np.full(ROWS, -1))
VALUES = seasonal_values(ROWS, STEPS, seed=3)
COUNTS = np.random.default_rng(4).poisson(6.0, (ROWS, STEPS)).astype(float)


def seen(model: NetworkModel, values=VALUES):
    return model.observe(model.init_state(len(values), NEW), block_of(values))


def draws(seed: int, keys=(11, 12, 13), clock: int = STEPS) -> Draws:
    keys = np.array(keys, dtype=np.uint64)
    return Draws(seed, keys, np.full(len(keys), clock), np.zeros((1, 1)), np.ones(len(keys)))


def stepped(model: NetworkModel, values, num_steps: int):
    """Past, layers' states and outputs of one row, step after step."""
    past = Past.blank(model.highway.window_length, np.array([-1]))
    cells, outputs = model.body.initial_state(1), None
    for value in values[:num_steps]:
        past = past.append(model.highway.encode(np.array([[value]])))
        outputs, cells = model.body.step(read_inputs(model.highway, past).features, cells)
    return past, cells, outputs


def plus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0)


@pytest.mark.parametrize("head", [Normal(), StudentT(), Quantiles((0.1, 0.4, 0.8))], ids=repr)
@pytest.mark.parametrize("logarithm", [False, True])
def test_one_step_forecasts_are_the_medians_around_the_linear_ones(head, logarithm):
    model = network_of(highway_of(logarithm=logarithm), head=head)
    values = np.abs(VALUES) if logarithm else VALUES
    _, one_step = seen(model, values)
    for row in range(ROWS):
        for step in (1, 2, 9, STEPS - 1):
            past, _, raw = stepped(model, values[row], step)
            inputs = read_inputs(model.highway, past)
            if isinstance(head, Quantiles):  # 0.5 lies a quarter of the way from 0.4 to 0.8
                middle = raw[0, 1] + 0.25 * (1e-4 + plus(raw[0, 2]))
            else:
                middle = raw[0, 0]
            wanted = inputs.base[0] + inputs.unit[0] * middle
            wanted = np.expm1(wanted) if logarithm else wanted
            assert one_step[row, step] == pytest.approx(wanted, rel=1e-5, abs=1e-5)


def test_each_path_is_fed_its_own_draw():
    """By a loop over rows and paths, with scipy's quantiles of the keyed uniform numbers."""
    model, horizon, paths = network_of(highway_of(), "GRU", Normal()), 4, 5
    state, _ = seen(model)
    found = model.rollout(
        state, horizon, FeedBack(WIDE, paths, draws(7)), no_future(state, horizon)
    )
    for row, key in enumerate((11, 12, 13)):
        for path in range(paths):
            past, cells, raw = stepped(model, VALUES[row], STEPS)
            for step in range(horizon):
                inputs = read_inputs(model.highway, past)
                uniform = keyed_uniforms(7, key, STEPS, path, step)[0]
                law = stats.norm(raw[0, 0], 0.001 + plus(raw[0, 1]))
                value = inputs.base[0] + inputs.unit[0] * law.ppf(uniform)
                assert found[row, path, step] == pytest.approx(value, rel=1e-4, abs=1e-4)
                past = past.append(np.array([[value]]))
                raw, cells = model.body.step(read_inputs(model.highway, past).features, cells)


@pytest.mark.parametrize("head", [Poisson(), NegativeBinomial()], ids=repr)
@pytest.mark.parametrize("logarithm", [False, True])
def test_counts_are_drawn_around_the_decoded_forecast(head, logarithm):
    model, paths = network_of(highway_of(logarithm=logarithm), head=head), 4000
    state, _ = seen(model, COUNTS)
    found = model.rollout(state, 1, FeedBack(WIDE, paths, draws(3)), no_future(state, 1))[..., 0]
    np.testing.assert_array_equal(found, np.round(found))
    for row in range(ROWS):
        past, _, raw = stepped(model, COUNTS[row], STEPS)
        inputs, raw = read_inputs(model.highway, past), np.atleast_2d(raw.T).reshape(1, -1)
        corrected = inputs.base[0] + inputs.unit[0] * raw[0, 0]
        mean = 1e-6 + plus(10.0 * (np.expm1(corrected) if logarithm else corrected)) / 10.0
        law = stats.poisson(mean)
        if isinstance(head, NegativeBinomial):
            size = 1.0 / (1e-6 + plus(raw[0, 1]))
            law = stats.nbinom(size, size / (size + mean))
        uniform = keyed_uniforms(3, 11 + row, STEPS, np.arange(paths), 0)
        wanted = law.ppf(uniform)
        assert (found[row] == wanted).mean() > 0.999  # but where float32 moves a border
        assert found[row].mean() == pytest.approx(law.mean(), rel=0.1)
        share = (found[row] <= law.ppf(0.8)).mean()
        assert share == pytest.approx(law.cdf(law.ppf(0.8)), abs=0.03)


def test_draws_follow_the_distribution():
    """Kolmogorov and Smirnov: 4,000 draws of the first step beside Student's distribution."""
    model = network_of(highway_of(), head=StudentT(4.0))
    state, _ = seen(model)
    found = model.rollout(state, 1, FeedBack(WIDE, 4000, draws(1)), no_future(state, 1))[:, :, 0]
    past, _, raw = stepped(model, VALUES[1], STEPS)
    inputs = read_inputs(model.highway, past)
    standard = (found[1] - inputs.base[0]) / inputs.unit[0]
    law = stats.t(4.0, raw[0, 0], 0.001 + plus(raw[0, 1]))
    assert stats.kstest(standard, law.cdf).pvalue > 0.01


def test_paths_depend_on_seed_series_and_origin_alone():
    model, horizon = network_of(highway_of(), head=Normal()), 5
    state, _ = seen(model)
    future = no_future(state, horizon)
    whole = model.rollout(state, horizon, FeedBack(WIDE, 6, draws(2)), future)
    again = model.rollout(state, horizon, FeedBack(WIDE, 6, draws(2)), future)
    np.testing.assert_array_equal(again, whole)
    rows, order = state.take([2, 0]), [2, 0]
    part = Bounds(WIDE.low[:2], WIDE.high[:2])
    alone = FeedBack(part, 4, draws(2, keys=(13, 11)))
    found = model.rollout(rows, 3, alone, no_future(rows, 3))
    np.testing.assert_allclose(found, whole[order][:, :4, :3], rtol=1e-5, atol=1e-5)
    other = model.rollout(state, horizon, FeedBack(WIDE, 6, draws(3)), future)
    assert (other[..., 0] != whole[..., 0]).all()


def test_bounds_hold_and_what_they_moved_is_counted():
    model = network_of(highway_of(), head=Normal())
    state, _ = seen(model)
    narrow = Bounds(np.full(ROWS, -1.0), np.full(ROWS, 1.0))
    feedback = FeedBack(narrow, 50, draws(2))
    found = model.rollout(state, 2, feedback, no_future(state, 2))
    assert np.abs(found).max() == 1.0 and feedback.num_clipped == (np.abs(found) == 1.0).sum()


# Blocks -------------------------------------------------------------------------------------------

BLOCK = 4


@pytest.fixture(scope="module")
def blocks() -> NetworkModel:
    return network_of(highway_of(block_length=BLOCK, seed=2), seed=5)


@pytest.fixture(scope="module")
def distributions() -> NetworkModel:
    return network_of(highway_of(block_length=BLOCK, seed=2), "GRU", Normal(), seed=5)


def forecasts(model: NetworkModel, state, horizon: int):
    wide = Bounds(np.full(state.num_rows, -1e9), np.full(state.num_rows, 1e9))
    return model.rollout(state, horizon, FeedBack(wide), no_future(state, horizon))[:, 0]


def test_a_block_is_the_highways_block_and_a_correction_of_each_step(blocks):
    state, one_step = seen(blocks)
    for row in range(ROWS):
        for step in (5, STEPS):
            past, _, raw = stepped(blocks, VALUES[row], step)
            inputs = read_inputs(blocks.highway, past, BLOCK)
            wanted = inputs.base[0] + inputs.unit[0] * raw[0]
            assert wanted.shape == (BLOCK,)
            if step < STEPS:
                assert one_step[row, step] == pytest.approx(wanted[0], rel=1e-5)
            else:
                np.testing.assert_allclose(forecasts(blocks, state, BLOCK)[row], wanted, rtol=1e-5)


@pytest.mark.parametrize("name", ["blocks", "distributions"])
def test_a_longer_horizon_feeds_blocks_back_and_a_shorter_one_cuts(name, request):
    blocks = request.getfixturevalue(name)
    state, _ = seen(blocks)
    long = forecasts(blocks, state, 3 * BLOCK - 1)
    assert long.shape == (ROWS, 3 * BLOCK - 1)
    for horizon in (1, 3, BLOCK, BLOCK + 1):
        np.testing.assert_array_equal(long[:, :horizon], forecasts(blocks, state, horizon))
    for _ in range(2):
        first = forecasts(blocks, state, BLOCK)
        state, _ = blocks.observe(state, block_of(first))
    np.testing.assert_allclose(forecasts(blocks, state, BLOCK - 1), long[:, 2 * BLOCK :], rtol=1e-4)


@pytest.mark.parametrize("name", ["blocks", "distributions"])
def test_blocks_keep_the_laws_of_states(name, request):
    """Any cuts, gaps, padding and company; a gap is fed the first step of the block before it."""
    blocks = request.getfixturevalue(name)
    values = VALUES.copy()
    values[0, [7, 8, 20]] = values[2, 15] = np.nan
    lengths = np.array([30, 22, 27])
    whole = block_of(values, lengths)
    wanted, one_step = blocks.observe(blocks.init_state(ROWS, NEW), whole)
    state, start, parts = blocks.init_state(ROWS, NEW), 0, []
    for stop in (1, 8, 9, 21, STEPS + 3):
        piece = slice(start, min(stop, STEPS))
        part = Block(whole.values[:, piece], whole.observed[:, piece], whole.valid[:, piece])
        state, seen_there = blocks.observe(state, part)
        parts.append(seen_there)
        start = stop
    assert_same(state, wanted, range(ROWS))
    found = np.concatenate(parts, axis=1)
    np.testing.assert_allclose(found[whole.valid], one_step[whole.valid], rtol=1e-4, atol=1e-4)
    for row in range(ROWS):
        one = Block(*(array[[row], : lengths[row]] for array in (
            whole.values, whole.observed, whole.valid)))  # fmt: skip
        alone, _ = blocks.observe(blocks.init_state(1, Static(np.array([-1]))), one)
        assert_same(alone, wanted.take([row]), [0])


def assert_same(found, wanted, rows):
    np.testing.assert_array_equal(found.clock, wanted.clock)
    for name, array in wanted.arrays.items():
        for row in rows:
            np.testing.assert_allclose(
                found.arrays[name][row], array[row], rtol=1e-4, atol=1e-4, err_msg=name
            )


def test_a_residual_is_drawn_for_each_step_of_a_block_together(blocks):
    state, _ = seen(blocks)
    pool = np.arange(8.0).reshape(2, BLOCK)
    keys = np.array([5, 6, 7], dtype=np.uint64)
    drawn = Draws(0, keys, state.clock, pool, np.full(ROWS, 0.5))
    feedback = FeedBack(WIDE, 3, drawn)
    found = blocks.rollout(state, BLOCK, feedback, no_future(state, BLOCK))
    noise = found - forecasts(blocks, state, BLOCK)[:, None]
    np.testing.assert_allclose(noise - noise[..., :1], np.broadcast_to(
        0.5 * np.arange(BLOCK), noise.shape), atol=1e-9)  # fmt: skip


def test_each_step_of_a_block_is_drawn_from_a_law_of_its_own(distributions):
    """By a loop over rows, paths and steps with scipy's quantiles; later blocks know the draws."""
    model, paths, pool = distributions, 3, np.random.default_rng(0).normal(size=(20, BLOCK))
    state, one_step = seen(model)
    keyed = Draws(7, np.array([11, 12, 13], np.uint64), state.clock, pool, np.ones(ROWS))
    horizon = BLOCK + 2
    found = model.rollout(state, horizon, FeedBack(WIDE, paths, keyed), no_future(state, horizon))
    for row in range(ROWS):
        for path in range(paths):
            past, cells, raw = stepped(model, VALUES[row], STEPS)
            if not path:
                before, _, nearest = stepped(model, VALUES[row], STEPS - 1)
                one = read_inputs(model.highway, before)
                median = one.base[0] + one.unit[0] * nearest[0, 0]
                assert one_step[row, -1] == pytest.approx(median, rel=1e-4, abs=1e-4)
            for start in (0, BLOCK):
                inputs = read_inputs(model.highway, past, BLOCK)
                uniform = keyed.uniforms(paths, start)[row, path]
                location, spread = raw[0].reshape(BLOCK, 2).T
                law = stats.norm(location, 0.001 + plus(spread))
                values = inputs.base[0] + inputs.unit[0] * law.ppf(uniform)
                steps = slice(start, min(start + BLOCK, horizon))
                wanted = values[: steps.stop - start]
                np.testing.assert_allclose(found[row, path, steps], wanted, rtol=1e-3, atol=1e-3)
                for value in values:
                    past = past.append(np.array([[value]]))
                    raw, cells = model.body.step(read_inputs(model.highway, past).features, cells)


def test_outputs_that_are_not_those_of_the_head_are_refused(blocks):
    with pytest.raises(ValueError, match=r"Normal\(\) needs 2 outputs of the layers; they have 1"):
        NetworkModel(highway_of(), network_of(highway_of()).body, Normal())
    with pytest.raises(ValueError, match=r"Normal\(\) needs 8 outputs of the layers; they have 4"):
        NetworkModel(blocks.highway, blocks.body, Normal())


@pytest.mark.parametrize("head", [Normal(), NegativeBinomial()], ids=repr)
def test_a_gap_is_fed_the_median(head):
    model = network_of(highway_of(), head=head)
    state, _ = seen(model, COUNTS)
    gap, _ = model.observe(state, block_of(np.full((ROWS, 1), np.nan)))
    median = forecasts(model, state, 1)
    told, _ = model.observe(state, block_of(median))
    for name, array in told.arrays.items():
        np.testing.assert_allclose(gap.arrays[name], array, rtol=1e-5, atol=1e-5, err_msg=name)
