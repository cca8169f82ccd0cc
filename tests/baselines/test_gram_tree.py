"""Sums over rows that arrive in pieces: the same bits, however they are cut and merged."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.baselines.algebra import gram_tree
from forecast.baselines.algebra.gram import gram_of_rows
from forecast.baselines.algebra.gram_tree import LEAF_ROWS, GramTree

ROWS = np.random.default_rng(0).normal(size=(7000, 3)) * [1.0, 50.0, 3.0] + [1e3, -20.0, 0.1]
WEIGHTS = np.random.default_rng(1).uniform(0.0, 2.0, 7000) * (np.arange(7000) % 7 > 0)


def bits(tree):
    total = tree.total()
    return total.weight.tobytes(), total.mean.tobytes(), total.second.tobytes()


@pytest.fixture
def small_leaves(monkeypatch):
    monkeypatch.setattr(gram_tree, "LEAF_ROWS", 64)


def test_sums_equal_those_of_all_rows_at_once():
    total = GramTree(3).add(ROWS, WEIGHTS).total()
    expected = gram_of_rows(ROWS, WEIGHTS)
    np.testing.assert_allclose(total.weight, expected.weight, rtol=1e-13)
    np.testing.assert_allclose(total.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(total.second, expected.second, rtol=1e-9)


@settings(max_examples=40)
@given(
    cuts=st.lists(st.integers(0, 7000), max_size=12),
    order=st.randoms(use_true_random=False),
    count=st.integers(0, 7000),
)
@pytest.mark.parametrize("leaf", [64, 1000, LEAF_ROWS])
def test_any_partition_in_any_order_gives_the_same_bits(leaf, cuts, order, count):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gram_tree, "LEAF_ROWS", leaf)
        rows, weights = ROWS[:count], WEIGHTS[:count]
        whole = bits(GramTree(3).add(rows, weights))
        bounds = [0, *sorted(min(cut, count) for cut in cuts), count]
        pieces = list(itertools.pairwise(bounds))
        streamed = GramTree(3)
        for begin, end in pieces:
            streamed.add(rows[begin:end], weights[begin:end])
        assert bits(streamed) == whole
        parts = [GramTree(3, start=a).add(rows[a:b], weights[a:b]) for a, b in pieces]
        while len(parts) > 1:  # two neighbours, wherever they stand, either one first
            left = order.randrange(len(parts) - 1)
            pair = parts[left : left + 2]
            order.shuffle(pair)
            parts[left : left + 2] = [pair[0].merge(pair[1])]
        assert bits(parts[0]) == whole


def test_merging_leaves_the_parts_as_they_are(small_leaves):
    left, right = GramTree(3).add(ROWS[:100]), GramTree(3, start=100).add(ROWS[100:300])
    before = bits(left)
    both = left.merge(right)
    assert bits(left) == before and both.stop == 300
    assert bits(left.merge(right)) == bits(both) == bits(right.merge(left))


def test_memory_is_logarithmic(small_leaves):
    tree = GramTree(3)
    for begin in range(0, 7000, 70):
        tree.add(ROWS[begin : begin + 70])
        assert len(tree._nodes) <= np.log2(7000 / 64) + 1
        assert sum(piece.shape[1] for piece in tree._tail) < 64


def test_ranges_that_do_not_touch_are_refused():
    left, right = GramTree(3).add(ROWS[:10]), GramTree(3, start=11).add(ROWS[11:20])
    with pytest.raises(ValueError, match=r"Rows 0 to 10.*with rows 11 to 20.*neighbours first"):
        left.merge(right)
    with pytest.raises(ValueError, match=r"with \(2, 1\).*the same \(columns, targets\)"):
        left.merge(GramTree(2, start=10))


def test_a_range_from_the_middle_has_no_total():
    with pytest.raises(ValueError, match="rows start at 5; expected 0"):
        GramTree(3, start=5).add(ROWS[:3]).total()


def test_other_columns_are_refused():
    with pytest.raises(ValueError, match=r"shape \(4, 2\) came; expected \(num_rows, 3\)"):
        GramTree(3).add(np.zeros((4, 2)))


def test_no_rows():
    assert GramTree(3).total().weight == 0.0
