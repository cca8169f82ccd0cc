"""The forecasts of a rolling-origin evaluation as arrays (origin, series, step)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecast.evaluation import metrics
from forecast.evaluation.admission import check_backtest
from forecast.evaluation.crps import crps_from_quantiles
from forecast.evaluation.metrics import Array
from forecast.evaluation.names import CRPS, CUTOFF
from forecast.output import interval_names
from forecast.pipelines import Columns, Split


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
        check_backtest(self)

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
        return int(self.origin_codes.max()) + 1

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

    def members(self, alias: str) -> tuple[str, ...]:
        """Columns with the forecasts of one model: its own, then those with other seeds."""
        self._check_alias(alias)
        return (alias, *self.replicates.get(alias, ()))

    def absolute_errors(self, alias: str) -> Array:
        """(origins, series, steps) ``|y - f|``, a mean over seeds."""
        return self._errors(alias, metrics.absolute_error)

    def squared_errors(self, alias: str) -> Array:
        """(origins, series, steps) ``(y - f)^2``, a mean over seeds."""
        return self._errors(alias, metrics.squared_error)

    def percentage_errors(self, alias: str) -> Array:
        """(origins, series, steps) ``200 |y - f| / (|y| + |f|)``, a mean over seeds."""
        return self._errors(alias, metrics.symmetric_percentage_error)

    def scaled_errors(self, alias: str) -> Array:
        """(origins, series, steps) ``|y - f| / q``, NaN for series whose q is 0 or unknown."""
        return metrics.scaled(self.absolute_errors(alias), self.scales[:, None])

    def covered(self, alias: str, level: int | float) -> Array:
        """(origins, series, steps) 1.0 where the interval holds the actual, 0.0 where not."""
        ends = self._intervals(alias, level)
        return _average([metrics.covered(self.actuals, *pair) for pair in ends])

    def interval_scores(self, alias: str, level: int | float) -> Array:
        """(origins, series, steps) Winkler score of the interval over q."""
        ends = self._intervals(alias, level)
        scores = _average(
            [metrics.winkler_score(self.actuals, low, high, level) for low, high in ends]
        )
        return metrics.scaled(scores, self.scales[:, None])

    def interval_widths(self, alias: str, level: int | float) -> Array:
        """(origins, series, steps) width of the interval over q, NaN where there is no actual."""
        widths = _average([high - low for low, high in self._intervals(alias, level)])
        scored = np.where(np.isnan(self.actuals), np.nan, widths)
        return metrics.scaled(scored, self.scales[:, None])

    @cached_property
    def has_crps(self) -> bool:
        """Whether sample paths of every model were scored, in columns ``alias-crps``."""
        return all(alias + CRPS in self.frame.columns for alias in self.aliases)

    def crps(self, alias: str) -> Array:
        """(origins, series, steps) CRPS: of sample paths if `has_crps`, else of the intervals."""
        self._check_alias(alias)
        if self.has_crps:
            names = [name + CRPS for name in self.members(alias)]
            return _average([self._cube(name) for name in names if name in self.frame.columns])
        return _average([self._quantile_crps(name) for name in self._with_intervals(alias)])

    def losses(self, alias: str) -> Array:
        """(origins, series) MASE of each series at each origin, a mean over its steps."""
        return metrics.mean(self.scaled_errors(alias), axis=2)

    def seed_scores(self, alias: str) -> Array:
        """(seeds,) MASE of each column of one model: means over steps, series, origins."""
        scores = []
        for name in self.members(alias):
            errors = metrics.absolute_error(self.actuals, self._cube(name))
            losses = metrics.mean(metrics.scaled(errors, self.scales[:, None]), axis=2)
            scores.append(float(metrics.mean(metrics.mean(losses, axis=1))))
        return np.array(scores)

    def origin_scores(self, alias: str) -> Array:
        """(origins,) MASE of each origin: mean over its steps, then over its series."""
        return metrics.mean(self.losses(alias), axis=1)

    def series_scores(self, alias: str) -> Array:
        """(series,) MASE of each series: mean over the steps of an origin, then over origins."""
        return metrics.mean(self.losses(alias), axis=0)

    def step_scores(self, alias: str) -> Array:
        """(horizon,) MASE of each step ahead: mean over series, then over origins."""
        return metrics.mean(metrics.mean(self.scaled_errors(alias), axis=1), axis=0)

    @cached_property
    def series_codes(self) -> np.ndarray:
        """(rows,) position of each row's series in `ids`."""
        return pd.factorize(self.frame[self.columns.id])[0]

    @cached_property
    def origin_codes(self) -> np.ndarray:
        """(rows,) number of each row's origin, the oldest is 0."""
        cutoffs = self.frame[CUTOFF]
        last = cutoffs.groupby(self.series_codes).transform("max")
        apart = np.zeros_like(self.series_codes) if self.split.of_calendar else last
        from_end = cutoffs.groupby(apart).rank(method="dense", ascending=False)
        return (from_end.max() - from_end).to_numpy().astype(np.int64)

    @cached_property
    def _step(self) -> np.ndarray:
        times = self.frame[self.columns.time].groupby([self.series_codes, self.origin_codes])
        return times.rank(method="first").to_numpy().astype(np.int64) - 1

    def _cube(self, name: str) -> Array:
        shape = (self.num_origins, self.num_series, self.horizon)
        cube = np.full(shape, np.nan)
        cube[self.origin_codes, self.series_codes, self._step] = self.frame[name].to_numpy(
            np.float64
        )
        return cube

    def _errors(self, alias: str, statistic: Callable[[ArrayLike, ArrayLike], Array]) -> Array:
        return _average([statistic(self.actuals, self._cube(n)) for n in self.members(alias)])

    def _with_intervals(self, alias: str) -> list[str]:
        """The columns of a model that have intervals: its own, and those seeds that have them."""
        ends = {n: [e for level in self.levels for e in interval_names(n, level)]
                for n in self.members(alias)}  # fmt: skip
        return [name for name, names in ends.items() if set(names) <= set(self.frame.columns)]

    def _intervals(self, alias: str, level: int | float) -> list[list[Array]]:
        return [
            [self._cube(end) for end in interval_names(name, level)]
            for name in self._with_intervals(alias)
        ]

    def _quantile_crps(self, name: str) -> Array:
        """The forecast is the median, the ends of an interval are quantiles."""
        columns = {0.5: name}
        for level in self.levels:
            low, high = interval_names(name, level)
            columns |= {0.5 - level / 200.0: low, 0.5 + level / 200.0: high}
        shares = sorted(columns)
        drawn = np.stack([self._cube(columns[share]) for share in shares], axis=-1)
        return crps_from_quantiles(drawn, shares, self.actuals)

    def _check_alias(self, alias: str) -> None:
        if alias not in self.aliases:
            raise ValueError(f"{alias!r} is not in this backtest; it has {', '.join(self.aliases)}")


def _average(cubes: Sequence[Array]) -> Array:
    """Mean over seeds; what one seed misses is missed by all, for all have the same actuals."""
    return cubes[0] if len(cubes) == 1 else np.mean(cubes, axis=0)
