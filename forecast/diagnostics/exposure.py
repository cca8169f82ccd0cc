"""Exposure bias: what a model loses by living on its own forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pandas as pd

from forecast.backtesting.admission import admit, refuse_other_times, unique_names
from forecast.backtesting.choosing import Chooses, settled
from forecast.backtesting.course import Course
from forecast.backtesting.plan import Plan, make_plan
from forecast.covariate_use import weight_columns
from forecast.denominators import seasonal_changes
from forecast.diagnostics.exposure_report import ExposureBias
from forecast.diagnostics.exposure_verdict import exposure_verdict
from forecast.diagnostics.paired_errors import PairedErrors
from forecast.forecaster import Forecaster
from forecast.pipelines import Columns, Split, default_season
from forecast.progress import progress_bar

__all__ = ["exposure_bias"]


def exposure_bias(
    forecasters: Any,
    df: Any = None,
    horizon: int | None = None,
    *,
    n_windows: int | None = None,
    step_size: int | None = None,
    align: str = "series",
    use_fitted: bool | None = None,
    season_length: int | None = None,
    freq: Any = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str | Sequence[str] = "y",
    future_covariates: Sequence[str] | None = None,
    past_covariates: Sequence[str] | None = None,
    static_covariates: Sequence[str] | None = None,
    calendar_features: Sequence[str] | bool | None = None,
) -> ExposureBias:
    """Errors of forecasters fed with the truth, and of the same ones living on their own forecasts.

    At each origin t and step h, for the same value y[t+h],

        teacher-forced:  e[h] = |y[t+h] - yhat(y[t+h] | y[1], ..., y[t+h-1])|
        free-running:    e[h] = |y[t+h] - yhat(y[t+h] | y[1], ..., y[t])|

    divided by q, the mean absolute change of the series from one season to the next before the
    first origin, and averaged over origins and series. The first forecast is one step long at every
    h, so it stays as good as it is; the second is what `predict` gives. Training by one-step errors
    sees the first kind only (Bengio et al., 2015). All models go through the same walk: one pass
    over the history, both errors from the states at each origin.

    A ratio above 1 is normal: the true model of an AR(1) with coefficient a has
    `sqrt((1 - a^2h) / (1 - a^2))` on Gaussian noise. Read it beside that of other models.

    Args:
        forecasters: one or several. Those that are not fitted are cloned, and fitted once before
            the first origin; fitted ones are used as they are, their states set by `df` as
            `condition` does, and nothing is learned from it.
        df: long, wide or single series, as for `fit`, the history before the origins included.
        horizon: steps ahead, at least 1; that of the fit by default, if all are fitted.
        n_windows: origins; by default as many as fit while at least half of the longest series is
            known at the first, up to 20, of those that lie behind what fitted ones learned from.
        step_size: steps between origins; the horizon by default. With 1 and more windows the curves
            are smoother.
        align: "series" or "calendar", as for `cross_validation`.
        use_fitted: False fits clones of the fitted ones too, True refuses what is not fitted.
        season_length: season of q, in steps; from the frequency and the data by default.
        freq: pandas alias or integer step; inferred by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column, or of several: the channels of each series.
        future_covariates: columns that are known ahead, as for `fit`.
        past_covariates: columns known up to the last observation, as for `fit`.
        static_covariates: columns of one entry a series, as for `fit`.
        calendar_features: known ahead by themselves, as for `fit`.

    Returns:
        `table` (a row a model and step), `verdict` (also printed), `plot()`.

    Raises:
        TypeError: for what is no forecaster of this library.
        NotFittedError: with `use_fitted=True`, for a forecaster that is not fitted.
        ValueError: for data, horizon or origins that do not work, two forecasters of one name, or
            a fitted one that has learned from steps after the first origin.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> found = exposure_bias(fc.AR(lags=9), df, horizon=4, step_size=1)
        >>> found.table.round(2)
          model  step  count  teacher_forced  free_running  ratio
        0    AR     1     20            0.66          0.66   1.00
        1    AR     2     20            0.68          0.69   1.02
        2    AR     3     20            0.70          0.74   1.05
        3    AR     4     20            0.67          0.73   1.10

    Source: Bengio, Vinyals, Jaitly and Shazeer (2015), "Scheduled sampling for sequence prediction
    with recurrent neural networks"; Lamb et al. (2016), "Professor forcing".
    """
    given = _listed(forecasters)
    if df is None:
        raise ValueError(
            f"there is nothing to measure {given[0].name} on: give df, the series with the history "
            "before the origins. A fitted forecaster keeps its states, not the rows they came from."
        )
    horizon = _horizon(given, use_fitted) if horizon is None else horizon
    columns = Columns.named(
        id_col, time_col, target_col, future_covariates, past_covariates, static_covariates,
        calendar_features,
    )  # fmt: skip
    plan = make_plan(
        df, columns, horizon, Split(n_windows, step_size, align=align), freq=freq, refit=False,
        weights=() if use_fitted else weight_columns(given),
    )  # fmt: skip
    plan = _admitted(given, plan, use_fitted)
    chosen = cast(list[Forecaster], settled(given, plan))
    return _measured(chosen, plan, use_fitted, season_length)


def _listed(forecasters: Any) -> list[Any]:
    """One forecaster, or several, as a list."""
    given = list(forecasters) if isinstance(forecasters, list | tuple) else [forecasters]
    for one in given:
        if not isinstance(one, Forecaster | Chooses):
            hint = " Call the class to make one." if isinstance(one, type) else ""
            raise TypeError(
                "a forecaster such as fc.AR(), or a list of such, is expected (one from outside "
                f"says nothing of its one-step forecasts); got {one!r}.{hint}"
            )
    if not given:
        raise ValueError("no forecaster was given; pass at least one, such as [fc.AR()].")
    unique_names(given)
    return given


def _is_used(forecaster: Any, use_fitted: bool | None) -> bool:
    """Whether a forecaster is used as it was fitted."""
    return "fitted_" in vars(forecaster) if use_fitted is None else use_fitted


def _horizon(given: Sequence[Any], use_fitted: bool | None) -> int:
    """The horizon that all were fitted for.

    Raises:
        ValueError: if there is none.
    """
    used = all("fitted_" in vars(one) and _is_used(one, use_fitted) for one in given)
    horizons = {one.fitted_.horizon for one in given} if used else set()
    if len(horizons) != 1:
        raise ValueError(
            "give a horizon, the steps ahead to look at, such as horizon=12: only where all "
            "forecasters are fitted, for the same one, is that the default."
        )
    return horizons.pop()


def _admitted(given: Sequence[Any], plan: Plan, use_fitted: bool | None) -> Plan:
    """The plan with the origins behind all that fitted forecasters have learned from.

    Raises:
        ValueError: naming a forecaster that cannot take part, and why.
    """
    used = [one for one in given if _is_used(one, use_fitted)]
    for one in used:
        one._require_fitted()
        refuse_other_times(one, plan.reading.panel)
    if used and plan.split.n_windows is None:
        plan = plan.since(max(one.fitted_.until.max() for one in used))
    admit(given, plan)
    if used:
        admit(used, plan, use_fitted=True)
    return plan


def _measured(
    given: Sequence[Forecaster], plan: Plan, use_fitted: bool | None, season_length: int | None
) -> ExposureBias:
    """Both errors of all forecasters at the origins of a plan."""
    panel = plan.reading.panel
    season = default_season(plan.training_part(), season_length).length
    scale = seasonal_changes(panel.head(plan.origins.first_ends(panel.lengths)), season)
    varies = (scale > 0) & (plan.origins.ends >= 0).any(axis=0)
    if not varies.any():
        raise ValueError(
            "no series varies before its first origin, so no error can be scaled; use fewer "
            "origins (n_windows), another season_length, or other series."
        )
    scales, parts, at_once = dict(zip(panel.ids, scale, strict=True)), [], {}
    with progress_bar(len(given)) as advance:
        for one in given:
            advance(one.name, 0)
            fitted, errors = _errors(one, plan, one.fitted_ if _is_used(one, use_fitted) else None)
            parts.append(errors.table(scales).assign(model=one.name))
            at_once[one.name] = _steps_at_once(fitted.model)
            advance(one.name, 1)
    table = pd.concat(parts, ignore_index=True)
    table = table[["model", "step", "count", "teacher_forced", "free_running", "ratio"]]
    windows, number = plan.origins.num_windows, int(varies.sum())
    words = exposure_verdict(table, at_once, _scale_words(windows, number, season))
    return ExposureBias(words, table, windows, number)


def _errors(one: Forecaster, plan: Plan, given: Any) -> tuple[Any, PairedErrors]:
    """The fit of a forecaster, made before the first origin unless `given`, and its errors."""
    course = Course.laid(one, plan, given)
    fitted = course.fitted(0, None)[0] if given is None else given
    return fitted, PairedErrors.along(course, fitted)


def _steps_at_once(model: Any) -> int:
    """Steps that are emitted before any of them is fed back, by a model or by its members."""
    inner = [_steps_at_once(member) for member in getattr(model, "members", ())]
    return min([model.block_length, *inner])


def _scale_words(windows: int, series: int, season: int) -> str:
    """How many errors there are, and their unit."""
    lag = "one step" if season == 1 else f"{season} steps"
    return (
        f"({windows} origins of {series} series; errors are in mean absolute changes over {lag} "
        "before the first origin.)"
    )
