"""Forecasts of symbols as long frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.output import refuse_taken_names
from forecast.pipelines import Columns, Frequency
from forecast.symbols.alphabet import Alphabet
from forecast.symbols.decoding import ENDED

__all__ = ["Places", "path_frame", "probability_frame"]


@dataclass(frozen=True, eq=False)
class Places:
    """Where series stand.

    Args:
        ids: of the series, `(num_series,)`.
        ends: time of the last step of each, `(num_series,)`.
        frequency: distance between two steps.
        columns: names of the columns.
    """

    ids: NDArray
    ends: pd.Index
    frequency: Frequency
    columns: Columns

    @staticmethod
    def counted(num_series: int, columns: Columns) -> Places:
        """Series that are to begin, counted from 0, as are their steps."""
        return Places(
            np.arange(num_series), pd.Index(np.full(num_series, -1)), Frequency(1), columns
        )

    def frame(self, series: NDArray, steps: NDArray) -> pd.DataFrame:
        """Ids and times of some steps ahead.

        Args:
            series: position of each, `(n,)`.
            steps: steps ahead from 1, `(n,)`.
        """
        times = self.frequency.shift(self.ends.take(series), steps)
        return pd.DataFrame({self.columns.id: self.ids[series], self.columns.time: times})


def path_frame(places: Places, codes: NDArray, alphabet: Alphabet, name: str) -> pd.DataFrame:
    """Paths of symbols, path after path of each series, without the steps after an end.

    Args:
        places: of the series.
        codes: `(num_series, num_paths, horizon)`.
        alphabet: of the codes.
        name: of the column of symbols.
    """
    columns = places.columns
    refuse_taken_names([name], [columns.id, columns.time, "path"])
    series, path, step = np.nonzero(codes != ENDED)
    frame = places.frame(series, step + 1)
    frame["path"] = path
    frame[name] = alphabet.decode(codes[series, path, step])
    return frame


def probability_frame(places: Places, found: NDArray, alphabet: Alphabet) -> pd.DataFrame:
    """Probabilities, `(num_series, horizon, num_codes)`, a row for each symbol of each step."""
    columns = places.columns
    refuse_taken_names(["probability"], [columns.id, columns.time, columns.target])
    series, step, code = (index.ravel() for index in np.indices(found.shape))
    frame = places.frame(series, step + 1)
    frame[columns.target] = alphabet.decode(code)
    frame["probability"] = found.ravel()
    return frame
