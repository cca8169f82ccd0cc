"""ETS of a panel: which form and parameters each series gets, and the model made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.smoothing.adjustment import Adjustment, num_values
from forecast.baselines.smoothing.ets import (
    FORMS,
    LAST_VALUE,
    LONGEST_SEASON,
    Smoothing,
    candidates,
    choose,
    fewest_values,
    start,
)
from forecast.baselines.smoothing.model import SmoothingModel
from forecast.draws import text_keys
from forecast.pipelines import Panel, evenly_spread

__all__ = ["Choices", "Material"]

# Estimated one after the other, at some 30 ms a series; the others share the median of these.
_MOST_ESTIMATED = 200
_FEWEST_VALUES = 5


@dataclass(frozen=True, eq=False)
class Material:
    """Series as ETS sees them.

    Args:
        panel: the series.
        season_length: m; 1 is none.
        adjustment: indices of a season too long to be corrected; neutral otherwise.
        values: of each series, without a long season, its gaps bridged.
        counts: observed values of each, `(num_series,)`.
        seasonal: whether Naive2's test finds a season in each, `(num_series,)`.
    """

    panel: Panel
    season_length: int
    adjustment: Adjustment
    values: list[NDArray]
    counts: NDArray
    seasonal: NDArray

    @classmethod
    def of(cls, panel: Panel, season_length: int) -> Self:
        """Gaps are bridged by straight lines between seasonally adjusted values."""
        found = Adjustment.of(panel, season_length)
        adjusted = [
            _bridged(row[:n]) for row, n in zip(found.take(panel), panel.lengths, strict=True)
        ]
        if season_length > LONGEST_SEASON:
            return cls(panel, season_length, found, adjusted, num_values(panel), found.seasonal)
        values = [found.put_back(i, row) for i, row in enumerate(adjusted)]
        neutral = Adjustment.none(panel.num_series, season_length)
        return cls(panel, season_length, neutral, values, num_values(panel), found.seasonal)

    @property
    def usable(self) -> NDArray:
        """Positions of the series with enough values."""
        return np.flatnonzero(self.counts >= _FEWEST_VALUES)

    def choose(self, series: int, name: str | None) -> Smoothing:
        """The best form for a series, or the parameters of the one that is named."""
        count = int(self.counts[series])
        names = [name] if name else candidates(count)
        return choose(self.values[series], count, self.season_length, names)

    def choose_like(self, series: int, name: str) -> Smoothing:
        """The parameters of a form; of one without trend and season where values are too few."""
        found = self.choose(series, name)
        return self.choose(series, "ANN") if found == LAST_VALUE and name != "ANN" else found

    def too_short(self, name: str | None) -> NDArray:
        """Positions of the series too short to show a season, where one is looked for.

        Args:
            name: the form asked for, or None.
        """
        if self.season_length == 1 or (name and not FORMS[name].season):
            return np.flatnonzero(self.counts < _FEWEST_VALUES)
        return np.flatnonzero(self.counts < fewest_values(self.season_length))

    def model(self, chosen: list[Smoothing]) -> SmoothingModel:
        """The model of all series, a form and its parameters for each."""
        smoothing = np.array([one.values for one in chosen])
        states = np.full((len(chosen), 2), np.nan)
        states[:, 1] = 0.0
        season = self.adjustment.indices.copy()
        multiplicative = self.adjustment.multiplicative.copy()
        for i, one in enumerate(chosen):
            if one == LAST_VALUE:
                continue
            form = FORMS[one.form]
            *states[i], own = start(self.values[i], form, self.season_length)
            if form.season:
                season[i], multiplicative[i] = own, form.season == "mul"
        return Adjustment(season, multiplicative).model(smoothing, states)


@dataclass(frozen=True)
class Choices:
    """Form and parameters of the series that were estimated, by key of their ids.

    Args:
        by_key: key of the series (text, for bundles) to its smoothing.
    """

    by_key: Mapping[str, Smoothing]

    @classmethod
    def estimate(cls, material: Material, name: str | None) -> Self:
        """Estimate each usable series, or an evenly spread sample of them."""
        keys, usable = text_keys(material.panel.ids), material.usable
        rows = usable[evenly_spread(len(usable), _MOST_ESTIMATED)]
        return cls({keys[i]: material.choose(i, name) for i in rows})

    def estimated_on(self, material: Material) -> Self:
        """The same forms, their parameters estimated on other steps; simpler where these are few.

        Args:
            material: the same series up to another step; one that is not usable drops out.
        """
        keys = text_keys(material.panel.ids)
        rows = [i for i in material.usable if keys[i] in self.by_key]
        return type(self)(
            {keys[i]: material.choose_like(i, self.by_key[keys[i]].form) for i in rows}
        )

    def of(self, material: Material) -> list[Smoothing]:
        """The smoothing of every series: its own, or the one that the estimated series share."""
        chosen = [LAST_VALUE] * material.panel.num_series
        keys, shared = text_keys(material.panel.ids), self._shared()
        for i in material.usable:
            own = self.by_key.get(keys[i])
            chosen[i] = _first_fitting(material, i, shared) if own is None else own
            if len(material.values[i]) < 2 * material.season_length:
                chosen[i] = chosen[i].without_season()
        return chosen

    def to_settled(self) -> dict[str, Any]:
        """As plain values."""
        return {key: [one.form, *one.values] for key, one in self.by_key.items()}

    @classmethod
    def from_settled(cls, settled: Mapping[str, Any]) -> Self:
        """The choices that `to_settled` gave."""
        return cls({key: Smoothing(form, tuple(v)) for key, (form, *v) in settled.items()})

    def words(self, material: Material) -> str:
        """In words: the forms by how often they were chosen, and who shares them."""
        counts = Counter(one.form for one in self.by_key.values()).most_common()
        if len(self.by_key) == 1 == material.panel.num_series:
            alpha, beta, gamma, phi = next(iter(self.by_key.values())).values
            words = f"{counts[0][0]}, alpha {alpha:.2g}"
            words += f", beta {beta:.2g}, phi {phi:.2g}" if phi < 1.0 else ""
            words += f", gamma {gamma:.2g}" if gamma else ""
        else:
            words = ", ".join(f"{form} on {count}" for form, count in counts) or "last value"
        if material.adjustment.seasonal.any():
            words += f"; season {material.season_length} taken out by fixed indices"
        others = len(material.usable) - len(self.by_key)
        if others > 0:
            words += f"; estimated on {len(self.by_key)} series, the other {others} share medians"
        return words

    def _shared(self) -> list[Smoothing]:
        """For each form, the most chosen first, the median of its parameters."""
        counts = Counter(one.form for one in self.by_key.values()).most_common()
        shared = []
        for name, _ in counts:
            values = [one.values for one in self.by_key.values() if one.form == name]
            shared.append(Smoothing(name, tuple(np.median(values, axis=0).tolist())))
        return shared


def _first_fitting(material: Material, series: int, shared: list[Smoothing]) -> Smoothing:
    """The most chosen one that suits the series, with a season if it has one itself."""
    values, count = material.values[series], int(material.counts[series])
    seasonal = bool(material.seasonal[series])
    for one in sorted(shared, key=lambda one: (FORMS[one.form].season is not None) != seasonal):
        if FORMS[one.form].fits(values, count, material.season_length):
            return one
    return LAST_VALUE


def _bridged(values: NDArray) -> NDArray:
    """Straight lines over gaps."""
    steps, known = np.arange(len(values)), ~np.isnan(values)
    return np.interp(steps, steps[known], values[known]) if known.any() else values
