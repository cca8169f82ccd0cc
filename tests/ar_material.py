"""Simulated autoregressions and what becomes of them: panels, frames, plain rollouts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.baselines.autoregression.model import ARModel
from forecast.baselines.autoregression.parameters import STATISTICS, ARForm, ARParameters
from forecast.pipelines import CovariateTable, Frequency, Panel
from forecast.protocol import StateBatch


def simulated(coefficients, length, seed=0, mean=0.0, sigma=1.0):
    """A Gaussian autoregression, its first 200 steps thrown away."""
    rng = np.random.default_rng(seed)
    order = len(coefficients)
    values = np.zeros(length + 200)
    for step in range(order, len(values)):
        past = values[step - order : step][::-1]
        values[step] = past @ coefficients + sigma * rng.normal()
    return values[200:] + mean


def with_gaps(values, share, seed=0, known=3):
    """The values with a share of them missing, never the first or the last `known`."""
    gone = np.random.default_rng(seed).random(len(values)) < share
    gone[:known] = gone[-known:] = False
    return np.where(gone, np.nan, values)


def frame_of(*series, step="D"):
    return pd.concat(
        [
            pd.DataFrame({
                "unique_id": f"s{i}", "ds": pd.date_range("2024", periods=len(y), freq=step), "y": y
            })
            for i, y in enumerate(series)
        ],
        ignore_index=True,
    )  # fmt: skip


def panel_of(*series, covariates=None) -> Panel:
    offsets = np.concatenate([[0], np.cumsum([len(y) for y in series])])
    ids = np.array([f"s{i}" for i in range(len(series))], dtype=object)
    starts = pd.Index(np.zeros(len(series), dtype=np.int64))
    known = np.empty((offsets[-1], 0)) if covariates is None else np.concatenate(covariates)
    return Panel(ids, np.concatenate(series), offsets, starts, Frequency(1), CovariateTable(known))


def known_model(coefficients, constant=0.0, variance=1.0, num_series=1, num_slots=32) -> ARModel:
    """A model with given numbers; centres at the process' mean."""
    lags = np.arange(1, len(coefficients) + 1)
    numbers = np.repeat(np.asarray(coefficients, dtype=float)[None], num_series, axis=0)
    constants = np.full((num_series, 1), constant)
    centres = constants[:, 0] / (1 - numbers.sum(axis=1))
    parameters = ARParameters(
        lags, numbers, constants, np.zeros((num_series, 0)), np.full(num_series, variance),
        centres, np.zeros((num_series, len(STATISTICS))),
    )  # fmt: skip
    return ARModel(ARForm("c", 1, False, min(num_slots, len(lags))), parameters)


def after(model: ARModel, panel: Panel) -> tuple[StateBatch, NDArray]:
    """State and one-step forecasts of a whole panel."""
    state = engine.begin(model, np.arange(panel.num_series))
    return engine.absorb(model, state, panel.block(0, panel.lengths))


def model_state(state: StateBatch) -> StateBatch:
    return state.select("model.")


class Unbounded:
    """Feeds a model its own output as it is."""

    num_paths = 1

    def __call__(self, emitted, step):
        return emitted


def free_rollout(model: ARModel, state: StateBatch, horizon: int, future=None) -> NDArray:
    future = np.zeros((state.num_rows, horizon, 0)) if future is None else future
    return model.rollout(model_state(state), horizon, Unbounded(), future)[:, 0]
