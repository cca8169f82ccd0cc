"""Files of the Monash forecasting archive (.tsf)."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .long import long_frame, pandas_alias, step_times

__all__ = ["TsfInfo", "read_tsf"]

_NAME, _START = "series_name", "start_timestamp"
_TAKEN = ("unique_id", "ds", "y")
_KINDS = ("string", "numeric", "date")


@dataclass(frozen=True)
class TsfInfo:
    """What the head of a .tsf file says.

    Args:
        name: name of the data set, empty if the file gives none.
        freq: pandas alias of the times in the frame, 1 where time is counted in integers.
        horizon: steps to forecast, None if the file gives none.
        frequency: the frequency in the file's words, such as "half_hourly"; empty if none.
        missing: whether the file says that values are missing.
        equal_length: whether the file says that all series are equally long.

    Example:
        >>> TsfInfo("nn5", "D", horizon=56).freq
        'D'
    """

    name: str
    freq: str | int
    horizon: int | None = None
    frequency: str = ""
    missing: bool = False
    equal_length: bool = False


def read_tsf(path: str | Path, integer_time: bool = False) -> tuple[pd.DataFrame, TsfInfo]:
    r"""Read a .tsf file of the Monash forecasting archive.

    A missing value (``?``) becomes NaN. Months, quarters and years are named by their first day,
    weeks by Monday where the series start on different days; other times are kept as they are.

    Args:
        path: the file, .tsf or .tsf.gz.
        integer_time: count the steps of each series from 1, also where the file has a date for
            its start (for series whose dates do not lie on one grid).

    Returns:
        Long frame with the columns unique_id, ds, y and one for each further attribute of the
        series, and what the head of the file says. Time is an integer from 1 on where the file
        gives no start or no frequency.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for whatever is not in the format, naming the line.

    Example:
        >>> import tempfile
        >>> text = ("@relation sales\n@attribute series_name string\n"
        ...         "@attribute start_timestamp date\n@frequency daily\n@horizon 2\n"
        ...         "@missing true\n@equallength false\n@data\n"
        ...         "T1:2024-02-28 00-00-00:1.5,?,3\nT2:2024-01-01 00-00-00:4\n")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "sales.tsf"
        ...     _ = path.write_text(text)
        ...     frame, info = read_tsf(path)
        >>> info.freq, info.horizon, frame["y"].tolist()
        ('D', 2, [1.5, nan, 3.0, 4.0])
        >>> frame["ds"].iloc[2]
        Timestamp('2024-03-01 00:00:00')

    Source: Godahewa et al. (2021), "Monash Time Series Forecasting Archive".
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; check the path.")
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
        lines = _lines(file)
        head = _read_head(lines, path)
        series = [head.series(number, line) for number, line in lines]
    if not series:
        raise ValueError(f"{path} has no series after its @data line.")
    _refuse_repeated(series)
    return _frame(head, series, integer_time)


