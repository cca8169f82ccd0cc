"""Objects from outside for tests: they know nothing of this library."""

from __future__ import annotations

import numpy as np
import pandas as pd


class Last:
    """The last value of each series, as an array; keeps what it was given."""

    def __init__(self, alias: str | None = None) -> None:
        self.alias = alias

    def fit(self, df: pd.DataFrame) -> Last:
        self.given = df
        self.last = df.ffill().groupby("unique_id", sort=False)["y"].last()
        return self

    def predict(self, horizon: int) -> np.ndarray:
        return np.repeat(self.last.to_numpy()[:, None], horizon, axis=1)


class Moving(Last):
    """The same, fitted once and moved on."""

    closed_form = False

    def update(self, df: pd.DataFrame) -> None:
        newer = df.groupby("unique_id", sort=False)["y"].last()
        self.last.update(newer)
        self.last = pd.concat([self.last, newer[~newer.index.isin(self.last.index)]])


class Framed(Last):
    """The last value as a frame with intervals, rows in any order; `change` spoils it."""

    def __init__(self, change=lambda frame: frame) -> None:
        super().__init__("Framed")
        self.change = change

    def predict(self, horizon: int, level: list | None = None) -> pd.DataFrame:
        parts = []
        for name, rows in self.given.groupby("unique_id", sort=False):
            step = rows["ds"].iloc[-1] - rows["ds"].iloc[-2]
            times = [rows["ds"].iloc[-1] + step * (1 + ahead) for ahead in range(horizon)]
            parts.append(pd.DataFrame({"unique_id": name, "ds": times, "Framed": self.last[name]}))
        frame = pd.concat(parts, ignore_index=True)
        for number in level or ():
            frame[f"Framed-lo-{number:g}"] = frame["Framed"] - number
            frame[f"Framed-hi-{number:g}"] = frame["Framed"] + number
        return self.change(frame.sample(frac=1.0, random_state=1))
