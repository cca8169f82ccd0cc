"""Networks beside baselines at the same origins, with a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from forecast.backtesting.admission import listed, unique_names
from forecast.backtesting.learning_curves import learning_curves
from forecast.backtesting.linear_share import linear_shares
from forecast.backtesting.outcome import Outcome
from forecast.backtesting.plan import Plan, make_plan
from forecast.backtesting.run import backtest
from forecast.baselines import AR, ETS, Drift, Naive, Naive2, PooledAR, SeasonalNaive, Theta
from forecast.checks import check_positive_integer
from forecast.covariate_use import covariate_settings
from forecast.denominators import seasonal_changes
from forecast.evaluation import Backtest, Comparison, Material, Protocol, Run
from forecast.findings import fell_back_words
from forecast.forecaster import Forecaster
from forecast.libraries import library_versions
from forecast.pipelines import Columns, Panel, Split, default_season

__all__ = ["compare"]

_BASELINES = (Naive, Drift, SeasonalNaive, Naive2, Theta, ETS, AR, PooledAR)


def compare(
    forecasters: Forecaster | Sequence[Forecaster],
    df: Any,
    horizon: int,
    *,
    n_windows: int | None = None,
    step_size: int | None = None,
    gap: int = 0,
    max_train_size: int | None = None,
    align: str = "series",
    level: Any = (80, 95),
    refit: bool | int | None = None,
    n_jobs: int | None = None,
    season_length: int | None = None,
    freq: Any = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str | Sequence[str] = "y",
    future_covariates: Sequence[str] | None = None,
    past_covariates: Sequence[str] | None = None,
    static_covariates: Sequence[str] | None = None,
    calendar_features: Sequence[str] | bool | None = None,
    title: str | None = None,
    command: str = "",
) -> Comparison:
    """Score forecasters against naive, linear and classical baselines at the same origins.

    The baselines are always added. The reference is the linear forecaster with the lowest MASE at
    origins inside the training part: chosen before the first cutoff.

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
        level: percentages of intervals.
        refit: True at every origin, False never, k at every k-th; by default closed forms at every
            origin and networks once.
        n_jobs: processes for refits, as for `cross_validation`.
        season_length: season of the baselines and of the MASE; from the frequency and the data
            before the first cutoff by default.
        freq: pandas alias or integer step; inferred by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column, or of several: the channels of each series.
        future_covariates: columns that are known ahead, as for `fit`; the settings say which
            forecasters use them.
        past_covariates: columns known up to the last observation, as for `fit`.
        static_covariates: columns of one entry a series, as for `fit`.
        calendar_features: known ahead by themselves, as for `fit`.
        title: heading of the report.
        command: how to run the comparison again, for the report.

    Returns:
        The comparison: `verdict`, `table`, `by_step`, `by_series`, `plot()`, `to_html(path)`.

    Raises:
        TypeError: for what is no forecaster.
        ValueError: for data, horizon or origins that do not work; the message says why.

    Example:
        >>> import forecast as fc
        >>> result = compare([], fc.load_dataset("sunspots"), horizon=5, n_windows=8)
        >>> result.reference in ("AR", "PooledAR")
        True
    """
    check_positive_integer("season_length", season_length, optional=True)
    given = listed(forecasters)
    columns = Columns.named(
        id_col, time_col, target_col, future_covariates, past_covariates, static_covariates,
        calendar_features,
    )  # fmt: skip
    split = Split(n_windows, step_size, gap, max_train_size, align)
    plan = make_plan(df, columns, horizon, split, freq=freq, level=level, refit=refit)
    season = default_season(plan.training_part(), season_length)
    plan = replace(plan, scoring_season=season.length)
    shown = _with_baselines(given, season_length)
    unique_names(shown)
    run = backtest(shown, plan, n_jobs=n_jobs)
    roles = {forecaster.name: forecaster.role for forecaster in shown}
    scored = Backtest(
        run.frame,
        plan.reading.layout.columns,
        tuple(roles),
        _denominators(plan, season.length),
        horizon,
        split,
        plan.levels,
    )
    seconds, shares = _seconds(run.outcomes), linear_shares(run.outcomes, plan, scored.denominators)
    return Comparison(
        scored,
        _protocol(shown, run.outcomes, plan, roles),
        Material(_history(plan), plan.notes, _flags(run.outcomes, plan.training_part())),
        Run(
            title or "Comparison", command, _settings(plan, season, shown), seconds,
            learning_curves(run.outcomes), shares, library_versions(),
        ),
    )  # fmt: skip


def _with_baselines(
    forecasters: Sequence[Forecaster], season_length: int | None
) -> list[Forecaster]:
    """The baselines, but those given with default settings already, then the forecasters.

    A baseline with settings of the user's does not replace the default one: a weak one would make
    any network look good.
    """
    given = {repr(forecaster) for forecaster in forecasters}
    defaults: list[Forecaster] = [baseline() for baseline in _BASELINES]
    added = [baseline for baseline in defaults if repr(baseline) not in given]
    for baseline in added:
        if "season_length" in baseline.get_params(deep=False):
            baseline.set_params(season_length=season_length)
    return [*added, *forecasters]


def _denominators(plan: Plan, season: int) -> dict[Any, float]:
    """MASE denominators before each series' first origin."""
    panel = plan.reading.panel
    known = panel.head(plan.origins.first_ends(panel.lengths))
    return dict(zip(panel.ids, seasonal_changes(known, season), strict=True))


