"""The public panels of the accuracy benchmark: files, official splits, measures, targets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["PANELS", "Panel", "Parts", "read"]

_COLUMNS = ["unique_id", "ds", "y"]
_REPAIRED = "repaired series (y_filled) as history and as truth, like the published scores"
_ETT = (
    "standardised with the mean and standard deviation of the 12 training months; fitted on these "
    "once, the 4 validation months absorbed as history; all windows of the 4 test months, stride 1"
)
_BIRTHS = "24 origins 30 days apart, the last one is the official split; fitted before the first"
_OWN_NAIVE2 = (
    "OWA against our own Naive2 on these series; the organisers publish theirs for the whole M4 "
    "set, of which this is a sample"
)


@dataclass(frozen=True)
class Panel:
    """A public data set with its official split and its score.

    Args:
        file: place below the data folder.
        horizon: steps ahead.
        season: season of the MASE and of Naive2, by the rules of the benchmark; the models find
            their own.
        measure: score that counts, "OWA", "MASE" or "MSE".
        target: score to reach; None where it is only reported.
        freq: frequency of the steps of a file that merely counts them.
        column: column of the values.
        naive2: published sMAPE and MASE of the organisers' Naive2 on the test part.
        num_windows: origins of the test part; None takes all that the source's split allows.
        stride: steps between two origins.
        standardise: give every series mean 0 and deviation 1 over its training part.
        note: how the score is made, where that is not obvious.
    """

    file: str
    horizon: int
    season: int
    measure: str
    target: float | None
    freq: str | None = None
    column: str = "y"
    naive2: tuple[float, float] | None = None
    num_windows: int | None = 1
    stride: int = 1
    standardise: bool = False
    note: str = ""

    @property
    def num_held(self) -> int | None:
        """Steps of each series that are scored; None where the source says so."""
        windows = self.num_windows
        return None if windows is None else self.horizon + (windows - 1) * self.stride


def _etth1(horizon: int, target: float) -> Panel:
    return Panel(
        "ett/ETTh1.parquet", horizon, 24, "MSE", target,
        num_windows=None, standardise=True, note=_ETT,
    )  # fmt: skip


PANELS = {
    "m4_hourly": Panel(
        "m4/hourly.parquet", 48, 24, "OWA", 0.46, freq="h", naive2=(18.383, 2.395)
    ),
    "m4_weekly": Panel("m4/weekly.parquet", 13, 1, "OWA", 0.72, freq="W", naive2=(9.161, 2.777)),
    "tourism_monthly": Panel("tourism/monthly.parquet", 24, 12, "MASE", 1.38, freq="MS"),
    "tourism_quarterly": Panel("tourism/quarterly.parquet", 8, 4, "MASE", 1.45, freq="QS"),
    "hospital": Panel("hospital/data.parquet", 12, 12, "MASE", 0.755),
    "nn5_daily": Panel(
        "nn5_daily/data.parquet", 56, 7, "MASE", 0.87, column="y_filled", note=_REPAIRED
    ),
    "m4_monthly_200": Panel(
        "m4_samples/monthly_200.parquet", 18, 12, "OWA", 0.865, freq="MS", note=_OWN_NAIVE2
    ),
    "m4_daily_72": Panel(
        "m4_samples/daily_72.parquet", 14, 1, "OWA", 1.00, freq="D", note=_OWN_NAIVE2
    ),
    "etth1_96": _etth1(96, 0.370),
    "etth1_192": _etth1(192, 0.403),
    "etth1_336": _etth1(336, 0.428),
    "etth1_720": _etth1(720, 0.434),
    "us_births": Panel(
        "us_births/data.parquet", 30, 7, "MASE", None, num_windows=24, stride=30, note=_BIRTHS
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Parts:
    """The rows of a panel, each a long frame: `unique_id`, `ds`, `y`.

    Args:
        train: what is learned from.
        between: what follows, seen before the first origin but not learned from; often empty.
        held: what is scored.
    """

    train: pd.DataFrame
    between: pd.DataFrame
    held: pd.DataFrame

    @property
    def known(self) -> pd.DataFrame:
        """All rows before the first origin."""
        return pd.concat([self.train, self.between], ignore_index=True)


def read(panel: Panel, folder: Path, part: str = "test") -> Parts:
    """Read the rows of a panel.

    Args:
        panel: the data set.
        folder: where the data are.
        part: "test", or "validation": what lies before the test part is split in the same way,
            and rows of the test part are not read from the file.

    Raises:
        FileNotFoundError: if the file is not there.
        ValueError: for another part, or a file that is not split as the benchmark says.
    """
    if part not in ("test", "validation"):
        raise ValueError(f"part must be 'test' or 'validation'; got {part!r}.")
    frame = _load(panel, folder, part)
    if panel.num_held is None:
        parts = _split_of_source(frame, part)
    else:
        parts = _split_at_the_end(frame, panel, part)
    return _standardised(parts) if panel.standardise else parts


def _load(panel: Panel, folder: Path, part: str) -> pd.DataFrame:
    """The rows of a part and of all before it, in order, with a time stamp on every step."""
    path = folder / panel.file
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; give the folder of the data with --data.")
    hidden = ["unused"] if part == "test" else ["unused", "test"]
    frame = pd.read_parquet(path, filters=[("split", "not in", hidden)])
    frame["y"] = frame[panel.column]
    frame = frame[[*_COLUMNS, "split"]].astype({"unique_id": object, "split": object})
    if panel.freq is not None:
        step = frame.groupby("unique_id", sort=False).cumcount().to_numpy()
        frame["ds"] = pd.date_range("2000-01-01", periods=step.max() + 1, freq=panel.freq)[step]
    return frame


def _split_of_source(frame: pd.DataFrame, part: str) -> Parts:
    """Three parts that the source names; validation is scored before anything is between."""
    train, val, test = (frame.loc[frame["split"] == name, _COLUMNS] for name in
                        ("train", "val", "test"))  # fmt: skip
    return Parts(train, val, test) if part == "test" else Parts(train, val.iloc[:0], val)


def _split_at_the_end(frame: pd.DataFrame, panel: Panel, part: str) -> Parts:
    """The last steps of every series are held out, the same number of each."""
    held_steps = panel.num_held
    if part == "test":
        _check_split(frame, panel)
    else:
        # Origins of the test part may lie before the steps that the file calls test.
        frame = frame[_steps_to_end(frame) >= held_steps - panel.horizon]
    held = _steps_to_end(frame) < held_steps
    short = set(frame["unique_id"]) - set(frame.loc[~held, "unique_id"])
    if short:
        raise ValueError(
            f"{len(short)} series of {panel.file} have no step before the {held_steps} that are "
            f"held out ({sorted(short)[:5]})."
        )
    return Parts(frame.loc[~held, _COLUMNS], frame.iloc[:0][_COLUMNS], frame.loc[held, _COLUMNS])


def _steps_to_end(frame: pd.DataFrame) -> np.ndarray:
    return frame.groupby("unique_id", sort=False).cumcount(ascending=False).to_numpy()


def _check_split(frame: pd.DataFrame, panel: Panel) -> None:
    """The steps that the file calls test are the last `horizon` of every series."""
    wrong = (frame["split"] == "test").to_numpy() != (_steps_to_end(frame) < panel.horizon)
    if wrong.any():
        name = frame["unique_id"].to_numpy()[wrong][0]
        raise ValueError(
            f"series {name!r} of {panel.file}: the rows called test are not its last "
            f"{panel.horizon}; the file is not the one that the benchmark is defined on."
        )


def _standardised(parts: Parts) -> Parts:
    """Every series less its training mean, over its training deviation (of the population)."""
    groups = parts.train.groupby("unique_id", sort=False)["y"]
    mean, deviation = groups.mean(), groups.std(ddof=0)

    def scaled(frame: pd.DataFrame) -> pd.DataFrame:
        ids = frame["unique_id"]
        return frame.assign(y=(frame["y"] - ids.map(mean)) / ids.map(deviation))

    return Parts(scaled(parts.train), scaled(parts.between), scaled(parts.held))
