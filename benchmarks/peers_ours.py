"""A forecaster of this library; run by peers.py in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from catalogue import ALL_PANELS
from forecasters import made
from peers_labels import by_origin, labelled
from peers_measure import Predict, Task, report
from scores import joined

from forecast.forecaster import Forecaster
from forecast.store import StateStore

__all__ = ["OURS"]

OURS = ("SeasonalNaive", "Naive2", "Theta", "ETS", "AR", "PooledAR", "Combine", "ESN", "LSTM")


def prepared(task: Task) -> Callable[[pd.DataFrame], Predict]:
    """The forecaster with its defaults; only those that are trained have a limit of seconds."""
    forecaster = made(task.contender, ALL_PANELS[task.panel], task.seed, task.max_seconds)

    def fit(frame: pd.DataFrame) -> Predict:
        forecaster.fit(frame, horizon=task.horizon)
        ends = frame.groupby("unique_id", sort=False)["ds"].last().to_dict()

        def predict(histories: pd.DataFrame | None) -> tuple[pd.DataFrame, str]:
            if histories is None:
                made = forecaster.predict(horizon=task.horizon)
            else:
                made = from_origins(forecaster, ends, histories, task.horizon)
            return made.rename(columns={forecaster.name: "forecast"}), forecaster.choices_

        return predict

    return fit


def from_origins(
    forecaster: Forecaster, ends: Mapping[str, Any], histories: pd.DataFrame, horizon: int
) -> pd.DataFrame:
    """Forecasts from all origins: the state at each has taken in what came since the fit.

    Args:
        forecaster: fitted.
        ends: the last time that it has seen, by series.
        histories: of each origin, in their order.
        horizon: steps ahead.

    Raises:
        ValueError: if a history begins only after what was seen.
    """
    stores = []
    for origin, rows in by_origin(histories):
        if any(one["ds"].iloc[0] > ends[name] for name, one in rows.items()):
            raise ValueError("a history is too short: steps between it and the fit are missing.")
        newer = pd.concat(
            one[one["ds"] > ends[name]].assign(unique_id=name) for name, one in rows.items()
        )
        if len(newer):
            forecaster.update(newer)
        ends = {name: one["ds"].iloc[-1] for name, one in rows.items()}
        ids = np.array([labelled(name, origin) for name in forecaster.store_.ids], dtype=object)
        stores.append(replace(forecaster.store_, ids=ids))
    forecaster.store_ = stacked(stores)
    return forecaster.predict(horizon=horizon)


def stacked(stores: list[StateStore]) -> StateStore:
    """The states of several origins in one store: forecast at once, as the peers forecast."""
    ids = np.concatenate([store.ids for store in stores])
    ends = stores[0].ends.append([store.ends for store in stores[1:]])
    state = joined([store.state for store in stores])
    return StateStore(ids, ends, state, stores[0].frequency)


if __name__ == "__main__":
    report(dict.fromkeys(OURS, prepared))
