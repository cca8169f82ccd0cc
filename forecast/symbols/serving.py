"""What a fitted forecaster of symbols does from its states: go on, in one way or another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.checks import check_positive_integer
from forecast.draws import series_key
from forecast.errors import NotFittedError
from forecast.parameters import Parameters
from forecast.pipelines import Layout, write_frame
from forecast.protocol import Static
from forecast.store import StateStore
from forecast.symbols.alphabet import Alphabet
from forecast.symbols.decoding import Paths, Sampling, continued, expected
from forecast.symbols.frames import Places, path_frame, probability_frame
from forecast.symbols.model import Exact, SymbolModel

__all__ = ["SymbolFit", "SymbolServing"]


@dataclass(frozen=True, eq=False)
class SymbolFit:
    """What a forecaster of symbols has learned.

    Args:
        model: the model.
        alphabet: its symbols.
        choices: what the data decided, in a phrase.
        history: learning curves, one list a quantity; empty for closed forms.
    """

    model: SymbolModel
    alphabet: Alphabet
    choices: str
    history: dict[str, list[float]] = field(default_factory=dict)


class SymbolServing(Parameters):
    """Base of forecasters of symbols: all that follows from fitted states, written once for all.

    Attributes:
        fitted_: the model and its alphabet.
        store_: the state of every series.
        layout_: shape of the user's frame.
        notes_: what was done to the data, in sentences.
        left_out_: ids of series without any symbol.
    """

    alphabet: Alphabet
    alias: str | None

    fitted_: SymbolFit
    store_: StateStore
    layout_: Layout
    notes_: tuple[str, ...]
    left_out_: tuple[Any, ...]

    @property
    def name(self) -> str:
        """Name of the forecast column: the alias, or the class."""
        return self.alias or type(self).__name__

    @property
    def alphabet_(self) -> Alphabet:
        """The alphabet with the symbols that were learned."""
        return self._require_fitted().alphabet

    @property
    def choices_(self) -> str:
        """What the data decided, in a phrase."""
        return self._require_fitted().choices

    @property
    def history_(self) -> dict[str, list[float]]:
        """Learning curves; empty for closed forms."""
        return self._require_fitted().history

    def predict(self, horizon: int) -> Any:
        """The most probable next symbol at every step, each fed back (greedy decoding).

        Args:
            horizon: steps ahead at most, at least 1.

        Returns:
            `unique_id`, `ds`, a column named like the forecaster. A series stops at its end mark,
            which is its last row. A wide frame if one came.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for a horizon below 1.
        """
        self._require_fitted()
        codes = self._continued(horizon, Sampling(temperature=0.0))
        frame = path_frame(self._places, codes, self.alphabet_, self.name)
        return write_frame(frame.drop(columns="path"), self.layout_, self.name)

    def sample(
        self, horizon: int, num_paths: int = 100, *, temperature: float = 1.0, seed: int = 0
    ) -> Any:
        """Sample paths: symbol after symbol is drawn and fed back, until an end mark comes.

        Args:
            horizon: steps ahead at most, at least 1.
            num_paths: paths for each series.
            temperature: at least 0: 1 draws by the probabilities p, others by
                `p^(1/temperature)`, 0 takes the most probable symbol.
            seed: the same seed gives the same path to a series in any subset, batch or order.

        Returns:
            Long frame: `unique_id`, `ds`, `path`, `y`; the end mark is the last row of its path.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for a number out of range.
        """
        self._require_fitted()
        codes = self._continued(horizon, Sampling(num_paths, temperature, seed))
        target = self.layout_.columns.target
        return write_frame(path_frame(self._places, codes, self.alphabet_, target), self.layout_)

    def predict_proba(self, horizon: int = 1, *, num_paths: int = 200, seed: int = 0) -> Any:
        """Probability of each symbol at each step ahead.

        Exact for Markov chains and hidden Markov models, and one step ahead for all; further on a
        network's are means over sample paths.

        Args:
            horizon: steps ahead, at least 1.
            num_paths: sample paths of a network.
            seed: of these paths.

        Returns:
            Long frame: `unique_id`, `ds`, `y`, `probability`, a row for each symbol; that of the
            end mark is the probability to have ended there or before.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for a number out of range.
        """
        model = self._require_fitted().model
        check_positive_integer("horizon", horizon)
        sampling = Sampling(num_paths, seed=seed)
        if isinstance(model, Exact):
            found = model.distributions(engine.inner(self.store_.state), horizon)
        else:
            found = expected(model, self._paths(sampling), horizon)
        return write_frame(probability_frame(self._places, found, self.alphabet_), self.layout_)

    def generate(
        self, horizon: int, num_paths: int = 1, *, temperature: float = 1.0, seed: int = 0
    ) -> pd.DataFrame:
        """New sequences from the start mark on.

        Args:
            horizon: symbols at most, at least 1.
            num_paths: number of sequences.
            temperature: as of `sample`.
            seed: as of `sample`.

        Returns:
            Long frame: `unique_id` (from 0), `ds` (from 0), `y`, as `fit` reads it; but the end
            mark is the last row of a sequence that has ended.

        Raises:
            NotFittedError: before `fit`.
            ValueError: for a number out of range.
        """
        model, columns = self._require_fitted().model, self.layout_.columns
        check_positive_integer("horizon", horizon)
        state = model.init_state(1, Static(np.array([-1])))
        paths = Paths(state, series_key(["generated"]), Sampling(num_paths, temperature, seed))
        codes = continued(model, paths, horizon).swapaxes(0, 1)
        frame = path_frame(
            Places.counted(num_paths, columns), codes, self.alphabet_, columns.target
        )
        return frame.drop(columns="path")

    def _require_fitted(self) -> SymbolFit:
        if "fitted_" not in self.__dict__:
            raise NotFittedError(f"{self.name} is not fitted yet; call fit(df) first.")
        return self.fitted_

    @property
    def _places(self) -> Places:
        store = self.store_
        return Places(store.ids, store.ends, store.frequency, self.layout_.columns)

    def _paths(self, sampling: Sampling) -> Paths:
        return Paths(engine.inner(self.store_.state), series_key(self.store_.ids), sampling)

    def _continued(self, horizon: int, sampling: Sampling) -> NDArray:
        check_positive_integer("horizon", horizon)
        return continued(self.fitted_.model, self._paths(sampling), horizon)
