"""States at rest: one row a series, found by series id, replaced and never changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.distances import in_zone_of, with_entries
from forecast.pipelines import Frequency, Panel, with_gaps
from forecast.protocol import Model, Observes, StateBatch
from forecast.succession import gaps_before, refuse_other_zone

__all__ = ["StateStore"]

# A block of more entries than this is parted where it would be padding for the most part.
_LARGEST_BLOCK, _MOST_PADDING = 4_000_000, 4

Step = Callable[[Any, StateBatch, Panel], tuple[Any, StateBatch]]


@dataclass(frozen=True, eq=False)
class StateStore:
    """The states of all series, with the time at which each stands.

    Args:
        ids: series ids, `(num_series,)`.
        ends: time of the last step that each state has seen, `(num_series,)`.
        state: the states, in the order of `ids`.
        frequency: distance between two steps.
        covariates: those known ahead at the last step, carried into steps without a row that
            follow it, `(num_series, num_covariates)`.
    """

    ids: NDArray
    ends: pd.Index
    state: StateBatch
    frequency: Frequency
    covariates: NDArray = field(default_factory=lambda: np.empty((0, 0)))

    def __post_init__(self) -> None:
        """Give no covariates their shape."""
        if not self.covariates.shape[-1]:
            object.__setattr__(self, "covariates", np.empty((len(self.ids), 0)))

    @staticmethod
    def of_history(
        model: Observes, panel: Panel, series: NDArray, offset: NDArray | None = None
    ) -> StateStore:
        """States after the whole of each series of `panel`; see `engine.begin`."""
        state = engine.begin(model, series, offset)
        state, _ = engine.absorb(model, state, panel.block(0, panel.lengths))
        return StateStore._standing(panel, state)

    @staticmethod
    def _standing(panel: Panel, state: StateBatch) -> StateStore:
        return StateStore(panel.ids, panel.ends, state, panel.frequency, _last_covariates(panel))

    def positions(self, ids: NDArray) -> NDArray:
        """Row of each id, -1 for an id that is not here."""
        return self._index.get_indexer(pd.Index(ids))

    @cached_property
    def _index(self) -> pd.Index:
        """The ids, to be looked up; stores with the same series share it."""
        return pd.Index(self.ids)

    def after(
        self,
        model: Observes,
        panel: Panel,
        series: NDArray,
        offset: NDArray | None = None,
        calendar: Any = (),
    ) -> StateStore:
        """A new store after the rows of `panel`; a gap since the last step is a missing value.

        Args:
            model: the model that the states belong to.
            panel: newer rows of series that are here, or whole histories of new ones.
            series: position among the fitted series of each series of `panel`, -1 for a new one.
            offset: of those that are not here; see `engine.begin`.
            calendar: features among the covariates that are computed of every step.

        Raises:
            ValueError: if a row is not later than what its series has seen.
        """
        return self.through(_absorbed, model, panel, series, offset, calendar)[1]

    def learned(
        self,
        model: Model,
        panel: Panel,
        series: NDArray,
        offset: NDArray | None = None,
        calendar: Any = (),
    ) -> tuple[Model, StateStore]:
        """As `after`, with a model that learns from the rows: the newer model and its store."""
        return self.through(_learned, model, panel, series, offset, calendar)

    def through(
        self,
        step: Step,
        model: Any,
        panel: Panel,
        series: NDArray,
        offset: NDArray | None = None,
        calendar: Any = (),
    ) -> tuple[Any, StateStore]:
        """The model and the store after a step over what is here, and one over what is new.

        Args:
            step: what to do with some rows: of a model, states and a panel it makes a model and
                states. The panel begins with the steps missing since these states.
            model: see `after`; as the arguments that follow.
            panel: newer rows.
            series: positions.
            offset: of new series.
            calendar: features.
        """
        rows = self.positions(panel.ids)
        old, new = np.flatnonzero(rows >= 0), np.flatnonzero(rows < 0)
        store = self
        if len(old):
            led = self._led(panel.take(old), rows[old], calendar)
            everything = np.array_equal(rows[old], np.arange(len(self.ids)))
            before = self.state if everything else self.state.take(rows[old])
            model, state = step(model, before, led)
            store = self._put(rows[old], StateStore._standing(led, state))
        if len(new):
            fresh = panel.take(new)
            refuse_other_zone(fresh, self.ends)
            begun = engine.begin(model, series[new], None if offset is None else offset[new])
            model, state = step(model, begun, fresh)
            store = store._join(StateStore._standing(fresh, state))
        return model, store

    def _join(self, other: StateStore) -> StateStore:
        """The store with the series of another after its own."""
        ids = np.concatenate([self.ids, other.ids])
        ends = self.ends.append(in_zone_of(self.ends, other.ends))
        state = self.state.join(other.state)
        covariates = np.concatenate([self.covariates, other.covariates])
        return StateStore(ids, ends, state, self.frequency, covariates)

    def _put(self, rows: NDArray, other: StateStore) -> StateStore:
        """The store in which `rows` stand as in another."""
        ends, covariates = with_entries(self.ends, rows, other.ends), self.covariates.copy()
        covariates[rows] = other.covariates
        state = self.state.put(rows, other.state)
        store = replace(self, ends=ends, state=state, covariates=covariates)
        store.__dict__["_index"] = self._index
        return store

    def _led(self, panel: Panel, rows: NDArray, calendar: Any) -> Panel:
        """The rows of `panel` with the steps missing since each state's last step before them."""
        gaps = gaps_before(panel, self.ends.take(rows), self.state.clock[rows])
        return with_gaps(panel, gaps, self.covariates[rows], calendar)


def _absorbed(model: Observes, state: StateBatch, panel: Panel) -> tuple[Observes, StateBatch]:
    """The states after the panel; series of like lengths together where padding would abound."""
    lengths = panel.lengths
    if not _is_mostly_padding(lengths):
        return model, engine.absorb(model, state, panel.block(0, lengths))[0]
    _, sizes = np.frexp(lengths)
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        block = panel.take(rows).block(0, lengths[rows])
        state = state.put(rows, engine.absorb(model, state.take(rows), block)[0])
    return model, state


def _learned(model: Model, state: StateBatch, panel: Panel) -> tuple[Model, StateBatch]:
    """As `_absorbed`, by a model that learns: in the order of time, so stretch after stretch."""
    lengths = panel.lengths
    if not _is_mostly_padding(lengths):
        return engine.learn(model, state, panel.block(0, lengths))[:2]
    begin, (_, sizes) = 0, np.frexp(lengths)
    for end in (2 ** np.unique(sizes)).tolist():
        rows = np.flatnonzero(lengths > begin)
        block = panel.take(rows).block(begin, end)
        model, after, _ = engine.learn(model, state.take(rows), block)
        state, begin = state.put(rows, after), end
    return model, state


def _is_mostly_padding(lengths: NDArray) -> bool:
    """Whether one block of series of these lengths would be large, and padding for the most."""
    size = len(lengths) * int(lengths.max(initial=0))
    return size > max(_LARGEST_BLOCK, _MOST_PADDING * int(lengths.sum()))


def _last_covariates(panel: Panel) -> NDArray:
    """Covariates of the last step of each series, `(num_series, num_covariates)`."""
    return panel.covariates.future[panel.offsets[1:] - 1]
