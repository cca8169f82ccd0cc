"""Speed of the closed-form autoregression, beside its floors and its peers, in one run.

    python benchmarks/closed_form.py

times AR(24) on 10,000 simulated series of 500 steps, fit and 24 steps ahead: the numeric functions,
the public forecaster on a long frame, a loop of statsmodels' AutoReg and (in an environment of its
own in the folder for temporary files, made at the first run) statsforecast's AutoRegressive on a
subset. The floors are the product of the same Gram matrices and a copy of the same bytes.
Contenders take turns round by round; the median of the rounds counts. Ten million rows are then
fitted from a Parquet file in a process of its own. Prints a table and writes
benchmarks/results/closed_form.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from closed_form_data import long_frame, simulated, write_parquet
from environments import Environment
from keeping import RESULTS, keep
from numpy.typing import NDArray

from forecast.pipelines import Frequency, Panel

ROOT = Path(__file__).resolve().parent.parent
PEERS = Environment(
    "keras-forecast-peers",
    packages=("statsforecast",),
    modules=("statsforecast",),
    reported=("statsforecast",),
)
RESULT = RESULTS / "closed_form.json"
LAGS, HORIZON = 24, 24
OURS = "fit and forecast"
FLOOR = "floor: product of Gram matrices"


def matmul_floor(values: NDArray) -> None:
    """The product of as many Gram matrices of the same shape, from rows that lie ready."""
    from forecast.baselines.algebra.solver import one_thread

    ready = np.ascontiguousarray(values[:100, None, LAGS:] + np.zeros((LAGS + 1, 1)))
    with one_thread():
        for _ in range(len(values) // len(ready)):
            ready @ ready.transpose(0, 2, 1)


def gram_and_solve(values: NDArray) -> None:
    """Gram matrices straight from the series, and the coefficients."""
    from forecast.baselines.algebra.lag_gram import LagDesign, lag_grams

    stops = np.arange(1, len(values) + 1) * values.shape[1]
    design = LagDesign(np.arange(1, LAGS + 1))
    lag_grams(values.ravel(), stops - values.shape[1], stops, design).solve()


def fit_and_forecast(panel: Panel) -> NDArray:
    """The autoregression on a panel in memory, without a frame around it."""
    from forecast.baselines.autoregression.estimate import estimate_ar
    from forecast.baselines.autoregression.plan import ARPlan
    from forecast.engine import absorb, begin, forecast

    model, _ = estimate_ar(panel, ARPlan(np.arange(1, LAGS + 1)))
    state = begin(model, np.arange(panel.num_series))
    state, _ = absorb(model, state, panel.block(panel.lengths - LAGS, panel.lengths))
    return forecast(model, state, HORIZON)[:, 0]


def panel_of(values: NDArray) -> Panel:
    """Series of equal length as a panel with integer time."""
    count, steps = values.shape
    starts = pd.Index(np.zeros(count, dtype=np.int64))
    offsets = np.arange(count + 1) * steps
    return Panel(np.arange(count).astype(object), values.ravel(), offsets, starts, Frequency(1))


def statsmodels_loop(values: NDArray) -> NDArray:
    """One AutoReg after the other; on one thread as ours, which is also its fastest."""
    from statsmodels.tsa.ar_model import AutoReg

    from forecast.baselines.algebra.solver import one_thread

    steps = values.shape[1]
    last = steps + HORIZON - 1
    with one_thread():
        return np.array([AutoReg(y, LAGS).fit().predict(steps, last) for y in values])


class Forecaster:
    """The public forecaster; remembers the seconds of its fits."""

    def __init__(self, frame: pd.DataFrame) -> None:
        """Keep the frame."""
        self.frame = frame
        self.fit_seconds: list[float] = []

    def __call__(self) -> None:
        """Fit and predict."""
        import forecast as fc

        began = time.perf_counter()
        fitted = fc.AR(lags=LAGS).fit(self.frame)
        self.fit_seconds.append(time.perf_counter() - began)
        fitted.predict(horizon=HORIZON)


def peer_seconds(python: Path, values: NDArray, folder: Path) -> dict[str, Any]:
    """Seconds of statsforecast, measured in its own process after a first fit that compiles."""
    path = folder / "subset.npy"
    np.save(path, values)
    script = ROOT / "benchmarks" / "closed_form_peer.py"
    command = [python, script, path, str(LAGS), str(HORIZON)]
    return output_of(command)


def output_of(command: list[Any]) -> dict[str, Any]:
    """What a script prints, run on one thread in a process of its own."""
    threads = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    environment = {**os.environ, **threads}
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
    return json.loads(done.stdout)


def timed(function: Callable[[], object]) -> float:
    """Seconds of a call."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def measure(arguments: argparse.Namespace, folder: Path) -> tuple[list[dict[str, Any]], dict]:
    """All contenders, taking turns; rows of the table and what else is worth keeping."""
    values = simulated(arguments.series, arguments.steps, arguments.seed)
    panel = panel_of(values)
    forecaster, subset = Forecaster(long_frame(values)), values[: arguments.statsmodels_series]
    contenders: dict[str, tuple[int, Callable[[], object]]] = {
        "floor: copy of the values": (len(values), values.copy),
        FLOOR: (len(values), lambda: matmul_floor(values)),
        "Gram matrices and coefficients": (len(values), lambda: gram_and_solve(values)),
        OURS: (len(values), lambda: fit_and_forecast(panel)),
        "fc.AR on a long frame, with intervals": (len(values), forecaster),
        "statsmodels AutoReg": (len(subset), lambda: statsmodels_loop(subset)),
    }
    python = None if arguments.without_peers else PEERS.python()
    if python is None:
        print("statsforecast is left out: not asked for, or it could not be installed.")
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    peer: dict[str, Any] = {}
    forecaster(), statsmodels_loop(subset[:2])  # imports and caches
    forecaster.fit_seconds.clear()
    for _ in range(arguments.rounds):
        for name, (_, function) in contenders.items():
            seconds[name].append(timed(function))
        if python is not None:
            peer = peer_seconds(python, values[: arguments.peer_series], folder)
            seconds.setdefault("statsforecast AutoRegressive", []).append(peer["seconds"])
    counts = {name: count for name, (count, _) in contenders.items()}
    rows = table_rows(seconds, counts | {"statsforecast AutoRegressive": arguments.peer_series})
    apart = np.abs(fit_and_forecast(panel)[: len(subset)] - statsmodels_loop(subset)).max()
    extra = {
        "fc.AR: seconds of the fit": float(np.median(forecaster.fit_seconds)),
        "largest difference of forecasts from statsmodels": float(apart),
        "statsforecast": peer.get("version"),
    }
    return rows, extra


