"""Sample paths of GluonTS' DeepAR; run by rollout.py in the peers' environment."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from rollout_measure import Task, report


def prepared(task: Task) -> Callable[[], object]:
    """DeepAR after a few batches; the call draws all paths of all series."""
    from gluonts.dataset.pandas import PandasDataset
    from gluonts.torch import DeepAREstimator

    values = task.values()
    times = pd.date_range("2020-01-01", periods=values.shape[1], freq="h")
    frames = {f"series {row}": pd.DataFrame({"target": line}, index=times).astype(np.float32)
              for row, line in enumerate(values)}  # fmt: skip
    data = PandasDataset(frames, target="target")
    with tempfile.TemporaryDirectory() as folder:  # it insists on storing its weights
        quiet = {"max_epochs": 1, "enable_progress_bar": False, "logger": False,
                 "enable_model_summary": False, "default_root_dir": folder}  # fmt: skip
        estimator = DeepAREstimator(
            freq="h", prediction_length=task.horizon, num_layers=2, hidden_size=40,
            num_parallel_samples=task.paths, num_batches_per_epoch=2, trainer_kwargs=quiet,
        )  # fmt: skip
        predictor = estimator.train(data)
    return lambda: list(predictor.predict(data))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    report(prepared)
