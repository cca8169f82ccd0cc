"""Windows of neuralforecast and darts; run by windows.py in the peers' environment."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from windows_measure import Task, report


def neuralforecast_windows(values: NDArray, task: Task, series_a_step: int) -> Iterator[int]:
    """What a training step of neuralforecast does until its model is called."""
    import torch
    from neuralforecast.models import MLP
    from neuralforecast.tsdataset import TimeSeriesDataset, TimeSeriesLoader

    torch.set_num_threads(1)  # its fastest: the pieces are small
    model = MLP(h=task.horizon, input_size=task.context, max_steps=1,
                windows_batch_size=task.batch)  # fmt: skip
    count, steps = values.shape
    known = np.column_stack([values.reshape(-1), np.ones(values.size)]).astype(np.float32)
    offsets = (np.arange(count + 1) * steps).astype(np.int32)
    data = TimeSeriesDataset(known, pd.Index(["y", "available_mask"]), offsets, y_idx=0)
    while True:  # an epoch of its loader takes one batch of windows from each series
        for batch in TimeSeriesLoader(data, batch_size=series_a_step, shuffle=True):
            parts = model._create_windows(batch, step="train")
            windows, static, static_cols, found, weights, names = parts
            chosen = torch.randperm(len(found))[: task.batch]
            drawn = model._sample_windows(
                windows, static, static_cols, names, chosen, found, sample_weight=weights
            )
            yield len(model._parse_windows(batch, drawn)[0])


def darts_windows(values: NDArray, task: Task, num_workers: int) -> Iterator[int]:
    """The data set of darts' torch models through the loader that they make."""
    from darts import TimeSeries
    from darts.utils.data.torch_datasets.training_dataset import SequentialTorchTrainingDataset
    from darts.utils.data.torch_datasets.utils import _batch_collate_fn_train
    from torch.utils.data import DataLoader

    series = [TimeSeries.from_values(row) for row in values.astype(np.float32)]
    data = SequentialTorchTrainingDataset(
        series, input_chunk_length=task.context, output_chunk_length=task.horizon
    )
    loader = DataLoader(
        data, task.batch, shuffle=task.shuffled, num_workers=num_workers,
        collate_fn=_batch_collate_fn_train,
    )  # fmt: skip
    for batch in loader:
        yield len(batch.past_target)


def neuralforecast_preparation(frame: pd.DataFrame) -> object:
    """The frame as neuralforecast's fit prepares it; nothing is done but by its own code."""
    from neuralforecast import NeuralForecast
    from neuralforecast.models import MLP

    forecaster = NeuralForecast([MLP(h=1, input_size=1, max_steps=1)], freq="h")
    return forecaster._prepare_fit(frame, None, "unique_id", "ds", "y")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    report(
        {
            "neuralforecast, 1 series a step":
                lambda values, task: neuralforecast_windows(values, task, 1),
            "neuralforecast, 32 series a step":
                lambda values, task: neuralforecast_windows(values, task, 32),
            "darts, no workers": lambda values, task: darts_windows(values, task, 0),
            "darts, 2 workers": lambda values, task: darts_windows(values, task, 2),
        },
        {"neuralforecast": neuralforecast_preparation},
    )  # fmt: skip
