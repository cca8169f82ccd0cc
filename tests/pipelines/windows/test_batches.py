"""Orders, buckets and streams against what they promise."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2
from window_material import make_panel, panels, system_values

from forecast.pipelines import Batches, LengthBuckets, Streams, Windows
from forecast.pipelines.windows.permutation import Permutation

# Permutation --------------------------------------------------------------------------------------


@given(size=st.integers(1, 3_000), seed=st.integers(0, 2**40), epoch=st.integers(0, 99))
def test_an_order_holds_each_number_once(size, seed, epoch):
    order = Permutation(size, seed, epoch)(np.arange(size))
    np.testing.assert_array_equal(np.sort(order), np.arange(size))


def test_orders_are_those_of_the_seed_and_the_epoch():
    first, again, other, later = (
        Permutation(1_000, seed, epoch)(np.arange(1_000))
        for seed, epoch in [(3, 0), (3, 0), (4, 0), (3, 1)]
    )
    np.testing.assert_array_equal(first, again)
    for another in (other, later):
        assert np.mean(first == another) < 0.02


def test_the_order_is_the_same_on_any_platform():
    assert Permutation(10, seed=1)(np.arange(10)).tolist() == [9, 3, 7, 0, 6, 5, 8, 4, 2, 1]
    assert Permutation(7_850_000, seed=1)(np.arange(3)).tolist() == [3241138, 5974924, 3123489]


@pytest.mark.parametrize("size", [3, 4])
def test_all_orders_of_a_few_are_equally_likely(size):
    draws = 1_500
    orders = [tuple(Permutation(size, s)(np.arange(size)).tolist()) for s in range(draws)]
    counts = [orders.count(order) for order in itertools.permutations(range(size))]
    expected = draws / len(counts)
    statistic = sum((count - expected) ** 2 / expected for count in counts)
    assert chi2.sf(statistic, len(counts) - 1) > 1e-3


def test_a_batch_of_many_is_spread_evenly_and_neighbours_are_parted():
    size, cells = 1_000_003, 50
    order = Permutation(size, seed=5)(np.arange(100_000))
    counts = np.bincount(order * cells // size, minlength=cells)
    expected = len(order) / cells
    # Drawn without replacement: the variance is less by the share that is left.
    statistic = np.sum((counts - expected) ** 2) / expected / (1 - len(order) / size)
    assert 1e-3 < chi2.sf(statistic, cells - 1) < 1 - 1e-3
    steps = np.abs(np.diff(order)) / size
    assert abs(steps.mean() - 1 / 3) < 0.005  # the mean distance of two uniform numbers
    assert abs(np.corrcoef(order[1:], order[:-1])[0, 1]) < 0.02


# Batches ------------------------------------------------------------------------------------------


@given(panel=panels, batch_size=st.integers(1, 7), seed=st.none() | st.integers(0, 9),
       drop_last=st.booleans(), epoch=st.integers(0, 3))  # fmt: skip
def test_an_epoch_holds_each_window_once(panel, batch_size, seed, drop_last, epoch):
    if panel.lengths.max() < 3:
        return
    windows = Windows(panel, 4, 2)
    if drop_last and len(windows) < batch_size:
        return
    source = Batches(windows, batch_size, seed, drop_last)
    batches = list(source.epoch(epoch))
    assert len(batches) == len(source)
    found = [(s, e) for b in batches for s, e in zip(b.series, b.ends, strict=True)]
    every = list(zip(*windows.locate(np.arange(len(windows))), strict=True))
    if seed is None:
        assert found == every[: len(found)]
    assert len(set(found)) == len(found)
    assert set(found) <= set(every)
    assert len(found) == len(every) - (len(every) % batch_size if drop_last else 0)
    for number, batch in enumerate(batches):
        np.testing.assert_array_equal(source.batch(number, epoch).values, batch.values)


def test_long_epochs_are_walked_through_in_one_order():
    windows = Windows(make_panel([900] * 30, gaps=0.0), 5, 1)
    source = Batches(windows, 64, seed=2)
    walked = np.concatenate([batch.ends for batch in source.epoch(1)])
    asked = windows.locate(source.indices(0, len(source), 1))[1]
    np.testing.assert_array_equal(walked, asked)


def test_batches_count_from_the_end_too():
    source = Batches(Windows(make_panel([20]), 3, 1), 4)
    np.testing.assert_array_equal(source[-1].ends, source[len(source) - 1].ends)
    with pytest.raises(IndexError):
        source[len(source)]


@pytest.mark.parametrize("number", [-1, 7, 9])
@pytest.mark.parametrize("seed", [None, 0])
def test_a_batch_that_is_not_there_is_refused(number, seed):
    panel = make_panel([13, 5, 20, 8], gaps=0.0)
    sources = [Batches(Windows(panel, 4, 2), 4, seed), Streams(panel, 4, 2, seed=seed),
               LengthBuckets(panel, 1, seed=seed)]  # fmt: skip
    for source in sources:
        last = len(source) - 1
        with pytest.raises(IndexError, match=f"no batch {number}: they count from 0 to {last}"):
            source.batch(number)
    with pytest.raises(IndexError, match="positions are 0 to 6; got others"):
        Permutation(7, seed=0)(np.array([0, number]))


# Length buckets -----------------------------------------------------------------------------------


@given(panel=panels, batch_size=st.integers(1, 4), seed=st.none() | st.integers(0, 9),
       horizon=st.integers(1, 3), multiple=st.integers(1, 4))  # fmt: skip
def test_buckets_hold_each_series_once(panel, batch_size, seed, horizon, multiple):
    buckets = LengthBuckets(panel, batch_size, horizon, seed, multiple)
    lengths = panel.lengths[:: panel.num_channels]
    rows = [(s, b, i) for b in buckets.epoch(1) for i, s in enumerate(b.series)]
    assert sorted(s for s, _, _ in rows) == np.flatnonzero(lengths).tolist()
    for system, batch, row in rows:
        values, width = system_values(panel, system), batch.values.shape[1]
        assert width % multiple == 0 and width - lengths[batch.series].max() < multiple
        expected = np.nan_to_num(values).astype(np.float32)
        got = batch.values[row].reshape(width, -1)
        np.testing.assert_array_equal(got[: len(values)], expected)
        assert batch.valid[row].sum() == len(values) and not got[len(values) :].any()
        for step, ahead in itertools.product(range(width), range(horizon)):
            weight = batch.weights[row, step, ahead]
            there = step + 1 + ahead < len(values) and ~np.isnan(values[step + 1 + ahead])
            np.testing.assert_array_equal(np.ravel(weight) > 0, np.ravel(there & True) * (
                np.ones(panel.num_channels, dtype=bool)))  # fmt: skip


def test_buckets_of_like_length_are_hardly_padded():
    lengths = np.random.default_rng(0).integers(10, 500, 400)
    buckets = LengthBuckets(make_panel(lengths), 16, seed=0)
    padding = sum((~batch.valid).sum() for batch in buckets)
    assert padding < 0.05 * lengths.sum()
    first, second = ([b.series.tolist() for b in buckets.epoch(e)] for e in (0, 1))
    assert first != second


# Streams ------------------------------------------------------------------------------------------


@given(panel=panels, chunk=st.integers(1, 5), rows=st.integers(1, 4), together=st.booleans(),
       seed=st.none() | st.integers(0, 9), horizon=st.integers(1, 2))  # fmt: skip
def test_streams_hold_each_step_once_and_in_order(panel, chunk, rows, together, seed, horizon):
    streams = Streams(panel, chunk, rows, horizon, seed, together)
    walked: dict[int, list] = {}
    places: dict[int, set] = {}
    running = [-1] * rows
    for batch in streams.epoch(2):
        assert batch.values.shape[:2] == (rows, chunk)
        for row, series in enumerate(batch.series):
            valid = batch.valid[row]
            assert valid.any() == (series >= 0)
            assert not valid.any() or valid[: valid.sum()].all()
            if batch.inputs["begins"][row]:
                assert series not in walked
                running[row] = series
            if series >= 0:
                assert running[row] == series, "a series goes on in the row of its last chunk"
                walked.setdefault(series, []).append(batch.values[row][valid])
                places.setdefault(series, set()).add(row)
        if together:
            begins = batch.inputs["begins"][batch.series >= 0]
            assert begins.all() or not begins.any()
    lengths = panel.lengths[:: panel.num_channels]
    assert sorted(walked) == np.flatnonzero(lengths).tolist()
    for system, parts in walked.items():
        expected = np.nan_to_num(system_values(panel, system)).astype(np.float32)
        np.testing.assert_array_equal(np.concatenate(parts).reshape(expected.shape), expected)
        assert len(places[system]) == 1


def test_streams_carry_on_without_a_break():
    """A series that goes on is in every batch until its end: no chunk is put off."""
    streams = Streams(make_panel([11, 3, 7, 2, 9]), 2, 2, seed=1)
    when: dict[int, list] = {}
    for number, batch in enumerate(streams):
        for series in batch.series[batch.series >= 0]:
            when.setdefault(int(series), []).append(number)
    for numbers in when.values():
        assert numbers == list(range(numbers[0], numbers[-1] + 1))


def test_rows_of_streams_end_together():
    lengths = np.random.default_rng(0).integers(10, 500, 400)
    streams = Streams(make_panel(lengths), 20, 16, seed=0)
    chunks = -(-lengths // 20)
    assert len(streams) <= -(-chunks.sum() // 16) + 1
    first, second = ([b.series.tolist() for b in streams.epoch(e)] for e in (0, 1))
    assert first != second


# Settings -----------------------------------------------------------------------------------------


def test_settings_that_make_no_batch_are_refused():
    panel = make_panel([9])
    windows, empty = Windows(panel, 3, 1), panel.head(0)
    with pytest.raises(ValueError, match="batch_size must be at least 1; got 0"):
        Batches(windows, 0)
    with pytest.raises(ValueError, match="there are 6 windows for a batch of 7"):
        Batches(windows, 7, drop_last=True)
    with pytest.raises(ValueError, match="seed must be at least 0; got -1"):
        Batches(windows, 2, seed=-1)
    with pytest.raises(TypeError, match=r"windows must be Windows; got Panel\. Make them of a"):
        Batches(panel, 2)
    with pytest.raises(TypeError, match="seed must be a whole number; got 'a'"):
        Batches(windows, 2, seed="a")
    with pytest.raises(ValueError, match="chunk_length must be at least 1; got 0"):
        Streams(panel, 0, 1)
    with pytest.raises(ValueError, match="multiple must be at least 1; got 0"):
        LengthBuckets(panel, 1, multiple=0)
    for source in (Streams, LengthBuckets):
        with pytest.raises(ValueError, match="the panel has no step"):
            source(empty, 1, 1)
        with pytest.raises(ValueError, match=r"weights must have the shape \(1,\)"):
            source(panel, 1, 1, weights=[1.0, 2.0])


@pytest.mark.parametrize("make", [
    lambda panel: Batches(Windows(panel, 3, 1), 2, seed=0),
    lambda panel: LengthBuckets(panel, 2, seed=0),
    lambda panel: Streams(panel, 3, 2, seed=0),
])  # fmt: skip
def test_sources_travel_to_workers(make):
    source = make(make_panel([9, 5, 14]))
    batches = list(source.epoch(1))
    copy = pickle.loads(pickle.dumps(source))
    for mine, theirs in zip(batches, copy.epoch(1), strict=True):
        for name in mine.inputs:
            np.testing.assert_array_equal(mine.inputs[name], theirs.inputs[name])
