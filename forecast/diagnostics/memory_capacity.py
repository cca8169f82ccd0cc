"""How long a state remembers what it was fed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.baselines.algebra.solver import solve_centred
from forecast.checks import check_positive_integer, check_seed
from forecast.diagnostics.series_walk import SeriesWalk
from forecast.diagnostics.state_view import view_of
from forecast.pipelines import Block
from forecast.progress import progress_bar
from forecast.protocol import num_channels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MemoryCapacity", "memory_capacity", "recall_of"]

# Sequences of random values side by side; half of them fit the readout, half tell how well it
# reads.
_SEQUENCES = 10
# Steps that are read, in all, and for each number of a state; and the largest lag by default.
_FEWEST_READ, _READ_EACH, _MOST_LAGS = 2000, 20, 300
# Just enough that the readout of numbers that are sums of others has an answer.
_RIDGE = 1e-10
_REMEMBERED = 0.5
# A readout of a state that knows nothing explains, by chance, less than so many deviations of that.
_CHANCE = 4.0


@dataclass(frozen=True, eq=False)
class MemoryCapacity:
    """What `fc.memory_capacity` has found; printed as its verdict.

    Args:
        verdict: what was found, in sentences.
        capacities: capacity of each series, in steps.
        table: a row a series and lag: `unique_id`, `lag` from 1 (the newest value), `recall` (share
            of the variance of that value that a linear readout of the state explains, 0 to 1).
        state_size: numbers of the state; no linear memory of one input is longer.
    """

    verdict: str
    capacities: pd.Series
    table: pd.DataFrame
    state_size: int

    def plot(self) -> Figure:
        """The forgetting curve: recall by lag.

        Returns:
            A new figure; `figure.savefig("memory.png")` writes it.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        from forecast.diagnostics.dynamics_pictures import recall_figure

        return recall_figure(self.table)

    def __str__(self) -> str:
        return self.verdict


