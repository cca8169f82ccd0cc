"""Work side by side: in order, with one thread for linear algebra, errors passed on."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from forecast.baselines.algebra import threads
from forecast.baselines.algebra.threads import map_threads, one_thread


def blas_threads(_=None):
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


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
    both = Barrier(2, timeout=10)
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


def test_a_block_that_ends_first_takes_the_limit_from_none_that_goes_on():
    before = blas_threads()
    inside, left = Barrier(2, timeout=10), Barrier(2, timeout=10)

    def hold(waits):
        with one_thread():
            inside.wait()  # both are in
            if waits:
                left.wait()
                return blas_threads()
        left.wait()  # the first to come is the first to go
        return None

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(hold, [False, True]))
    assert found[1] == [1] * len(before)
    assert blas_threads() == before


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
