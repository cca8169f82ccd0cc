"""Fitted forecasters whose dynamics are known, as small as can be."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import forecast as fc
from forecast.models.network import NetworkModel

ALONE = fc.NetworkDesign(linear="highway")
TRAINING = fc.Training(num_steps=1, num_checks=1)


def autoregressive(coefficients: list[float], num_steps: int, seed: int, mean: float = 9.0):
    """A series of a known autoregression with noise, `(num_steps,)`."""
    rng, values = np.random.default_rng(seed), [0.0] * len(coefficients)
    for _ in range(num_steps + 50):
        past = values[-len(coefficients) :][::-1]
        values.append(float(np.dot(coefficients, past)) + rng.standard_normal())
    return mean + np.array(values[-num_steps:])


@cache
def frame(num_steps: int = 120) -> pd.DataFrame:
    """Two monthly series of different size and length."""
    parts = [
        ("one", autoregressive([0.6, -0.3], num_steps, seed=1)),
        ("other", 40.0 + 7.0 * autoregressive([0.3, 0.4], num_steps - 17, seed=2)),
    ]
    return pd.concat(
        [
            pd.DataFrame({
                "unique_id": name, "ds": pd.date_range("2010-01-01", periods=len(y), freq="MS"),
                "y": y,
            })
            for name, y in parts
        ],
        ignore_index=True,
    )  # fmt: skip


@cache
def fitted(cls: Any, **options: Any) -> Any:
    """A small network on the frame, nearly untrained."""
    usual = {"units": 4, "num_layers": 1, "season_length": 1, "training": TRAINING}
    return cls(**(usual | options)).fit(frame(), horizon=3)


def with_weights(forecaster: Any, weights: list[NDArray]) -> Any:
    """The same fit with other weights of its layers, the readout as it is."""
    copied, fit = copy(forecaster), forecaster.fitted_
    body = fit.model.body.with_weights([*weights, *fit.model.body.weights[len(weights) :]])
    model = NetworkModel(fit.model.highway, body, fit.model.head)
    copied.fitted_ = replace(fit, estimate=replace(fit.estimate, model=model))
    return copied
