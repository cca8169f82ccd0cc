"""Scores of any backtest frame: per series, step or cutoff, of all metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from forecast.evaluation.backtest_frame import BacktestFrame
from forecast.evaluation.grouping import KEYS, nested_groups
from forecast.evaluation.metrics.catalogue import NAMES, Scorer, metrics_named
from forecast.evaluation.metrics.metric import Metric, Ratio, Relative
from forecast.evaluation.metrics.rows import ForecastRows
from forecast.evaluation.scales import row_scales

__all__ = ["score"]

_SCALED = ("MASE", "RMSSE", "OWA", "MSIS")


def score(
    cv: Any,
    metrics: Sequence[str | Scorer] | str | Scorer | None = None,
    *,
    by: str | Sequence[str] | None = None,
    models: Sequence[str] | None = None,
    train_df: Any = None,
    season_length: int | None = None,
    freq: Any = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str = "y",
) -> pd.DataFrame:
    """Scores of the forecasts in a backtest frame, over all or per series, step ahead or cutoff.

    Pointwise numbers are averaged over the steps of a forecast, then over the cutoffs of a series,
    then over series: each series counts the same, as in M4. Roots (RMSE) and ratios (ND, NRMSE,
    wQL, OWA) are taken at the end; RMSSE is an average over series. Steps whose actual value is
    NaN do not count.

    Args:
        cv: output of ``cross_validation``: id, time, ``cutoff``, value, a column a model, ends of
            intervals as ``AR-lo-80``. Without a ``cutoff``, each series is one forecast.
        metrics: names ("MAE", "RMSE", "sMAPE", "MASE", "RMSSE", "OWA", "ND", "NRMSE", "coverage",
            "interval score", "MSIS", "wQL", "CRPS", "pinball") or :class:`Metric` objects; by
            default all but "pinball" that the frame and `train_df` allow.
        by: "series", "step", "cutoff" or several of them; None scores everything at once.
        models: columns to score; by default all that are forecasts.
        train_df: data before the first cutoffs for MASE, RMSSE, OWA and MSIS, as for `fit`; later
            rows are not used, so that the frame of the backtest itself will do.
        season_length: of these metrics' scale; from the frequency and the data by default. M4:
            hourly 24, weekly and daily 1, monthly 12, quarterly 4.
        freq: of `train_df`; inferred by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column.

    Returns:
        A row a group and model, a column a metric: sMAPE and coverage in percent; MAE, RMSE,
        interval score, CRPS and pinball in the unit of the series. NaN where there is nothing to
        score.

    Raises:
        TypeError: for what is no frame.
        ValueError: a column, metric, model or scale that is missing; the message says what to give.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> cv = fc.cross_validation([fc.Naive(), fc.AR(lags=9)], df, horizon=4, n_windows=8)
        >>> score(cv, ["MAE", "MASE"], train_df=df).round(2)
           model    MAE  MASE
        0  Naive  53.38  3.07
        1     AR  15.66  0.90
    """
    frame = BacktestFrame.of(cv, id_col, time_col, target_col)
    names = frame.checked_models(models)
    kept = _checked_by(by, frame)
    wanted = _wanted(metrics, frame, names, train_df is not None)
    scale = squared = None
    if train_df is not None:
        scale, squared = row_scales(frame, train_df, season_length, freq)
    rows = ForecastRows(names[0], frame.actual, frame.columns, frame.levels, scale, squared)
    groups = nested_groups(frame.codes(kept), tuple(kept))
    parts = []
    for name in names:
        scores = {m.name: m.evaluate(rows.of(name), groups) for m in wanted}
        labels = frame.labels(groups.keys)
        parts.append(pd.concat([labels.assign(model=name), pd.DataFrame(scores)], axis=1))
    return pd.concat(parts, ignore_index=True)


def _checked_by(by: str | Sequence[str] | None, frame: BacktestFrame) -> list[str]:
    kept = [by] if isinstance(by, str) else list(by or ())
    unknown = [key for key in kept if key not in KEYS]
    if unknown:
        raise ValueError(
            f"by is {unknown[0]!r}; it must be None or of 'series', 'step' and 'cutoff'"
        )
    if "cutoff" in kept and not frame.has_cutoff:
        raise ValueError("by='cutoff' needs a column 'cutoff', and the frame has none")
    return kept


def _wanted(
    metrics: Sequence[str | Scorer] | str | Scorer | None,
    frame: BacktestFrame,
    models: Sequence[str],
    is_scaled: bool,
) -> list[Scorer]:
    available = frame.with_crps(models)
    if metrics is None:
        metrics = _all_names(frame, available, is_scaled)
    elif isinstance(metrics, str | Metric | Ratio | Relative):
        metrics = [metrics]
    found: list[Scorer] = []
    for each in metrics:
        found += metrics_named(each, frame.levels, available) if isinstance(each, str) else [each]
    return found


def _all_names(frame: BacktestFrame, of_paths: bool, is_scaled: bool) -> list[str]:
    """What the frame allows."""
    missing = {"pinball"}
    if not is_scaled:
        missing |= set(_SCALED)
    if "Naive2" not in frame.columns:
        missing |= {"OWA"}
    if not frame.levels:
        missing |= {"coverage", "interval score", "MSIS", "wQL"} | (set() if of_paths else {"CRPS"})
    return [name for name in NAMES if name not in missing]
