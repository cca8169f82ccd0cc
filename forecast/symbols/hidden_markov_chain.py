"""Hidden Markov models as forecasters of symbols."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.markov.emissions import Seen
from forecast.baselines.markov.expectation import Starts, baum_welch, begun
from forecast.checks import check_positive_integer, check_seed
from forecast.pipelines import Panel, evenly_spread
from forecast.symbols.alphabet import Alphabet
from forecast.symbols.forecaster import SymbolForecaster
from forecast.symbols.hidden import HiddenModel
from forecast.symbols.serving import SymbolFit

__all__ = ["HiddenMarkovChain"]

_MOST_ROWS, _MOST_STEPS = 400, 500
# Iterations from each start, and from the best of them.
_FEW, _MOST = 10, 100


class HiddenMarkovChain(SymbolForecaster):
    """A hidden state jumps as a Markov chain, and each state has its shares of the symbols.

    `P(s[t+1] = j | s[t] = i) = A_ij`, `P(y[t] = a | s[t] = i) = B_ia`

    Estimated by expectation-maximisation (Baum and Welch) from several starts, on at most 400
    stretches of 500 symbols, evenly spread. All probabilities, those many steps ahead too, are
    exact. `HiddenMarkov(emission="categorical")` is the same for series of numbered classes among
    other forecasters of numbers.

    Args:
        num_states: hidden states, at least 1.
        num_starts: starts of expectation-maximisation, at least 1.
        alphabet: symbols and marks.
        seed: of the starts.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import pandas as pd
        >>> df = pd.DataFrame({"unique_id": "a", "ds": range(60), "y": list("abc" * 20)})
        >>> HiddenMarkovChain(num_states=3).fit(df).predict(2)["HiddenMarkovChain"].tolist()
        ['a', 'b']

    Source: Rabiner (1989), "A tutorial on hidden Markov models and selected applications".
    """

    def __init__(
        self,
        num_states: int = 4,
        num_starts: int = 3,
        alphabet: Alphabet = Alphabet(),  # noqa: B008 (frozen)
        seed: int = 0,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        check_positive_integer("num_states", num_states)
        check_positive_integer("num_starts", num_starts)
        check_seed(seed)
        self.num_states = num_states
        self.num_starts = num_starts
        self.alphabet = alphabet
        self.seed = seed
        self.alias = alias

    def _estimate(self, panel: Panel, alphabet: Alphabet) -> SymbolFit:
        seen = _stretches(panel, alphabet.end_code)
        of_row = np.zeros(len(seen.values), dtype=np.intp)
        starts = Starts(self.num_starts, self.seed, alphabet.num_codes, lasting=False)
        best = begun(starts, self.num_states, of_row, seen, _FEW)
        fit = baum_welch(best.chain, of_row, seen, _MOST)
        words = f"{alphabet.num_symbols} symbols, {self.num_states} states"
        return SymbolFit(HiddenModel(fit.chain.ordered(), alphabet.end_code), alphabet, words)


def _stretches(panel: Panel, end: int | None) -> Seen:
    """Series with their end marks, long ones in stretches."""
    mark = [] if end is None else [float(end)]
    lines = [np.append(panel.row(index), mark) for index in range(panel.num_series)]
    parts: list[NDArray] = [
        line[begin : begin + _MOST_STEPS]
        for line in lines
        for begin in range(0, len(line), _MOST_STEPS)
    ]
    parts = [parts[index] for index in evenly_spread(len(parts), _MOST_ROWS)]
    lengths = np.array([len(part) for part in parts])
    values = np.full((len(parts), lengths.max()), np.nan)
    for row, part in zip(values, parts, strict=True):
        row[: len(part)] = part
    known = ~np.isnan(values)
    valid = np.arange(values.shape[1]) < lengths[:, None]
    return Seen(np.where(known, values, 0.0), known, valid)
