"""The base of every forecaster of symbols: fitted on a frame, going on from where it stands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.checks import check_kind
from forecast.pipelines import Columns, Panel, Reading
from forecast.store import StateStore
from forecast.succession import refuse_other_ids
from forecast.symbols.alphabet import Alphabet
from forecast.symbols.likelihood import likelihood_of
from forecast.symbols.reading import read_symbols
from forecast.symbols.serving import SymbolFit, SymbolServing

__all__ = ["SymbolForecaster"]


class SymbolForecaster(SymbolServing, ABC):
    """Base of forecasters of series whose values are symbols: weather types, states, characters.

    A subclass says how parameters are learned (`_estimate`); all the rest follows from the model's
    state. All series share one model, and new ones are taken. With an end mark
    (`Alphabet(end=...)`) every training series is a complete sequence.
    """

    scored_by: ClassVar[str] = "fc.symbols.score([forecaster.fit(df), ...], later_rows)"
    """What takes the place of a backtest, which names it when it refuses one."""

    @abstractmethod
    def _estimate(self, panel: Panel, alphabet: Alphabet) -> SymbolFit:
        """Learn parameters from a panel of codes."""

    def fit(
        self, df: Any, *, freq: Any = None, id_col: str = "unique_id", time_col: str = "ds",
        target_col: str = "y",
    ) -> Self:  # fmt: skip
        """Learn from a frame of symbols and stand at its end, ready to go on.

        Args:
            df: long frame (`unique_id`, `ds`, `y`), wide frame or Series, of text or whole numbers;
                `ds` are times or positions. `fc.symbols.from_text` makes one of a text.
            freq: pandas alias or integer step; inferred by default.
            id_col: name of the id column.
            time_col: name of the time column.
            target_col: name of the column of symbols.

        Returns:
            The forecaster.

        Raises:
            ValueError: if the frame cannot be used; the message says why.
        """
        check_kind("alphabet", self.alphabet, Alphabet)
        columns = Columns(id_col, time_col, target_col)
        reading, alphabet = read_symbols(df, columns, self.alphabet, freq)
        fitted = self._estimate(reading.panel, alphabet)
        self._stand(fitted, reading)
        return self

    def condition(self, df: Any) -> Self:
        """Stand at the end of another history, without learning from it.

        Args:
            df: frame of the columns given to `fit`, of symbols of the alphabet.

        Returns:
            The forecaster.

        Raises:
            ValueError: if the frame cannot be used; nothing is changed then.
        """
        fitted = self._require_fitted()
        self._stand(fitted, self._read(df))
        return self

    def update(self, df: Any) -> Self:
        """Absorb newer rows, at a cost that does not depend on the history.

        Args:
            df: frame of the columns given to `fit`, with rows of all series or of some: later than
                what each has seen, or whole new series. Steps without a row are missing symbols.

        Returns:
            The forecaster; every state is what `condition` makes of all its rows together.

        Raises:
            ValueError: for rows that are not newer, or symbols that are not in the alphabet;
                nothing is changed then.
        """
        model, panel = self._require_fitted().model, self._following(df)
        self.store_ = self.store_.after(model, panel, _no_positions(panel))
        return self

    def log_probabilities(self, df: Any, complete: bool = False) -> pd.DataFrame:
        """The log-probability of each symbol that follows, given all before; the states stay.

        Args:
            df: rows that `update` would take.
            complete: whether the series of `df` end there: their end marks count too.

        Returns:
            Long frame: `unique_id`, `ds`, `y`, a column named like the forecaster (natural
            logarithms), and `likeliest`, the symbol that was most probable.

        Raises:
            ValueError: as of `update`, for rows without any symbol, or for `complete` without an
                end mark.
        """
        fitted, panel = self._require_fitted(), self._following(df)
        if not panel.observed.any():
            raise ValueError("the rows have no symbol to score: all are missing.")
        if complete and fitted.alphabet.end is None:
            raise ValueError(
                "complete=True counts the end mark of every series, and the alphabet has none; fit "
                "with Alphabet(end='.')."
            )
        found = likelihood_of(
            fitted.model, self.store_, panel, fitted.alphabet.end_code if complete else None
        )
        return found.frame(self.layout_.columns, fitted.alphabet, self.name)

    def save(self, path: Any) -> None:
        """Write parameters and states to one file; `fc.load` reads it.

        Args:
            path: file to write; replaced as a whole, or left as it was.
        """
        from forecast.io import save

        self._require_fitted()
        save(self, path)

    def _stand(self, fitted: SymbolFit, reading: Reading) -> None:
        """Take the states after a whole history."""
        store = StateStore.of_history(fitted.model, reading.panel, _no_positions(reading.panel))
        self.fitted_, self.store_, self.layout_ = fitted, store, reading.layout
        self.notes_, self.left_out_ = reading.notes, reading.left_out

    def _read(self, df: Any, begun: Sequence[Any] | NDArray | None = None) -> Reading:
        columns, freq = self.layout_.columns, self.store_.frequency.alias
        reading, _ = read_symbols(df, columns, self.fitted_.alphabet, freq, begun)
        return replace(reading, layout=replace(reading.layout, columns=columns))

    def _following(self, df: Any) -> Panel:
        """The rows of a frame that goes on where the states stand."""
        panel = self._read(df, self.store_.ids).panel
        refuse_other_ids(panel.ids[self.store_.positions(panel.ids) < 0], self.store_.ids)
        return panel


def _no_positions(panel: Panel) -> NDArray:
    """Symbol models know no series by its position."""
    return np.full(panel.num_series, -1)
