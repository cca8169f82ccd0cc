"""The forecasts of a rolling-origin evaluation as arrays (origin, series, step)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from forecast.evaluation import metrics
from forecast.evaluation.metrics import Array
from forecast.output import interval_names
from forecast.pipelines import Columns, Split

CUTOFF = "cutoff"


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts of several models at the same rolling origins, and the scale to score them by.

    Origins are counted from each series' end: the last origins of all series share an index, the
    oldest is 0. Of series whose last origins are one moment (of all, with `align="calendar"`),
    those of one moment share an index. A series has NaN at origins that it lacks. Steps whose
    actual is NaN are not scored.

    Args:
        frame: output of ``cross_validation``: id, time, ``cutoff``, target, a column per alias
            and, per level, ``alias-lo-80`` and ``alias-hi-80``; ``horizon`` rows for each (id,
            cutoff).
        columns: names of the id, time and target columns.
        aliases: models to score, in the order to show them.
        denominators: MASE denominator of each id, fixed on data before its first cutoff.
        horizon: steps forecast at each origin.
        split: how the origins lie: `step_size` steps apart (the horizon by default), the first
            step scored `gap + 1` steps after the cutoff, at one moment for all series or not.
        levels: interval levels in percent.
        replicates: alias to the names of further columns, each the forecasts of the same model
            with another seed. Errors and scores are means over them all: losses are averaged,
            never forecasts.

    Raises:
        ValueError: a column or denominator is missing, an origin has not ``horizon`` rows, a
            forecast is NaN.

    Example:
        >>> rows = {"unique_id": "a", "ds": [2, 3], "cutoff": 1, "y": [1.0, 4.0]}
        >>> frame = pd.DataFrame({**rows, "AR": [1.0, 2.0]})
        >>> backtest = Backtest(frame, Columns(), ("AR",), {"a": 4.0}, horizon=2)
        >>> float(backtest.origin_scores("AR")[0])
        0.25
    """

    frame: pd.DataFrame
    columns: Columns
    aliases: tuple[str, ...]
    denominators: Mapping[Hashable, float]
    horizon: int
    split: Split = field(default_factory=Split)
    levels: tuple[int | float, ...] = ()
    replicates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_columns()
        self._check_denominators()
        self._check_origins()
        self._check_forecasts()

    @cached_property
    def ids(self) -> tuple[Hashable, ...]:
        """Ids of the series, in order of first appearance."""
        return tuple(self.frame[self.columns.id].drop_duplicates().tolist())

    @property
    def num_series(self) -> int:
        """Number of series."""
        return len(self.ids)

    @property
    def step_size(self) -> int:
        """Steps from one origin to the next."""
        return self.split.step_size or self.horizon

    @property
    def steps_ahead(self) -> int:
        """Steps from a cutoff to the last one scored, ``gap + horizon``."""
        return self.split.gap + self.horizon

    @cached_property
    def num_origins(self) -> int:
        """Number of origins of the series that has most."""
        return int(self._origin.max()) + 1

    @cached_property
    def scales(self) -> Array:
        """(series,) MASE denominators."""
        return np.array([float(self.denominators[key]) for key in self.ids])

    @cached_property
    def unscaled_ids(self) -> tuple[Hashable, ...]:
        """Ids whose MASE denominator is 0 or unknown: they do not count in MASE."""
        usable = self.scales > 0.0
        return tuple(key for key, known in zip(self.ids, usable, strict=True) if not known)

    @cached_property
    def actuals(self) -> Array:
        """(origins, series, steps) actual values, NaN where there is none."""
        return self._cube(self.columns.target)

    def forecasts(self, alias: str) -> Array:
        """(origins, series, steps) point forecasts of one model."""
        self._check_alias(alias)
        return self._cube(alias)

    def absolute_errors(self, alias: str) -> Array:
        """(origins, series, steps) ``|y - f|``."""
        return metrics.absolute_error(self.actuals, self.forecasts(alias))

    def squared_errors(self, alias: str) -> Array:
        """(origins, series, steps) ``(y - f)^2``."""
        return metrics.squared_error(self.actuals, self.forecasts(alias))

    def percentage_errors(self, alias: str) -> Array:
        """(origins, series, steps) ``200 |y - f| / (|y| + |f|)``."""
        return metrics.symmetric_percentage_error(self.actuals, self.forecasts(alias))

    def scaled_errors(self, alias: str) -> Array:
        """(origins, series, steps) ``|y - f| / q``, NaN for series whose q is 0 or unknown."""
        return metrics.scaled(self.absolute_errors(alias), self.scales[:, None])

    def covered(self, alias: str, level: int | float) -> Array:
        """(origins, series, steps) 1.0 where the interval holds the actual, 0.0 where not.

        NaN where there is no actual, or no interval.
        """
        low, high = (self._cube(name) for name in interval_names(alias, level))
        inside = metrics.covered(self.actuals, low, high)
        return np.where(np.isnan(low) | np.isnan(high), np.nan, inside)

    def origin_scores(self, alias: str) -> Array:
        """(origins,) MASE of each origin: mean over its steps, then over its series."""
        return metrics.mean(metrics.mean(self.scaled_errors(alias), axis=2), axis=1)

    def series_scores(self, alias: str) -> Array:
        """(series,) MASE of each series: mean over the steps of an origin, then over origins."""
        return metrics.mean(metrics.mean(self.scaled_errors(alias), axis=2), axis=0)

    def step_scores(self, alias: str) -> Array:
        """(horizon,) MASE of each step ahead: mean over series, then over origins."""
        return metrics.mean(metrics.mean(self.scaled_errors(alias), axis=1), axis=0)

    @cached_property
    def _codes(self) -> np.ndarray:
        return pd.factorize(self.frame[self.columns.id])[0]

    @cached_property
    def _origin(self) -> np.ndarray:
        cutoffs = self.frame[CUTOFF]
        last = cutoffs.groupby(self._codes).transform("max")
        apart = np.zeros_like(self._codes) if self.split.of_calendar else last
        from_end = cutoffs.groupby(apart).rank(method="dense", ascending=False)
        return (from_end.max() - from_end).to_numpy().astype(np.int64)

    @cached_property
    def _step(self) -> np.ndarray:
        times = self.frame[self.columns.time].groupby([self._codes, self._origin])
        return times.rank(method="first").to_numpy().astype(np.int64) - 1

    def _cube(self, name: str) -> Array:
        shape = (self.num_origins, self.num_series, self.horizon)
        cube = np.full(shape, np.nan)
        cube[self._origin, self._codes, self._step] = self.frame[name].to_numpy(np.float64)
        return cube

    def _check_alias(self, alias: str) -> None:
        if alias not in self.aliases:
            raise ValueError(f"{alias!r} is not in this backtest; it has {', '.join(self.aliases)}")

    def _check_columns(self) -> None:
        if not self.aliases or len(set(self.aliases)) < len(self.aliases):
            raise ValueError(
                f"aliases are {list(self.aliases)}; one or more different names are needed"
            )
        intervals = [
            interval_names(alias, level) for alias in self.aliases for level in self.levels
        ]
        names = [self.columns.id, self.columns.time, CUTOFF, self.columns.target, *self.aliases]
        missing = [name for name in [*names, *sum(intervals, ())] if name not in self.frame.columns]
        if missing:
            raise ValueError(
                f"the backtest frame has no column {missing[0]!r}; "
                f"it has {', '.join(map(str, self.frame.columns))}"
            )
        if self.frame.empty:
            raise ValueError("the backtest frame has no rows; no series has an origin to score")

    def _check_denominators(self) -> None:
        missing = [key for key in self.ids if key not in self.denominators]
        if missing:
            raise ValueError(
                f"series {missing[0]!r} has no MASE denominator; "
                "give one for each series (NaN where it is unknown)"
            )

    def _check_origins(self) -> None:
        keys = [self._codes, self._origin]
        times = self.frame[self.columns.time].groupby(keys).agg(["size", "nunique"])
        wrong = (times["size"] != self.horizon) | (times["nunique"] != self.horizon)
        if wrong.any():
            code, origin = times.index[int(wrong.to_numpy().argmax())]
            row = np.flatnonzero((self._codes == code) & (self._origin == origin))[0]
            raise ValueError(
                f"series {self.ids[code]!r} has {times['nunique'][(code, origin)]} times in "
                f"{times['size'][(code, origin)]} rows at cutoff {self.frame[CUTOFF].iloc[row]}; "
                f"each cutoff needs horizon = {self.horizon} rows, one per step"
            )

    def _check_forecasts(self) -> None:
        observed = self.frame[self.columns.target].notna().to_numpy()
        for alias in self.aliases:
            missing = observed & self.frame[alias].isna().to_numpy()
            if missing.any():
                row = self.frame.iloc[int(missing.argmax())]
                raise ValueError(
                    f"{alias} has no forecast (NaN) for series {row[self.columns.id]!r} at cutoff "
                    f"{row[CUTOFF]}; all models must forecast the same rows to be compared"
                )
