"""Choosing the parts of the pooled autoregression on rolling folds: the middle of the best.

Ways that differ in one part or two are fitted to the first part of the training data and scored
at origins in the rest. No part is taken on trust; naive forecasts are among the ways. The median of
the best few is taken: on short folds their order says little, and their errors differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.autoregression.lags import lag_ranges
from forecast.baselines.naive import NaiveModel, SeasonalNaiveModel
from forecast.baselines.pooled.fit import Design, PooledSettings, estimate_pooled
from forecast.baselines.pooled.regression import Regression
from forecast.baselines.selection import Candidate, Folds, Scores, score_candidates
from forecast.composition.combination import CombinedModel
from forecast.pipelines import Panel, evenly_spread
from forecast.protocol import Model

__all__ = ["Way", "Ways", "choose_ways", "list_ways", "middle", "score_ways"]

_MOST_MEMBERS = 5
# A member's error on the folds is at most this share above that of the best.
_MARGIN = 0.05
# Choosing looks at so many series and origins at most.
_MOST_SERIES = 150
_MOST_ROWS = 8_000
# Beyond, a regression with absolute errors for every step would take minutes.
_LONG_BLOCK = 64

_DESIGN = Design(0.0, "none", "window", level_means=True, season_means=True, covariates=True)
_REGRESSION = Regression("absolute", ridge=0.1, shrinkage=100.0, metric_weights=True)


@dataclass(frozen=True)
class Way:
    """One way to forecast.

    Args:
        name: in words.
        settings: of a pooled regression; None for a naive forecast.
        season: of the naive forecast; 1 repeats the last value.
    """

    name: str
    settings: PooledSettings | None
    season: int = 1

    def estimate(self, panel: Panel) -> Model:
        """Fit to a panel."""
        if self.settings is not None:
            return estimate_pooled(panel, self.settings)
        return SeasonalNaiveModel(self.season) if self.season > 1 else NaiveModel()


@dataclass(frozen=True, eq=False)
class Ways:
    """The ways that were chosen.

    Args:
        members: their median is the forecast.
        reason: why, in words.
    """

    members: tuple[Way, ...]
    reason: str

    @property
    def words(self) -> str:
        """What was chosen and why."""
        names = "; ".join(way.name for way in self.members)
        median = f"median of {len(self.members)}: " if len(self.members) > 1 else ""
        return f"{median}{names} ({self.reason})"


def list_ways(
    lags: Sequence[tuple[int, ...]],
    seasons: tuple[int, ...],
    block_lengths: tuple[int, int],
    given: tuple[Design, Regression],
    covariate_lags: int = 1,
) -> list[Way]:
    """All ways to be tried; what is given is the same in all of them.

    Args:
        lags: sets of lags, the usual one first.
        seasons: season lengths.
        block_lengths: steps of a direct and of a recursive regression.
        given: parts that the user has fixed (not None).
        covariate_lags: newest values of past covariates; some ways are tried with one alone.
    """
    direct, recursive = block_lengths
    usual = replace(_DESIGN, covariate_lags=covariate_lags)
    base = PooledSettings(lags[0], seasons, direct, usual, _REGRESSION)
    tried = [base, *(_changed(base, **change) for change in _CHANGES)]
    tried += [replace(base, lags=other) for other in lags[1:]]
    if direct > _LONG_BLOCK:
        tried = [
            _changed(replace(base, lags=own), **change) for own in lags[:2] for change in _PLAIN
        ]
    alone = _changed(base, ridge=1e-3, shrinkage=20.0, metric_weights=False)
    fed_back = [replace(way, block_length=recursive) for way in (base, alone)]
    newest = [_changed(way, covariate_lags=1) for way in (base, alone, *fed_back)]
    tried += [*fed_back, *(newest if covariate_lags > 1 else [])]
    tried += [_changed(settings, covariates=False) for settings in tried]
    distinct: dict[PooledSettings, PooledSettings] = {}
    for settings in tried:
        fixed = _fixed(settings, *given)
        distinct.setdefault(_effective(fixed), fixed)
    ways = [Way(_words(plain), settings) for plain, settings in distinct.items()]
    naive = [Way(f"season {season} repeated", None, season) for season in seasons[:1]]
    return [*ways, *naive, Way("last value repeated", None)]


# Squared errors on columns that all steps share: one matrix solves a block of any length.
_PLAIN: tuple[dict[str, Any], ...] = tuple(
    {"power": 1.0, "season_means": False, "loss": "squared", **change}
    for change in (
        {"shrinkage": 100.0, "ridge": 1.0},
        {"shrinkage": np.inf, "ridge": 1e-3},
        {"shrinkage": np.inf, "ridge": 1e-3, "metric_weights": False},
        {"shrinkage": np.inf, "ridge": 0.1, "level_means": False},
    )
)

_CHANGES: tuple[dict[str, Any], ...] = (
    {"power": 1.0},
    {"level_means": False},
    {"ridge": 1e-2},
    {"ridge": 1e-3, "shrinkage": 20.0},
    {"power": 1.0, "ridge": 1e-3},
    {"ridge": 1e-2, "shrinkage": np.inf},
    {"power": 0.5, "shrinkage": 500.0},
    {"power": 1.0, "scale": "causal"},
    {"difference": "seasonal"},
    {"difference": "first", "metric_weights": False},
    {"season_means": False, "power": 1.0, "loss": "squared", "ridge": 1e-3},
)


def choose_ways(ways: Sequence[Way], folds: Folds) -> Ways:
    """The best on the folds and those close to it; the last where nothing can be scored.

    Args:
        ways: at least one, the simplest last.
        folds: of the training part.
    """
    if len(ways) == 1:
        return Ways((ways[0],), "given")
    if not folds.panel.num_series:
        return Ways((ways[-1],), "too short to choose")
    scores, num_series = score_ways(ways, folds)
    total = scores.total
    if not np.isfinite(total).any():
        return Ways((ways[-1],), "nothing could be scored")
    order = np.argsort(total, kind="stable")[:_MOST_MEMBERS]
    chosen = order[total[order] <= (1.0 + _MARGIN) * total[order[0]]]
    reason = _reason(ways, scores, chosen, num_series)
    return Ways(tuple(ways[index] for index in chosen), reason)


def score_ways(ways: Sequence[Way], folds: Folds) -> tuple[Scores, int]:
    """Scores of ways, fitted on fewer origins; and the number of series that they are scored on."""
    part = _some_series(folds)
    candidates = [Candidate(way.name, _cheaper(way).estimate) for way in ways]
    return score_candidates(candidates, part), part.panel.num_series


def middle(models: Sequence[Model], block_length: int) -> Model:
    """The median of the models' forecasts: one that goes astray on an odd series does not count.

    Args:
        models: at least one.
        block_length: steps that they forecast before the median is fed back.
    """
    return models[0] if len(models) == 1 else CombinedModel(models, block_length)


def _changed(settings: PooledSettings, **changes: Any) -> PooledSettings:
    """The settings with some parts of the design and the regression changed."""
    design = {name: value for name, value in changes.items() if hasattr(settings.design, name)}
    other = {name: value for name, value in changes.items() if name not in design}
    return replace(
        settings,
        design=replace(settings.design, **design),
        regression=replace(settings.regression, **other),
    )


def _fixed(settings: PooledSettings, design: Design, regression: Regression) -> PooledSettings:
    parts = {**vars(design), **vars(regression)}
    return _changed(settings, **{name: value for name, value in parts.items() if value is not None})


def _effective(settings: PooledSettings) -> PooledSettings:
    """The settings with parts that change nothing as in the usual way: no way is tried twice."""
    design, seasonal = settings.design, bool(settings.seasons) and settings.design.season_means
    without = {"seasonal": not seasonal, "first": settings.lags[0] != 1}
    return _changed(
        settings,
        difference="none" if without.get(str(design.difference)) else design.difference,
        scale="window" if design.power == 0.0 else design.scale,
        season_means=bool(design.season_means or not settings.seasons),
        covariate_lags=design.covariate_lags if design.covariates else 1,
    )


def _cheaper(way: Way) -> Way:
    """The way on fewer origins."""
    if way.settings is None:
        return way
    fewer = min(_MOST_ROWS, way.settings.max_rows)
    return replace(way, settings=replace(way.settings, max_rows=fewer))


def _some_series(folds: Folds) -> Folds:
    """Series evenly spread over the panel."""
    rows = evenly_spread(folds.panel.num_series, _MOST_SERIES)
    origins = replace(folds.origins, ends=folds.origins.ends[:, rows])
    return Folds(folds.panel.take(rows), origins, folds.season)


def _words(settings: PooledSettings) -> str:
    """The settings in words."""
    design, regression = settings.design, settings.regression
    power = {0.0: "logarithm", 1.0: "untransformed"}.get(float(design.power or 0.0))
    parts = [
        "direct" if settings.block_length > 1 else "recursive",
        f"lags {lag_ranges(np.array(settings.lags))}",
        power or f"Box-Cox {design.power:g}",
        f"{regression.loss} loss",
        f"ridge {regression.ridge:g}",
        f"shrinkage {regression.shrinkage:g}",
    ]
    parts += [] if design.difference == "none" else [f"{design.difference} difference"]
    parts += ["causal scale"] if design.scale == "causal" else []
    parts += [] if design.level_means else ["no level means"]
    parts += [] if design.season_means else ["no season means"]
    parts += [] if design.covariates else ["no covariates"]
    parts += [f"{design.covariate_lags} covariate lags"] if _many(design.covariate_lags) else []
    parts += [] if regression.metric_weights else ["unweighted"]
    return ", ".join(parts)


def _many(lags: int | None) -> bool:
    return lags is not None and lags > 1


def _reason(ways: Sequence[Way], scores: Scores, chosen: NDArray, num_series: int) -> str:
    total = scores.total
    naive = [index for index, way in enumerate(ways) if way.settings is None]
    reference = total[naive].min() or 1.0  # 0 where a season repeats exactly
    listed = ", ".join(f"{total[index] / reference:.3f}" for index in chosen)
    return (
        f"errors {listed} of the best naive way's, best of {len(ways)} ways on {scores.folds} of "
        f"{num_series} series"
    )
