"""Chains: exact inverses on any series, gaps, blocks, paths."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forecast as fc
from forecast.pipelines import Frequency, Panel
from forecast.pipelines.transforms import Chain, FittedChain, walk

SEASON = 3
POSITIVE = st.sampled_from([fc.Log1p(), fc.BoxCox(), fc.BoxCox(0.0), fc.BoxCox(0.4)])
ANY = st.sampled_from(
    [
        fc.StandardScaler(), fc.RobustScaler(), fc.MeanAbsoluteScaler(), fc.MinMaxScaler(),
        fc.Difference(), fc.Difference(4), fc.SeasonalDifference(), fc.SeasonalDifference(2),
        fc.STLDeseasonalizer(), fc.Identity(),
    ]
)  # fmt: skip
CHAINS = st.tuples(st.one_of(st.just(fc.Identity()), POSITIVE), st.lists(ANY, max_size=3)).map(
    lambda parts: (parts[0], *parts[1])
)
SCALES = st.sampled_from([1e-300, 1e-9, 1.0, 1e6, 1e100, 1e250])


@st.composite
def rows(draw) -> np.ndarray:
    """Positive values of any size, constant, zero or not, and with gaps after the first."""
    length = draw(st.integers(1, 30))
    kind = draw(st.sampled_from(["any", "any", "constant"]))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    values = draw(SCALES) * np.exp(rng.normal(size=length))
    values = np.full(length, values[0]) if kind == "constant" else values
    gone = rng.random(length) < draw(st.sampled_from([0.0, 0.3]))
    gone[0] = False
    return np.where(gone, np.nan, values)


def panel_of(rows: list[np.ndarray]) -> Panel:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    ids = np.array([f"s{i}" for i in range(len(rows))], dtype=object)
    starts = pd.DatetimeIndex(["2024-01-01"] * len(rows))
    return Panel(ids, np.concatenate(rows), offsets, starts, Frequency("D"))


def tails(panel: Panel, lengths: np.ndarray) -> np.ndarray:
    """Values after the first `lengths` steps, NaN where there are none."""
    block = panel.block(lengths, panel.lengths)
    return np.where(block.observed, block.values, np.nan)


def outputs_after(chain: FittedChain, panel: Panel, known: np.ndarray) -> np.ndarray:
    """The outputs of the steps that come after the known ones of each series."""
    found, missing = chain.forward(panel), tails(panel, known)
    values = np.full(missing.shape, np.nan)
    for i, (length, start) in enumerate(zip(panel.lengths, known, strict=True)):
        width = int(length - start)
        values[i, :width] = found.row(i)[len(found.row(i)) - width :] if width else []
    return values


@settings(max_examples=150)
@given(st.lists(rows(), min_size=1, max_size=3), CHAINS, st.integers(1, 8))
def test_the_inverse_takes_the_transform_back(rows, transforms, last):
    panel = panel_of(rows)
    chain = Chain(transforms).fit(panel, SEASON)
    known = np.minimum(np.maximum(panel.lengths - last, chain.links.leads[-1] + 1), panel.lengths)
    wanted, outputs = tails(panel, known), outputs_after(chain, panel, known)
    np.testing.assert_array_equal(np.isnan(outputs), np.isnan(wanted))
    found = chain.inverse(outputs, panel.head(known))
    scale = np.array([np.nanmax(np.abs(row)) for row in rows])[:, None]
    np.testing.assert_allclose(found / scale, wanted / scale, rtol=0.0, atol=1e-10)


@settings(max_examples=40)
@given(st.lists(rows(), min_size=1, max_size=3), CHAINS)
def test_paths_are_taken_back_like_points(rows, transforms):
    panel = panel_of(rows)
    chain = Chain(transforms).fit(panel, SEASON)
    paths = np.random.default_rng(0).normal(size=(len(rows), 4, 5))
    found = chain.inverse(paths, panel)
    for path in range(4):
        np.testing.assert_array_equal(found[:, path], chain.inverse(paths[:, path], panel))


@settings(max_examples=60)
@given(st.lists(rows(), min_size=1, max_size=3), CHAINS, st.lists(st.integers(0, 30), max_size=4))
def test_a_walk_in_any_blocks_is_the_same(rows, transforms, cuts):
    panel = panel_of(rows)
    links = Chain(transforms).fit(panel, SEASON).links

    def absorb(start, stop, position):
        block = panel.block(start, stop)
        values = np.where(block.observed, block.values, np.nan)
        forecasts = lambda steps, outputs, valid, at: np.full(outputs.shape, 0.25)  # noqa: E731
        return walk(links, values, block.valid, position, forecasts).position

    whole, parts = absorb(0, panel.lengths, links.begin()), links.begin()
    stops = [0, *sorted(cuts), 99]
    for start, stop in pairwise(stops):
        parts = absorb(start, stop, parts)
    np.testing.assert_array_equal(parts.clock, whole.clock)
    for found, wanted in zip(parts.pasts, whole.pasts, strict=True):
        np.testing.assert_array_equal(found, wanted)


def pieces_of(panel: Panel, transform, num_channels: int = 1) -> list[tuple]:
    """What a walk tells: the first step of each row, the outputs, and which exist."""
    links, told = Chain((transform,)).fit(panel, 1).links, []

    def tell(start, outputs, valid, at):
        told.append((start, outputs, valid))
        return np.where(valid, 0.25, np.nan)

    block = panel.block(0, panel.lengths)
    values = np.where(block.observed, block.values, np.nan)
    walk(links, values, block.valid, links.begin(), tell, num_channels)
    return told


def gappy_panel(num_series: int, steps: int, share: float) -> Panel:
    rng = np.random.default_rng(6)
    values = rng.normal(size=(num_series, steps))
    values[:, 1:][rng.random((num_series, steps - 1)) < share] = np.nan
    return panel_of([row[: steps - i % 5] for i, row in enumerate(values)])


def test_each_row_is_told_every_step_once_and_in_turn():
    """A gap of one row does not stop the others, nor does a row without gaps pad them."""
    panel = gappy_panel(200, 60, 0.05)
    pieces, reached = pieces_of(panel, fc.Difference()), np.zeros(200, dtype=np.int64)
    assert len(pieces) < 30, "a piece for each column with a gap would be 59"
    assert sum(valid.size for _, _, valid in pieces) < 4 * panel.num_rows
    for start, outputs, valid in pieces:
        np.testing.assert_array_equal(start, reached)
        reached = reached + valid.sum(axis=1)
        for i, row in enumerate(valid):
            values = panel.row(i)[start[i] : start[i] + row.sum()]
            assert not np.isnan(values[:-1]).any(), "only the last step of a piece is a gap"
            np.testing.assert_array_equal(np.isnan(outputs[i, 1 : row.sum()]), np.isnan(values[1:]))
    np.testing.assert_array_equal(reached, panel.lengths)


def test_without_gaps_or_memories_it_is_one_piece():
    assert len(pieces_of(gappy_panel(20, 60, 0.0), fc.Difference())) == 1
    assert len(pieces_of(gappy_panel(20, 60, 0.2), fc.StandardScaler())) == 1


def test_the_channels_of_a_system_are_told_the_same_steps():
    panel = gappy_panel(40, 60, 0.05).head(np.full(40, 50))
    for start, _, valid in pieces_of(panel, fc.Difference(), num_channels=4):
        np.testing.assert_array_equal(start, start[::4].repeat(4))
        np.testing.assert_array_equal(valid.reshape(10, 4, -1), valid[::4, None].repeat(4, axis=1))


@settings(max_examples=40)
@given(st.lists(rows(), min_size=2, max_size=3), CHAINS)
def test_series_do_not_touch_each_other(rows, transforms):
    panel = panel_of(rows)
    together = Chain(transforms).fit(panel, SEASON).forward(panel)
    for i in range(panel.num_series):
        alone = panel.take(np.array([i]))
        found = Chain(transforms).fit(alone, SEASON).forward(alone).values
        np.testing.assert_allclose(found, together.row(i), rtol=1e-12)


def test_no_output_depends_on_what_comes_after_it():
    values = np.exp(np.random.default_rng(2).normal(size=40))
    values[[7, 20]] = np.nan
    whole, head = panel_of([values]), panel_of([values[:25]])
    chain = Chain((fc.Log1p(), fc.SeasonalDifference(4), fc.StandardScaler())).fit(head, 4)
    np.testing.assert_array_equal(chain.forward(whole).values[:21], chain.forward(head).values)


def test_the_difference_after_a_gap_is_the_change_since_the_last_value():
    panel = panel_of([np.array([1.0, 3.0, np.nan, np.nan, 10.0, 11.0])])
    found = Chain((fc.Difference(),)).fit(panel, 1).forward(panel).values
    np.testing.assert_array_equal(found, [2.0, np.nan, np.nan, 7.0, 1.0])


def test_two_differences_are_numpys():
    values = np.random.default_rng(3).normal(size=30)
    panel = panel_of([values])
    chain = Chain((fc.SeasonalDifference(7), fc.Difference())).fit(panel, 1)
    found = chain.forward(panel)
    np.testing.assert_array_equal(found.values, np.diff(values[7:] - values[:-7]))
    assert found.starts[0] == pd.Timestamp("2024-01-09") and found.ends.equals(panel.ends)


@pytest.mark.parametrize("length", [3, 8, 9])
def test_a_series_too_short_for_a_memory_is_left_as_it_is(length):
    short, long = np.arange(1.0, 1.0 + length), np.random.default_rng(4).normal(size=30)
    panel = panel_of([short, long])
    chain = Chain((fc.SeasonalDifference(7), fc.Difference())).fit(panel, 1)
    found = chain.forward(panel)
    assert chain.links.fell_back.tolist() == [0]
    seasonal = length >= 9
    expected = short[7:] - short[:-7] if seasonal else np.diff(short)
    np.testing.assert_array_equal(found.row(0), expected)
    np.testing.assert_array_equal(found.row(1), np.diff(long[7:] - long[:-7]))


def test_the_channels_of_a_system_fall_back_together():
    gappy = np.array([1.0, 2.0, np.nan, np.nan, np.nan, np.nan])
    values = np.concatenate([np.arange(6.0), gappy])
    panel = panel_of([values[:6], values[6:]])
    system = Panel(
        panel.ids, panel.values, panel.offsets, panel.starts, panel.frequency, num_channels=2
    )
    chain = Chain((fc.Difference(),)).fit(system, 1)
    assert chain.links.fell_back.tolist() == [0, 1]
    assert chain.forward(system).num_channels == 2


def test_other_series_are_refused():
    panel = panel_of([np.arange(9.0), np.arange(5.0)])
    chain = Chain((fc.Difference(),)).fit(panel, 1)
    with pytest.raises(ValueError, match=r"was fitted on 2 series; got 1. Give the same series"):
        chain.forward(panel.take(np.array([0])))
