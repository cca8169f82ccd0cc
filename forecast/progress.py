"""Progress of long work: a bar on a terminal, silence everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(total: int) -> Iterator[Callable[[str, int], None]]:
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
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda description, units: bar.update(task, description=description, advance=units)
