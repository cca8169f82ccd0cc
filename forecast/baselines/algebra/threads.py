"""Threads: one for linear algebra where products are small, and several fits side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

__all__ = ["map_threads", "one_thread"]

Item = TypeVar("Item")
Result = TypeVar("Result")


# Beyond, fits that run side by side wait for memory rather than for a core.
_MOST_WORKERS = 4


# Held by the block that limits the process. `threadpoolctl` lets one thread at a time set limits,
# and two blocks that each put back what they had found would leave the limit set for good.
_HELD = Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep linear algebra to one thread inside a `with` block: for many small products.

    The limit holds for the whole process, so for products in other threads too. A block that is
    entered while another one holds it changes nothing, so blocks may be nested, and may end in any
    order; what goes on after the block that holds it is no longer limited. Libraries that count
    their threads for each thread that calls them are limited in the calling one.
    """
    with _limited(_limited_by_caller()):
        if not _HELD.acquire(blocking=False):
            yield
            return
        try:
            with _limited(_linear_algebra()):
                yield
        finally:
            _HELD.release()


def map_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """`[function(item) for item in items]`, as many at once as there are cores, at most 4.

    Small matrix products are faster on one thread each than all of them on several; NumPy lets go
    of the interpreter while it multiplies. Meanwhile linear algebra has one thread in the whole
    process (see `one_thread`).

    Args:
        function: must not change what the others look at.
        items: arguments.

    Returns:
        Results in the order of the items.

    Example:
        >>> map_threads(abs, [-1, 2])
        [1, 2]
    """
    with one_thread(), ThreadPoolExecutor(_num_workers()) as threads:
        return list(threads.map(one_thread()(function), items))


def _num_workers() -> int:
    """Cores that this process may use, at most 4; a container often allows fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
    return min(os.cpu_count() or 1, _MOST_WORKERS)


def _limited(libraries: ThreadpoolController) -> Any:
    return libraries.limit(limits=1, user_api="blas")


@cache
def _linear_algebra() -> ThreadpoolController:
    return ThreadpoolController()


@cache
def _limited_by_caller() -> ThreadpoolController:
    return _linear_algebra().select(threading_layer="openmp")