def table_rows(seconds: dict[str, list[float]], counts: dict[str, int]) -> list[dict[str, Any]]:
    """Median seconds, per series, and as multiples of our fit and of the floor."""
    each = {name: float(np.median(taken)) / counts[name] for name, taken in seconds.items()}
    return [
        {
            "what": name,
            "series": counts[name],
            "seconds": float(np.median(taken)),
            "fastest": float(np.min(taken)),
            "ms a series": 1e3 * each[name],
            f"times {OURS}": each[name] / each[OURS],
            "times the Gram floor": each[name] / each[FLOOR],
        }
        for name, taken in seconds.items()
    ]


def streamed(arguments: argparse.Namespace, folder: Path) -> dict[str, dict[str, Any]]:
    """The whole file and a tenth of it: bounded memory does not grow with the rows."""
    results = {}
    for name, num_rows in (("tenth", arguments.rows // 10), ("whole", arguments.rows)):
        path = folder / "long.parquet"
        write_parquet(path, num_rows, arguments.seed)
        script = ROOT / "benchmarks" / "closed_form_stream.py"
        command = [sys.executable, script, path, str(LAGS)]
        results[name] = output_of(command)
    return results


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--statsmodels-series", type=int, default=200)
    parser.add_argument("--peer-series", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the tables, write the JSON."""
    arguments = arguments_of()
    with tempfile.TemporaryDirectory() as name:
        rows, extra = measure(arguments, Path(name))
        file = streamed(arguments, Path(name))
    print(pd.DataFrame(rows).round(4).to_string(index=False))
    print(pd.DataFrame(file).T.round(1).to_string())
    settings = vars(arguments) | {"lags": LAGS, "horizon": HORIZON}
    packages = ("numpy", "scipy", "pandas", "statsmodels", "pyarrow")
    keep(arguments.output, settings, packages, rows=rows, **extra, streamed=file)


if __name__ == "__main__":
    main()
