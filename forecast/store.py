"""States at rest: one row a series, found by series id, replaced and never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.pipelines import Frequency, Panel, with_gaps
from forecast.protocol import Model, StateBatch

__all__ = ["StateStore"]


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
        model: Model, panel: Panel, series: NDArray, offset: NDArray | None = None
    ) -> StateStore:
        """States after the whole of each series of `panel`; see `engine.begin`."""
        state = engine.begin(model, series, offset)
        state, _ = engine.absorb(model, state, panel.block(0, panel.lengths))
        return StateStore(panel.ids, panel.ends, state, panel.frequency, _last_covariates(panel))

    def positions(self, ids: NDArray) -> NDArray:
        """Row of each id, -1 for an id that is not here."""
        return pd.Index(self.ids).get_indexer(pd.Index(ids))

    def after(
        self,
        model: Model,
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
        rows = self.positions(panel.ids)
        old, new = np.flatnonzero(rows >= 0), np.flatnonzero(rows < 0)
        store = self
        if len(old):
            store = store._advanced(
                model, self._led(panel.take(old), rows[old], calendar), rows[old]
            )
        if len(new):
            begun = None if offset is None else offset[new]
            fresh = StateStore.of_history(model, panel.take(new), series[new], begun)
            ids = np.concatenate([store.ids, fresh.ids])
            ends, state = store.ends.append(fresh.ends), store.state.join(fresh.state)
            covariates = np.concatenate([store.covariates, fresh.covariates])
            store = StateStore(ids, ends, state, self.frequency, covariates)
        return store

    def _advanced(self, model: Model, panel: Panel, rows: NDArray) -> StateStore:
        state, _ = engine.absorb(model, self.state.take(rows), panel.block(0, panel.lengths))
        ends = self.ends.to_series().reset_index(drop=True)
        ends.iloc[rows] = panel.ends
        covariates = self.covariates.copy()
        covariates[rows] = _last_covariates(panel)
        state = self.state.put(rows, state)
        return StateStore(self.ids, pd.Index(ends), state, self.frequency, covariates)

    def _led(self, panel: Panel, rows: NDArray, calendar: Any) -> Panel:
        """The rows of `panel` with the steps missing since each state's last step before them."""
        overlap = np.asarray(panel.starts <= self.ends.take(rows))
        if overlap.any():
            late = int(np.argmax(overlap))
            raise ValueError(
                f"series {panel.ids[late]!r}: the rows begin at {panel.starts[late]}, but the "
                f"state has already seen {self.ends[rows[late]]}. Give rows later than that, or "
                "call condition(df) with the whole history."
            )
        starts = zip(panel.starts, self.ends.take(rows), strict=True)
        steps = [self.frequency.position(pd.Index([start]), end)[0] for start, end in starts]
        return with_gaps(panel, np.array(steps) - 1, self.covariates[rows], calendar)


def _last_covariates(panel: Panel) -> NDArray:
    """Covariates of the last step of each series, `(num_series, num_covariates)`."""
    return panel.covariates.future[panel.offsets[1:] - 1]
