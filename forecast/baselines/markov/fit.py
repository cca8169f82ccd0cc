"""Hidden Markov models of a panel: number of states, parameters, and who falls back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.markov.chain import HiddenChain
from forecast.baselines.markov.emissions import Categorical, Gaussian, Seen
from forecast.baselines.markov.expectation import Starts, baum_welch, begun
from forecast.baselines.markov.model import HiddenMarkovModel
from forecast.baselines.phase_scale import PhaseScale
from forecast.baselines.smoothing.adjustment import num_values
from forecast.pipelines import Panel, evenly_spread

__all__ = ["EMISSIONS", "Material", "Settings", "choose_states", "estimate"]

EMISSIONS = ("gaussian", "categorical")
_FEWEST_VALUES = 5
_SIZES = (1, 2, 3, 4, 5)
_ROWS_TO_CHOOSE, _STEPS_TO_CHOOSE, _ROWS_TO_FIT, _STEPS_TO_FIT = 40, 300, 400, 1000
# Iterations from each start, and from the best of them.
_FEW, _MOST = 10, 100


@dataclass(frozen=True)
class Settings:
    """What the user asks for.

    Args:
        emission: "gaussian" or "categorical".
        pooled: whether all series share one chain.
        num_starts: starts of expectation-maximisation.
        seed: of their draws.
    """

    emission: str
    pooled: bool
    num_starts: int
    seed: int

    def of_rows(self, num_rows: int) -> NDArray:
        """The chain of each row, `(num_rows,)`."""
        return np.zeros(num_rows, dtype=np.int64) if self.pooled else np.arange(num_rows)


@dataclass(frozen=True, eq=False)
class Material:
    """A panel in the units of the chains.

    Args:
        panel: the series.
        scale: shift and factor of each by phase.
        seasonal: which series have a season, `(num_series,)`.
        short: which have too few values, `(num_series,)`.
        usable: positions of those to learn from.
    """

    panel: Panel
    scale: PhaseScale
    seasonal: NDArray
    short: NDArray
    usable: NDArray

    @staticmethod
    def of(panel: Panel, season_length: int, emission: str) -> Material:
        """The scales of a panel: classes stay as they are.

        Raises:
            ValueError: for values that are no classes, naming the first.
        """
        short = ~PhaseScale.enough(panel, _FEWEST_VALUES)
        if emission == "categorical":
            _refuse_other_than_classes(panel)
            ones = np.ones((panel.num_series, 1))
            scale = PhaseScale(np.zeros_like(ones), ones)
            return Material(panel, scale, np.zeros_like(short), short, np.flatnonzero(~short))
        scale, varies, seasonal = PhaseScale.of(panel, season_length)
        odd = short | ~varies
        usable = np.flatnonzero(~odd)
        return Material(panel, scale.plain(odd, panel), seasonal & ~odd, short, usable)

    @property
    def constant(self) -> NDArray:
        """Which series have values enough that are all the same, `(num_series,)`."""
        found = ~self.short
        found[self.usable] = False
        return found

    def seen(self, rows: NDArray, most_steps: int) -> Seen:
        """The last steps of some series."""
        skipped = np.maximum(self.panel.lengths - most_steps, 0)
        block = self.panel.block(skipped, self.panel.lengths).take(rows)
        values = self.scale.inward(rows, skipped[rows], block.values)
        return Seen(np.where(block.observed, values, 0.0), block.observed, block.valid)


def choose_states(material: Material, settings: Settings) -> int:
    """The number of states of the lowest BIC on some of the series and their last steps.

    `BIC = -2 log L + k log n`, k the free parameters of all chains and n the values.
    """
    if not len(material.usable):
        return 1
    rows = material.usable[evenly_spread(len(material.usable), _ROWS_TO_CHOOSE)]
    seen, of_row = material.seen(rows, _STEPS_TO_CHOOSE), settings.of_rows(len(rows))
    starts = _starts(material, settings)
    found = [_criterion(size, of_row, seen, starts) for size in _SIZES]
    return _SIZES[int(np.argmin(found))]


def estimate(material: Material, num_states: int, settings: Settings) -> HiddenMarkovModel:
    """Fit the chains; a series too short, or constant, follows none.

    Args:
        material: the series.
        num_states: of each chain.
        settings: what the user asks for.
    """
    of_series = np.full(material.panel.num_series, -1)
    usable = _long_enough(material, num_states, settings.pooled)
    if not len(usable):
        return HiddenMarkovModel(_nothing(_starts(material, settings)), of_series, material.scale)
    of_series[usable] = settings.of_rows(len(usable))
    rows = usable[evenly_spread(len(usable), _ROWS_TO_FIT)] if settings.pooled else usable
    seen, of_row = material.seen(rows, _STEPS_TO_FIT), settings.of_rows(len(rows))
    best = begun(_starts(material, settings), num_states, of_row, seen, _FEW)
    fit = baum_welch(best.chain, of_row, seen, _MOST)
    return HiddenMarkovModel(fit.chain.ordered(), of_series, material.scale)


def _long_enough(material: Material, num_states: int, pooled: bool) -> NDArray:
    """Positions of the series whose chain has more values than states."""
    counts, usable = num_values(material.panel), material.usable
    own = np.full(len(usable), counts[usable].sum()) if pooled else counts[usable]
    return usable[own > num_states]


def _nothing(starts: Starts) -> HiddenChain:
    """A chain of one state that no series follows."""
    one, kind = np.ones((1, 1)), Gaussian(np.zeros((1, 1)), np.ones((1, 1)))
    if starts.num_classes is None:
        return HiddenChain(one, one[:, :, None], kind)
    shares = np.full((1, 1, starts.num_classes), 1.0 / starts.num_classes)
    return HiddenChain(one, one[:, :, None], Categorical(shares))


def _starts(material: Material, settings: Settings) -> Starts:
    classes = None
    if settings.emission == "categorical":
        classes = int(np.nanmax(material.panel.values)) + 1
    return Starts(settings.num_starts, settings.seed, classes)


def _criterion(size: int, of_row: NDArray, seen: Seen, starts: Starts) -> float:
    fit = begun(starts, size, of_row, seen, _FEW)
    count = fit.chain.num_parameters * fit.chain.num_chains
    return float(count * np.log(seen.observed.sum()) - 2.0 * fit.score)


def _refuse_other_than_classes(panel: Panel) -> None:
    known = np.flatnonzero(panel.observed)
    values = panel.values[known]
    odd = np.flatnonzero((values < 0) | (values != np.rint(values)) | (values > 255))
    if len(odd):
        series = panel.ids[panel.codes[known[odd[0]]]]
        raise ValueError(
            f"a categorical emission needs classes, whole numbers from 0 to 255; series "
            f"{series!r} has the value {values[odd[0]]:g}. Number the classes from 0, or use "
            "HiddenMarkov(emission='gaussian')."
        )
