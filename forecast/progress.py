"""Progress of long work: a bar on a terminal, silence everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["progress_bar"]

Advance = Callable[[str, int], None]

# The display that is on the screen now: work inside other work adds a line to it.
_shown: ContextVar[Progress | None] = ContextVar("_shown", default=None)


@contextmanager
def progress_bar(total: int) -> Iterator[Advance]:
    """A bar over `total` units of work on stderr, if that is a terminal.

    Yields:
        A function of what is being done now and the units finished since the last call.

    Example:
        >>> with progress_bar(2) as advance:
        ...     advance("first half", 1)
        ...     advance("second half", 1)
    """
    if not sys.stderr.isatty():
        yield lambda description, units: None  # noqa: ARG005
        return
    outer = _shown.get()
    if outer is not None:
        yield from _line(outer, total)
        return
    with _display() as display:
        token = _shown.set(display)
        try:
            yield from _line(display, total)
        finally:
            _shown.reset(token)


def _line(display: Progress, total: int) -> Iterator[Advance]:
    """A line of the display while the work lasts."""
    task = display.add_task("", total=total)
    try:
        yield lambda description, units: display.update(
            task, description=description, advance=units
        )
    finally:
        display.remove_task(task)


def _display() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
