"""Which past steps a forecast looked at."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.baselines.row_paths import RowPaths
from forecast.draws import FeedBack
from forecast.models.windowed.model import WindowedModel
from forecast.pipelines import Columns
from forecast.protocol import StateBatch
from forecast.store import StateStore

__all__ = ["ATTENDED", "WEIGHT", "attention_along", "attention_frame"]

ATTENDED, WEIGHT = "attended", "weight"
"""Columns of an explanation, beside the id and the time of the forecast."""


def attention_along(
    model: WindowedModel, state: StateBatch, horizon: int, feedback: FeedBack, future: NDArray
) -> NDArray:
    """What each step of a rollout attends to, block after block.

    Args:
        model: a network that attends.
        state: its states; not changed.
        horizon: steps ahead.
        feedback: bounds of what is fed back.
        future: covariates of these steps, `(num_rows, horizon, num_covariates)`.

    Returns:
        Weights, `(num_rows, horizon, context_length + horizon)`, of the last steps known and those
        ahead that were fed back; 0 where nothing was looked at.
    """
    context, length = model.view.context_length, model.block_length
    paths = RowPaths.of(model, state, 1, horizon)
    weights = np.zeros((state.num_rows, horizon, context + horizon))
    for step in range(0, horizon, length):
        ahead = future[:, np.minimum(np.arange(step, step + length), horizon - 1)]
        _, inputs = model.seen(paths.past, length, ahead)
        now = slice(step, min(step + length, horizon))
        found = model.body.attention(inputs)[:, : now.stop - step]
        weights[:, now, step : step + context] = found
        paths = paths.fed(feedback(paths.emit(ahead), step)[:, :, : now.stop - step])
    return weights


def attention_frame(
    model: WindowedModel, state: StateBatch, store: StateStore, columns: Columns, future: NDArray
) -> pd.DataFrame:
    """The weights of `attention_along` as a long frame.

    Args:
        model: a network that attends.
        state: its own part of the states of the store.
        store: the series.
        columns: names of id and time.
        future: covariates of the steps to explain, `(num_series, horizon, num_covariates)`.

    Returns:
        A row for each step ahead and each step that it could attend to: id, time, `attended` (the
        time of the step looked at) and `weight`; the weights of a step ahead sum to 1.
    """
    horizon = future.shape[1]
    feedback = FeedBack(engine.bounds(store.state))
    weights = attention_along(model, state, horizon, feedback, future)
    context = model.view.context_length
    back = np.arange(1 - context, horizon + 1)
    begun = back > -state.clock[:, None]
    block = (np.arange(horizon) // model.block_length * model.block_length)[:, None]
    within = (back > block - context) & (back <= block)
    row, step, place = np.nonzero(begun[:, None] & within[None])
    return pd.DataFrame(
        {
            columns.id: store.ids[row],
            columns.time: _times(store, row, step + 1),
            ATTENDED: _times(store, row, back[place]),
            WEIGHT: weights[row, step, place],
        }
    )


def _times(store: StateStore, rows: NDArray, steps: NDArray) -> pd.Index:
    """Times of steps counted from the end of each series, which is step 0."""
    return store.frequency.shift(store.ends.take(rows), steps)
