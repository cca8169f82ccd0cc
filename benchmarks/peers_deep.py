"""Recurrent networks of neuralforecast, darts and GluonTS; run by peers.py in their environment.

Each is trained for the number of steps that is its default, or until the budget of seconds is
spent, whichever comes first. What has no default is the same rule for all panels, in horizons.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from peers_measure import Predict, Task, report, shortest

# Horizons in an input. neuralforecast takes three by default, GluonTS one beside its lags; darts
# names no default, and wants a training length that is longer: here by a horizon.
NEURALFORECAST_INPUT, DARTS_INPUT = 3, 2


def quiet(task: Task) -> dict[str, Any]:
    """Arguments of Lightning's Trainer: the limit of seconds; nothing is printed or kept."""
    return {"accelerator": "cpu", "max_time": {"seconds": task.max_seconds}, "logger": False,
            "enable_progress_bar": False, "enable_model_summary": False}  # fmt: skip


def use(task: Task) -> None:
    """Threads, and the seed of what takes none."""
    import torch
    from lightning.pytorch import seed_everything

    torch.set_num_threads(task.cores)
    seed_everything(task.seed, verbose=False)


def neuralforecast(task: Task, name: str, column: str, **settings: Any):
    """A network of neuralforecast; the forecast is the median that it gives.

    Args:
        task: what to do.
        name: of the class.
        column: that holds the median.
        **settings: that differ from the defaults.
    """
    import neuralforecast
    from neuralforecast import models

    use(task)

    def fit(frame: pd.DataFrame) -> Predict:
        # It refuses series that are shorter than the input, or puts zeros before them.
        padded = shortest(frame) <= NEURALFORECAST_INPUT * task.horizon
        model = getattr(models, name)(
            h=task.horizon, random_seed=task.seed, start_padding_enabled=padded,
            enable_checkpointing=False, **quiet(task), **settings,
        )  # fmt: skip
        forecaster = neuralforecast.NeuralForecast([model], freq=task.freq)
        forecaster.fit(frame)
        steps = forecaster.models[0].train_trajectories[-1][0] + 1

        def predict(histories: pd.DataFrame | None) -> tuple[pd.DataFrame, str]:
            made = forecaster.predict(histories).rename(columns={column: "forecast"})
            told = [f"{key}={value}" for key, value in settings.items()]
            told += ["start_padding_enabled=True"] if padded else []
            words = f"input {NEURALFORECAST_INPUT * task.horizon} steps, "
            words += f"{', '.join(told) or 'defaults'}, "
            return made, words + f"{steps} of {model.max_steps} training steps"

        return predict

    return fit


def neuralforecast_lstm(task: Task) -> Callable[[pd.DataFrame], Predict]:
    """Its defaults: absolute errors, robust scaling of each window."""
    return neuralforecast(task, "LSTM", "LSTM")


def neuralforecast_deepar(task: Task) -> Callable[[pd.DataFrame], Predict]:
    """Its defaults, but scaled windows as its example has them, and batches as its LSTM has them.

    1,024 windows a step, its default, leave some 30 steps in a minute on two cores.
    """
    settings = {"scaler_type": "standard", "windows_batch_size": 128}
    return neuralforecast(task, "DeepAR", "DeepAR-median", **settings)


def darts_rnn(task: Task) -> Callable[[pd.DataFrame], Predict]:
    """An LSTM with its defaults on series that are scaled one by one, as its examples do."""
    from darts import TimeSeries
    from darts.dataprocessing.transformers import Scaler
    from darts.models import RNNModel

    use(task)

    def scaled(frame: pd.DataFrame) -> tuple[Scaler, list[TimeSeries]]:
        series = [
            TimeSeries.from_times_and_values(
                pd.DatetimeIndex(group["ds"]), group["y"].to_numpy(np.float32), freq=task.freq
            )
            for _, group in frame.groupby("unique_id", sort=False)
        ]
        scaler = Scaler()
        return scaler, scaler.fit_transform(series)

    def fit(frame: pd.DataFrame) -> Predict:
        scaler, series = scaled(frame)
        context = min(DARTS_INPUT * task.horizon, shortest(frame))
        length = context + task.horizon
        model = RNNModel(
            context, model="LSTM", training_length=length, random_state=task.seed,
            pl_trainer_kwargs={**quiet(task), "enable_checkpointing": False},
        )  # fmt: skip
        model.fit([one for one in series if len(one) > length])
        steps = model.trainer.global_step  # forecasting takes another trainer

        def predict(histories: pd.DataFrame | None) -> tuple[pd.DataFrame, str]:
            names = (frame if histories is None else histories)["unique_id"].unique()
            back, past = (scaler, series) if histories is None else scaled(histories)
            made = back.inverse_transform(model.predict(task.horizon, past, verbose=False))
            frames = [
                pd.DataFrame({
                    "unique_id": name, "ds": one.time_index, "forecast": one.values()[:, 0]
                })
                for name, one in zip(names, made, strict=True)
            ]  # fmt: skip
            words = f"input {context} steps, training length {length}, else defaults, "
            words += f"{steps} training steps"
            return pd.concat(frames), words

        return predict

    return fit


def gluonts_deepar(task: Task) -> Callable[[pd.DataFrame], Predict]:
    """Its defaults; the forecast is the median of its sample paths."""
    from gluonts.dataset.common import ListDataset
    from gluonts.torch import DeepAREstimator

    use(task)
    freq = {"MS": "M", "QS": "Q"}.get(task.freq, task.freq)  # periods, not their first days

    def listed(frame: pd.DataFrame) -> ListDataset:
        # A frame would be read again for every batch.
        entries = [
            {"start": pd.Period(group["ds"].iloc[0], freq), "target": group["y"].to_numpy()}
            for _, group in frame.groupby("unique_id", sort=False)
        ]
        return ListDataset(entries, freq)

    def fit(frame: pd.DataFrame) -> Predict:
        with tempfile.TemporaryDirectory() as folder:  # it insists on storing its weights
            estimator = DeepAREstimator(
                freq=freq, prediction_length=task.horizon,
                trainer_kwargs={"max_epochs": 100, "default_root_dir": folder, **quiet(task)},
            )  # fmt: skip
            output = estimator.train_model(listed(frame))
        steps = output.trainer.global_step

        def predict(histories: pd.DataFrame | None) -> tuple[pd.DataFrame, str]:
            past = frame if histories is None else histories
            ends = past.groupby("unique_id", sort=False)["ds"].last()
            made = output.predictor.predict(listed(past))
            parts = []
            for (name, end), found in zip(ends.items(), made, strict=True):
                times = pd.date_range(end, periods=task.horizon + 1, freq=task.freq)[1:]
                parts.append(
                    pd.DataFrame({
                        "unique_id": name, "ds": times, "forecast": found.quantile(0.5)
                    })
                )  # fmt: skip
            return pd.concat(parts), f"defaults, {steps} of 5000 training steps"

        return predict

    return fit


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    report({
        "neuralforecast LSTM": neuralforecast_lstm,
        "neuralforecast DeepAR": neuralforecast_deepar,
        "darts RNNModel (LSTM)": darts_rnn,
        "GluonTS DeepAR": gluonts_deepar,
    })  # fmt: skip
