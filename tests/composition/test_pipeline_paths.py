"""Sample paths of a pipeline lie around what really comes, through a curve too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc

NUM_SERIES, LENGTH, HORIZON, NUM_PATHS = 400, 160, 4, 100


def skewed() -> np.ndarray:
    """Exponentials of autoregressions, (num_series, length + horizon)."""
    noise = np.random.default_rng(1).normal(size=(NUM_SERIES, LENGTH + HORIZON)) * 0.5
    found = np.zeros(noise.shape)
    for step in range(1, noise.shape[1]):
        found[:, step] = 0.7 * found[:, step - 1] + noise[:, step]
    return np.exp(3.0 + found)


def test_paths_through_a_logarithm_are_not_biased():
    """The place of what came among the paths is uniform: 0.5 on average, 8 in 10 within 80 %."""
    values = skewed()
    times = pd.date_range("2024-01-01", periods=LENGTH)
    ids = [f"s{i:03}" for i in range(NUM_SERIES)]
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(ids, LENGTH),
            "ds": np.tile(times, NUM_SERIES),
            "y": values[:, :LENGTH].ravel(),
        }
    )
    fitted = fc.Pipeline([fc.Log1p(), fc.AR(lags=1)]).fit(frame, horizon=HORIZON)
    paths = fitted.sample(HORIZON, NUM_PATHS).sort_values(["unique_id", "path", "ds"])
    paths = paths["y"].to_numpy().reshape(NUM_SERIES, NUM_PATHS, HORIZON)
    place = (paths < values[:, None, LENGTH:]).mean(axis=1)
    assert abs(place.mean() - 0.5) < 0.05, place.mean()
    assert 0.72 < np.mean((place > 0.1) & (place < 0.9)) < 0.92


@pytest.mark.parametrize(
    ("steps", "point"),
    [
        ([fc.StandardScaler(), fc.Difference(), fc.STLDeseasonalizer(), fc.AR()], "mean"),
        ([fc.SeasonalDifference(), fc.FillGaps(), fc.MinMaxScaler(), fc.Naive()], "median"),
        ([fc.Log1p(), fc.AR()], "median"),
        ([fc.Difference(), fc.BoxCox(), fc.AR()], "median"),
    ],
)
def test_the_mean_of_a_curve_is_no_mean(steps, point):
    assert fc.Pipeline(steps).point == point


class Memo(fc.Transform):
    """Keeps a list in the object, against all advice."""

    def __init__(self, size: float = 2.0) -> None:
        self.size = size
        self.seen: list[int] = []

    def fit(self, panel, season_length):
        self.seen.append(panel.num_rows)
        return {}

    def forward(self, values, view):
        return values / self.size

    def inverse(self, values, view):
        return values * self.size


def test_a_clone_has_steps_of_its_own():
    """A backtest clones: nothing that a transform keeps gets from one fit into the next."""
    memo = Memo(3.0)
    pipeline = fc.Pipeline([memo, fc.Naive()])
    fc.cross_validation(pipeline, fc.load_dataset("sunspots").tail(60), horizon=3, n_windows=2)
    assert memo.seen == [] and pipeline.clone().steps[0].size == 3.0
    assert pipeline.clone().steps[0] is not memo and pipeline.without(0).steps[1] is not memo
