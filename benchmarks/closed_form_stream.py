"""Seconds and memory of a fit from a Parquet file; run by closed_form.py in its own process."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # unlike getrusage this forgets the process that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def stream(path: Path, num_lags: int) -> dict[str, Any]:
    """Fit a Parquet file in one pass; seconds and memory beyond the imports."""
    import pyarrow.parquet  # noqa: F401 (its memory is no memory of the fit)

    from forecast.baselines.algebra.streaming import fit_lags, read_batches

    before, began = peak_memory(), time.perf_counter()
    fit = fit_lags(read_batches(path), np.arange(1, num_lags + 1))
    seconds = time.perf_counter() - began
    return {
        "rows": fit.num_steps,
        "rows used": fit.num_rows,
        "seconds": seconds,
        "rows a second": fit.num_steps / seconds,
        "file MB": path.stat().st_size / 1e6,
        "peak MB before": before / 1e6,
        "peak MB beyond": (peak_memory() - before) / 1e6,
    }


if __name__ == "__main__":
    print(json.dumps(stream(Path(sys.argv[1]), int(sys.argv[2]))))
