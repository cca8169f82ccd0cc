"""Rolling-origin evaluation: the same origins, rows and information for every forecaster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forecast.backtesting.admission import listed, unique_names
from forecast.backtesting.choosing import refuse_choosing, settled
from forecast.backtesting.parquet import check_sink
from forecast.backtesting.plan import make_plan
from forecast.backtesting.run import backtest, written
from forecast.backtesting.sampling import Sampling
from forecast.covariate_use import weight_columns
from forecast.pipelines import Columns, Split, write_frame

__all__ = ["cross_validation", "listed", "unique_names"]


def cross_validation(
    forecasters: Any,
    df: Any,
    horizon: int,
    *,
    n_windows: int | None = None,
    step_size: int | None = None,
    gap: int = 0,
    max_train_size: int | None = None,
    align: str = "series",
    level: Any = None,
    intervals: str | None = None,
    refit: bool | int | None = None,
    use_fitted: bool = False,
    num_paths: int | None = None,
    seed: int = 0,
    sink: Any = None,
    n_jobs: int | None = None,
    freq: Any = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str | Sequence[str] = "y",
    future_covariates: Sequence[str] | None = None,
    past_covariates: Sequence[str] | None = None,
    static_covariates: Sequence[str] | None = None,
    calendar_features: Sequence[str] | bool | None = None,
) -> Any:
    """Forecasts at rolling origins, each from what is known there.

    Origins are counted from each series' own end. Where series end at different times, a model
    pooled over them has seen later dates of other series; `align="calendar"` puts every origin at
    one moment for all. `fc.plot_origins`, with the same arguments, shows the split.

    Any object with `fit(df)` and `predict(horizon)` can take part. A clone of it is given the rows
    known at each origin as a long frame with the names of your columns (all steps, NaN where one
    has no value), and must return `horizon` steps of each series: a frame with id, time and
    forecasts, or an array. It is fitted again at every origin, unless it has `update(df)` and
    `closed_form = False`. Covariates, `freq`, `horizon` and the names of the columns reach its
    `fit`, `level` and `future_df` its `predict`, if these have arguments of those names. Its
    intervals are the columns `<name>-lo-80`, `<name>-hi-80` that it returns, else NaN.

    Args:
        forecasters: one or several; cloned, and fitted before the first cutoff.
        df: long, wide or single series, as for `fit`.
        horizon: steps ahead, at least 1.
        n_windows: origins; by default as many as fit while at least half of the longest series
            is known at the first, up to 20.
        step_size: steps between origins; the horizon by default.
        gap: steps between the last known one and the first one scored; forecasts are rolled over
            them too.
        max_train_size: most steps known at an origin, by fits and by states (sliding windows); all
            by default (expanding windows).
        align: "series" counts origins from the end of each series, "calendar" from the latest end:
            series that have ended by then take no part.
        level: percentages of intervals; none by default.
        intervals: their kind, "conformal", "adaptive", "analytic" or "paths", as for `predict`;
            each forecaster's own by default.
        refit: True at every origin, False never, k at every k-th; by default closed forms at every
            origin and networks once.
        use_fitted: use fitted forecasters as they are, without refitting; refused unless what they
            were fitted on, of any series, ends before the first cutoff of all.
        num_paths: sample paths for each series and origin, which are scored in a column
            `<name>-crps` a forecaster (continuous ranked probability score); none by default.
        seed: of these paths, as for `sample`.
        sink: path of a Parquet file to write each origin to as it is passed, for tables larger
            than memory; the file appears whole or not at all. Read back it is the frame that
            would be returned (times in seconds come back in milliseconds, text in object columns
            as pandas reads text).
        n_jobs: processes for refits, 1 for none beside this one; by default as many as there are
            cores where refits are expected to take more than 20 s together. The numbers are the
            same.
        freq: pandas alias or integer step; inferred by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column, or of several: the channels of each series.
        future_covariates: columns that are known ahead, as for `fit`; each forecast sees those of
            the steps that it is made for.
        past_covariates: columns known up to the last observation, as for `fit`.
        static_covariates: columns of one entry a series, as for `fit`.
        calendar_features: known ahead by themselves, as for `fit`.

    Returns:
        Long frame: `unique_id`, `ds`, `cutoff` (the last step known), `y` (NaN where a step has no
        value), a column a forecaster, limits for each level; of several targets, `channel` beside
        the id. With `sink`, its path.

    Raises:
        ImportError: if `sink` is given and pyarrow is not installed.
        OSError: if `sink` is no place for a file.
        TypeError: for what is no forecaster.
        ValueError: for data, horizon or origins that do not work; the message says why.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> cv = cross_validation([fc.Naive(), fc.AR(lags=9)], df, horizon=5, n_windows=3)
        >>> cv.shape
        (15, 6)
    """
    columns = Columns.named(
        id_col, time_col, target_col, future_covariates, past_covariates, static_covariates,
        calendar_features,
    )  # fmt: skip
    split = Split(n_windows, step_size, gap, max_train_size, align)
    given = listed(forecasters)
    if use_fitted and refit:
        raise ValueError(f"use_fitted=True fits nothing, refit={refit!r} does; leave out one.")
    path = None if sink is None else check_sink(sink)
    sampling = None if num_paths is None else Sampling(num_paths, seed)
    plan = make_plan(
        df, columns, horizon, split, freq=freq, level=level, refit=refit, sampling=sampling,
        intervals=intervals, weights=() if use_fitted else weight_columns(given),
    )  # fmt: skip
    unique_names(given)
    if use_fitted:
        refuse_choosing(given)
    given = settled(given, plan)
    if path is None:
        return write_frame(backtest(given, plan, use_fitted, n_jobs).frame, plan.reading.layout)
    written(given, plan, path, use_fitted, n_jobs)
    return sink
