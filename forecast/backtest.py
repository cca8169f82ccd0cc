"""Rolling-origin evaluation: the same origins, rows and information for every forecaster."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.covariate_use import refuse_other_columns
from forecast.fitting import Fitted, fit_model
from forecast.forecaster import Forecaster
from forecast.outcome import Outcome
from forecast.output import interval_names, refuse_taken_names
from forecast.pipelines import Columns, Panel, Split, write_frame
from forecast.plan import Plan, make_plan
from forecast.progress import progress_bar
from forecast.systems import joint_origins, shown_rows

__all__ = ["Outcome", "Plan", "backtest", "cross_validation", "listed", "unique_names"]


def cross_validation(
    forecasters: Forecaster | Sequence[Forecaster],
    df: Any,
    horizon: int,
    *,
    n_windows: int | None = None,
    step_size: int | None = None,
    gap: int = 0,
    max_train_size: int | None = None,
    align: str = "series",
    level: Any = None,
    refit: bool | int | None = None,
    use_fitted: bool = False,
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
        refit: True at every origin, False never, k at every k-th; by default closed forms at every
            origin and networks once.
        use_fitted: use fitted forecasters as they are, without refitting; refused unless what they
            were fitted on, of any series, ends before the first cutoff of all.
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
        the id.

    Raises:
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
    plan = make_plan(df, columns, horizon, split, freq=freq, level=level, refit=refit)
    outcomes = backtest(given, plan, use_fitted)
    return write_frame(backtest_frame(plan, outcomes), plan.reading.layout)


def listed(forecasters: Any) -> list[Forecaster]:
    """One forecaster, or several, as a list.

    Raises:
        TypeError: for anything else.
    """
    several = isinstance(forecasters, Iterable) and not isinstance(forecasters, str | type)
    found = list(forecasters) if several else [forecasters]
    for one in found:
        if not isinstance(one, Forecaster):
            hint = " Call the class to make one." if isinstance(one, type) else ""
            raise TypeError(f"a forecaster such as fc.AR() is expected; got {one!r}.{hint}")
    return found


def unique_names(forecasters: Sequence[Forecaster]) -> None:
    """Refuse two forecasters with one name.

    Raises:
        ValueError: naming it.
    """
    names = [forecaster.name for forecaster in forecasters]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"two forecasters are called {name!r}; give one of them another name, as in "
                f"{name}(alias='{name}-2')."
            )


def backtest(
    forecasters: Sequence[Forecaster], plan: Plan, use_fitted: bool = False
) -> list[Outcome]:
    """Run all forecasters over the plan."""
    if not forecasters:
        raise ValueError("no forecaster was given; pass at least one, such as [fc.AR()].")
    unique_names(forecasters)
    _refuse_taken(forecasters, plan)
    if use_fitted:
        for forecaster in forecasters:
            _check_fitted_before(forecaster, plan)
    outcomes = []
    with progress_bar(len(forecasters)) as advance:
        for forecaster in forecasters:
            advance(f"{forecaster.name}: {plan.origins.num_windows} origins", 0)
            outcomes.append(_run(forecaster, plan, use_fitted))
            advance(forecaster.name, 1)
    return outcomes


def _refuse_taken(forecasters: Sequence[Forecaster], plan: Plan) -> None:
    """Refuse forecasters whose columns would overwrite others of the backtest frame."""
    columns = plan.reading.layout.columns
    names = [forecaster.name for forecaster in forecasters]
    limits = [limit for name in names for level in plan.levels
              for limit in interval_names(name, level)]  # fmt: skip
    beside = ["channel"] if columns.channels else []
    refuse_taken_names(
        [*names, *limits], [columns.id, *beside, columns.time, "cutoff", columns.target]
    )


def backtest_frame(plan: Plan, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Actual values and all forecasts as one long frame."""
    panel, horizon, gap = plan.reading.panel, plan.origins.horizon, plan.origins.gap
    columns = plan.reading.layout.columns
    parts = []
    for ends in plan.origins.ends:
        rows = np.flatnonzero(ends >= 0)
        part, known = panel.take(rows), ends[rows]
        cutoffs = part.head(known).ends
        parts.append(
            pd.DataFrame(
                {
                    columns.id: np.repeat(part.ids, horizon),
                    columns.time: part.flat_future_times(horizon, known + gap),
                    "cutoff": cutoffs.repeat(horizon),
                    columns.target: engine.following(part, known + gap, horizon).ravel(),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    for outcome in outcomes:
        for name, arrays in outcome.columns.items():
            frame[name] = np.concatenate(arrays).ravel()
    return frame


def _run(forecaster: Forecaster, plan: Plan, use_fitted: bool) -> Outcome:
    outcome = Outcome(forecaster.name, intervals=forecaster.intervals)
    every = 0 if use_fitted else plan.refit_every(forecaster)
    given = forecaster.fitted_ if use_fitted else None
    reading, panel = forecaster._arranged(plan.reading, given and given.ids), plan.reading.panel
    origins = joint_origins(panel, plan.origins, reading.panel)
    own = replace(plan, reading=reading, origins=origins)
    for stop, fitted in _walk_with_fits(forecaster, own, every, given, outcome):
        outcome.first = outcome.first or fitted
        outcome.add(fitted, stop, own)
    if origins is not plan.origins:
        outcome.keep(shown_rows(panel, plan.origins, reading.panel))
    return outcome


def _walk_with_fits(
    forecaster: Forecaster, plan: Plan, every: int, fitted: Fitted | None, outcome: Outcome
) -> Iterator[tuple[engine.Stop, Fitted]]:
    """States at each origin, with the fit that is in force there.

    Between two fits the history is absorbed once and each origin is passed on the way.
    """
    num_windows = plan.origins.num_windows
    every = every or num_windows
    for first in range(0, num_windows, every):
        if fitted is None or first:
            fitted = _timed_fit(forecaster, plan, first, outcome)
        began = time.perf_counter()
        panel = fitted.encoding.apply(plan.reading.panel)
        part = plan.origins.windows(slice(first, first + every))
        series = pd.Index(fitted.ids).get_indexer(pd.Index(panel.ids))
        _refuse_unknown(forecaster, panel.ids[(series < 0) & (part.ends >= 0).any(axis=0)])
        # An unknown series without an origin here is not looked at: any fitted row will do.
        series = series if forecaster.takes_new_series else np.maximum(series, 0)
        offset = fitted.offsets(panel, series)
        for stop in engine.walk(fitted.model, panel, series, part, offset=offset):
            outcome.predict_seconds += time.perf_counter() - began
            yield stop, fitted
            began = time.perf_counter()


def _timed_fit(forecaster: Forecaster, plan: Plan, window: int, outcome: Outcome) -> Fitted:
    began = time.perf_counter()
    known, ahead = plan.training_part(window), plan.origins.steps_ahead
    fitted = fit_model(forecaster.clone(), known, ahead, outcome.first, plan.scoring_season)
    outcome.fit_seconds += time.perf_counter() - began
    return fitted


def _refuse_other_times(forecaster: Forecaster, panel: Panel) -> None:
    """Refuse a fitted forecaster for data of another frequency or time zone."""
    own, given = forecaster.store_.frequency, panel.frequency
    zones = [getattr(times, "tz", None) for times in (forecaster.fitted_.until, panel.starts)]
    for what, mine, theirs in (("freq", own.alias, given.alias), ("time zone", *zones)):
        if str(mine) != str(theirs):
            raise ValueError(
                f"{forecaster.name} was fitted on data of {what} {mine!s}; got {what} {theirs!s}. "
                "Give data of the same kind, or leave use_fitted=False."
            )


def _refuse_unknown(forecaster: Forecaster, ids: NDArray) -> None:
    if len(ids) and not forecaster.takes_new_series:
        raise ValueError(
            f"{forecaster.name} has one model a series, and {list(ids[:5])} have no data before "
            "the first cutoff. Use refit=True, fewer origins (n_windows), or a global model."
        )


def _check_fitted_before(forecaster: Forecaster, plan: Plan) -> None:
    """Refuse a forecaster that has learned from steps after the first cutoff, or other data."""
    fitted, panel = forecaster._require_fitted(), plan.reading.panel
    refuse_other_columns(forecaster, plan.reading.layout.columns)
    _refuse_other_times(forecaster, panel)
    earliest = plan.first_cutoffs.min()
    latest = int(np.argmax(fitted.until))
    if fitted.until[latest] > earliest:
        raise ValueError(
            f"{forecaster.name} has learned from series {fitted.ids[latest]!r} until "
            f"{fitted.until[latest]}, after the first cutoff {earliest}; fit it on earlier "
            "data, or leave use_fitted=False."
        )
