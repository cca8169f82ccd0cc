"""Fitting any forecaster: season, horizon, a fit before the calibration origins, intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.calibration import Calibration, calibrate, past_score
from forecast.calibration_origins import calibration_origins, filled_origins, spread_origins
from forecast.covariate_use import encoding_for, seen_by
from forecast.distances import distances, in_zone_of, with_entries
from forecast.kept import estimate_once
from forecast.pipelines import Encoding, Frequency, Origins, Panel, Season, default_season
from forecast.protocol import Model, uses_clock

if TYPE_CHECKING:
    from forecast.forecaster import Forecaster

__all__ = ["Estimate", "Fitted", "Task", "default_horizon", "fit_model"]

_HORIZON_WITHOUT_SEASON = 12
_NO_COVARIATES = Encoding()


@dataclass(frozen=True, eq=False)
class Task:
    """What a forecaster is asked to learn.

    Args:
        panel: the training series; their covariates are encoded, see `Encoding`.
        season: season of the series.
        horizon: steps ahead that matter.
        ahead: the same series with the steps that follow, and the origins in them: what early
            stopping may look at; None when there is none to look at.
        settled: what an earlier fit of the same forecaster chose, to be kept; None to choose.
    """

    panel: Panel
    season: Season
    horizon: int
    ahead: tuple[Panel, Origins] | None = None
    settled: Any = None

    def seen_by(self, forecaster: Forecaster) -> Task:
        """The task as a forecaster sees it that uses some kinds of covariates, or none."""
        ahead = self.ahead and (seen_by(forecaster, self.ahead[0]), self.ahead[1])
        return replace(self, panel=seen_by(forecaster, self.panel), ahead=ahead)


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a forecaster has learned.

    Args:
        model: the model.
        choices: what the data decided, in a phrase ("lags 1-53").
        fell_back: positions of series that were too short for the model, or for its season.
        history: learning curves, one list a quantity; empty for closed forms.
        settled: the same choices for a later fit to keep, whatever the forecaster makes of them.
    """

    model: Model
    choices: str
    fell_back: NDArray
    history: dict[str, list[float]]
    settled: Any = None

    @staticmethod
    def closed_form(model: Model, choices: str, fell_back=(), settled: Any = None) -> Estimate:
        """An estimate without learning curves."""
        return Estimate(model, choices, np.asarray(fell_back, dtype=np.int64), {}, settled)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model with all that forecasting needs besides the states.

    Args:
        estimate: the model and how it came about.
        ids: ids of the series that it was fitted on, `(num_series,)`.
        starts: time of the first step of each, `(num_series,)`.
        until: time of the last step of each that it has learned from, `(num_series,)`.
        season: season of the series.
        horizon: steps ahead that intervals are calibrated for.
        calibration: residuals before the cutoff.
        encoding: how covariates become the numbers that the model sees.
    """

    estimate: Estimate
    ids: NDArray
    starts: pd.Index
    until: pd.Index
    season: Season
    horizon: int
    calibration: Calibration
    encoding: Encoding = _NO_COVARIATES

    @property
    def model(self) -> Model:
        """The fitted model."""
        return self.estimate.model

    def positions(self, ids: Any) -> NDArray:
        """Position of each series among the fitted ones, -1 for one that is new."""
        return self._index.get_indexer(pd.Index(ids))

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.ids)

    def learned(self, model: Model, series: NDArray, ends: pd.Index) -> Fitted:
        """The same with a model that has learned from newer steps.

        Args:
            model: the newer model.
            series: position of each series of these steps among the fitted ones, -1 for a new one,
                which counts for all: a global model has learned from it.
            ends: time of the last of these steps of each.
        """
        estimate, until = replace(self.estimate, model=model), self.until
        known = series >= 0
        if known.any():
            until = with_entries(until, series[known], ends[known])
        if not known.all():
            latest = in_zone_of(until, ends[~known]).max()
            until = until.where(until >= latest, latest)
        return replace(self, estimate=estimate, until=until)

    def unlearned(self, ids: NDArray, ends: pd.Index, frequency: Frequency) -> NDArray:
        """Steps of each series after the last that the model has learned from, `(num_series,)`.

        Args:
            ids: ids of the series.
            ends: time of the last step of each.
            frequency: distance between two steps.

        Returns:
            At least 0; the largest integer for a series that it was not fitted on.
        """
        rows = self.positions(ids)
        steps = np.full(len(rows), np.iinfo(np.int64).max)
        known = np.flatnonzero(rows >= 0)
        if len(known):
            until = self.until.take(rows[known])
            steps[known] = np.maximum(distances(frequency, until, ends.take(known)), 0)
        return steps

    def offsets(self, panel: Panel, series: NDArray) -> NDArray:
        """Steps from the first step of each fitted series to that of the same in a history.

        Args:
            panel: the history.
            series: position of each of its series among the fitted ones, -1 for a new one.

        Returns:
            Negative where the history begins earlier; 0 for a new series, and throughout for a
            model that does not use its clock, `(num_series,)`.
        """
        offset = np.zeros(len(series), dtype=np.int64)
        known = np.flatnonzero(series >= 0)
        if len(known) and uses_clock(self.model):
            starts = self.starts.take(series[known])
            offset[known] = distances(panel.frequency, starts, panel.starts.take(known))
        return offset


def default_horizon(season: Season, panel: Panel) -> int:
    """Two seasons, or 12 steps without one; at most a quarter of the longest series."""
    wanted = 2 * season.length if season.length > 1 else _HORIZON_WITHOUT_SEASON
    return int(np.clip(panel.lengths.max() // 4, 1, wanted))


def fit_model(
    forecaster: Forecaster,
    panel: Panel,
    horizon: int | None,
    previous: Fitted | None = None,
    scoring_season: int | None = None,
) -> Fitted:
    """Fit on a panel.

    Once on what lies before the calibration origins, to see honest errors there. The estimate is
    then completed on everything: a closed form is fitted again; a network keeps its weights, since
    these origins have told it when to stop, and at most its linear part is fitted again. (So the
    residuals of a network come from the origins that chose its weights.)

    Args:
        forecaster: gives the estimate.
        panel: training series, with covariates as read.
        horizon: steps ahead that matter; None for `default_horizon`.
        previous: an earlier fit of the same forecaster, whose season and choices stand; of a
            closed form its residuals too (a network needs steps ahead to know when to stop).
        scoring_season: season of the MASE and of the origins by which it is scored, the same for
            all forecasters of a comparison; the model's own by default.
    """
    encoding = encoding_for(forecaster, panel)
    panel = encoding.apply(panel)
    settled = previous.estimate.settled if previous else None
    if previous is not None and forecaster.closed_form:
        estimate = forecaster._estimate(
            Task(panel, previous.season, previous.horizon, settled=settled)
        )
        return replace(
            previous, estimate=estimate, ids=panel.ids, starts=panel.starts, until=panel.ends,
            encoding=encoding,
        )  # fmt: skip
    season = previous.season if previous else default_season(panel, forecaster.season_length)
    horizon = default_horizon(season, panel) if horizon is None else horizon
    scoring = scoring_season or season.length
    origins = calibration_origins(panel.lengths, horizon, scoring)
    head = panel.head(origins.first_ends(panel.lengths))
    estimate = estimate_once(forecaster, Task(head, season, horizon, (panel, origins), settled))
    whole = Task(panel, season, horizon, settled=estimate.settled)
    calibration = _calibrated(forecaster, estimate.model, whole, origins, scoring)
    estimate = forecaster._complete(estimate, whole)
    return Fitted(
        estimate, panel.ids, panel.starts, panel.ends, season, horizon, calibration, encoding
    )


def _calibrated(
    forecaster: Forecaster, model: Model, task: Task, origins: Origins, season: int
) -> Calibration:
    """The residuals at the origins; where few series are long enough, at others beside them.

    Errors several steps ahead of neighbouring origins are nearly the same and say little of their
    spread. A closed form is fitted once more, with what was settled, before the first of origins
    further apart; what it chose, and its score, stand. A network keeps its weights, and so has
    more origins only between those that told it when to stop.
    """
    if not forecaster.closed_form:
        filled = filled_origins(task.panel.lengths, origins)
        found = calibrate(model, task.panel, filled, season, forecaster.point)
        return replace(found, crowding=origins.step_size / filled.step_size)
    apart = spread_origins(task.panel.lengths, origins)
    if apart is None:
        return calibrate(model, task.panel, origins, season, forecaster.point)
    score = past_score(model, task.panel, origins, season)
    head = task.panel.head(apart.first_ends(task.panel.lengths))
    earlier = forecaster._estimate(replace(task, panel=head)).model
    found = calibrate(earlier, task.panel, apart, season, forecaster.point)
    return replace(found, mase=score)
