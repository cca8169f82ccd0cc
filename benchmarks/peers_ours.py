"""A forecaster of this library; run by peers.py in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from catalogue import ALL_PANELS
from forecasters import made
from peers_labels import at_origin, by_origin
from peers_measure import Predict, Task, report

from forecast.forecaster import Forecaster

__all__ = ["OURS"]

OURS = ("SeasonalNaive", "Naive2", "Theta", "ETS", "AR", "PooledAR", "Combine", "ESN", "LSTM")


def prepared(task: Task) -> Callable[[pd.DataFrame], Predict]:
    """The forecaster with its defaults; only those that are trained have a limit of seconds."""
    forecaster = made(task.contender, ALL_PANELS[task.panel], task.seed, task.max_seconds)

    def fit(frame: pd.DataFrame) -> Predict:
        forecaster.fit(frame, horizon=task.horizon)
        ends = frame.groupby("unique_id", sort=False)["ds"].max()

        def predict(histories: pd.DataFrame | None) -> tuple[pd.DataFrame, str]:
            if histories is None:
                made = forecaster.predict(horizon=task.horizon)
            else:
                made = from_origins(forecaster, ends, histories, task.horizon)
            return made.rename(columns={forecaster.name: "forecast"}), forecaster.choices_

        return predict

    return fit


def from_origins(
    forecaster: Forecaster, ends: pd.Series, histories: pd.DataFrame, horizon: int
) -> pd.DataFrame:
    """Forecasts from each origin: the state takes in what came since, nothing is refitted.

    Args:
        forecaster: fitted.
        ends: the last time that it has seen, by series.
        histories: of each origin, in their order.
        horizon: steps ahead.

    Raises:
        ValueError: if a history begins only after what was seen.
    """
    found = []
    for origin, rows in by_origin(histories):
        groups = rows.groupby("unique_id", sort=False)["ds"]
        if (groups.min() > ends).any():
            raise ValueError("a history is too short: steps between it and the fit are missing.")
        newer = rows[rows["ds"] > rows["unique_id"].map(ends)]
        if len(newer):
            forecaster.update(newer)
        ends = groups.max()
        found.append(at_origin(forecaster.predict(horizon=horizon), origin))
    return pd.concat(found, ignore_index=True)


if __name__ == "__main__":
    report(dict.fromkeys(OURS, prepared))
