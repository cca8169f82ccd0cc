"""Folds of a backtest in processes of their own."""

from __future__ import annotations

import multiprocessing
import pickle
import warnings
from collections import deque
from collections.abc import Generator
from concurrent.futures import wait
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from forecast.backtesting.course import Course
from forecast.backtesting.emitted import Emitted
from forecast.fitting import Fitted
from forecast.quiet import native_errors_muted

__all__ = ["CannotSend", "FoldResult", "num_workers", "worked"]

# Starting a process and importing the libraries takes some seconds.
_WORTH_SECONDS = 20.0
_PATIENCE_SECONDS = 0.5
# loky replaces a worker that has grown, as by the import of a network library, and warns about it
# in a thread of its own: where warnings are errors that thread dies, and no result ever arrives.
_REPLACED = "A worker stopped while some jobs were given to the executor"


class CannotSend(ValueError):
    """A forecaster that cannot be taken to another process."""


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What comes of one fold.

    Args:
        fit_seconds: time spent fitting.
        emitted: what was said at each of its origins.
    """

    fit_seconds: float
    emitted: list[Emitted]


def num_workers(n_jobs: int | None, num_folds: int, seconds: float) -> int:
    """Processes for the folds that remain; 1 stands for this one.

    Args:
        n_jobs: as the user says; None where it is left to us.
        num_folds: folds that remain.
        seconds: time that a fit took.

    Returns:
        At most `num_folds`; where it is left to us, 1 unless the fits take long and there is more
        than one core.

    Example:
        >>> num_workers(4, num_folds=3, seconds=0.1), num_workers(None, num_folds=3, seconds=0.1)
        (3, 1)
    """
    if n_jobs is None:
        is_short = num_folds * seconds <= _WORTH_SECONDS
        if is_short or multiprocessing.parent_process() is not None:
            return 1
        from joblib import cpu_count

        n_jobs = cpu_count()
    return max(min(n_jobs, num_folds), 1)


def worked(
    course: Course, first: Fitted, number: int, start: int = 1
) -> Generator[FoldResult, None, None]:
    """The folds from `start` on, each fitted, walked and rolled out in a worker, in order.

    A few more than there are workers are on the way at a time. A worker fits by the same code and
    with the same threads as this process would, so the numbers are the same.

    Args:
        course: the forecaster and what it is to do.
        first: the fit of the first fold; its model stays here.
        number: workers.
        start: first fold to be worked on.

    Raises:
        CannotSend: if the forecaster, or its class, cannot be taken to a worker.
        RuntimeError: if a worker was killed.
    """
    from joblib.externals.loky import BrokenProcessPool, get_reusable_executor

    payload = _packed(course, first)
    warnings.filterwarnings("ignore", _REPLACED, UserWarning)
    executor = get_reusable_executor(max_workers=number)
    waiting: deque[Any] = deque()
    try:
        for fold in range(start, len(course.folds)):
            waiting.append(executor.submit(_work, payload, fold))
            if len(waiting) > 2 * number:
                yield _arrived(waiting.popleft())
        while waiting:
            yield _arrived(waiting.popleft())
    except BrokenProcessPool as error:
        raise RuntimeError(
            f"a process that was to refit {course.forecaster.name} was killed, perhaps for want "
            f"of memory: {error}. Say n_jobs=1, or a number below {number}."
        ) from error
    except CannotSend:  # at once, by all workers: they stay
        raise
    except BaseException:  # also where the user stops, or the table cannot be written
        executor.shutdown(wait=True, kill_workers=True)
        raise


def _arrived(future: Any) -> FoldResult:
    """What a worker has found.

    Waited for in turns: after a fit of ETS, in which SciPy sets the handler of Ctrl-C and puts it
    back, a wait without an end would be deaf to it.
    """
    while not future.done():
        wait([future], timeout=_PATIENCE_SECONDS)
    return future.result()


def _packed(course: Course, first: Fitted) -> bytes:
    from joblib.externals.loky.backend.reduction import dumps

    forecaster = course.forecaster.clone()
    nothing: Any = None
    without_model = replace(first, estimate=replace(first.estimate, model=nothing))
    try:
        return bytes(dumps((replace(course, forecaster=forecaster), without_model)))
    except (pickle.PicklingError, TypeError, AttributeError, NotImplementedError) as error:
        raise _cannot_send(forecaster.name, error) from error


def _work(payload: bytes, fold: int) -> FoldResult:
    """One fold, in a worker."""
    course, first = _unpacked(payload)
    fitted, seconds = course.fitted(fold, first)
    return FoldResult(seconds, list(course.walked(fold, fitted)))


@lru_cache(maxsize=1)
def _unpacked(payload: bytes) -> tuple[Course, Fitted]:
    try:
        with native_errors_muted():  # networks load TensorFlow here, which the parent did already
            return pickle.loads(payload)
    except (ImportError, AttributeError) as error:
        raise _cannot_send("the forecaster", error) from error


def _cannot_send(name: str, error: BaseException) -> CannotSend:
    return CannotSend(
        f"{name} cannot be taken to another process ({type(error).__name__}: {error}). Define its "
        "class in a module that can be imported, without open files or locks among its "
        "arguments, or say n_jobs=1."
    )
