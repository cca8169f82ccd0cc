"""What a backtest refuses, before anything is scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.names import CUTOFF
from forecast.output import interval_names

if TYPE_CHECKING:
    from forecast.evaluation.backtest import Backtest

__all__ = ["check_backtest"]


def check_backtest(backtest: Backtest) -> None:
    """Refuse a backtest whose parts do not belong together.

    Raises:
        ValueError: a column or denominator is missing, an origin has not ``horizon`` rows, a
            forecast is NaN.
    """
    _check_columns(backtest)
    _check_denominators(backtest)
    _check_origins(backtest)
    _check_forecasts(backtest)


def _check_columns(backtest: Backtest) -> None:
    frame, columns = backtest.frame, backtest.columns
    _check_names(backtest)
    intervals = [
        interval_names(alias, level) for alias in backtest.aliases for level in backtest.levels
    ]
    seeds = sum(backtest.replicates.values(), ())
    names = [columns.id, columns.time, CUTOFF, columns.target, *backtest.aliases, *seeds]
    missing = [name for name in [*names, *sum(intervals, ())] if name not in frame.columns]
    if missing:
        raise ValueError(
            f"the backtest frame has no column {missing[0]!r}; "
            f"it has {', '.join(map(str, frame.columns))}"
        )
    if frame.empty:
        raise ValueError("the backtest frame has no rows; no series has an origin to score")


def _check_names(backtest: Backtest) -> None:
    aliases = list(backtest.aliases)
    if not aliases or len(set(aliases)) < len(aliases):
        raise ValueError(f"aliases are {aliases}; one or more different names are needed")
    for alias, seeds in backtest.replicates.items():
        if alias not in aliases:
            raise ValueError(
                f"replicates are given of {alias!r}, which is no alias; there are "
                f"{', '.join(aliases)}"
            )
        repeated = [name for name in seeds if name in aliases or seeds.count(name) > 1]
        if repeated:
            raise ValueError(
                f"replicate {repeated[0]!r} of {alias} comes twice; each seed needs a column of "
                "its own"
            )


def _check_denominators(backtest: Backtest) -> None:
    missing = [key for key in backtest.ids if key not in backtest.denominators]
    if missing:
        raise ValueError(
            f"series {missing[0]!r} has no MASE denominator; "
            "give one for each series (NaN where it is unknown)"
        )


def _check_origins(backtest: Backtest) -> None:
    codes, origins, horizon = backtest.series_codes, backtest.origin_codes, backtest.horizon
    grouped = backtest.frame[backtest.columns.time].groupby([codes, origins])
    times = grouped.agg(["size", "nunique"])
    wrong = (times["size"] != horizon) | (times["nunique"] != horizon)
    if wrong.any():
        code, origin = times.index[int(wrong.to_numpy().argmax())]
        row = np.flatnonzero((codes == code) & (origins == origin))[0]
        raise ValueError(
            f"series {backtest.ids[code]!r} has {times['nunique'][(code, origin)]} times in "
            f"{times['size'][(code, origin)]} rows at cutoff {backtest.frame[CUTOFF].iloc[row]}; "
            f"each cutoff needs horizon = {horizon} rows, one per step"
        )


def _check_forecasts(backtest: Backtest) -> None:
    frame, columns = backtest.frame, backtest.columns
    observed = frame[columns.target].notna().to_numpy()
    for alias in backtest.aliases:
        for name in backtest.members(alias):
            missing = observed & frame[name].isna().to_numpy()
            if missing.any():
                row = frame.iloc[int(missing.argmax())]
                raise ValueError(
                    f"{name} has no forecast (NaN) for series {row[columns.id]!r} at cutoff "
                    f"{row[CUTOFF]}; all models must forecast the same rows to be compared"
                )
