"""What is kept of a benchmark: its figures with machine, versions and settings, as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["RESULTS", "keep"]

RESULTS = Path(__file__).resolve().parent / "results"


def keep(
    path: Path, settings: Mapping[str, Any], packages: Sequence[str], **parts: Any
) -> None:  # fmt: skip
    """Write the record of a run; the file appears whole or not at all.

    Args:
        path: JSON file.
        settings: the command line; places on this machine are left out.
        packages: distributions whose versions are kept, beside this library's.
        **parts: figures by name, spaces written as underscores.
    """
    record = {
        "settings": {
            name: value for name, value in settings.items() if not isinstance(value, Path)
        },
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("keras-forecast", *packages)},
        **{name.replace("_", " "): part for name, part in parts.items()},
    }
    path.parent.mkdir(exist_ok=True, parents=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)
