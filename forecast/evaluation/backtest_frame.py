"""A backtest frame of any library: its keys, its models and their columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from forecast.evaluation.metrics import Array
from forecast.evaluation.names import CHANNEL, CRPS, CUTOFF
from forecast.evaluation.native import as_pandas

__all__ = ["BacktestFrame"]

_END = re.compile(r".+-(?:lo|hi)-(?P<level>\d+(?:\.\d+)?)$")


@dataclass(frozen=True, eq=False)
class BacktestFrame:
    """Rows of forecasts: a series, a cutoff, a step ahead.

    Args:
        frame: as pandas, rows numbered.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column.
    """

    frame: pd.DataFrame
    id_col: str
    time_col: str
    target_col: str

    @staticmethod
    def of(cv: Any, id_col: str, time_col: str, target_col: str) -> BacktestFrame:
        """The frame of `cross_validation`, or one like it.

        Raises:
            TypeError: for what is no frame.
            ValueError: a column is missing, or there are no rows.
        """
        frame = as_pandas(cv)
        missing = [n for n in (id_col, time_col, target_col) if n not in frame.columns]
        if missing:
            raise ValueError(
                f"the frame has no column {missing[0]!r}; it has "
                f"{', '.join(map(str, frame.columns))}. Give the output of cross_validation, and "
                "id_col=, time_col= or target_col= where they are named otherwise."
            )
        if frame.empty:
            raise ValueError(
                "the frame has no rows; give the output of cross_validation, one row a forecast"
            )
        return BacktestFrame(frame, id_col, time_col, target_col)

    @property
    def has_cutoff(self) -> bool:
        """Whether rows say from which cutoff they were forecast."""
        return CUTOFF in self.frame.columns

    @property
    def series_columns(self) -> list[str]:
        """The columns that tell series apart."""
        return [name for name in (self.id_col, CHANNEL) if name in self.frame.columns]

    @cached_property
    def actual(self) -> Array:
        """(rows,) actual values."""
        return self.frame[self.target_col].to_numpy(np.float64)

    @cached_property
    def columns(self) -> dict[str, Array]:
        """Name to (rows,) numbers of every column that a forecaster wrote."""
        keys = {*self.series_columns, self.time_col, CUTOFF, self.target_col}
        numbers = self.frame.select_dtypes("number")
        return {n: numbers[n].to_numpy(np.float64) for n in map(str, numbers) if n not in keys}

    @cached_property
    def levels(self) -> tuple[float, ...]:
        """Levels of intervals in percent, ascending."""
        found = (match["level"] for match in map(_END.match, self.columns) if match)
        return tuple(sorted({float(level) for level in found}))

    def checked_models(self, models: Sequence[str] | None) -> list[str]:
        """The columns to score: those asked for, by default all point forecasts.

        Raises:
            ValueError: a model without a column, or none at all.
        """
        found = [n for n in self.columns if not n.endswith(CRPS) and not _END.match(n)]
        if models is None:
            if not found:
                raise ValueError(
                    "the frame has no column of forecasts; give the output of cross_validation, "
                    "one column a model"
                )
            return found
        wanted = [models] if isinstance(models, str) else list(models)
        missing = [name for name in wanted if name not in self.columns]
        if missing or not wanted:
            name = repr(missing[0]) if missing else "nothing"
            raise ValueError(f"models names {name}; the frame's forecasts are {', '.join(found)}")
        return wanted

    def with_crps(self, models: Sequence[str]) -> bool:
        """Whether sample paths of all these models were scored."""
        return all(model + CRPS in self.columns for model in models)

    def codes(self, kept: Sequence[str]) -> pd.DataFrame:
        """Codes of ``series``, ``cutoff`` and ``step`` of each row.

        Args:
            kept: the keys that are kept; steps are only counted where they are asked for.
        """
        codes = pd.DataFrame({"series": self._series, "cutoff": self._cutoff})
        codes["step"] = self._step if "step" in kept else 0
        return codes

    def labels(self, keys: pd.DataFrame) -> pd.DataFrame:
        """The keys of groups in the words of the frame: ids, cutoffs, steps from 1."""
        found: dict[str, Any] = {}
        for key in keys.columns:
            if key == "series":
                for name in self.series_columns:
                    found[name] = self.first_rows[name].to_numpy()[keys[key]]
            elif key == "cutoff":
                found[CUTOFF] = self._moments.take(keys[key].to_numpy())
            else:
                found["step"] = keys[key].to_numpy() + 1
        return pd.DataFrame(found, index=keys.index)

    @cached_property
    def first_rows(self) -> pd.DataFrame:
        """The first row of each series, in order of appearance."""
        return self.frame.drop_duplicates(self.series_columns).reset_index(drop=True)

    @cached_property
    def first_known(self) -> pd.Series:
        """Of each series the first cutoff; without cutoffs the first time, which is not known."""
        name = CUTOFF if self.has_cutoff else self.time_col
        return self.frame[name].groupby(self._series).min()

    @cached_property
    def series(self) -> np.ndarray:
        """(rows,) number of each row's series."""
        return self._series

    @cached_property
    def _series(self) -> np.ndarray:
        keys = self.frame[self.series_columns]
        return keys.groupby(self.series_columns, sort=False, observed=True).ngroup().to_numpy()

    @cached_property
    def _cutoff(self) -> np.ndarray:
        if not self.has_cutoff:
            return np.zeros(len(self.frame), np.int64)
        return pd.factorize(self.frame[CUTOFF], sort=True)[0]

    @cached_property
    def _moments(self) -> pd.Index:
        return pd.Index(pd.factorize(self.frame[CUTOFF], sort=True)[1])

    @cached_property
    def _step(self) -> np.ndarray:
        times = self.frame[self.time_col].groupby([self._series, self._cutoff])
        return times.rank(method="first").to_numpy().astype(np.int64) - 1
