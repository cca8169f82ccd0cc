"""How well intervals and sample paths of a backtest are calibrated, per model and step ahead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.evaluation.metrics import covered
from forecast.evaluation.names import CHANNEL, CRPS, CUTOFF
from forecast.evaluation.native import as_pandas
from forecast.output import interval_names

__all__ = ["ForecastColumns", "calibration"]

_LOW = re.compile(r"(?P<model>.+)-lo-(?P<level>\d+(\.\d+)?)$")


@dataclass(frozen=True)
class ForecastColumns:
    """The columns of a backtest frame that hold intervals and scores of sample paths.

    Args:
        models: names of the models that have either, in the order of the frame.
        levels: levels of intervals in percent, ascending.
    """

    models: tuple[str, ...]
    levels: tuple[float, ...]

    @staticmethod
    def of(names: Sequence[str]) -> ForecastColumns:
        """Those among the columns of a frame, told by their names.

        Example:
            >>> ForecastColumns.of(["y", "AR", "AR-lo-80", "AR-hi-80", "LSTM", "LSTM-crps"])
            ForecastColumns(models=('AR', 'LSTM'), levels=(80.0,))
        """
        found = [match for match in map(_LOW.match, names) if match]
        scored = {name.removesuffix(CRPS) for name in names if name.endswith(CRPS)}
        models = scored | {match["model"] for match in found}
        levels = sorted({float(match["level"]) for match in found})
        return ForecastColumns(tuple(name for name in names if name in models), tuple(levels))


def calibration(
    cv: Any, *, id_col: str = "unique_id", time_col: str = "ds", target_col: str = "y"
) -> pd.DataFrame:
    """Coverage and width of intervals, and CRPS of sample paths, at each step ahead.

    Calibrated intervals of 80 % hold 80 % of the actual values at every step ahead; of two that
    do, the narrower are the better ones.

    Args:
        cv: output of `cross_validation(..., level=)`, with `num_paths=` for the CRPS.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column.

    Returns:
        A row a model and step: `model`, `step` (counted from the first one scored), `count` of
        actual values, and for each level `coverage 80 %` in percent and the mean `width 80 %`, in
        the unit of the series; `CRPS`, the mean in that unit, where there are such columns. NaN
        where a model has no such column or a step no actual value.

    Raises:
        TypeError: for what is no frame.
        ValueError: a frame without these columns, or without intervals and CRPS.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> cv = fc.cross_validation(fc.AR(lags=9), df, horizon=2, n_windows=5, level=80)
        >>> calibration(cv)[["model", "step", "count", "coverage 80 %"]]
          model  step  count  coverage 80 %
        0    AR     1      5          100.0
        1    AR     2      5           80.0
    """
    frame = as_pandas(cv)
    found = _checked(frame, (id_col, time_col, CUTOFF, target_col))
    within = [name for name in (id_col, CHANNEL, CUTOFF) if name in frame.columns]
    step = frame.groupby(within, sort=False)[time_col].rank(method="first").astype(np.int64)
    actual = frame[target_col].to_numpy(np.float64)
    parts = [
        _by_step(_measures(frame, actual, model, found.levels), step, model)
        for model in found.models
    ]
    return pd.concat(parts, ignore_index=True)


def _measures(
    frame: pd.DataFrame, actual: np.ndarray, model: str, levels: Sequence[float]
) -> dict[str, np.ndarray]:
    """What is averaged over the rows of a step, NaN where there is no actual value."""
    unknown = np.isnan(actual)
    blank = np.full(len(frame), np.nan)
    measures = {}
    for level in levels:
        names = interval_names(model, level)
        low, high = (frame.get(name, blank) for name in names)
        low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
        absent = unknown | np.isnan(low) | np.isnan(high)
        measures[f"coverage {level:g} %"] = np.where(
            absent, np.nan, 100.0 * covered(actual, low, high)
        )
        measures[f"width {level:g} %"] = np.where(absent, np.nan, high - low)
    if any(str(name).endswith(CRPS) for name in frame.columns):
        measures["CRPS"] = np.asarray(frame.get(model + CRPS, blank), np.float64)
    return measures | {"count": np.where(unknown, np.nan, 1.0)}


def _by_step(measures: dict[str, np.ndarray], step: pd.Series, model: str) -> pd.DataFrame:
    """A row a step: means, and the number of actual values."""
    groups = pd.DataFrame(measures, index=step.index).groupby(step.to_numpy())
    table = groups.mean()
    table["count"] = groups["count"].sum().astype(np.int64)
    table = table.rename_axis("step").reset_index()
    table.insert(0, "model", model)
    table.insert(2, "count", table.pop("count"))
    return table


def _checked(frame: pd.DataFrame, names: Sequence[str]) -> ForecastColumns:
    """The columns of forecasts, of a frame that has what is needed."""
    present = [str(name) for name in frame.columns]
    missing = [name for name in names if name not in present]
    if missing:
        raise ValueError(
            f"the frame has no column {missing[0]!r}; it has {', '.join(present)}. Give the output "
            "of cross_validation, and id_col=, time_col= or target_col= where they are named "
            "otherwise."
        )
    found = ForecastColumns.of(present)
    if not found.models or frame.empty:
        raise ValueError(
            "there is nothing to calibrate: the frame has no rows, or no intervals and no CRPS "
            f"among its columns {', '.join(present)}. Call cross_validation with level=[80, 95] "
            "or num_paths=100."
        )
    return found
