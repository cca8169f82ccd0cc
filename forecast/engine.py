"""The walk of a model over data: begin, absorb, roll forward, stop at origins.

Only the engine calls a model. Around each model it keeps a small record of every series (range,
size of the one-step errors), the same for all models: it scales intervals, bounds forecasts and
makes a constant series come out as its constant. See `forecast.record`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Bounds, Draws, FeedBack
from forecast.pipelines import Block, Origins, Panel
from forecast.protocol import Absorbs, Model, Observes, StateBatch, Static, uses_clock
from forecast.record import Record, blank_record, mean_error, newest_scores, recorded

__all__ = [
    "Stop",
    "absorb",
    "begin",
    "bounds",
    "deviations",
    "error_scale",
    "errors_at",
    "following",
    "forecast",
    "inner",
    "learn",
    "roll",
    "scores",
    "walk",
]

_MODEL, _RECORD = "model.", "record."


def begin(model: Observes, series: NDArray, offset: NDArray | None = None) -> StateBatch:
    """States before the first step.

    Args:
        model: the model.
        series: position of each row among the fitted series, -1 for a new one, `(num_rows,)`.
        offset: steps from the first step of the fitted series to that of each, `(num_rows,)`; 0
            by default. See `Static`.
    """
    offset = np.zeros(len(series), dtype=np.int64) if offset is None else offset
    inner = model.init_state(len(series), Static(np.asarray(series), offset))
    return _outer(inner, blank_record(len(series)))


def absorb(
    model: Observes, state: StateBatch, block: Block, one_step: bool = True
) -> tuple[StateBatch, NDArray]:
    """Observe a block; rows that are padding throughout are left as they are.

    Args:
        model: the model.
        state: states of `num_rows` series; not changed.
        block: newer steps.
        one_step: False spares the one-step forecasts where the model can do without them; the
            record of errors then lacks these steps.

    Returns:
        The new state and the one-step-ahead forecast of every step, NaN where there is none.
    """
    rows = np.flatnonzero(block.valid.any(axis=1))
    forecasts = np.full(block.values.shape, np.nan)
    if not len(rows):
        return state, forecasts
    if len(rows) < state.num_rows:
        part, before = block.take(rows), state.take(rows)
    else:  # the common case: nothing is ever changed in place, so nothing need be copied
        part, before = block, state
    if one_step or not isinstance(model, Absorbs):
        inner, forecasts[rows] = model.observe(before.select(_MODEL), part)
    else:
        inner = model.absorb(before.select(_MODEL), part)
    record = recorded(before.select(_RECORD).arrays, part, forecasts[rows])
    return state.put(rows, _outer(inner, record)), forecasts


def learn(model: Any, state: StateBatch, block: Block) -> tuple[Model, StateBatch, NDArray]:
    """Observe a block and learn from it; rows that are padding throughout are left as they are.

    Every step is forecast, and its error recorded, by the model as it was. The state after the
    block is that of the newer one.

    Args:
        model: a model that learns, see `forecast.protocol.Learns`; not changed.
        state: states of `num_rows` series; not changed.
        block: newer steps.

    Returns:
        The newer model, the new state and the one-step-ahead forecasts, as of `absorb`.
    """
    old, one_step = absorb(model, state, block)
    rows = np.flatnonzero(block.valid.any(axis=1))
    if not len(rows):
        return model, state, one_step
    newer = model.learn(state.take(rows).select(_MODEL), block.take(rows))
    new, _ = absorb(newer, state, block, one_step=False)
    return newer, _outer(new.select(_MODEL), old.select(_RECORD).arrays), one_step


def forecast(
    model: Model,
    state: StateBatch,
    horizon: int,
    draws: Draws | None = None,
    num_paths: int = 1,
    future: NDArray | None = None,
) -> NDArray:
    """Roll forward, within the explosion guard.

    Args:
        model: the model.
        state: states of `num_rows` series; not changed.
        horizon: steps ahead, at least 1.
        draws: residuals for sample paths; None gives the point forecast.
        num_paths: paths for each row.
        future: covariates of these steps, `(num_rows, horizon, num_covariates)`; none by default.

    Returns:
        Values, `(num_rows, num_paths, horizon)`.
    """
    if not state.num_rows:
        return np.empty((0, num_paths, horizon))
    return roll(model, state, horizon, FeedBack(bounds(state), num_paths, draws), future)


def roll(
    model: Model,
    state: StateBatch,
    horizon: int,
    feedback: FeedBack,
    future: NDArray | None = None,
) -> NDArray:
    """Roll forward with a given feedback, `(num_rows, num_paths, horizon)`."""
    future = np.empty((state.num_rows, horizon, 0)) if future is None else future
    return model.rollout(state.select(_MODEL), horizon, feedback, future)


def deviations(model: Any, state: StateBatch, horizon: int) -> NDArray:
    """Standard deviation of a model's forecast error at each step, `(num_rows, horizon)`.

    Args:
        model: a model with a method `deviations`.
        state: states of `num_rows` series; not changed.
        horizon: steps ahead.
    """
    return model.deviations(state.select(_MODEL), horizon)


def inner(state: StateBatch) -> StateBatch:
    """The model's own part of states, without the record."""
    return state.select(_MODEL)


