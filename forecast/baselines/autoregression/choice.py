"""The default autoregression: a configuration chosen on rolling folds of the training part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.autoregression.estimate import estimate_ar, fixed_ar
from forecast.baselines.autoregression.lags import candidate_seasons, default_lags, lag_ranges
from forecast.baselines.autoregression.model import ARModel
from forecast.baselines.autoregression.orders import select_orders
from forecast.baselines.autoregression.plan import ARPlan, differenced, in_logarithms
from forecast.baselines.autoregression.settings import Estimation
from forecast.baselines.autoregression.terms import Deterministic
from forecast.baselines.selection import Candidate, Scores, score_candidates, selection_folds
from forecast.draws import text_keys
from forecast.pipelines import Panel, Season, evenly_spread

__all__ = [
    "Choice",
    "Configuration",
    "choose_configuration",
    "configuration_orders",
    "estimate_configuration",
]

# Enough series to tell candidates apart; choosing must stay cheap. Gaps make every fit dearer.
_MOST_SERIES, _MOST_GAPPY_SERIES = 500, 60
_MANY_GAPS = 0.05
_ROUNDS = 2
_SLIGHT = Estimation("ridge", 1e-6)
_STRONGER = (1e-2, 0.1, 1.0)


@dataclass(frozen=True)
class Configuration:
    """One way to forecast each series from its own past.

    Args:
        lags: 1-based lags; those of `naive` are one.
        criterion: "aic", "bic" or "hqic" gives each series the lags 1 to p, p at most the longest
            of `lags`; empty for all lags.
        naive: the value at the lag is the forecast; nothing is fitted.
        logarithm: fit `log(1 + y)`.
        difference: m, fit `y[t] - y[t-m]`; 0 for none.
        ridge: penalty in place of the user's estimation; None for that.
    """

    lags: tuple[int, ...]
    criterion: str = ""
    naive: bool = False
    logarithm: bool = False
    difference: int = 0
    ridge: float | None = None

    @property
    def name(self) -> str:
        """In words."""
        if self.naive:
            return "last value" if self.lags == (1,) else f"value {self.lags[0]} steps before"
        words = [f"lags {lag_ranges(np.array(self.lags))}"]
        if self.criterion:
            words = [f"up to {max(self.lags)} lags by {self.criterion.upper()}"]
        words += ["log(1 + y)"] if self.logarithm else []
        words += [f"differences at lag {self.difference}"] if self.difference else []
        words += [f"ridge {self.ridge:g}"] if self.ridge is not None else []
        return ", ".join(words)


@dataclass(frozen=True, eq=False)
class Choice:
    """A configuration, how good it was, and the orders that it gave to each series.

    Args:
        configuration: what was chosen.
        words: why, for `choices_`.
        orders: number of lags of each series by `text_keys` of its id, where a criterion chose
            them; else empty.
    """

    configuration: Configuration
    words: str
    orders: Mapping[str, int] = field(default_factory=dict)

    def to_saved(self) -> dict[str, Any]:
        """As numbers and text, for a bundle."""
        return {
            "configuration": asdict(self.configuration),
            "words": self.words,
            "orders": dict(self.orders),
        }

    @staticmethod
    def of_saved(saved: dict[str, Any]) -> Choice:
        """What `to_saved` gave."""
        configuration = dict(saved["configuration"])
        configuration["lags"] = tuple(configuration["lags"])
        return Choice(Configuration(**configuration), saved["words"], dict(saved["orders"]))

    def orders_of(self, ids: Sequence[Any] | NDArray) -> NDArray:
        """The orders of these series, the typical one for a series that was not there."""
        if not self.orders:
            return np.zeros(0, dtype=np.int64)
        typical = int(np.median(list(self.orders.values())))
        orders = [self.orders.get(key, typical) for key in text_keys(ids)]
        return np.array(orders, dtype=np.int64)


def configuration_orders(panel: Panel, configuration: Configuration, base: ARPlan) -> NDArray:
    """The number of lags that the criterion gives each series; empty without a criterion."""
    if not configuration.criterion:
        return np.zeros(0, dtype=np.int64)
    plan = _plan(configuration, base)
    unit = in_logarithms(panel) if plan.logarithm else panel
    unit = differenced(unit, plan.difference) if plan.difference else unit
    return select_orders(unit, plan, max(configuration.lags), configuration.criterion)


def estimate_configuration(
    panel: Panel, configuration: Configuration, base: ARPlan, orders: NDArray | None = None
) -> tuple[ARModel, NDArray]:
    """Fit a configuration.

    Args:
        panel: training series.
        configuration: what is to be fitted.
        base: terms and estimation of the user, and lags that are always in.
        orders: lags of each series, `(num_series,)`; chosen by the criterion, if there is one,
            where None.

    Returns:
        The model, and the positions of series that were too short.
    """
    if configuration.naive:
        return fixed_ar(panel, configuration.lags[0])
    plan = _plan(configuration, base)
    if not configuration.criterion:
        lags = np.union1d(np.array(configuration.lags, dtype=np.int64), base.lags)
        return estimate_ar(panel, replace(plan, lags=lags))
    orders = configuration_orders(panel, configuration, base) if orders is None else orders
    lags = np.union1d(np.arange(1, orders.max(initial=0) + 1), base.lags)
    used = (lags <= orders[:, None]) | np.isin(lags, base.lags)
    return estimate_ar(panel, replace(plan, lags=lags, used=used))


def choose_configuration(
    panel: Panel, season: Season, horizon: int, base: ARPlan, max_lags: int
) -> tuple[Configuration, str]:
    """The configuration with the smallest error on rolling folds; the first of equals.

    First the lags (with naive forecasts among the candidates), then logarithms and penalties.

    Args:
        panel: training series.
        season: season of the series.
        horizon: steps ahead that matter.
        base: terms and estimation of the user, and lags that are always in.
        max_lags: most lags tried by an information criterion.

    Returns:
        The configuration, and how it was chosen.
    """
    gappy = panel.num_rows > 0 and 1.0 - panel.observed.mean() > _MANY_GAPS
    most = _MOST_GAPPY_SERIES if gappy else _MOST_SERIES
    sample = evenly_spread(panel.num_series, most)
    folds = selection_folds(panel.take(sample), horizon, season.length)
    base = replace(base, rounds=_ROUNDS, horizon=horizon)

    def fitting(configuration: Configuration) -> Callable[[Panel], ARModel]:
        return lambda part: estimate_configuration(part, configuration, base)[0]

    def scored(tried: list[Configuration]) -> Scores:
        return score_candidates([Candidate(c.name, fitting(c)) for c in tried], folds)

    lag_sets = _lag_sets(panel, season, base, max_lags)
    scores = scored(lag_sets)
    best = lag_sets[scores.best]
    refined = _refinements(best, lag_sets[0], panel, base)
    if refined:
        more = scored([lag_sets[0], *refined])
        lag_sets = [*lag_sets, *refined]
        scores = Scores(
            (*scores.names, *more.names[1:]), np.concatenate([scores.by_fold, more.by_fold[1:]])
        )
    return lag_sets[scores.best], _words(scores)


def _lag_sets(panel: Panel, season: Season, base: ARPlan, max_lags: int) -> list[Configuration]:
    """What is compared first: today's default, shorter and longer ones, differences, naive."""
    usual = tuple(int(lag) for lag in default_lags(panel, season))
    slight = _SLIGHT.ridge if base.estimation == Estimation() else None
    first = Configuration(usual, ridge=slight)
    found = [first, Configuration(usual[:3], ridge=slight)]
    found.append(Configuration(tuple(range(1, max_lags + 1)), "aic", ridge=slight))
    fitting = [m for m in candidate_seasons(panel, season) if 3 * m <= np.median(panel.lengths)]
    if season.length == 1:
        # The frequency's usual season, though it was not found significant.
        found += [
            Configuration(lags, ridge=slight)
            for m in fitting
            for lags in (tuple(range(1, m + 2)), tuple(sorted({1, 2, 3, m})))
        ]
    # A difference of the values alone would let the covariates drive changes instead of levels, and
    # their own differences need covariates of the past, which the state does not hold.
    simple = base.deterministic in (Deterministic("c"), Deterministic("n"))
    if simple and not panel.num_covariates and not len(base.lags):
        orders = Configuration(tuple(range(1, max_lags + 1)), "aic", ridge=slight)
        found += [replace(each, difference=m) for m in (1, *fitting) for each in (first, orders)]
    found += [Configuration((m,), naive=True) for m in (1, *fitting)]
    return list(dict.fromkeys(found))


