"""The metrics by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from forecast.evaluation.crps import crps_from_quantiles
from forecast.evaluation.metrics.averaging import Array
from forecast.evaluation.metrics.metric import (
    MEAN,
    ROOT_MEAN,
    TOTAL,
    Aggregation,
    Metric,
    Ratio,
    Relative,
)
from forecast.evaluation.metrics.pointwise import (
    absolute_error,
    covered,
    quantile_loss,
    scaled,
    squared_error,
    symmetric_percentage_error,
    winkler_score,
)
from forecast.evaluation.metrics.rows import ForecastRows

__all__ = ["NAMES", "Scorer", "metrics_named"]

Scorer = Metric | Ratio | Relative


def _absolute(rows: ForecastRows) -> Array:
    return absolute_error(rows.actual, rows.forecast)


def _squared(rows: ForecastRows) -> Array:
    return squared_error(rows.actual, rows.forecast)


def _percentage(rows: ForecastRows) -> Array:
    return symmetric_percentage_error(rows.actual, rows.forecast)


def _scaled(rows: ForecastRows) -> Array:
    return scaled(_absolute(rows), rows.scales())


def _scaled_squared(rows: ForecastRows) -> Array:
    return scaled(_squared(rows), rows.scales(squared=True))


def _size(rows: ForecastRows) -> Array:
    """``|y|`` where there is a forecast."""
    return np.where(np.isnan(rows.forecast), np.nan, np.abs(rows.actual))


def _inside(rows: ForecastRows, level: float) -> Array:
    low, high = rows.interval(level)
    unknown = np.isnan(low) | np.isnan(high)
    return np.where(unknown, np.nan, 100.0 * covered(rows.actual, low, high))


def _winkler(rows: ForecastRows, level: float) -> Array:
    return winkler_score(rows.actual, *rows.interval(level), level)


def _scaled_winkler(rows: ForecastRows, level: float) -> Array:
    return scaled(_winkler(rows, level), rows.scales())


def _mean_quantile_loss(rows: ForecastRows) -> Array:
    """Twice the pinball loss, a mean over the quantiles."""
    losses = [2.0 * quantile_loss(rows.actual, f, q) for q, f in rows.quantiles.items()]
    return np.asarray(np.mean(losses, axis=0))


def _of_paths(rows: ForecastRows) -> Array:
    return np.where(np.isnan(rows.actual), np.nan, rows.crps)


def _of_quantiles(rows: ForecastRows) -> Array:
    drawn = rows.quantiles
    return crps_from_quantiles(np.stack(list(drawn.values()), axis=-1), list(drawn), rows.actual)


def _pinball(rows: ForecastRows, quantile: float) -> Array:
    return quantile_loss(rows.actual, rows.quantiles[quantile], quantile)


_SMAPE, _MASE = Metric("sMAPE", _percentage), Metric("MASE", _scaled)
_POINT: dict[str, Scorer] = {
    "MAE": Metric("MAE", _absolute),
    "RMSE": Metric("RMSE", _squared, ROOT_MEAN),
    "sMAPE": _SMAPE,
    "MASE": _MASE,
    "RMSSE": Metric("RMSSE", _scaled_squared, Aggregation(finish=np.sqrt, each_series=True)),
    "OWA": Relative("OWA", (_SMAPE, _MASE), "Naive2"),
    "ND": Ratio("ND", Metric("", _absolute, TOTAL), Metric("", _size, TOTAL)),
    "NRMSE": Ratio("NRMSE", Metric("", _squared, ROOT_MEAN), Metric("", _size, MEAN)),
}
_OF_LEVEL: dict[str, Callable[..., Array]] = {
    "coverage": _inside,
    "interval score": _winkler,
    "MSIS": _scaled_winkler,
}
_OF_QUANTILES: dict[str, Scorer] = {
    "wQL": Ratio("wQL", Metric("", _mean_quantile_loss, TOTAL), Metric("", _size, TOTAL)),
    "CRPS": Metric("CRPS", _of_quantiles),
}
NAMES = (*_POINT, *_OF_LEVEL, *_OF_QUANTILES, "pinball")


def metrics_named(name: str, levels: Sequence[float], of_paths: bool) -> list[Scorer]:
    """The metrics of one name: one, or one for each level of intervals or quantile.

    Args:
        name: one of `NAMES`.
        levels: levels of the intervals that there are, in percent.
        of_paths: whether sample paths of every model were scored; the CRPS is theirs then.

    Raises:
        ValueError: an unknown name, or one that needs intervals where there are none.

    Example:
        >>> [metric.name for metric in metrics_named("coverage", [80.0, 95.0], of_paths=False)]
        ['coverage 80 %', 'coverage 95 %']
    """
    if name not in NAMES:
        raise ValueError(f"metric is {name!r}; it must be one of {', '.join(NAMES)}, or a Metric")
    if name in _POINT:
        return [_POINT[name]]
    if name == "CRPS" and of_paths:
        return [Metric("CRPS", _of_paths)]
    if not levels:
        raise ValueError(
            f"{name} needs intervals, and the frame has none; call cross_validation with "
            "level=[80, 95]" + (" or num_paths=100" if name == "CRPS" else "")
        )
    if name in _OF_QUANTILES:
        return [_OF_QUANTILES[name]]
    if name == "pinball":
        shares = sorted(
            [0.5, *(0.5 + sign * level / 200.0 for level in levels for sign in (-1, 1))]
        )
        return [Metric(f"pinball {q:g}", partial(_pinball, quantile=q)) for q in shares]
    return [
        Metric(f"{name} {level:g} %", partial(_OF_LEVEL[name], level=level)) for level in levels
    ]
