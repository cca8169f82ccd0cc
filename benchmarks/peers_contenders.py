"""Who takes part in the peers' benchmark, and how a contender is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import Environment
from ledger import Version
from peers_measure import Task
from peers_ours import OURS

__all__ = ["CONTENDERS", "PEERS", "Contender", "ContenderError", "Place", "forecast"]

FOLDER = Path(__file__).resolve().parent
# Of this torch there is a build without CUDA where an index offers one. pandas below 3 comes with
# the peers.
PEERS = Environment(
    "keras-forecast-accuracy-peers",
    packages=("torch==2.13.0", "neuralforecast", "gluonts[torch]", "darts", "statsforecast",
              "utilsforecast", "pyarrow"),
    modules=("neuralforecast", "gluonts.torch", "darts", "statsforecast", "utilsforecast",
             "pyarrow"),
    reported=("neuralforecast", "gluonts", "darts", "statsforecast", "utilsforecast", "torch",
              "lightning", "numpy", "pandas"),
)  # fmt: skip
# Beyond its limits a contender may start, fit what has no limit, and forecast.
PATIENCE = 1_200.0


@dataclass(frozen=True)
class Contender:
    """A forecaster, as a row of the table.

    Args:
        name: in the table and in the ledger.
        script: that runs it.
        library: its distribution.
    """

    name: str
    script: str
    library: str

    @property
    def is_peer(self) -> bool:
        """Whether it runs in the peers' environment."""
        return self.script != "peers_ours.py"


CONTENDERS = (
    *(Contender(name, "peers_ours.py", "keras-forecast") for name in OURS),
    Contender("neuralforecast LSTM", "peers_deep.py", "neuralforecast"),
    Contender("neuralforecast DeepAR", "peers_deep.py", "neuralforecast"),
    Contender("darts RNNModel (LSTM)", "peers_deep.py", "darts"),
    Contender("GluonTS DeepAR", "peers_deep.py", "gluonts"),
    *(
        Contender(f"statsforecast {name}", "peers_statistical.py", "statsforecast")
        for name in ("AutoETS", "AutoARIMA", "AutoTheta")
    ),
)


class ContenderError(RuntimeError):
    """A contender ended without forecasts."""


@dataclass(frozen=True)
class Place:
    """Where a run stands.

    Args:
        python: of the peers; None if they are left out.
        versions: of the peers.
        code: version of the checkout.
        folder: for the files that travel.
    """

    python: Path | None
    versions: dict[str, str] | None
    code: Version
    folder: Path


def forecast(contender: Contender, task: Task, place: Place) -> dict[str, Any]:
    """What a contender's process prints; its forecasts are in the file that the task names."""
    python = place.python if contender.is_peer else sys.executable
    command = [str(python), str(FOLDER / contender.script), task.text()]
    # Threads of torch that wait busily take the core from the one that works, on a machine that
    # does anything else: a step of a small network took four times as long.
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore",
             "OMP_NUM_THREADS": str(task.cores), "OMP_WAIT_POLICY": "passive"}  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, text=True, env={**os.environ, **quiet},
            cwd=place.folder, timeout=PATIENCE + max(task.max_seconds, task.cap_seconds),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ContenderError(f"{contender.name} did not end in {error.timeout:.0f} s.") from error
    if done.returncode:
        raise ContenderError(f"{contender.name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])
