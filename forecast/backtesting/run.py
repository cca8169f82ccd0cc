"""Running forecasters through a plan: into a frame, or into a file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, cast

import pandas as pd

from forecast.backtesting.admission import admit
from forecast.backtesting.course import Course
from forecast.backtesting.emitted import Emitted
from forecast.backtesting.guests.course import GuestCourse
from forecast.backtesting.guests.guest import Guest, Participant
from forecast.backtesting.outcome import Outcome, column_names
from forecast.backtesting.parquet import parquet_writer
from forecast.backtesting.plan import Plan
from forecast.backtesting.table import Table, origin_frame
from forecast.backtesting.workers import CannotSend, num_workers, worked
from forecast.checks import check_positive_integer
from forecast.kept import shared_fits
from forecast.pipelines import write_frame
from forecast.progress import progress_bar
from forecast.tuned import search_seconds

__all__ = ["Result", "backtest", "emitted_by", "written"]

Advance = Callable[[str, int], None]


class AnyCourse(Protocol):
    """The way of any participant through a backtest, see `Course`."""

    @property
    def forecaster(self) -> Any: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def folds(self) -> list[slice]: ...
    def fitted(self, fold: int, previous: Any) -> tuple[Any, float]: ...
    def walked(self, fold: int, fitted: Any) -> Iterator[Emitted]: ...


@dataclass(frozen=True, eq=False)
class Result:
    """A backtest that has been run.

    Args:
        frame: long: id, time, cutoff, target, a column for each forecast, limit and score; origin
            after origin, series after series, step after step.
        outcomes: what it cost, a forecaster an entry.
    """

    frame: pd.DataFrame
    outcomes: list[Outcome]


def backtest(
    forecasters: Sequence[Participant],
    plan: Plan,
    use_fitted: bool = False,
    n_jobs: int | None = None,
) -> Result:
    """Run all forecasters over the plan, one after the other.

    Args:
        forecasters: at least one.
        plan: what each is given.
        use_fitted: use them as they are, without fitting.
        n_jobs: processes for refits, see `cross_validation`.
    """
    check_positive_integer("n_jobs", n_jobs, optional=True)
    admit(forecasters, plan, use_fitted)
    names = [name for forecaster in forecasters for name in column_names(forecaster, plan)]
    table, outcomes = Table.of_plan(plan, names), _outcomes(forecasters, plan)
    with shared_fits(), progress_bar(len(forecasters) * plan.origins.num_windows) as advance:
        for forecaster, outcome in zip(forecasters, outcomes, strict=True):
            course = _course(forecaster, plan, use_fitted, outcome)
            with closing(_emitted(course, outcome, n_jobs, advance)) as origins:
                for window, emitted in enumerate(origins):
                    table.fill(window, emitted.columns)
    return Result(table.frame(), outcomes)


def written(
    forecasters: Sequence[Participant],
    plan: Plan,
    path: Path,
    use_fitted: bool = False,
    n_jobs: int | None = None,
) -> list[Outcome]:
    """Run all forecasters over the plan side by side, and write each origin as it is passed.

    Args:
        forecasters: at least one.
        plan: what each is given.
        path: Parquet file, see `check_sink`.
        use_fitted: use them as they are, without fitting.
        n_jobs: processes for refits, see `cross_validation`.
    """
    check_positive_integer("n_jobs", n_jobs, optional=True)
    admit(forecasters, plan, use_fitted)
    outcomes = _outcomes(forecasters, plan)
    with shared_fits(), ExitStack() as stack:
        rows = stack.enter_context(parquet_writer(path))
        advance = stack.enter_context(progress_bar(len(forecasters) * plan.origins.num_windows))
        ways = []
        for forecaster, outcome in zip(forecasters, outcomes, strict=True):
            course = _course(forecaster, plan, use_fitted, outcome)
            ways.append(stack.enter_context(closing(_emitted(course, outcome, n_jobs, advance))))
        for window, emitted in enumerate(zip(*ways, strict=True)):
            columns = {name: values for one in emitted for name, values in one.columns.items()}
            rows.write(write_frame(origin_frame(plan, window, columns), plan.reading.layout))
    return outcomes


def emitted_by(forecaster: Participant, plan: Plan) -> Iterator[Emitted]:
    """What one forecaster says at each origin of a plan, in this process, nothing shown.

    Args:
        forecaster: the forecaster.
        plan: what it is given.
    """
    outcome = Outcome(forecaster.name)
    return _said(_course(forecaster, plan, False, outcome), outcome, 1)


def _outcomes(forecasters: Sequence[Participant], plan: Plan) -> list[Outcome]:
    return [Outcome(one.name, column_names(one, plan)) for one in forecasters]


def _course(
    forecaster: Participant, plan: Plan, use_fitted: bool, outcome: Outcome
) -> AnyCourse:  # fmt: skip
    """The course of a forecaster; a fit that is used as it is stands in the outcome already."""
    if isinstance(forecaster, Guest):
        return GuestCourse.laid(forecaster, plan)
    given = forecaster.fitted_ if use_fitted else None
    outcome.first = given
    return Course.laid(forecaster, plan, given)


def _emitted(
    course: AnyCourse, outcome: Outcome, n_jobs: int | None, advance: Advance
) -> Generator[Emitted, None, None]:
    """What a forecaster says at each origin, counted and shown on the way."""
    advance(f"{outcome.name}: {course.plan.origins.num_windows} origins", 0)
    with closing(_said(course, outcome, n_jobs)) as origins:
        for emitted in origins:
            outcome.predict_seconds += emitted.seconds
            outcome.clipped += emitted.clipped
            advance(outcome.name, 1)
            yield emitted


def _said(
    course: AnyCourse, outcome: Outcome, n_jobs: int | None
) -> Generator[Emitted, None, None]:  # fmt: skip
    """Fold after fold; the first fit settles what the later ones keep, so it is made here."""
    seconds, fitted = 0.0, cast(Any, outcome.first)
    if fitted is None:
        fitted, seconds = course.fitted(0, None)
        outcome.first, outcome.fit_seconds = fitted, seconds + search_seconds(course.forecaster)
    yield from course.walked(0, fitted)
    fold, count = 1, len(course.folds)
    chooses = isinstance(course, Course) and course.forecaster.closed_form
    if n_jobs is None and chooses and num_workers(n_jobs, count - fold, seconds) > 1:
        # The first fit chose as well: the second one tells how long the others take.
        seconds = yield from _refitted(course, outcome, fold)
        fold += 1
    number = num_workers(n_jobs, count - fold, seconds)
    if number == 1 or not isinstance(course, Course):
        yield from _here(course, outcome, fold)
        return
    with closing(worked(course, fitted, number, fold)) as results:
        try:
            first = next(results)
        except CannotSend:
            if n_jobs is not None:
                raise
            yield from _here(course, outcome, fold)
            return
        for result in chain([first], results):
            outcome.fit_seconds += result.fit_seconds
            yield from result.emitted


def _here(course: AnyCourse, outcome: Outcome, first: int) -> Iterator[Emitted]:
    """The folds from one on, in this process; so are all those of an object from outside."""
    for fold in range(first, len(course.folds)):
        yield from _refitted(course, outcome, fold)


def _refitted(
    course: AnyCourse, outcome: Outcome, fold: int
) -> Generator[Emitted, None, float]:  # fmt: skip
    """A fold after the first, in this process; returns the seconds of its fit."""
    fitted, seconds = course.fitted(fold, outcome.first)
    outcome.fit_seconds += seconds
    yield from course.walked(fold, fitted)
    return seconds
