"""Keyed draws: uniform, and independent of batch, order and number of paths."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forecast.draws import Bounds, Draws, FeedBack, keyed_uniforms, series_key


@pytest.mark.parametrize("varied", range(5))
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_uniform_along_every_key(varied, seed):
    """Seed, series, origin, path and step: each alone gives uniform numbers."""
    keys: list = [seed, 77, 100, 3, 5]
    keys[varied] = np.arange(20_000)
    values = keyed_uniforms(*keys)
    assert values.min() >= 0 and values.max() < 1
    assert stats.kstest(values, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 4 / np.sqrt(len(values))
    assert len(np.unique(values)) == len(values)


def test_keys_do_not_stand_in_for_each_other():
    assert keyed_uniforms(1, 2) != keyed_uniforms(2, 1)
    assert keyed_uniforms(0) != keyed_uniforms(0, 0)
    grid = keyed_uniforms(np.arange(100)[:, None], np.arange(100))
    assert len(np.unique(grid)) == 10_000
    assert abs(np.corrcoef(grid[0], grid[1])[0, 1]) < 0.4


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64 - 1, np.int32(4)])
def test_any_integer_is_a_seed(seed):
    assert 0 <= keyed_uniforms(seed, 3)[0] < 1


def test_series_key_is_the_same_in_every_process():
    code = "from forecast.draws import series_key; print(*series_key(['a', 7, 'b' * 99]))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(key) for key in series_key(["a", 7, "b" * 99])]
    assert len(np.unique(series_key(range(10_000)))) == 10_000
    assert series_key([]).shape == (0,)
    assert series_key([1])[0] == series_key([np.int64(1)])[0] != series_key(["1"])[0]


def draws(rows, pool, seed=0):
    series, origin = series_key("abcdef")[rows], np.array([5, 9, 30, 5, 7, 7])[rows]
    return Draws(seed, series, origin, pool, np.array([1.0, 2, 3, 4, 5, 6])[rows])


@given(
    rows=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    paths=st.integers(1, 9),
    step=st.integers(0, 50),
    block=st.integers(1, 4),
)
def test_residuals_do_not_depend_on_the_batch(rows, paths, step, block):
    pool = np.random.default_rng(0).normal(size=(37, block))
    everything = draws(np.arange(6), pool).residuals(9, step)
    found = draws(np.array(rows), pool).residuals(paths, step)
    np.testing.assert_array_equal(found, everything[rows, :paths])


@given(
    rows=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    paths=st.integers(1, 9),
    step=st.integers(0, 50),
    block=st.integers(1, 4),
)
def test_uniforms_do_not_depend_on_the_batch(rows, paths, step, block):
    pool = np.random.default_rng(0).normal(size=(37, block))
    everything = draws(np.arange(6), pool).uniforms(9, step)
    assert everything.shape == (6, 9, block)
    found = draws(np.array(rows), pool).uniforms(paths, step)
    np.testing.assert_array_equal(found, everything[rows, :paths])


def test_uniforms_of_a_block_are_uniform_and_go_together_as_residuals_did():
    rng = np.random.default_rng(1)
    common = rng.standard_normal((200, 1))
    pool = np.concatenate([common + 0.5 * rng.standard_normal((200, 2)), -common], axis=1)
    pool[:60, 0] = pool[:, 0].min()  # equal residuals
    found = draws(np.array([2]), pool).uniforms(20_000, 4)[0]
    for column in found.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    wanted = stats.spearmanr(np.delete(pool, 0, axis=1)).statistic
    assert stats.spearmanr(found[:, 1:]).statistic == pytest.approx(wanted, abs=0.02)
    other = draws(np.array([2]), pool).uniforms(20_000, 7)[0]
    assert abs(np.corrcoef(found[:, 0], other[:, 0])[0, 1]) < 0.03


def test_equal_residuals_say_nothing_of_what_goes_together():
    found = draws(np.array([1]), np.zeros((50, 2))).uniforms(20_000, 0)[0]
    assert abs(stats.spearmanr(found).statistic) < 0.35  # fifty ranks in an order by chance


def test_a_block_of_residuals_is_drawn_jointly():
    pool = np.arange(20.0).reshape(10, 2)
    found = draws(np.arange(6), pool).residuals(50, 4) / np.arange(1.0, 7.0)[:, None, None]
    np.testing.assert_array_equal(found[..., 1] - found[..., 0], 1.0)
    assert set(found[..., 0].ravel()) == set(pool[:, 0])


@given(systems=st.lists(st.integers(0, 2), min_size=1, max_size=4), paths=st.integers(1, 5))
def test_channels_of_a_system_are_drawn_jointly(systems, paths):
    """One row of the pool for all channels of a system and all steps of a block."""
    pool = np.arange(120.0).reshape(20, 6)  # 3 channels x 2 steps

    def joint(numbers):
        rows = (np.array(numbers)[:, None] * 3 + np.arange(3)).ravel()
        series, origin = series_key("abcdefghi")[rows], np.repeat([4, 7, 7], 3)[rows]
        return Draws(1, series, origin, pool, np.arange(1.0, 10.0)[rows], 3).residuals(5, 2), rows

    everything, _ = joint([0, 1, 2])
    found, rows = joint(systems)
    np.testing.assert_array_equal(found[:, :paths], everything[rows, :paths])
    drawn = (everything / np.arange(1.0, 10.0)[:, None, None]).reshape(3, 3, 5, 2)
    np.testing.assert_allclose(
        drawn - drawn[:, :1, :, :1], np.arange(6.0).reshape(3, 1, 2) + 0 * drawn
    )
    assert not np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[1], drawn[2])


def test_residuals_are_those_of_the_pool_equally_often():
    pool = np.arange(10.0)[:, None]
    found = draws(np.array([0]), pool).residuals(50_000, 0)[0, :, 0]
    counts = np.bincount(found.astype(int), minlength=10)
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(10.0, 30.0, (0.0, 50.0)), (-1.0, 2.0, (-4.0, 5.0)), (50.0, 60.0, (40.0, 70.0)),
     (0.0, 0.0, (0.0, 0.0)), (-3.0, -3.0, (-3.0, -3.0))],
)  # fmt: skip
def test_bounds_are_the_range_plus_one_range(low, high, expected):
    found = Bounds.of_range(np.array([low]), np.array([high]))
    assert (found.low[0], found.high[0]) == expected


@pytest.mark.parametrize("shape", [(2,), (2, 5), (2, 3, 4)])
def test_clip_goes_by_rows(shape):
    limits = Bounds(np.array([0.0, -1.0]), np.array([1.0, 5.0]))
    values = np.random.default_rng(0).normal(0, 9, shape)
    found = limits.clip(values)
    for row in range(2):
        np.testing.assert_array_equal(
            found[row], np.clip(values[row], limits.low[row], limits.high[row])
        )


def test_feedback_adds_draws_and_keeps_within_bounds():
    pool = np.array([[-10.0, 10.0], [0.5, -0.5]])
    limits = Bounds(np.full(6, -1.0), np.full(6, 2.0))
    emitted = np.zeros((6, 4, 1))
    drawn = draws(np.arange(6), pool)
    found = FeedBack(limits, 4, drawn)(emitted, 3)
    np.testing.assert_array_equal(found, np.clip(drawn.residuals(4, 3)[:, :, :1], -1.0, 2.0))
    np.testing.assert_array_equal(FeedBack(limits, 4)(emitted + 7.0, 3), 2.0)


def test_all_steps_at_once_are_the_steps_one_after_the_other():
    rng = np.random.default_rng(7)
    for channels, block in ((1, 1), (3, 1), (3, 2)):
        pool, rows = rng.normal(size=(30, channels * block)), 2 * channels
        series, origin = rng.integers(0, 99, rows).astype(np.uint64), np.full(rows, 40)
        drawn = Draws(3, series, origin, pool, rng.uniform(1, 2, rows), channels)
        steps = [drawn.residuals(4, step) for step in range(0, 5, block)]
        whole = drawn.along(4, 5)
        np.testing.assert_array_equal(whole, np.concatenate(steps, axis=2)[:, :, :5])
        last = drawn.rows(slice(channels, None)).along(4, 5)
        np.testing.assert_array_equal(last, whole[channels:])


def test_a_feedback_as_arrays_says_what_it_does():
    limits = Bounds(np.array([-1.0, 0.0]), np.array([2.0, 0.0]))
    drawn = Draws(1, np.arange(2, dtype=np.uint64), np.array([5, 6]), np.ones((9, 1)), np.ones(2))
    for draws in (None, drawn):
        feedback = FeedBack(limits, 3, draws)
        found = feedback.prepared(4, slice(1, None))
        assert found.noise.shape == (1, 3, 4)
        np.testing.assert_array_equal(found.noise, 0.0 if draws is None else 1.0)
        assert (found.low, found.high) == (limits.low[1:], limits.high[1:])
    feedback.count_clipped(np.array([2, 9]))  # the second series is constant
    assert feedback.num_clipped == 2
