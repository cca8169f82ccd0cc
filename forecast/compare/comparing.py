"""Forecasters scored against naive, linear and classical baselines at the same origins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from forecast.backtesting.admission import listed, unique_names
from forecast.backtesting.choosing import settled
from forecast.backtesting.guests.guest import Participant
from forecast.backtesting.learning_curves import learning_curves
from forecast.backtesting.linear_share import linear_shares
from forecast.backtesting.plan import make_plan
from forecast.backtesting.run import backtest
from forecast.baselines import AR, ETS, Drift, Naive, Naive2, PooledAR, SeasonalNaive, Theta
from forecast.checks import check_positive_integer
from forecast.compare.given import GivenForecasts
from forecast.compare.records import (
    denominators,
    material_of,
    protocol_of,
    seconds_of,
    settings_of,
)
from forecast.compare.seeds import replicas_of
from forecast.covariate_use import weight_columns
from forecast.evaluation import Backtest, Comparison, Run
from forecast.forecaster import Forecaster
from forecast.kept import shared_fits
from forecast.libraries import library_versions
from forecast.pipelines import Columns, Split, default_season

__all__ = ["compare"]

_BASELINES = (Naive, Drift, SeasonalNaive, Naive2, Theta, ETS, AR, PooledAR)


def compare(
    forecasters: Any,
    df: Any,
    horizon: int,
    *,
    n_windows: int | None = None,
    step_size: int | None = None,
    gap: int = 0,
    max_train_size: int | None = None,
    align: str = "series",
    level: Any = (80, 95),
    intervals: str | None = None,
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
    num_seeds: int = 3,
    forecasts: Any = None,
    title: str | None = None,
    command: str = "",
) -> Comparison:
    """Score forecasters against naive, linear and classical baselines at the same origins.

    The baselines are always added. The reference is the linear forecaster with the lowest MASE at
    origins inside the training part: chosen before the first cutoff.

    Args:
        forecasters: one or several; cloned, and fitted before the first cutoff. Any object with
            `fit(df)` and `predict(horizon)` can take part, see `cross_validation`.
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
        intervals: their kind, as for `predict`; each forecaster's own by default.
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
        num_seeds: runs of each forecaster that is random, from its seed, the next one and so on;
            losses are averaged over them, never forecasts, and seconds are those of one run.
        forecasts: forecasts made elsewhere, to be scored beside: a frame as of `cross_validation`
            (id, time, `cutoff`, a column a model, intervals) with exactly the rows of this
            comparison.
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
    check_positive_integer("num_seeds", num_seeds)
    given = listed(forecasters)
    columns = Columns.named(
        id_col, time_col, target_col, future_covariates, past_covariates, static_covariates,
        calendar_features,
    )  # fmt: skip
    split = Split(n_windows, step_size, gap, max_train_size, align)
    plan = make_plan(
        df, columns, horizon, split, freq=freq, level=level, refit=refit, intervals=intervals,
        weights=weight_columns(given),
    )  # fmt: skip
    season = default_season(plan.training_part(), season_length)
    plan = replace(plan, scoring_season=season.length)
    shown = _with_baselines(given, season_length)
    unique_names(shown)
    shown = settled(shown, plan)
    elsewhere = GivenForecasts.read(forecasts, plan)
    replicas = replicas_of(shown, num_seeds)
    unique_names([*shown, *replicas.all, *elsewhere.names])
    with shared_fits():
        run = replicas.joined(backtest(shown, plan, n_jobs=n_jobs), plan, n_jobs)
    protocol = elsewhere.noted(protocol_of(shown, run.outcomes, plan))
    seconds = seconds_of(run.outcomes)
    settings = settings_of(plan, season, shown) | replicas.settings
    scored = Backtest(
        elsewhere.beside(run.frame),
        plan.reading.layout.columns,
        tuple(protocol.roles),
        denominators(plan, season.length),
        horizon,
        split,
        plan.levels,
        replicas.columns,
    )
    first_seeds = [outcome for outcome in run.outcomes if outcome.name in protocol.roles]
    shares = linear_shares(first_seeds, plan, scored.denominators)
    return Comparison(
        scored,
        protocol,
        material_of(plan, first_seeds),
        Run(
            title or "Comparison", command, settings, replicas.mean_seconds(seconds),
            learning_curves(first_seeds), shares, library_versions(),
        ),
    )  # fmt: skip


def _with_baselines(
    forecasters: Sequence[Participant], season_length: int | None
) -> list[Participant]:
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