def _lines(file: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Lines that say something, with their number from 1 on."""
    for number, raw in enumerate(file, start=1):
        try:
            line = raw.decode("utf-8").strip()
        except UnicodeDecodeError:
            line = raw.decode("cp1252", errors="replace").strip()  # what the archive's tools write
        line = line.removeprefix("\ufeff")
        if line and not line.startswith("#"):
            yield number, line


@dataclass(frozen=True)
class _Series:
    """One line of data."""

    line: int
    attributes: dict[str, Any]
    values: np.ndarray

    @property
    def name(self) -> str:
        return str(self.attributes[_NAME])


@dataclass(frozen=True)
class _Head:
    """The lines before the data."""

    attributes: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def series(self, number: int, line: str) -> _Series:
        """The series of a line of data: attributes, then values, separated by colons."""
        *entries, values = line.split(":")
        if len(entries) != len(self.attributes):
            raise ValueError(
                f"line {number}: {len(self.attributes)} attributes "
                f"({', '.join(self.attributes)}) and the values, separated by colons, are "
                f"expected; got {len(entries) + 1} parts in {line[:60]!r}."
            )
        read = {
            name: _entry(number, name, kind, entry.strip())
            for (name, kind), entry in zip(self.attributes.items(), entries, strict=True)
        }
        return _Series(number, {_NAME: f"T{number}", **read}, _values(number, values))


def _values(number: int, text: str) -> np.ndarray:
    entries = ["nan" if entry.strip() == "?" else entry for entry in text.split(",")]
    try:
        return np.array(entries, dtype=np.float64)
    except ValueError as error:
        raise ValueError(
            f"line {number}: values must be numbers or ? (missing), separated by commas; {error}."
        ) from error


def _entry(number: int, name: str, kind: str, entry: str) -> Any:
    """An attribute of a series, of the kind that the head says."""
    if name == _NAME and not entry:
        raise ValueError(f"line {number}: the series has no name.")
    try:
        if kind == "numeric":
            return float("nan" if entry == "?" else entry)
        return _date(entry) if kind == "date" else entry
    except ValueError as error:
        raise ValueError(
            f"line {number}: attribute {name} must be {_EXPECTED[kind]}; got {entry!r}."
        ) from error


_EXPECTED = {"numeric": "a number", "date": "a date such as 2024-01-31 00-00-00"}


def _date(entry: str) -> pd.Timestamp:
    day, _, clock = entry.partition(" ")
    return pd.Timestamp(f"{day} {clock.replace('-', ':')}".strip()).as_unit("us")


def _read_head(lines: Iterator[tuple[int, str]], path: Path) -> _Head:
    """The lines up to @data."""
    head = _Head()
    for number, line in lines:
        key, *rest = line.split()
        if key.lower() == "@data":
            if not head.attributes:
                raise ValueError(f"line {number}: @data comes before any @attribute.")
            return head
        _read_head_line(head, number, key, rest)
    raise ValueError(f"{path} has no @data line; it is no .tsf file, or it is cut off.")


def _read_head_line(head: _Head, number: int, word: str, rest: list[str]) -> None:
    key = word.lower()
    if key == "@attribute":
        if len(rest) != 2 or rest[1].lower() not in _KINDS or rest[0] in _TAKEN:
            raise ValueError(
                f"line {number}: '@attribute name kind' is expected, with a kind out of "
                f"{', '.join(_KINDS)} and a name that is none of {', '.join(_TAKEN)}; got "
                f"{' '.join([key, *rest])!r}."
            )
        head.attributes[rest[0]] = rest[1].lower()
    elif key in _SETTINGS and rest:
        try:
            head.settings[key] = _SETTINGS[key](" ".join(rest))
        except ValueError as error:
            raise ValueError(f"line {number}: {key}: {error}") from error
    else:
        raise ValueError(
            f"line {number}: one of @attribute, {', '.join(_SETTINGS)}, @data with what it says "
            f"is expected; got {' '.join([word, *rest])[:60]!r}."
        )


def _whole(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"a whole number of at least 1 is expected; got {text!r}.")
    return int(text)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"true or false is expected; got {text!r}.")
    return text.lower() == "true"


def _frequency(text: str) -> str:
    pandas_alias(text)
    return text


_SETTINGS: dict[str, Callable[[str], Any]] = {
    "@relation": str, "@frequency": _frequency, "@horizon": _whole, "@missing": _truth,
    "@equallength": _truth,
}  # fmt: skip


def _refuse_repeated(series: list[_Series]) -> None:
    seen: dict[str, int] = {}
    for one in series:
        if one.name in seen:
            raise ValueError(
                f"line {one.line}: series {one.name!r} was already on line {seen[one.name]}; "
                "every series needs a name of its own."
            )
        seen[one.name] = one.line


def _frame(head: _Head, series: list[_Series], integer_time: bool) -> tuple[pd.DataFrame, TsfInfo]:
    """The long frame and the record of a file that was read."""
    said = head.settings.get
    words, dated = said("@frequency", ""), head.attributes.get(_START) == "date"
    others = {name: [one.attributes[name] for one in series]
              for name in head.attributes if name not in (_NAME, _START)}  # fmt: skip
    lengths = np.array([len(one.values) for one in series])
    times: pd.Index | None = None
    freq: str | int = 1
    if dated and words and not integer_time:
        starts = pd.DatetimeIndex([one.attributes[_START] for one in series])
        alias = pandas_alias(words)
        times = step_times(starts, lengths, alias)
        freq = f"{alias}-{times[0].day_name()[:3].upper()}" if alias.endswith("W") else alias
    frame = long_frame([one.name for one in series], [one.values for one in series], times, others)
    info = TsfInfo(said("@relation", ""), freq, said("@horizon"), words,
                   said("@missing", False), said("@equallength", False))  # fmt: skip
    return frame, info
