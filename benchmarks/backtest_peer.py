"""darts' backtest of a recurrent network; run by backtest.py in the peers' environment."""

from __future__ import annotations

import logging
import warnings

import numpy as np
from backtest_measure import Backtest, Task, report

# darts names no default; its examples take two days of hours.
INPUT_CHUNK, TRAINING_LENGTH = 48, 72


def fitted(task: Task):
    """The network after a few batches, and the series as darts holds them."""
    import pandas as pd
    import torch
    from darts import TimeSeries
    from darts.models import RNNModel

    torch.set_num_threads(2)
    values = task.loaded().astype(np.float32)
    times = pd.date_range("2020-01-01", periods=values.shape[1], freq="h")
    series = [TimeSeries.from_times_and_values(times, row) for row in values]
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False,
             "enable_checkpointing": False, "accelerator": "cpu"}  # fmt: skip
    model = RNNModel(
        INPUT_CHUNK, model="LSTM", hidden_dim=task.units, n_rnn_layers=task.layers,
        training_length=TRAINING_LENGTH, n_epochs=1, random_state=task.seed,
        pl_trainer_kwargs={**quiet, "limit_train_batches": task.training_steps},
    )  # fmt: skip
    first = task.first_origin(values.shape[1])
    model.fit([one[:first] for one in series[:32]])
    return model, series, first


def historical(task: Task) -> tuple[Backtest, Backtest]:
    """`historical_forecasts(retrain=False)`."""
    model, series, first = fitted(task)

    def run(some: list) -> int:
        found = model.historical_forecasts(
            some, start=first, start_format="position", forecast_horizon=task.horizon,
            stride=task.stride, retrain=False, last_points_only=False, verbose=False,
        )  # fmt: skip
        return sum(len(one) for each in found for one in each)

    return lambda: run([series[0][: first + task.horizon]]), lambda: run(series)


def batched(task: Task) -> tuple[Backtest, Backtest]:
    """`predict` of all pieces before the origins in one call, which a user can cut by hand."""
    model, series, first = fitted(task)

    def run(some: list) -> int:
        ends = [first + number * task.stride for number in range(task.windows)]
        pieces = [one[end - INPUT_CHUNK : end] for one in some for end in ends]
        found = model.predict(task.horizon, pieces, batch_size=1024, verbose=False)
        return sum(len(one) for one in found)

    return lambda: run(series[:1]), lambda: run(series)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    report({"darts, historical_forecasts": historical, "darts, pieces cut by hand": batched})
