"""What an update costs: after a short and a long history, and beside reading a context again.

    python benchmarks/streaming.py

First, one `update` (a new row of every series) after 1,000 and after 100,000 observed steps: the
same fitted model stands at the end of both histories, the two take turns, and the ratio is the
median over pairs. Then 10,000 series of one network: one row of each absorbed by `update`, beside
`condition` on the last 168 rows of each, which is what a forecaster without a state does; as calls
with their frames, and as the work of the engine alone (states and blocks of arrays, no frame). In
every round each is timed once after the other; ratios are medians of the rounds' ratios. Prints
two tables and writes benchmarks/results/streaming.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from closed_form_data import simulated
from keeping import RESULTS, keep

import forecast as fc
from forecast import engine
from forecast.pipelines import Block, read_frame

RESULT = RESULTS / "streaming.json"
START = pd.Timestamp("2000-01-01")
SEASON = 24


def frame_of(values: np.ndarray, first: int, stop: int) -> pd.DataFrame:
    """Long frame of the steps `first` to `stop` (exclusive) of all series."""
    ids = np.array([f"series {row}" for row in range(len(values))], dtype=object)
    times = pd.date_range(START + pd.Timedelta(hours=first), periods=stop - first, freq="h")
    return pd.DataFrame({
        "unique_id": np.repeat(ids, stop - first),
        "ds": np.tile(times, len(values)),
        "y": values[:, first:stop].ravel(),
    })  # fmt: skip


def forecasters(num_steps: int) -> list[Any]:
    """Unfitted: a model a series, one for all, and a network of the default size."""
    training = fc.Training(num_steps=num_steps)
    return [
        fc.AR(season_length=SEASON),
        fc.PooledAR(season_length=SEASON),
        fc.LSTMForecaster(season_length=SEASON, training=training, seed=0),
    ]


def updated(fitted: Any, rows: pd.DataFrame) -> Any:
    """A copy of a forecaster after newer rows."""
    return copy(fitted).update(rows)


def seconds(call: Callable[[], Any]) -> float:
    """Seconds of a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def turns(first: Callable[[], Any], second: Callable[[], Any], rounds: int) -> np.ndarray:
    """Seconds of two calls that take turns, and take turns in going first, `(rounds, 2)`."""
    first(), second()
    found = np.empty((rounds, 2))
    for at in range(rounds):
        order = (0, 1) if at % 2 else (1, 0)
        for which in order:
            found[at, which] = seconds((first, second)[which])
    return found


def compared(found: np.ndarray) -> tuple[float, float, float]:
    """Medians of both, and the median of the second over the first."""
    first, second = np.median(found, axis=0)
    return float(first), float(second), float(np.median(found[:, 1] / found[:, 0]))


def history_rows(
    models: list[Any], values: np.ndarray, lengths: tuple[int, int], rounds: int
) -> list[dict[str, Any]]:
    """One update after a short and a long history of the same series, for each forecaster."""
    short, long = lengths
    rows = []
    for model in models:
        fitted = model.fit(frame_of(values, long - short, long), horizon=SEASON)
        row = frame_of(values, long, long + 1)
        ends = [copy(fitted).condition(frame_of(values, long - length, long)) for length in lengths]
        calls = [partial(updated, end, row) for end in ends]
        first, second, ratio = compared(turns(*calls, rounds))
        rows.append({
            "forecaster": fitted.name, "series": len(values), "pairs": rounds,
            f"ms after {short:,}": 1e3 * first, f"ms after {long:,}": 1e3 * second,
            "long / short": ratio,
        })  # fmt: skip
    return rows


def context_rows(model: Any, values: np.ndarray, context: int, rounds: int) -> list[dict[str, Any]]:
    """One row of every series beside the last `context` rows, with frames and without.

    Args:
        model: unfitted; learns from the first 50 series.
        values: `(series, more than context steps)`.
        context: rows of each series that are read again.
        rounds: times each.
    """
    stop = values.shape[1] - 1
    fitted = model.fit(frame_of(values[:50], 0, stop), horizon=SEASON)
    before = fitted.condition(frame_of(values, stop - context, stop))
    row, again = frame_of(values, stop, stop + 1), frame_of(values, stop + 1 - context, stop + 1)
    calls = turns(partial(updated, before, row), lambda: copy(before).condition(again), rounds)
    inner, state = fitted.fitted_.model, before.store_.state
    series = fitted.fitted_.positions(before.store_.ids)
    blocks = [block_of(values[:, -count:]) for count in (1, context)]
    work = turns(
        lambda: engine.absorb(inner, state, blocks[0]),
        lambda: engine.absorb(inner, engine.begin(inner, series), blocks[1]),
        rounds,
    )
    read = turns(lambda: read_frame(row, freq="h"), lambda: read_frame(again, freq="h"), rounds)
    parts = {"whole call": calls, "engine alone": work, "reading the frame alone": read}
    return [context_row(name, context, found) for name, found in parts.items()]


def context_row(part: str, context: int, found: np.ndarray) -> dict[str, Any]:
    """A row of the second table."""
    first, second, ratio = compared(found)
    return {"what": part, "ms, 1 row a series": 1e3 * first,
            f"ms, {context} rows a series": 1e3 * second, "times faster": ratio}  # fmt: skip


def block_of(values: np.ndarray) -> Block:
    """All steps known."""
    known = np.ones(values.shape, dtype=bool)
    return Block(values, known, known)


def arguments_of() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--short", type=int, default=1_000)
    parser.add_argument("--long", type=int, default=100_000)
    parser.add_argument("--history-series", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=101)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--context", type=int, default=168)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--training-steps", type=int, default=20, help="cost depends on none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def main() -> None:
    """Run, print the tables, write the JSON."""
    arguments = arguments_of()
    models = forecasters(arguments.training_steps)
    values = simulated(arguments.history_series, arguments.long + 1, arguments.seed)
    lengths = (arguments.short, arguments.long)
    history = history_rows(models, values, lengths, arguments.pairs)
    # Long enough for the network to be fitted; states that are read again see the context only.
    wide = simulated(arguments.series, max(600, arguments.context) + 1, arguments.seed)
    context = context_rows(models[-1], wide, arguments.context, arguments.rounds)
    for rows in (history, context):
        print(pd.DataFrame(rows).round(3).to_string(index=False))
    packages = ("keras", "tensorflow", "numpy", "pandas")
    keep(arguments.output, vars(arguments), packages, history=history, context=context)


if __name__ == "__main__":
    main()
