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


class _Limit:
    """The limit of linear algebra to one thread, and how many blocks hold it at the moment.

    The limit belongs to the process. The first block sets it and the last one to leave lifts it:
    if each put back what it had found, blocks of several threads would end in any order, and leave
    it set for good or lift it under one that still needs it.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.depth = 0
        self.limiter: Any = None

    def enter(self) -> None:
        with self.lock:
            if not self.depth:
                self.limiter = _linear_algebra_threads().limit(limits=1, user_api="blas")
            self.depth += 1

    def leave(self) -> None:
        with self.lock:
            self.depth -= 1
            if not self.depth:
                self.limiter.restore_original_limits()


_LIMIT = _Limit()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep linear algebra to one thread inside a `with` block: for many small products.

    The limit holds for the whole process, so for products in other threads too, until the last
    such block has been left. Blocks may be nested, in one thread or in several.
    """
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


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
        return list(threads.map(function, items))


def _num_workers() -> int:
    """Cores that this process may use, at most 4; a container often allows fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
    return min(os.cpu_count() or 1, _MOST_WORKERS)


@cache
def _linear_algebra_threads() -> ThreadpoolController:
    return ThreadpoolController()