def _protocol(
    shown: Sequence[Forecaster], outcomes: Sequence[Outcome], plan: Plan, roles: dict[str, str]
) -> Protocol:
    fits = {outcome.name: outcome.first for outcome in outcomes if outcome.first is not None}
    linear = [name for name, role in roles.items() if role == "linear"]
    reference = min(linear, key=lambda name: np.nan_to_num(fits[name].calibration.mase, nan=np.inf))
    words = {0: "once", 1: "every cutoff"}
    every = {forecaster.name: plan.refit_every(forecaster) for forecaster in shown}
    refit = {name: words.get(k, f"every {k} cutoffs") for name, k in every.items()}
    choices = {name: fit.estimate.choices for name, fit in fits.items()}
    return Protocol(roles, reference, refit, choices)


def _history(plan: Plan) -> pd.DataFrame:
    panel, columns = plan.reading.panel, plan.reading.layout.columns
    return pd.DataFrame(
        {
            columns.id: panel.ids[panel.codes],
            columns.time: panel.flat_times(),
            columns.target: panel.values,
        }
    )


def _flags(outcomes: Sequence[Outcome], training: Panel) -> tuple[str, ...]:
    """What a reader must know of single series and forecasts."""
    flags = []
    for outcome in outcomes:
        if outcome.first is not None and len(outcome.first.estimate.fell_back):
            ids = outcome.first.ids[outcome.first.estimate.fell_back]
            flags.append(f"{outcome.name}: {fell_back_words(ids, ' at the first cutoff')}.")
        if outcome.clipped:
            flags.append(
                f"{outcome.name}: {outcome.clipped} forecasts cut at the limits (0, or the "
                "history's range plus one range)."
            )
    constant = [
        str(training.ids[index])
        for index in range(training.num_series)
        if np.nanmin(training.row(index)) == np.nanmax(training.row(index))
    ]
    if constant:
        flags.append(
            f"{len(constant)} series constant before the first cutoff, forecast as their constant: "
            f"{', '.join(constant[:5])}."
        )
    return tuple(flags)


def _settings(plan: Plan, season, shown: Sequence[Forecaster]) -> dict[str, Any]:
    panel = plan.reading.panel
    settings = {
        "series": panel.num_series,
        "rows": panel.num_rows,
        "frequency": panel.frequency.alias,
        "season": f"{season.length} ({season.reason})",
        "horizon": plan.origins.horizon,
        "origins": plan.origins.num_windows,
        "steps between origins": plan.origins.step_size,
        **plan.split.settings,
    }
    return {**settings, **covariate_settings(plan.reading.layout.columns, shown)}


def _seconds(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "fit_seconds": [outcome.fit_seconds for outcome in outcomes],
            "predict_seconds": [outcome.predict_seconds for outcome in outcomes],
        },
        index=[outcome.name for outcome in outcomes],
    )
