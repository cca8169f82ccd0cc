"""Threads: one for linear algebra where products are small, and several fits side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

__all__ = ["map_threads", "one_thread"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def one_thread() -> AbstractContextManager[object]:
    """Keep linear algebra to one thread inside a `with` block: for many small products."""
    return _linear_algebra_threads().limit(limits=1, user_api="blas")


def map_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """`[function(item) for item in items]`, as many at once as there are cores.

    Small matrix products are faster on one thread each than all of them on several; NumPy lets go
    of the interpreter while it multiplies.

    Args:
        function: must not change what the others look at.
        items: arguments.

    Returns:
        Results in the order of the items.

    Example:
        >>> map_threads(abs, [-1, 2])
        [1, 2]
    """
    with one_thread(), ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(function, items))


@cache
def _linear_algebra_threads() -> ThreadpoolController:
    return ThreadpoolController()
