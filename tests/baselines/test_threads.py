"""Work side by side: in order, with one thread for linear algebra, errors passed on."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from forecast.baselines.algebra import threads
from forecast.baselines.algebra.threads import map_threads, one_thread


def blas_threads(_=None):
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.fixture(autouse=True)
def several_threads():
    """What a user's machine has: the whole suite runs with one thread."""
    with ThreadPoolExecutor(1) as passing:  # the thread that sets a limit keeps others from it
        limiter = passing.submit(threadpool_limits, 3, "blas").result()
    assert set(blas_threads()) == {3}
    yield
    with ThreadPoolExecutor(1) as passing:
        passing.submit(limiter.restore_original_limits).result()


def test_results_keep_the_order_of_the_items_whatever_they_take():
    def slow_first(number):
        time.sleep(0.02 * (3 - number))
        return 10 * number

    assert map_threads(slow_first, iter(range(4))) == [0, 10, 20, 30]


def test_nothing_gives_nothing():
    assert map_threads(abs, []) == []


def test_the_error_of_an_item_is_raised():
    def refuse(number):
        if number == 2:
            raise ValueError(f"item {number} cannot be fitted")
        return number

    with pytest.raises(ValueError, match="item 2 cannot be fitted"):
        map_threads(refuse, range(4))
    assert map_threads(refuse, [1]) == [1]  # and the next call works


def test_items_run_side_by_side(monkeypatch):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: {0, 3}, raising=False)
    both = Barrier(2, timeout=60)
    assert sorted(map_threads(lambda _: both.wait(), range(2))) == [0, 1]


def test_linear_algebra_has_one_thread_inside_and_what_it_had_after():
    before = blas_threads()
    assert map_threads(blas_threads, [None]) == [[1] * len(before)]
    with one_thread():
        np.ones((2, 2)) @ np.ones((2, 2))
        assert blas_threads() == [1] * len(before)
    assert blas_threads() == before


def test_an_error_inside_gives_the_threads_back():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError):
        map_threads(lambda number: 1 / number, [0])
    assert blas_threads() == before


@pytest.mark.parametrize("leaves_first", [0, 1], ids=["the first", "the second"])
def test_blocks_of_threads_that_live_on_may_be_left_in_any_order(leaves_first):
    """A server fits in threads that never end: no order leaves them with one for ever."""
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        entered = [(pool, one_thread()) for pool in (first, second)]
        for pool, block in entered:
            pool.submit(block.__enter__).result()
            assert set(blas_threads()) == {1}
        for pool, block in entered[:: 1 - 2 * leaves_first]:
            pool.submit(block.__exit__, None, None, None).result()
        assert set(blas_threads()) == {3}
        with one_thread():
            assert set(blas_threads()) == {1}
        with threadpool_limits(2, user_api="blas"):  # nor is it in the way of others
            assert set(blas_threads()) == {2}
    assert set(blas_threads()) == {3}


def test_calls_may_be_nested():
    before = blas_threads()

    def inner(number):
        with one_thread():
            return number, blas_threads()

    found = map_threads(lambda start: map_threads(inner, range(start, start + 2)), [0, 2])
    one = [1] * len(before)
    assert found == [[(0, one), (1, one)], [(2, one), (3, one)]]
    assert blas_threads() == before


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (3, 3), (64, 4)])
def test_as_many_workers_as_the_process_has_cores_four_at_most(monkeypatch, cores, workers):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert threads._num_workers() == workers
    monkeypatch.delattr(threads.os, "sched_getaffinity")
    monkeypatch.setattr(threads.os, "cpu_count", lambda: cores)
    assert threads._num_workers() == workers
