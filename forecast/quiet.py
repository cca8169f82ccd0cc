"""Silence for what TensorFlow writes while it is loaded."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["native_errors_muted"]


@contextmanager
def native_errors_muted() -> Iterator[None]:
    """Nothing that compiled code writes to standard error is shown; Python's errors are raised.

    TensorFlow writes some lines there before it reads its own setting of what to log.
    """
    sys.stderr.flush()
    shown = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(shown, 2)
        os.close(shown)