def bounds(state: StateBatch) -> Bounds:
    """The explosion guard of each row: the history's range plus one range."""
    record = state.select(_RECORD).arrays
    return Bounds.of_range(record["minimum"], record["maximum"])


def error_scale(state: StateBatch) -> NDArray:
    """Mean absolute one-step error of each row so far, `(num_rows,)`; NaN where there is none."""
    return mean_error(state.select(_RECORD).arrays)


def scores(state: StateBatch) -> NDArray:
    """Newest one-step errors over the mean one before each, oldest first; see `forecast.record`."""
    return newest_scores(state.select(_RECORD).arrays)


@dataclass(frozen=True, eq=False)
class Stop:
    """A moment of a walk: the series that have an origin here, and their states.

    Args:
        index: number of the origin, from 0.
        rows: positions of the series in the panel, `(num_rows,)`.
        ends: steps of each known here, `(num_rows,)`.
        state: their states, after these steps.
        future: covariates of the steps to forecast, those of the gap first,
            `(num_rows, gap + horizon, num_covariates)`.
        one_step: one-step forecasts of the steps since the stop before (of all series of the
            panel), right-padded, NaN where there is none, `(num_series, num_steps)`.
        block: these steps.
    """

    index: int
    rows: NDArray
    ends: NDArray
    state: StateBatch
    future: NDArray
    one_step: NDArray
    block: Block


def walk(
    model: Model,
    panel: Panel,
    series: NDArray,
    origins: Origins,
    one_step: bool = True,
    offset: NDArray | None = None,
) -> Iterator[Stop]:
    """Absorb the panel once, stopping at each origin; where windows slide, each from its start.

    Args:
        model: the model.
        panel: the series.
        series: position of each among the fitted ones, `(num_series,)`.
        origins: where to stop; nothing after an origin but its covariates is looked at before it
            was left.
        one_step: see `absorb`.
        offset: see `begin`.
    """
    offset = np.zeros(panel.num_series, dtype=np.int64) if offset is None else offset
    state = begin(model, series, offset)
    known = np.zeros(panel.num_series, dtype=np.int64)
    for index, ends in enumerate(origins.ends):
        if origins.starts is not None:
            known = origins.starts[index]
            state = begin(model, series, _moved(model, series, offset, known))
        reached = np.maximum(known, ends)
        block = panel.block(known, reached)
        state, forecasts = absorb(model, state, block, one_step)
        known = reached
        rows = np.flatnonzero(ends >= 0)
        future = panel.futures(ends, origins.steps_ahead)[rows]
        yield Stop(index, rows, ends[rows], state.take(rows), future, forecasts, block)


def _moved(model: Model, series: NDArray, offset: NDArray, steps: NDArray) -> NDArray:
    """The offsets of histories that begin some steps later; see `Static`."""
    return np.where((series >= 0) & uses_clock(model), offset + steps, offset)


def errors_at(
    model: Model, panel: Panel, stops: Sequence[Stop], horizon: int
) -> tuple[NDArray, NDArray, NDArray]:
    """Free-running errors (actual less forecast) from all stops, rolled out as one batch.

    Args:
        model: the model that walked.
        panel: the series it walked over.
        stops: where it stopped, at least one.
        horizon: steps ahead, those of the walk's origins (which have no gap).

    Returns:
        The series of each origin, `(num_origins,)`; errors, `(num_origins, horizon)`, NaN where
        the value is missing; and the mean absolute one-step error so far, `(num_origins,)`.
    """
    state = stops[0].state
    for stop in stops[1:]:
        state = state.join(stop.state)
    rows = np.concatenate([stop.rows for stop in stops])
    ends = np.concatenate([stop.ends for stop in stops])
    if not len(rows):
        return rows, np.empty((0, horizon)), np.empty(0)
    future = np.concatenate([stop.future for stop in stops])
    forecasts = forecast(model, state, horizon, future=future)[:, 0]
    return rows, following(panel, ends, horizon, rows) - forecasts, error_scale(state)


def following(panel: Panel, ends: NDArray, horizon: int, rows: NDArray | None = None) -> NDArray:
    """The values after the first `ends` steps of series, `(num_rows, horizon)`, or NaN.

    Args:
        panel: the series.
        ends: steps before, `(num_rows,)`.
        horizon: number of steps.
        rows: positions of the series, in any order and number; each once by default.
    """
    rows = np.arange(panel.num_series) if rows is None else rows
    steps = ends[:, None] + np.arange(horizon)
    there = steps < panel.lengths[rows, None]
    source = np.where(there, panel.offsets[rows, None] + steps, 0)
    return np.where(there, panel.values[source], np.nan)


def _outer(inner: StateBatch, record: Record) -> StateBatch:
    arrays = {_MODEL + name: array for name, array in inner.arrays.items()}
    arrays |= {_RECORD + name: array for name, array in record.items()}
    return StateBatch(arrays, inner.clock, inner.count)
