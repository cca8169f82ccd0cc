"""Small panels, linear highways and bodies with random weights for the tests of the networks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.baselines.pooled.features import Features
from forecast.baselines.power import Power
from forecast.baselines.window import Past
from forecast.heads import Absolute, Head
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body, ReadBody
from forecast.models.highway_model import HighwayModel
from forecast.models.inputs import input_width
from forecast.models.network import NetworkModel
from forecast.pipelines import Block, Frequency, Panel
from forecast.protocol import StateBatch

ABSOLUTE = Absolute()
TRAINED = ("SimpleRNN", "LSTM", "GRU")
LAYERS = (*TRAINED, "EchoState")


def panel_of(series: list[NDArray]) -> Panel:
    """A panel of series with integer time."""
    ids = np.array([f"series {index}" for index in range(len(series))], dtype=object)
    offsets = np.cumsum([0, *map(len, series)]).astype(np.int64)
    starts = pd.Index(np.zeros(len(series), dtype=np.int64))
    return Panel(ids, np.concatenate(series).astype(float), offsets, starts, Frequency(1))


def frame_of(values: NDArray) -> pd.DataFrame:
    """A long frame of equally long series, `(num_series, num_steps)`."""
    num_series, num_steps = values.shape
    return pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(num_series), num_steps),
            "ds": np.tile(np.arange(num_steps), num_series),
            "y": values.ravel(),
        }
    )


def seasonal_values(num_series: int, num_steps: int, seed: int, season: int = 4) -> NDArray:
    """Series of different levels and sizes with a season and noise, some below zero."""
    rng = np.random.default_rng(seed)
    level = rng.normal(0.0, 20.0, (num_series, 1))
    size = rng.uniform(0.5, 5.0, (num_series, 1))
    wave = np.sin(2 * np.pi * np.arange(num_steps) / season)
    return level + size * (wave + 0.5 * rng.standard_normal((num_series, num_steps)))


def highway_of(
    num_lags: int = 5,
    seasons: tuple[int, ...] = (3, 4),
    window_length: int = 20,
    logarithm: bool = False,
    num_series: int = 0,
    seed: int = 0,
    block_length: int = 1,
) -> HighwayModel:
    """A linear forecaster with random coefficients, damped so that it does not explode."""
    features = Features(
        lags=tuple(range(1, num_lags + 1)),
        span=num_lags,
        seasons=seasons,
        scale="none" if logarithm else "window",
        level_means=True,
        season_means=True,
        window_length=window_length,
    )
    rng = np.random.default_rng(seed)
    shape = (1 + num_series, block_length, features.num_columns)
    power = Power(0.0 if logarithm else 1.0)
    return HighwayModel(features, rng.normal(0.02, 0.1, shape), power)


def body_of(
    layer: str, num_features: int, units: int = 5, num_layers: int = 2, seed: int = 0,
    num_outputs: int = 1,
) -> Body:  # fmt: skip
    """A body with random weights everywhere, biases and the readout too."""
    form = Blueprint(layer, units, num_layers, num_features, seed, num_outputs=num_outputs)
    body = Body(form)
    rng = np.random.default_rng(seed + 1)
    return body.with_weights([rng.normal(0.03, 0.4, weight.shape) for weight in body.weights])


def network_of(
    highway: HighwayModel, layer: str = "LSTM", head: Head = ABSOLUTE, **options: int
) -> NetworkModel:
    """A network with random weights; the reservoir with a random linear map."""
    width, outputs = input_width(highway), head.num_outputs * highway.block_length
    body: Body | ReadBody = body_of(layer, width, num_outputs=outputs, **options)
    if isinstance(body, Body) and not body.blueprint.has_readout:
        units = body.blueprint.units
        coefficients = np.random.default_rng(3).normal(0.05, 0.1, units + width + 1)
        body = ReadBody(body, coefficients)
    return NetworkModel(highway, body, head)


def shrunk_network(highway: HighwayModel, num_series: int) -> NetworkModel:
    """A network with random weights whose readout is another one for each fitted series."""
    width = input_width(highway)
    layers = body_of("GRU", width).without_readout
    rng = np.random.default_rng(4)
    coefficients = rng.normal(0.05, 0.1, 5 + width + 1)
    departures = rng.normal(0.0, 0.1, (num_series, len(coefficients)))
    return NetworkModel(highway, ReadBody(layers, coefficients, departures=departures))


def past_of(values: list[float] | NDArray, window_length: int, series: int = -1) -> Past:
    """The past of one row after `values`, all known, put together by hand."""
    values = np.asarray(values, dtype=float)
    window = np.full(window_length, np.nan)
    newest = values[-window_length:]
    if len(newest):
        window[-len(newest) :] = newest
    return Past(
        window[None],
        np.array([values.sum()]),
        np.array([np.abs(values).sum()]),
        np.array([len(values)]),
        np.array([values[0] if len(values) else np.nan]),
        np.array([series]),
    )


def block_of(values: NDArray, lengths: NDArray | list[int] | None = None) -> Block:
    """A block; NaN is a step without a value, steps beyond `lengths` are padding."""
    lengths = np.full(len(values), values.shape[1]) if lengths is None else np.asarray(lengths)
    valid = np.arange(values.shape[1]) < lengths[:, None]
    observed = valid & ~np.isnan(values)
    return Block(np.where(observed, values, 0.0), observed, valid)


def no_future(state: StateBatch, horizon: int) -> NDArray:
    """Covariates of no column for a rollout."""
    return np.empty((state.num_rows, horizon, 0))