def _refinements(
    best: Configuration, first: Configuration, panel: Panel, base: ARPlan
) -> list[Configuration]:
    """Logarithms and penalties on top of the best lags so far."""
    fitted = first if best.naive else best
    positive = bool((panel.values[panel.observed] >= 0).all())
    units = [fitted, replace(fitted, logarithm=True)] if positive else [fitted]
    found = units[1:]
    if base.estimation == Estimation():
        found += [replace(unit, ridge=ridge) for unit in units for ridge in _STRONGER]
    return found


def _plan(configuration: Configuration, base: ARPlan) -> ARPlan:
    """The user's terms and estimation in the configuration's unit, with its penalty."""
    given, ridge = base.estimation, configuration.ridge
    return replace(
        base,
        logarithm=configuration.logarithm,
        difference=configuration.difference,
        estimation=given if ridge is None else Estimation("ridge", ridge, given.hold_back),
    )


def _words(scores: Scores) -> str:
    """The best by name, its lowest and highest score at a fold, and what the others scored."""
    best, total = scores.best, scores.total
    if not np.isfinite(total[best]):
        return f"{scores.names[best]} (too short for folds)"
    by_fold = np.sort(scores.by_fold[best][np.isfinite(scores.by_fold[best])])
    folds = " to ".join(dict.fromkeys(f"{score:.3f}" for score in by_fold[[0, -1]]))
    others = sorted((total[i], scores.names[i]) for i in range(len(total)) if i != best)
    listed = "; ".join(f"{name} {score:.3f}" for score, name in others[:4])
    return (
        f"{scores.names[best]}: best of {len(total)} on {scores.folds}, error "
        f"{total[best]:.3f} relative to {scores.names[0]} ({folds}); next {listed}"
    )
