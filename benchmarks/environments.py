"""Environments of the peers: their own, so that ours stays what a user of this library has."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Environment"]


@dataclass(frozen=True)
class Environment:
    """Packages of peers in a virtual environment in the folder for temporary files.

    Args:
        name: of its folder; environments of one name are shared.
        packages: what is installed where `modules` cannot be imported.
        modules: what scripts import from it.
        reported: distributions whose versions are kept beside the figures.
    """

    name: str
    packages: tuple[str, ...]
    modules: tuple[str, ...]
    reported: tuple[str, ...]

    def python(self) -> Path | None:
        """Its Python, made if it is not there; None if that fails."""
        folder = Path(tempfile.gettempdir()) / self.name
        python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        if not python.exists():
            venv.create(folder, with_pip=True)
        look = [python, "-c", f"import {', '.join(self.modules)}"]
        if subprocess.run(look, capture_output=True, check=False).returncode:
            command = [python, "-m", "pip", "install", "-qq", *self.packages]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                return None
        return python

    def versions(self, python: Path | None) -> dict[str, str] | None:
        """Versions in it; None where the peers were left out."""
        if python is None:
            return None
        code = "import json, sys; from importlib.metadata import version as v; "
        code += "print(json.dumps({name: v(name) for name in sys.argv[1:]}))"
        command = [python, "-c", code, *self.reported]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        return json.loads(done.stdout)
