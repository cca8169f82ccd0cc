"""Real series for the benchmark of patterns: frames of many short series, with what is known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

__all__ = [
    "cash_machines",
    "pedestrian_days",
    "pedestrian_hours",
    "temperatures",
    "weather_weeks",
]

_MELBOURNE = "Australia/Melbourne"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def pedestrian_days(folder: Path) -> pd.DataFrame:
    """Hourly counts at four places in Melbourne, each full day a series of 24 steps.

    Beside `y`: `share`, the count over the mean of its day, and `place`, `weekday`, `month`.
    """
    frame = _pedestrians(folder)
    place, day = frame["unique_id"], frame["ds"].dt.normalize()
    frame = frame.assign(
        place=place,
        weekday=[_DAYS[number] for number in day.dt.day_of_week],
        month=day.dt.strftime("%b"),
        unique_id=place.str[:4] + day.dt.strftime(" %Y-%m-%d"),
    )
    of_day = frame.groupby("unique_id")["y"]
    full = of_day.transform("size") == 24  # without gaps, and no change of the clock
    return frame.assign(share=frame["y"] / of_day.transform("mean"))[full]


def pedestrian_hours(folder: Path, num_hours: int) -> pd.DataFrame:
    """The newest hours of the four places."""
    frame = pd.read_parquet(folder / "pedestrian" / "data.parquet").astype({"unique_id": object})
    return frame.groupby("unique_id", sort=False).tail(num_hours)


def weather_weeks(folder: Path) -> pd.DataFrame:
    """Temperature by the hour in Melbourne, each week a series, and the level of the load.

    `level` is the fifth of the state's electricity load that the hour belongs to, "1" (lowest) to
    "5"; the limits are those of all hours. The load itself is not shown: it is to be told from
    `y`, the temperature, and from `hour`, `weekday` and `holiday`.
    """
    frame = temperatures(folder)
    fifths = frame["y"].quantile([0.2, 0.4, 0.6, 0.8])
    return _whole_weeks(
        pd.DataFrame(
            {
                "unique_id": frame["local"].dt.strftime("%G week %V"),
                "ds": frame["ds"],
                "y": frame["temperature"],
                "hour": frame["local"].dt.strftime("%H h"),
                "weekday": [_DAYS[number] for number in frame["local"].dt.day_of_week],
                "holiday": frame["holiday"].map({True: "yes", False: "no"}),
                "level": (1 + fifths.searchsorted(frame["y"])).astype(str),
            }
        )
    )


def temperatures(folder: Path) -> pd.DataFrame:
    """Victoria by the hour, 2012 to 2014: load `y`, `temperature`, `holiday`, `local` time."""
    frame = pd.read_parquet(folder / "vic_elec" / "data.parquet")
    local = _local(frame["ds"])
    return frame.assign(local=local)[local.dt.minute == 0]


def cash_machines(folder: Path) -> pd.DataFrame:
    """Daily withdrawals from 111 machines (NN5), gaps repaired; without the test part."""
    frame = pd.read_parquet(
        folder / "nn5_daily" / "data.parquet", filters=[("split", "==", "train")]
    )
    frame = frame.astype({"unique_id": object})
    return frame.assign(y=frame["y_filled"])[["unique_id", "ds", "y"]]


def _pedestrians(folder: Path) -> pd.DataFrame:
    frame = pd.read_parquet(folder / "pedestrian" / "data.parquet").astype({"unique_id": object})
    return frame.assign(ds=_local(frame["ds"]))


def _local(times: pd.Series) -> pd.Series:
    """The clock on the wall, of times in UTC."""
    return times.dt.tz_localize("UTC").dt.tz_convert(_MELBOURNE).dt.tz_localize(None)


def _whole_weeks(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame.groupby("unique_id")["y"].transform("size") == 168]
