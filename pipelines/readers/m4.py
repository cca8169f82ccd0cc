"""Files of the M4 competition (.csv)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from .long import long_frame, pandas_alias, step_times

__all__ = ["read_m4"]

# M4's dates have two digits for the year, and its series end before 2018.
_LAST_YEAR = 2017


def read_m4(
    train_csv: str | Path, test_csv: str | Path | None = None, info_csv: str | Path | None = None
) -> pd.DataFrame:
    r"""Read the files of the M4 competition.

    A row is a series: its id, then the values from its first step on (columns V1, V2, ...), then
    empty cells up to the width of the longest.

    Args:
        train_csv: such as Hourly-train.csv.
        test_csv: such as Hourly-test.csv: the steps that follow.
        info_csv: M4-info.csv with the columns M4id, SP and StartingDate. Times are then dates;
            two digits of a year up to 17 are read as 20xx, others as 19xx. Months, quarters and
            years are named by their first day.

    Returns:
        Long frame with the columns unique_id, ds, y (ds counts from 1 without `info_csv`), and
        split ("train" or "test") where `test_csv` is given.

    Raises:
        FileNotFoundError: if a file is not there.
        ValueError: for whatever is not in the format, naming file and line.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     train, test = Path(folder) / "train.csv", Path(folder) / "test.csv"
        ...     _ = train.write_text("V1,V2,V3,V4\nH1,605,586,559\nH2,3124,2990,\n")
        ...     _ = test.write_text("V1,V2\nH2,2862\nH1,511\n")
        ...     frame = read_m4(train, test)
        >>> frame[frame["unique_id"] == "H2"][["ds", "y", "split"]].to_numpy().tolist()
        [[1, 3124.0, 'train'], [2, 2990.0, 'train'], [3, 2862.0, 'test']]

    Source: Makridakis, Spiliotis and Assimakopoulos (2020), "The M4 Competition".
    """
    train = _read_series(Path(train_csv))
    test = {} if test_csv is None else _read_series(Path(test_csv))
    if test_csv is not None and test.keys() != train.keys():
        odd = min(test.keys() ^ train.keys())
        where = test_csv if odd in train else train_csv
        raise ValueError(f"{where} has no row of series {odd!r}; give the two files of one set.")
    names = list(train)
    values = [np.concatenate([train[name], test.get(name, [])]) for name in names]
    lengths = np.array([len(part) for part in values])
    times = None if info_csv is None else _times(Path(info_csv), names, lengths)
    frame = long_frame(names, values, times)
    if test_csv is not None:
        sizes = np.array([[len(train[name]), len(test[name])] for name in names])
        codes = np.repeat(np.tile([0, 1], len(names)), sizes.reshape(-1))
        frame["split"] = pd.Categorical.from_codes(codes, categories=pd.Index(["train", "test"]))
    return frame


def _read_series(path: Path) -> dict[str, np.ndarray]:
    """The values of each series of a wide file."""
    table = _read_csv(path)
    if table.shape[1] < 2:
        raise ValueError(f"{path} has {table.shape[1]} columns; an id and values are expected.")
    names = table.iloc[:, 0]
    _refuse_names(path, names)
    cells = table.iloc[:, 1:]
    numbers = _numbers(path, cells)
    width = cells.shape[1]
    known = ~np.isnan(numbers)
    lengths = np.where(known.any(axis=1), width - known[:, ::-1].argmax(axis=1), 0)
    if not lengths.all():
        row = int(np.argmin(lengths))
        raise ValueError(
            f"{path}, line {names.index[row]}: series {names.iloc[row]!r} has no value."
        )
    return {str(name): numbers[i, : lengths[i]] for i, name in enumerate(names)}


def _read_csv(path: Path) -> pd.DataFrame:
    """The rows of a csv that are not blank, numbered by their lines in the file."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; check the path.")
    try:
        # An id stays the text that it is: "007".
        table = pd.read_csv(path, skip_blank_lines=False, low_memory=False, converters={0: str})
    except ValueError as error:  # the parser's own errors derive from it and name the line
        raise ValueError(f"{path} cannot be read as csv: {str(error).strip()}.") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise ValueError(f"{path}, line 2: more cells than the header has names.")
    table.index = table.index + 2
    table[table.columns[0]] = table.iloc[:, 0].replace("", np.nan)
    table = table.dropna(how="all")
    if not len(table):
        raise ValueError(f"{path} has no rows.")
    return table


def _refuse_names(path: Path, names: pd.Series) -> None:
    if names.isna().any():
        raise ValueError(f"{path}, line {names.isna().idxmax()}: the id is empty.")
    twice = names[names.duplicated()]
    if len(twice):
        raise ValueError(
            f"{path}, line {twice.index[0]}: series {twice.iloc[0]!r} occurs more than once."
        )


def _numbers(path: Path, cells: pd.DataFrame) -> np.ndarray:
    """The cells as float64, NaN where they are empty."""
    columns = []
    for name, column in cells.items():
        read = pd.to_numeric(column, errors="coerce")
        odd = column[read.isna() & column.notna()]
        if len(odd):
            raise ValueError(
                f"{path}, line {odd.index[0]}, column {name!r}: {odd.iloc[0]!r} is no number."
            )
        columns.append(read.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.stack(columns, axis=1)


def _times(path: Path, names: list[str], lengths: np.ndarray) -> pd.DatetimeIndex:
    """The times of all steps, from the start dates of the info file."""
    table = _read_csv(path)
    missing = {"M4id", "SP", "StartingDate"} - set(table.columns)
    if missing:
        raise ValueError(f"{path} lacks the columns {sorted(missing)}; got {list(table.columns)}.")
    rows = pd.Index(table["M4id"].astype(str)).get_indexer(pd.Index(names))
    if (rows < 0).any():
        raise ValueError(f"{path} has no row of series {names[int(np.argmin(rows))]!r}.")
    words = table["SP"].take(rows)
    if words.nunique() != 1:
        raise ValueError(
            f"{path}: one frequency (column SP) is expected for all series; got "
            f"{sorted(words.astype(str).unique())}."
        )
    dates = table["StartingDate"].take(rows)
    starts = [_date(f"{path}, line {line}", str(date)) for line, date in dates.items()]
    return step_times(pd.DatetimeIndex(starts), lengths, pandas_alias(str(words.iloc[0])))


def _date(place: str, text: str) -> pd.Timestamp:
    """A date such as 01-07-15 12:00 (day first) or 2015-07-01."""
    short = re.fullmatch(r"(\d{1,2})-(\d{1,2})-(\d\d)( .*)?", text.strip())
    if short:
        century = 2000 if 2000 + int(short[3]) <= _LAST_YEAR else 1900
        text = f"{century + int(short[3])}-{short[2]:0>2}-{short[1]:0>2}{short[4] or ''}"
    try:
        return pd.Timestamp(text).as_unit("us")
    except ValueError as error:
        raise ValueError(
            f"{place}: the date {text!r} cannot be read; 31-01-15 12:00 or "
            "2015-01-31 12:00 is expected."
        ) from error
