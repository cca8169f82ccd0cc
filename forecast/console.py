"""What commands write on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["make_console", "progress"]


def make_console() -> Console:
    """A console on standard output that prints text as it is."""
    from rich.console import Console

    return Console(markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(console: Console) -> Iterator[Callable[[str], None]]:
    """A line that says what is going on while it does; nothing where there is no terminal.

    Args:
        console: where to show it.

    Yields:
        Takes the words to show.
    """
    with console.status("starting") as status:
        yield status.update
