"""A metric: a pointwise statistic and an aggregation, as in GluonTS' ``ev``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from forecast.evaluation.metrics.averaging import Array, mean, total
from forecast.evaluation.metrics.pointwise import scaled
from forecast.evaluation.metrics.rows import ForecastRows

__all__ = ["MEAN", "ROOT_MEAN", "TOTAL", "Aggregation", "Grouping", "Metric", "Ratio", "Relative"]


class Grouping(Protocol):
    """Groups of rows that a metric is aggregated over."""

    def aggregate(self, values: Array, aggregation: Aggregation) -> Array:
        """One number a group from one a row."""


def unchanged(values: Array) -> Array:
    """The values themselves: the last step of an aggregation that needs none."""
    return values


@dataclass(frozen=True)
class Aggregation:
    """How pointwise numbers become one: reduced over one axis after another, then finished.

    Args:
        reduce: values and ``axis=`` to values without that axis; skips NaN.
        finish: what is done with the result, such as a root.
        each_series: finish each series' number before the average over series.

    Example:
        >>> Aggregation(finish=np.sqrt)(np.array([[1.0, 7.0], [0.0, float("nan")]]), axis=1)
        array([2., 0.])
    """

    reduce: Callable[..., Array] = mean
    finish: Callable[[Array], Array] = unchanged
    each_series: bool = False

    def __call__(self, values: Array, axis: int | tuple[int, ...] | None = None) -> Array:
        """The values reduced over all of the axes at once, then finished."""
        return self.finish(self.reduce(values, axis=axis))


MEAN = Aggregation()
TOTAL = Aggregation(total)
ROOT_MEAN = Aggregation(finish=np.sqrt)


@dataclass(frozen=True)
class Metric:
    """A pointwise statistic and an aggregation.

    Args:
        name: of its column.
        statistic: :class:`ForecastRows` to (rows,) numbers, NaN where nothing was observed.
        aggregation: the mean by default.

    Example:
        >>> bias = Metric("bias", lambda rows: rows.actual - rows.forecast)
        >>> rows = ForecastRows("AR", np.array([1.0, 5.0]), {"AR": np.array([2.0, 2.0])})
        >>> float(bias.aggregation(bias.statistic(rows)))
        1.0

    Source:
        GluonTS, ``gluonts.ev``.
    """

    name: str
    statistic: Callable[[ForecastRows], Array]
    aggregation: Aggregation = MEAN

    def evaluate(self, rows: ForecastRows, groups: Grouping) -> Array:
        """One number a group."""
        return groups.aggregate(self.statistic(rows), self.aggregation)


@dataclass(frozen=True)
class Ratio:
    """One metric over another, each aggregated by itself; NaN where the second is 0.

    Args:
        name: of its column.
        numerator: what is divided.
        denominator: what it is divided by.
    """

    name: str
    numerator: Metric
    denominator: Metric

    def evaluate(self, rows: ForecastRows, groups: Grouping) -> Array:
        """One number a group."""
        return scaled(
            self.numerator.evaluate(rows, groups), self.denominator.evaluate(rows, groups)
        )


@dataclass(frozen=True)
class Relative:
    """Mean of several metrics, each over that of a baseline on the same rows.

    Args:
        name: of its column.
        metrics: what is compared.
        baseline: name of the model that is divided by.
    """

    name: str
    metrics: tuple[Metric, ...]
    baseline: str

    def evaluate(self, rows: ForecastRows, groups: Grouping) -> Array:
        """One number a group."""
        other = rows.of(self.baseline)
        ratios = [
            scaled(metric.evaluate(rows, groups), metric.evaluate(other, groups))
            for metric in self.metrics
        ]
        return np.asarray(np.mean(ratios, axis=0))
