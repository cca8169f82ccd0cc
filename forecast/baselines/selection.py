"""Choosing between linear forecasters on rolling folds of the training part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.baselines.algebra.threads import map_threads
from forecast.denominators import seasonal_changes
from forecast.pipelines import Origins, Panel
from forecast.protocol import Model

__all__ = ["Candidate", "Folds", "Scores", "score_candidates", "selection_folds"]

# On so many folds times series the best of a dozen candidates is not the luckiest.
_ENOUGH_FORECASTS = 60
_FEWEST_FOLDS, _MOST_FOLDS = 3, 24
_CAP = 10.0
# Share of zeros beyond which sMAPE rewards forecasts of zero whatever comes.
_MOST_ZEROS = 0.05


@dataclass(frozen=True)
class Candidate:
    """A way to fit, with the words for it.

    Args:
        name: in words, as `choices_` says it.
        estimate: fits a model to a panel.
    """

    name: str
    estimate: Callable[[Panel], Model]


@dataclass(frozen=True, eq=False)
class Folds:
    """Rolling folds of a training part: one fit before the first origin serves all of them.

    Args:
        panel: the training series that have an origin.
        origins: where candidates forecast from.
        season: season of the MASE.
    """

    panel: Panel
    origins: Origins
    season: int

    @property
    def head(self) -> Panel:
        """What is known at the first origin of each series."""
        ends = self.origins.ends
        return self.panel.head(np.where(ends < 0, self.panel.lengths, ends).min(axis=0))


@dataclass(frozen=True, eq=False)
class Scores:
    """Errors of candidates on the same folds; smaller is better.

    Args:
        names: of the candidates.
        by_fold: mean score of each candidate at each origin, `(num_candidates, num_folds)`: the
            mean of MASE and sMAPE, each relative to the first candidate's mean; MASE alone where
            values can be negative or are often 0.
    """

    names: tuple[str, ...]
    by_fold: NDArray

    @property
    def total(self) -> NDArray:
        """Mean over folds, `(num_candidates,)`; infinite where nothing could be scored."""
        known = np.isfinite(self.by_fold)
        count = known.sum(axis=1)
        sums = np.where(known, self.by_fold, 0.0).sum(axis=1)
        return np.where(count > 0, sums / np.maximum(count, 1), np.inf)

    @property
    def folds(self) -> str:
        """How many folds could be scored, in words."""
        count = int(np.isfinite(self.by_fold).any(axis=0).sum())
        return f"{count} fold" + "s" * (count != 1)

    @property
    def best(self) -> int:
        """Position of the smallest total; the first of equals."""
        return int(np.argmin(self.total))


def selection_folds(panel: Panel, horizon: int, season: int) -> Folds:
    """The last origins of a training part: 3 for many series, up to 24 for a few.

    They are a horizon apart where the series are long enough, or else over a quarter of them, or as
    far back as 3 folds need. A series takes part from the first origin at which half of it, and a
    season, is known. The horizon is cut where even one fold would leave less.

    Args:
        panel: training series.
        horizon: steps ahead that matter.
        season: season of the MASE.
    """
    typical = int(np.median(panel.lengths))
    horizon = int(np.clip(typical // 4, 1, horizon))
    room = max(0, typical // 2 - horizon)
    span = min(room, max((_FEWEST_FOLDS - 1) * horizon, typical // 4 - horizon))
    wanted = int(np.clip(_ENOUGH_FORECASTS // max(panel.num_series, 1), _FEWEST_FOLDS, _MOST_FOLDS))
    step = int(np.clip(span // (wanted - 1), 1, horizon))
    num_folds = wanted if wanted == _FEWEST_FOLDS else min(wanted, span // step + 1)
    back = np.arange(num_folds - 1, -1, -1)[:, None] * step
    ends = panel.lengths - horizon - back
    ends = np.where(ends >= np.maximum(panel.lengths // 2, min(season + 1, typical // 2)), ends, -1)
    rows = np.flatnonzero((ends >= 2).any(axis=0))
    ends = ends[:, rows]
    return Folds(panel.take(rows), Origins(ends, horizon, step), season)


def score_candidates(candidates: Sequence[Candidate], folds: Folds) -> Scores:
    """Fit every candidate once before the first origin and score it at all of them.

    Args:
        candidates: at least one; the first is what the others are measured against.
        folds: where to forecast.

    Returns:
        Scores, NaN where no fold could be scored.
    """
    measured = np.stack(map_threads(partial(_measure, folds=folds), candidates))
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = measured / _mean_of_known(measured[0])[:, None]
    parts = relative if _has_shares(folds.panel) else relative[:, :1]
    names = tuple(candidate.name for candidate in candidates)
    return Scores(names, _mean_of_known(parts.transpose(0, 2, 1)))


def _has_shares(panel: Panel) -> bool:
    """Whether errors as shares of the values mean something: none is negative, few are 0."""
    known = panel.values[panel.observed]
    return bool((known >= 0).all() and (known == 0).sum() <= _MOST_ZEROS * len(known))


def _measure(candidate: Candidate, folds: Folds) -> NDArray:
    """Mean absolute scaled error and sMAPE at each origin, `(2, num_folds)`."""
    panel, horizon = folds.panel, folds.origins.horizon
    found = np.full((2, folds.origins.num_windows), np.nan)
    if not panel.num_series:
        return found
    model = candidate.estimate(folds.head)
    scales = seasonal_changes(folds.head, folds.season)
    everything = np.arange(panel.num_series)
    for stop in engine.walk(model, panel, everything, folds.origins, one_step=False):
        if not len(stop.rows):
            continue
        forecasts = engine.forecast(model, stop.state, horizon, future=stop.future)[:, 0]
        actual = engine.following(panel.take(stop.rows), stop.ends, horizon)
        errors = np.abs(actual - forecasts)
        scale = np.where(scales > 0, scales, np.nan)[stop.rows, None]
        size = np.abs(actual) + np.abs(forecasts)
        shares = 200.0 * errors / np.where(size > 0, size, 1.0)
        parts = [_mean_of_known(part) for part in (errors / scale, shares)]
        found[:, stop.index] = [_mean_of_known(_capped(part)) for part in parts]
    return found


def _capped(errors: NDArray) -> NDArray:
    """Errors of series, none above 10 times the median: one odd series must not decide.

    The median of what is above 0: where most series are forecast exactly, the others count.
    """
    known = errors[np.isfinite(errors) & (errors > 0)]
    return np.minimum(errors, _CAP * np.median(known)) if len(known) else errors


def _mean_of_known(values: NDArray) -> NDArray:
    """Mean over the last axis of what is not NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