def memory_capacity(
    forecaster: Any,
    df: Any,
    *,
    max_lag: int | None = None,
    max_series: int = 3,
    seed: int = 0,
) -> MemoryCapacity:
    """How much of past inputs can be read from the state, `MC = sum_k R^2[k]`.

    After its history each series goes on with values drawn from it at random, so that nothing of
    one tells of another. A linear readout of the hidden state then reads the value at each lag,

        R^2[k] = 1 - sum_t (u[t+1-k] - w_k s[t])^2 / sum_t (u[t+1-k] - mean)^2,    at least 0,

    fitted on half of the sequences, scored on the others; what chance explains counts as 0. MC is
    at most the size of the state: a delay line, or the window of an autoregression, reaches it
    exactly. What a network is fed besides its newest value, lags of a season, counts as remembered.

    Args:
        forecaster: fitted; what of it is looked at, see `jacobian_spectrum`.
        df: the series, histories included, of the columns given to `fit`.
        max_lag: largest lag, at least 1; twice the size of the state, at most 300, by default.
        max_series: most series, at least 1; of more, some that are spread evenly.
        seed: of the random values.

    Returns:
        `capacities`, `table` (a row a series and lag), `verdict` (also printed), `plot()`.

    Raises:
        TypeError: for what is no forecaster of this library.
        NotFittedError: for one that is not fitted.
        ValueError: for data that cannot be used, covariates, or a forecaster that cannot be looked
            into.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> fc.memory_capacity(fc.AR(lags=9).fit(df), df, max_lag=15).capacities.round(6).tolist()
        [9.0]

    Source: Jaeger (2001), Short term memory in echo state networks, GMD report 152.
    """
    check_positive_integer("max_lag", max_lag, optional=True)
    check_seed(seed)
    walk = SeriesWalk.of(forecaster, df, 1, max_series)
    walk.refuse_covariates("of random values")
    size = _state_size(walk)
    lags = max_lag or min(2 * size, _MOST_LAGS)
    num_read = -(-max(_FEWEST_READ, _READ_EACH * size) // _SEQUENCES)
    values = _drawn(walk, lags + num_read, np.random.default_rng(seed))
    states = _driven(walk, values)
    recall = recall_of(values, states[:, :, lags:], lags)
    table = pd.concat([
        pd.DataFrame({"unique_id": name, "lag": np.arange(1, lags + 1), "recall": recall[row]})
        for row, name in enumerate(walk.panel.ids)
    ], ignore_index=True)  # fmt: skip
    index = pd.Index(walk.panel.ids, name="unique_id")
    capacities = pd.Series(recall.sum(axis=1), index=index, name="capacity")
    return MemoryCapacity(_verdict(walk, capacities, recall, size), capacities, table, size)


def recall_of(values: NDArray, states: NDArray, num_lags: int) -> NDArray:
    """R^2 of the linear readout of each lag, `(num_series, num_lags)`.

    Args:
        values: u, `(num_series, num_sequences, num_steps)`.
        states: before each of the last steps, `(num_systems, num_sequences, num_read, n)`; each
            system has the same number of series.
        num_lags: largest lag, at most `num_steps - num_read`.

    Example:
        >>> import numpy as np
        >>> u = np.random.default_rng(0).standard_normal((1, 4, 60))
        >>> line = np.stack([u[:, :, 20 - k : 60 - k] for k in (1, 2, 3)], axis=-1)
        >>> recall_of(u, line, num_lags=6).round(6).tolist()
        [[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]]
    """
    each, half = len(values) // len(states), values.shape[1] // 2
    first = values.shape[2] - states.shape[2]
    found = []
    for row, series in enumerate(values):
        past = np.stack(
            [series[:, first - lag : series.shape[1] - lag] for lag in range(1, num_lags + 1)], -1
        )
        columns = states[row // each]
        taught, told = (
            (part[:half].reshape(-1, part.shape[-1]), part[half:].reshape(-1, part.shape[-1]))
            for part in (columns, past)
        )
        found.append(_explained(taught[0], told[0], taught[1], told[1]))
    return np.array(found)


def _explained(columns: NDArray, targets: NDArray, newer: NDArray, wanted: NDArray) -> NDArray:
    """Share of the variance of new targets that a readout explains, `(num_targets,)`."""
    centre, mean = columns.mean(axis=0), targets.mean(axis=0)
    deviations, misses = columns - centre, targets - mean
    covariance = deviations.T @ deviations / len(columns)
    cross = deviations.T @ misses / len(columns)
    weights = solve_centred(covariance[None], cross[None], centre[None], _RIDGE).coefficients[0]
    errors = wanted - mean - (newer - centre) @ weights
    spread = np.square(wanted - wanted.mean(axis=0)).sum(axis=0)
    explained = 1.0 - np.square(errors).sum(axis=0) / np.where(spread > 0.0, spread, 1.0)
    chance = _CHANCE * np.sqrt(columns.shape[1] / len(columns) / len(newer))
    return np.where((spread > 0.0) & (explained > chance), explained, 0.0)


def _state_size(walk: SeriesWalk) -> int:
    """Numbers of the hidden state."""
    lengths = walk.panel.lengths
    state, _ = walk.part.seen(
        engine.inner(walk.before()), walk.panel.block(lengths - 1, lengths)
    )  # fmt: skip
    return view_of(walk.part.model, fed=False).vector(state).shape[1]


def _drawn(walk: SeriesWalk, num_steps: int, generator: np.random.Generator) -> NDArray:
    """Values of each series in random order, `(num_series, num_sequences, num_steps)`."""
    found = []
    for row in range(walk.panel.num_series):
        known = walk.panel.row(row)
        known = known[~np.isnan(known)]
        found.append(generator.choice(known, size=(_SEQUENCES, num_steps)))
    return np.array(found)


def _driven(walk: SeriesWalk, values: NDArray) -> NDArray:
    """Hidden states before each step, `(num_systems, num_sequences, num_steps, n)`."""
    channels, view = num_channels(walk.model), view_of(walk.part.model, fed=False)
    num_series, _, num_steps = values.shape
    systems = np.arange(num_series).reshape(-1, 1, channels)
    rows = np.repeat(systems, _SEQUENCES, axis=1).ravel()
    by_system = values.reshape(-1, channels, _SEQUENCES, num_steps).swapaxes(1, 2)
    fed = by_system.reshape(-1, num_steps)
    state, found = walk.before().take(rows), []
    one = np.ones((len(rows), 1), dtype=bool)
    with progress_bar(num_steps) as advance:
        for step in range(num_steps):
            block = Block(fed[:, step : step + 1], one, one)
            before, _ = walk.part.seen(engine.inner(state), block)
            found.append(np.nan_to_num(view.vector(before)))
            state, _ = engine.absorb(walk.model, state, block)
            advance("random values", 1)
    states = np.stack(found, axis=1)
    return states.reshape(len(systems), _SEQUENCES, num_steps, -1)


def _verdict(walk: SeriesWalk, capacities: pd.Series, recall: NDArray, size: int) -> str:
    middle = float(capacities.median())
    typical = np.median(recall, axis=0)
    kept = np.flatnonzero(typical >= _REMEMBERED)
    reach = (
        f"half or more of the variance of a value is there up to lag {kept[-1] + 1}"
        if len(kept)
        else "of no single value half of the variance is there"
    )
    last = float(typical[-1])
    more = f" It goes on beyond lag {len(typical)}: raise max_lag." if last > _REMEMBERED else ""
    return (
        f"{walk.part.words}: its state of {size} numbers remembers {middle:.3g} inputs linearly "
        f"(at most {size}); {reach}.{more}"
    )
