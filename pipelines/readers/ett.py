"""Files of the electricity transformer data set (.csv)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..frames.parsing import parse_numbers, parse_times
from .files import read_file

__all__ = ["read_ett"]

_SPLITS = pd.Index(["train", "val", "test", "unused"])
_DAYS_OF_A_MONTH = 30  # the benchmark counts months of 30 days


def read_ett(path: str | Path, months: Sequence[int] = (12, 4, 4)) -> pd.DataFrame:
    r"""Read ETTh1, ETTh2, ETTm1 or ETTm2 with the split of the benchmarks.

    The first ``months[0] * 30 * steps_of_a_day`` steps are the training part, validation and
    test follow, the rest is unused. A day has 24 steps in ETTh and 96 in ETTm: it is read from
    the dates.

    Args:
        path: csv with a column date and one for each series.
        months: length of the training, the validation and the test part, in months of 30 days.

    Returns:
        Long frame with the columns unique_id (the columns of the file), ds, y and split
        ("train", "val", "test" or "unused").

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: without a column date or another one, for a column without a name, for text
            among the numbers, for dates that do not rise in equal steps of a part of a day (both
            name the line), for months below 0 and for more of them than the file has.

    Example:
        >>> import tempfile
        >>> times = pd.date_range("2016-07-01", periods=100 * 24, freq="h")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "ETTh1.csv"
        ...     table = pd.DataFrame({"date": times, "HUFL": 5.8, "OT": 30.5})
        ...     table.to_csv(path, index=False)
        ...     frame = read_ett(path, months=(1, 1, 1))
        >>> frame[frame["unique_id"] == "OT"]["split"].value_counts().tolist()
        [720, 720, 720, 240]

    Source: Zhou et al. (2021), "Informer", section 5.1 and its code for the borders.
    """
    if len(months) != 3 or min(months) < 0:
        raise ValueError(f"months must be three numbers of at least 0; got {tuple(months)}.")
    table = read_file(path)
    if "date" not in table.columns or table.shape[1] < 2:
        raise ValueError(
            f"{path} needs a column 'date' and one for each series; got {list(table.columns)}."
        )
    nameless = [name for name in table.columns if str(name).startswith("Unnamed:")]
    if nameless:
        raise ValueError(f"{path} has a column without a name; write it with index=False.")
    times = parse_times(table.pop("date"), "date")
    count = table.shape[1]
    values = [_values(path, table[name]) for name in table.columns]
    parts = np.cumsum(months) * _DAYS_OF_A_MONTH * _steps_of_a_day(path, times)
    if parts[-1] > len(times):
        raise ValueError(
            f"{path} has {len(times)} steps, but months={tuple(months)} are {parts[-1]} steps; "
            "give fewer months."
        )
    codes = np.searchsorted(parts, np.arange(len(times)), side="right")
    return pd.DataFrame({
        "unique_id": np.repeat(np.asarray(table.columns, dtype=object), len(times)),
        "ds": times.take(np.tile(np.arange(len(times)), count)),
        "y": np.concatenate(values),
        "split": pd.Categorical.from_codes(np.tile(codes, count), categories=_SPLITS),
    })  # fmt: skip


def _steps_of_a_day(path: str | Path, times: pd.Index) -> int:
    """Steps of a day; the dates must rise in equal steps."""
    if not isinstance(times, pd.DatetimeIndex) or len(times) < 2:
        raise ValueError(f"{path}: at least two dates are expected in the column 'date'.")
    steps = times[1:] - times[:-1]
    odd = np.flatnonzero(np.asarray((steps != steps[0]) | (steps <= pd.Timedelta(0))))
    if len(odd):
        row = int(odd[0]) + 1
        raise ValueError(
            f"{path}, line {row + 2}: {times[row]} follows {times[row - 1]}; the dates must rise "
            f"in equal steps of {steps[0]}."
        )
    count, rest = divmod(pd.Timedelta(days=1), steps[0])
    if rest:
        raise ValueError(f"{path}: dates {steps[0]} apart do not divide a day; hours or parts do.")
    return int(count)


def _values(path: str | Path, column: pd.Series) -> np.ndarray:
    return parse_numbers(column, lambda row: f"{path}, line {row + 2}, column {column.name!r},")
