"""Searching for settings at rolling origins."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from forecast.backtesting.plan import Plan
from forecast.checks import check_positive_integer, check_seed, check_share
from forecast.covariate_use import weight_columns
from forecast.forecaster import Forecaster
from forecast.parameters import Parameters
from forecast.pipelines import Columns, Panel, Split, read_weighted
from forecast.progress import progress_bar
from forecast.search.attempt import attempted
from forecast.search.defaults import default_space
from forecast.search.dimension import read_space
from forecast.search.result import SearchResult
from forecast.search.scoring import Scoring
from forecast.search.study import Trials, opened
from forecast.tuned import Tuned

__all__ = ["Search", "search"]


def search(
    forecaster: Forecaster,
    df: Any,
    horizon: int,
    space: Mapping[str, Any] | None = None,
    *,
    num_trials: int = 20,
    max_seconds: float | None = None,
    storage: str | Path | None = None,
    seed: int = 0,
    n_windows: int | None = None,
    step_size: int | None = None,
    gap: int = 0,
    max_train_size: int | None = None,
    align: str = "series",
    season_length: int | None = None,
    freq: Any = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str | Sequence[str] = "y",
    future_covariates: Sequence[str] | None = None,
    past_covariates: Sequence[str] | None = None,
    static_covariates: Sequence[str] | None = None,
    calendar_features: Sequence[str] | bool | None = None,
) -> SearchResult:
    """Search for settings of a forecaster at rolling origins inside a frame (needs Optuna).

    Each trial is a backtest with other settings, scored by MASE; one that is behind the median of
    the trials before it at an origin is pruned there. The forecaster as it is comes first, so the
    result is never worse at these origins. Give the rows before your test part: `compare` and
    `cross_validation` refuse what was tuned beyond their first cutoff (or take
    `fc.Search(forecaster)`, which searches before it).

    Args:
        forecaster: left as it is.
        df: long, wide or single series, as for `fit`; all of it may be looked at.
        horizon: steps ahead that are scored, at least 1.
        space: name of a setting (also `training__learning_rate`) to a list of choices, a range of
            whole numbers, `(low, high)`, or `(low, high, "log")`; see `Dimension`. By default what
            usually matters of this forecaster.
        num_trials: settings tried, the given ones among them.
        max_seconds: no trial begins later, and one under way is dropped; none by default.
        storage: file in which trials are kept; a search that was interrupted goes on there, and
            ends as it would have ended (as long as trainings are not limited by time).
        seed: of the settings suggested.
        n_windows: origins; 5 by default, or as many as fit.
        step_size: steps between origins; the horizon by default.
        gap: steps between the last known one and the first one scored.
        max_train_size: most steps known at an origin; all by default.
        align: "series" or "calendar", as for `cross_validation`.
        season_length: of the MASE; from the frequency and the data by default.
        freq: pandas alias or integer step; inferred by default.
        id_col: name of the id column.
        time_col: name of the time column.
        target_col: name of the value column, or of several: the channels of each series.
        future_covariates: columns that are known ahead, as for `fit`.
        past_covariates: columns known up to the last observation, as for `fit`.
        static_covariates: columns of one entry a series, as for `fit`.
        calendar_features: known ahead by themselves, as for `fit`.

    Returns:
        The result: `best_forecaster` (unfitted), `best_params`, `best_score`, `trials`, `plot()`.
        Interrupted (Ctrl-C), the best so far.

    Raises:
        ImportError: if Optuna is not installed.
        TypeError: for what is no forecaster of this library.
        ValueError: for data, origins or a space that do not work, or if nothing could be scored.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> found = search(fc.AR(lags=1), df[:-20], 5, {"lags": range(1, 12)}, num_trials=6)
        >>> bool(found.best_score < found.trials["score"][0])
        True
    """
    columns = Columns.named(
        id_col, time_col, target_col, future_covariates, past_covariates, static_covariates,
        calendar_features,
    )  # fmt: skip
    check_positive_integer("horizon", horizon)
    split = Split(n_windows, step_size, gap, max_train_size, align)
    task = Search(forecaster, space, num_trials, max_seconds, storage, seed)
    reading = read_weighted(df, columns, freq, weight_columns([forecaster]))
    found = task._on(Scoring.laid(reading, horizon, split, season_length))
    last = int(np.argmax(reading.panel.ends))
    tuned = Tuned(found.search_seconds, reading.panel.ends[last], reading.panel.ids[last])
    found.best_forecaster.tuned = tuned
    return found


class Search(Parameters):
    """A forecaster for `compare` and `cross_validation` that is tuned before the first cutoff.

    The search sees what is known at the first origin, nothing later, and its seconds count as those
    of the fit. The settings found stand at later origins.

    Args:
        forecaster: a forecaster of this library.
        space: see `fc.search`.
        num_trials: settings tried, the given ones among them, at least 1.
        max_seconds: no trial begins later; none by default.
        storage: file in which trials are kept.
        seed: of the settings suggested.
        n_windows: origins inside the training part; 5 by default, or as many as fit.

    Raises:
        TypeError: for what is no forecaster of this library.
        ValueError: for a number out of range.

    Example:
        >>> import forecast as fc
        >>> tuned = fc.Search(fc.AR(lags=1), {"lags": [1, 9]}, num_trials=3)
        >>> fc.cross_validation(tuned, fc.load_dataset("sunspots"), 5, n_windows=3).shape
        (15, 5)
    """

    def __init__(
        self,
        forecaster: Forecaster,
        space: Mapping[str, Any] | None = None,
        num_trials: int = 20,
        max_seconds: float | None = None,
        storage: str | Path | None = None,
        seed: int = 0,
        n_windows: int | None = None,
    ) -> None:
        """Store the arguments."""
        if not isinstance(forecaster, Forecaster):
            raise TypeError(f"a forecaster such as fc.AR() is expected; got {forecaster!r}.")
        check_positive_integer("num_trials", num_trials)
        if max_seconds is not None:
            check_share("max_seconds", max_seconds)
        check_seed(seed)
        check_positive_integer("n_windows", n_windows, optional=True)
        self.forecaster = forecaster
        self.space = space
        self.num_trials = num_trials
        self.max_seconds = max_seconds
        self.storage = storage
        self.seed = seed
        self.n_windows = n_windows

    @property
    def name(self) -> str:
        """Name of the forecast columns: that of the forecaster."""
        return self.forecaster.name

    @property
    def weight_columns(self) -> tuple[str, ...]:
        """Columns that say what each row counts in the trainings."""
        return self.forecaster.weight_columns

    def chosen(self, plan: Plan) -> Forecaster:
        """The forecaster with settings found in what is known at the first origin of a plan.

        Raises:
            KeyboardInterrupt: if the search was interrupted.
        """
        reading = replace(plan.reading, panel=plan.training_part())
        split = replace(plan.split, n_windows=self.n_windows, step_size=None)
        scoring = Scoring.laid(reading, plan.origins.horizon, split, plan.scoring_season)
        found = self._on(scoring, stop_early=False)
        found.best_forecaster.tuned = Tuned(found.search_seconds)
        return found.best_forecaster

    def _on(self, scoring: Scoring, stop_early: bool = True) -> SearchResult:
        """The search at given origins; interrupted, the best so far where it may `stop_early`."""
        space = default_space(self.forecaster) if self.space is None else self.space
        dimensions = read_space(space, self.forecaster)
        with opened(self.storage, self._words(scoring, space), dimensions, self.seed) as trials:
            try:
                self._tried(scoring, trials)
            except KeyboardInterrupt:
                if not stop_early or trials.best is None:
                    raise
            return self._result(trials)

    def _tried(self, scoring: Scoring, trials: Trials) -> None:
        began, name, done = time.monotonic(), self.name, len(trials.over)
        with progress_bar(self.num_trials) as advance:
            advance(f"searching for {name}", min(done, self.num_trials))
            while len(trials.over) < self.num_trials:
                # Something must be scored, however little time there is.
                end = (
                    np.inf if self.max_seconds is None or trials.best is None else self.max_seconds
                )
                if not attempted(self.forecaster, scoring, trials, began + end):
                    return
                advance(f"searching for {name}", 1)

    def _result(self, trials: Trials) -> SearchResult:
        frame, best = trials.frame(), trials.best
        if best is None:
            reason = frame["reason"].iloc[0] if len(frame) else "no trial came to its end"
            raise ValueError(f"no settings of {self.name} could be scored: {reason}")
        scores = frame.loc[frame["state"] == "scored", "score"]
        forecaster = self.forecaster.clone().set_params(**best)
        complete = len(frame) >= self.num_trials
        seconds = float(frame["seconds"].sum())
        return SearchResult(forecaster, best, float(scores.min()), frame, seconds, complete)

    def _words(self, scoring: Scoring, space: Mapping[str, Any]) -> dict[str, str]:
        """What a stored search must agree in to go on."""
        plan = scoring.plan
        return {
            "forecaster": repr(self.forecaster),
            "space": repr(dict(space)),
            "horizon": str(plan.origins.horizon),
            "split": repr(plan.split),
            "seed": str(self.seed),
            "data": _digest(plan.reading.panel),
        }


def _digest(panel: Panel) -> str:
    """A short hash of all series."""
    digest = hashlib.blake2b(panel.values.tobytes(), digest_size=8)
    digest.update(panel.offsets.astype(np.int64).tobytes())
    digest.update(repr([str(one) for one in panel.ids[:1000]]).encode())
    digest.update(repr(panel.starts[:1000].tolist()).encode())
    return digest.hexdigest()
