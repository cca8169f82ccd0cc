"""On random walks nothing beats the last value: a network must see the newest observation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc

NUM_SERIES, LENGTH, HORIZON = 200, 300, 12


@pytest.fixture(scope="module")
def walks() -> np.ndarray:
    steps = np.random.default_rng(7).standard_normal((NUM_SERIES, LENGTH))
    return np.cumsum(steps, axis=1)


@pytest.mark.long
def test_lstm_is_as_good_as_the_last_value_on_random_walks(walks: np.ndarray) -> None:
    known = LENGTH - HORIZON
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(NUM_SERIES), known),
            "ds": np.tile(np.arange(known), NUM_SERIES),
            "y": walks[:, :known].ravel(),
        }
    )
    training = fc.Training(num_steps=200)  # the plan of the default is ten times as long
    lstm = fc.LSTMForecaster(seed=0, training=training).fit(frame, horizon=HORIZON)
    forecasts = lstm.predict(HORIZON)["LSTM"].to_numpy().reshape(NUM_SERIES, HORIZON)
    future = walks[:, known:]
    own = ((future - forecasts) ** 2).mean(axis=0)
    optimum = ((future - walks[:, known - 1 : known]) ** 2).mean(axis=0)
    assert (own <= 1.10 * optimum).all(), own / optimum
