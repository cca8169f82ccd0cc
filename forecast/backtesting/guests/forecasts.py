"""What a guest returns, as arrays; refused where it is not what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.output import interval_names
from forecast.pipelines import Columns

__all__ = ["Wanted"]


@dataclass(frozen=True, eq=False)
class Wanted:
    """The forecasts that are wanted of a guest.

    Args:
        name: of the guest.
        columns: names of the columns of frames.
        ids: series that it has been given, in the order in which they came.
        times: the `horizon` times after the last row of each, `(num_series * horizon,)`.
        levels: of intervals.
    """

    name: str
    columns: Columns
    ids: NDArray
    times: pd.Index
    levels: tuple[float, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Series and steps ahead."""
        return len(self.ids), len(self.times) // len(self.ids)

    def read(self, returned: Any) -> list[NDArray]:
        """Points, then lower and upper limits of each level, each `(num_series, horizon)`.

        Limits that are not there are NaN: a guest has the intervals that it gives, or none.

        Args:
            returned: what `predict` has returned: a frame with id, time and forecasts in any order
                of rows, or an array, series after series.

        Raises:
            ValueError: if rows are missing, doubled or of other series or times, a number is NaN
                or infinite, or the shape is another.
            TypeError: for what is neither.
        """
        if hasattr(returned, "columns"):
            found = self._of_frame(_as_pandas(returned))
        else:
            found = [self._of_array(returned)]
        self._refuse_unknown(found[0])
        absent = 1 + 2 * len(self.levels) - len(found)
        return found + [np.full(self.shape, np.nan)] * absent

    def _of_array(self, returned: Any) -> NDArray:
        try:
            array = np.asarray(returned, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{self._predict} must return a frame or an array of numbers; got "
                f"{type(returned).__name__}."
            ) from error
        num_series, horizon = self.shape
        if array.shape not in (self.shape, (num_series * horizon,)):
            raise ValueError(
                f"{self._predict} returned an array of shape {array.shape}; {num_series} series "
                f"and {horizon} steps ahead are expected: {self.shape}, series in the order of the "
                "rows given to fit."
            )
        return array.reshape(self.shape)

    def _of_frame(self, frame: pd.DataFrame) -> list[NDArray]:
        frame = self._with_ids(frame)
        point = self._point_column(frame)
        places = self._places(frame)
        names = [limit for level in self.levels for limit in interval_names(point, level)]
        names = names if all(name in frame.columns for name in names) else []
        found = []
        for name in (point, *names):
            values = np.empty(len(self.times))
            values[places] = frame[name].to_numpy(np.float64, na_value=np.nan)
            found.append(values.reshape(self.shape))
        return found

    def _with_ids(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with id and time among its columns."""
        named = [name for name in frame.index.names if name in (self.columns.id, self.columns.time)]
        frame = frame.reset_index(level=named) if named else frame
        if self.columns.id not in frame.columns and len(self.ids) == 1:
            frame = frame.assign(**{self.columns.id: self.ids[0]})
        for name in (self.columns.id, self.columns.time):
            if name not in frame.columns:
                raise ValueError(
                    f"{self._predict} returned a frame without the column {name!r}; it has "
                    f"{', '.join(map(str, frame.columns))}."
                )
        return frame

    def _point_column(self, frame: pd.DataFrame) -> str:
        """The column of forecasts: that of the guest's name, or the only one."""
        if self.name in frame.columns:
            return self.name
        known = {self.columns.id, self.columns.time, "cutoff"}
        rest = [str(n) for n in frame.columns if n not in known]
        points = [name for name in rest if "-lo-" not in name and "-hi-" not in name]
        if len(points) != 1:
            raise ValueError(
                f"{self._predict} returned the columns {', '.join(rest) or 'of keys only'}; one "
                f"column of forecasts is expected, best named {self.name!r}."
            )
        return points[0]

    def _places(self, frame: pd.DataFrame) -> NDArray:
        """Where each row of the frame belongs among the forecasts wanted."""
        codes = pd.Index(self.ids).get_indexer(pd.Index(frame[self.columns.id]))
        if (codes < 0).any():
            odd = frame[self.columns.id].iloc[int(np.argmax(codes < 0))]
            raise ValueError(
                f"{self._predict} returned the unknown series {odd!r}; it was given "
                f"{_listed(self.ids)}."
            )
        times = self._times_of(frame)
        wanted = np.arange(len(self.ids)).repeat(self.shape[1])
        index = pd.MultiIndex.from_arrays([wanted, self.times])
        given = pd.MultiIndex.from_arrays([codes, times])
        places = index.get_indexer(given)
        self._refuse_other_rows(places, given, index)
        return places

    def _times_of(self, frame: pd.DataFrame) -> pd.Index:
        times = pd.Index(frame[self.columns.time])
        if not isinstance(self.times, pd.DatetimeIndex):
            return times
        if not isinstance(times, pd.DatetimeIndex) or str(times.tz) != str(self.times.tz):
            raise ValueError(
                f"{self._predict} returned times of dtype {times.dtype}; those of the data are of "
                f"dtype {self.times.dtype}."
            )
        return times.as_unit(self.times.unit)

    def _refuse_other_rows(
        self, places: NDArray, given: pd.MultiIndex, index: pd.MultiIndex
    ) -> None:
        horizon = self.shape[1]
        rule = f"the {horizon} steps after the last row of each series are expected, once each."
        for odd, what in ((places < 0, "another time"), (given.duplicated(), "a second row")):
            if odd.any():
                code, time = _key(given, int(np.argmax(odd)))
                raise ValueError(
                    f"{self._predict} returned {what} for series {self.ids[code]!r}: {time}; {rule}"
                )
        absent = np.setdiff1d(np.arange(len(index)), places)
        if len(absent):
            code, time = _key(index, int(absent[0]))
            raise ValueError(
                f"{self._predict} returned no forecast of series {self.ids[code]!r} for {time} "
                f"({len(absent)} of {len(index)} rows are missing); {rule}"
            )

    def _refuse_unknown(self, points: NDArray) -> None:
        wrong = ~np.isfinite(points)
        if wrong.any():
            series, step = np.argwhere(wrong)[0]
            raise ValueError(
                f"{self._predict} returned {points[series, step]} for series {self.ids[series]!r}, "
                f"step {step + 1}; every forecast must be a finite number, or the comparison would "
                "not be over the same rows."
            )

    @property
    def _predict(self) -> str:
        return f"{self.name}: predict({self.shape[1]})"


def _key(index: pd.MultiIndex, row: int) -> tuple[Any, Any]:
    """Position of the series and time of a row."""
    return index[row]  # type: ignore[return-value]


def _as_pandas(frame: Any) -> pd.DataFrame:
    if isinstance(frame, pd.DataFrame):
        return frame
    import narwhals.stable.v2 as nw

    return nw.from_native(frame, eager_only=True).to_pandas()


def _listed(ids: Sequence[Any] | NDArray) -> str:
    names = ", ".join(repr(name) for name in ids[:5])
    return names if len(ids) <= 5 else f"{names}, ... ({len(ids)} series)"
