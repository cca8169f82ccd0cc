"""Real series that statsmodels ships, as long frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

_SOURCE = "statsmodels.datasets."


@dataclass(frozen=True)
class DatasetInfo:
    """What a bundled data set is.

    Args:
        description: one sentence on the series.
        freq: pandas alias or integer step.
        season_length: steps of a year or cycle, 1 if there is none.
        source: where the series come from.
    """

    description: str
    freq: str | int
    season_length: int
    source: str


_INFOS = {
    "co2": DatasetInfo(
        "Atmospheric CO2 at Mauna Loa, weekly 1958-2001, in ppm, with 59 missing weeks.",
        "W-SAT", 52, _SOURCE + "co2"),
    "sunspots": DatasetInfo(
        "Sunspot activity, yearly 1700-2008, integer time.", 1, 1, _SOURCE + "sunspots"),
    "elnino": DatasetInfo(
        "Sea surface temperature of the El Nino region, monthly 1950-2010, in degrees Celsius.",
        "MS", 12, _SOURCE + "elnino"),
    "macrodata": DatasetInfo(
        "Twelve series of the United States economy, quarterly 1959-2009.",
        "QS-JAN", 4, _SOURCE + "macrodata"),
    "panel": DatasetInfo(
        "The twelve quarterly series of macrodata, cut on purpose to unequal lengths of 40 to 203 "
        "quarters (most start late, every third ends early): a ragged panel.",
        "QS-JAN", 4, _SOURCE + "macrodata"),
}  # fmt: skip


def datasets() -> dict[str, DatasetInfo]:
    """The data sets that `load_dataset` knows, by name.

    Example:
        >>> datasets()["co2"].season_length
        52
    """
    return dict(_INFOS)


def load_dataset(name: str) -> pd.DataFrame:
    """A bundled data set as a long frame with the columns unique_id, ds, y.

    Args:
        name: one of the names in `datasets`.

    Returns:
        pandas DataFrame, sorted by series and time; a missing value is NaN.

    Raises:
        ValueError: if the name is unknown.

    Example:
        >>> load_dataset("sunspots").shape
        (309, 3)
    """
    if name not in _LOADERS:
        raise ValueError(f"unknown data set {name!r}; there are {', '.join(map(repr, _LOADERS))}.")
    return _LOADERS[name]()


def _long(name: str, times: pd.Index, values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {"unique_id": name, "ds": np.asarray(times), "y": np.asarray(values, dtype=np.float64)}
    )


def _co2() -> pd.DataFrame:
    from statsmodels.datasets import co2

    data = co2.load_pandas().data
    return _long("co2", data.index, data["co2"].to_numpy())


def _sunspots() -> pd.DataFrame:
    from statsmodels.datasets import sunspots

    data = sunspots.load_pandas().data
    return _long("sunspots", data["YEAR"].astype("int64"), data["SUNACTIVITY"].to_numpy())


def _elnino() -> pd.DataFrame:
    from statsmodels.datasets import elnino

    data = elnino.load_pandas().data
    times = pd.date_range(f"{int(data['YEAR'].iloc[0])}-01", periods=12 * len(data), freq="MS")
    return _long("elnino", times, data.drop(columns="YEAR").to_numpy().reshape(-1))


def _macrodata() -> pd.DataFrame:
    from statsmodels.datasets import macrodata

    data = macrodata.load_pandas().data
    times = pd.date_range(f"{int(data['year'].iloc[0])}-01", periods=len(data), freq="QS-JAN")
    names = data.columns.drop(["year", "quarter"])
    parts = [_long(str(name), times, data[name].to_numpy()) for name in names]
    return pd.concat(parts, ignore_index=True)


def _panel() -> pd.DataFrame:
    """Lengths fall from all quarters to 40; every third series ends some quarters early."""
    data = _macrodata()
    names = data["unique_id"].unique()
    parts = []
    for i, (name, length) in enumerate(zip(names, np.linspace(1, 0, len(names)), strict=True)):
        series = data[data["unique_id"] == name]
        keep = 40 + round(length * (len(series) - 40))
        stop = len(series) - (4 * i if i % 3 == 2 else 0)
        parts.append(series.iloc[max(0, stop - keep) : stop])
    return pd.concat(parts, ignore_index=True)


_LOADERS: dict[str, Callable[[], pd.DataFrame]] = {
    "co2": _co2,
    "sunspots": _sunspots,
    "elnino": _elnino,
    "macrodata": _macrodata,
    "panel": _panel,
}
