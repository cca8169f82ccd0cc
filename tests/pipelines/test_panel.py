"""Panels and blocks against loops over series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.pipelines import Block, Frequency, Panel


def make(lengths, seed=0, alias="D"):
    """A panel of random series with some steps without a value."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = rng.normal(size=offsets[-1])
    values[rng.random(len(values)) < 0.3] = np.nan
    starts = Frequency(alias).range("2024-01-01", 40)[rng.integers(0, 40, len(lengths))]
    ids = np.array([f"s{i}" for i in range(len(lengths))], dtype=object)
    return Panel(ids, values, offsets, starts, Frequency(alias))


panels = st.builds(
    make,
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    seed=st.integers(0, 99),
    alias=st.sampled_from(["D", "h", "MS"]),
)


@given(panel=panels, data=st.data())
def test_block_equals_a_loop(panel, data):
    cuts = st.lists(st.integers(-2, 15), min_size=panel.num_series, max_size=panel.num_series)
    start, stop = np.array(data.draw(cuts)), np.array(data.draw(cuts))
    block = panel.block(start, stop)
    rows = [panel.row(i)[max(a, 0) : max(b, 0)]
            for i, (a, b) in enumerate(zip(start, stop, strict=True))]  # fmt: skip
    assert block.num_rows == panel.num_series
    assert block.num_steps == max(len(row) for row in rows)
    for i, row in enumerate(rows):
        padding = np.zeros(block.num_steps - len(row))
        assert block.values[i].tolist() == [*np.nan_to_num(row), *padding]
        assert block.observed[i].tolist() == [*~np.isnan(row), *(padding > 0)]
        assert block.valid[i].tolist() == [*(row == row) | True, *(padding > 0)]


@given(panel=panels, data=st.data())
def test_take_and_head_equal_a_loop(panel, data):
    indices = data.draw(st.lists(st.integers(0, panel.num_series - 1), max_size=8))
    taken = panel.take(np.array(indices, dtype=int))
    assert taken.ids.tolist() == [panel.ids[i] for i in indices]
    for k, i in enumerate(indices):
        np.testing.assert_array_equal(taken.row(k), panel.row(i))
        assert taken.starts[k] == panel.starts[i]
    lengths = np.array(data.draw(st.lists(st.integers(0, 15), min_size=panel.num_series,
                                          max_size=panel.num_series)))  # fmt: skip
    head = panel.head(lengths)
    for i, length in enumerate(lengths):
        np.testing.assert_array_equal(head.row(i), panel.row(i)[:length])


@given(panel=panels, horizon=st.integers(0, 5))
def test_times_equal_a_loop(panel, horizon):
    every = [panel.frequency.range(start, length + horizon)
             for start, length in zip(panel.starts, panel.lengths, strict=True)]  # fmt: skip
    flat, future = panel.flat_times(), panel.future_times(horizon)
    early = panel.future_times(horizon, np.ones(panel.num_series, dtype=int))
    for i, times in enumerate(every):
        length = panel.lengths[i]
        assert list(panel.times(i)) == list(times[:length])
        assert list(flat[panel.offsets[i] : panel.offsets[i + 1]]) == list(times[:length])
        assert panel.ends[i] == times[length - 1]
        assert list(future[i]) == list(times[length:])
        assert list(early[i]) == list(times[1 : 1 + min(horizon, length + horizon - 1)])


@pytest.mark.parametrize("alias", ["h", "D", "MS"])
def test_an_emptied_series_ends_before_its_start(alias):
    panel = make([3, 4], alias=alias)
    empty = panel.head(np.array([0, 2]))
    assert panel.frequency.shift(empty.ends, np.ones(2, dtype=int))[0] == panel.starts[0]
    assert empty.lengths.tolist() == [0, 2]
    assert empty.block(0, 9).valid.tolist() == [[False, False], [True, True]]


def test_a_row_is_a_view_and_counts_are_right():
    panel = make([3, 5])
    assert panel.row(1).base is panel.values
    assert (panel.num_series, panel.num_rows) == (2, 8)
    assert panel.codes.tolist() == [0] * 3 + [1] * 5
    np.testing.assert_array_equal(panel.observed, ~np.isnan(panel.values))


def test_parts_that_do_not_fit_are_refused():
    panel = make([3, 5])
    with pytest.raises(ValueError, match="1 ids need 2 offsets and 1 starts; got 3 and 2"):
        Panel(panel.ids[:1], panel.values, panel.offsets, panel.starts, panel.frequency)
    with pytest.raises(ValueError, match="offsets must rise"):
        Panel(panel.ids, panel.values[:-1], panel.offsets, panel.starts, panel.frequency)
    with pytest.raises(ValueError, match="lengths must be at least 0; got -1"):
        panel.head(np.array([-1, 2]))
    for skipped in ([0, -1], [4, 0]):
        with pytest.raises(ValueError, match="at least 0 and at most the lengths"):
            panel.tail(np.array(skipped))
    with pytest.raises(ValueError, match="offsets must rise from 0"):
        replace(panel, offsets=np.array([1, 3, 8]))


def test_positions_are_those_of_numpy():
    panel = make([3, 5, 4])
    for chosen in (np.array([True, False, True]), [0, -1], np.array([0, 2]), slice(None, None, 2)):
        assert panel.take(chosen).ids.tolist() == ["s0", "s2"]
    assert not panel.take([]).num_series
    with pytest.raises(IndexError, match="out of bounds"):
        panel.take(np.array([3]))


def test_blocks_refuse_masks_that_do_not_fit():
    yes = np.ones((2, 3), dtype=bool)
    with pytest.raises(ValueError, match=r"share one shape \(rows, steps\); got \(2, 2\)"):
        Block(np.ones((2, 2)), yes, yes)
    with pytest.raises(ValueError, match=r"padded step .* marked as observed"):
        Block(np.ones((2, 3)), yes, ~yes)


def test_ten_thousand_series_need_no_loop():
    panel = make([50] * 10_000)
    assert len(panel.flat_future_times(3)) == 30_000
    assert isinstance(panel.ends, pd.DatetimeIndex)
    assert panel.block(10, 60).values.shape == (10_000, 40)


def test_a_panel_is_shown_by_its_size():
    panel = Panel(
        np.array(["a", "b"], object), np.arange(5.0), np.array([0, 3, 5]),
        pd.DatetimeIndex(["2024-01-01"] * 2), Frequency("D"),
    )  # fmt: skip
    assert repr(panel) == "Panel(2 series, 5 steps, freq='D')"
