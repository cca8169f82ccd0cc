"""How probable the symbols were that came, each given all before it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.output import refuse_taken_names
from forecast.pipelines import Columns, Panel
from forecast.protocol import StateBatch
from forecast.store import StateStore
from forecast.symbols.alphabet import Alphabet
from forecast.symbols.model import SymbolModel, pieces

__all__ = ["Likelihood", "likelihood_of"]


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The symbols that came, `(n,)` each.

    Args:
        ids: their series.
        times: when they came.
        codes: of the symbols.
        log_probability: of each, given all before it.
        likeliest: code that was most probable.
    """

    ids: NDArray
    times: pd.Index
    codes: NDArray
    log_probability: NDArray
    likeliest: NDArray

    def frame(self, columns: Columns, alphabet: Alphabet, name: str) -> pd.DataFrame:
        """As a long frame, series after series; `name` is the column of log-probabilities."""
        refuse_taken_names([name], [columns.id, columns.time, columns.target, "likeliest"])
        frame = pd.DataFrame(
            {
                columns.id: self.ids,
                columns.time: self.times,
                columns.target: alphabet.decode(self.codes),
                name: self.log_probability,
                "likeliest": alphabet.decode(self.likeliest),
            }
        )
        order = np.argsort(pd.factorize(self.ids)[0], kind="stable")
        return frame.take(order).reset_index(drop=True)


def likelihood_of(
    model: SymbolModel, store: StateStore, panel: Panel, end: int | None
) -> Likelihood:
    """One pass over newer rows; the states of the store stay where they are.

    Args:
        model: of the symbols.
        store: states of the series that go on; others begin.
        panel: newer rows.
        end: code of the mark that follows the last row of each series; None where none does.
    """
    found: list[Likelihood] = []

    def step(model: Any, state: StateBatch, rows: Panel) -> tuple[Any, StateBatch]:
        after, symbols = _walked(model, engine.inner(state), rows)
        found.append(symbols)
        if end is not None:
            found.append(_ended(model, after, rows, end))
        return model, state  # what a store makes of it is not looked at

    store.through(step, model, panel, np.full(panel.num_series, -1))
    return _joined(found)


def _walked(model: SymbolModel, state: StateBatch, panel: Panel) -> tuple[StateBatch, Likelihood]:
    block = panel.block(0, panel.lengths)
    told, likeliest = [], []
    for piece in pieces(block, model.num_codes):
        codes = piece.values.astype(np.intp)
        state, ahead = model.walk(state, piece)
        told.append(np.take_along_axis(ahead, codes[:, :, None], axis=2)[:, :, 0])
        likeliest.append(ahead.argmax(axis=2))
    rows, steps = np.nonzero(block.observed)
    known = panel.observed
    return state, Likelihood(
        panel.ids[rows],
        panel.flat_times()[known],
        panel.values[known].astype(np.intp),
        np.concatenate(told, axis=1)[rows, steps],
        np.concatenate(likeliest, axis=1)[rows, steps],
    )


def _ended(model: SymbolModel, state: StateBatch, panel: Panel, end: int) -> Likelihood:
    """The end mark after the last step of each series."""
    ahead = model.ahead(state)
    return Likelihood(
        panel.ids,
        panel.frequency.shift(panel.ends, np.ones(panel.num_series, dtype=np.int64)),
        np.full(panel.num_series, end),
        ahead[:, end],
        ahead.argmax(axis=1),
    )


def _joined(parts: list[Likelihood]) -> Likelihood:
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, Any] = {}
    for field in fields(Likelihood):
        values = [getattr(part, field.name) for part in parts]
        first = values[0]
        columns[field.name] = (
            first.append(values[1:]) if isinstance(first, pd.Index) else np.concatenate(values)
        )
    return Likelihood(**columns)
