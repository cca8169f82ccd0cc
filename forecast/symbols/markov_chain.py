"""Markov chains as forecasters of symbols."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from forecast.checks import check_share
from forecast.pipelines import Panel
from forecast.symbols.alphabet import Alphabet
from forecast.symbols.chain import ChainModel
from forecast.symbols.contexts import count_contexts
from forecast.symbols.forecaster import SymbolForecaster
from forecast.symbols.serving import SymbolFit

__all__ = ["MarkovChain"]


class MarkovChain(SymbolForecaster):
    """The next symbol depends on the last `order` ones only, by their counts.

    `P(a | c) = (n(c a) + s P(a | c')) / (n(c) + s)`, c the context, c' the context without its
    oldest symbol; of the empty context P(a | c') is 1 over the number of symbols.

    n counts in the training series, s is the smoothing. So a rare context leans on the shorter one,
    and one that was never seen is the longest seen one at its end. Of order 1 with s = 0 this is
    the share of each successor. The start mark is a symbol of contexts. All probabilities, those
    many steps ahead too, are exact; fitting and forecasting need no network library.

    Args:
        order: symbols that the next one depends on, at least 0; 0 takes the shares of the symbols.
        smoothing: s, at least 0: what the shorter context weighs, in symbols seen. 0 leaves
            probability 0 to what was not seen.
        alphabet: symbols and marks.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import pandas as pd
        >>> df = pd.DataFrame({"unique_id": "a", "ds": range(7), "y": list("abababa")})
        >>> chain = MarkovChain(smoothing=0.0).fit(df)
        >>> chain.predict(3)["MarkovChain"].tolist()
        ['b', 'a', 'b']

    Source: MacKay and Peto (1995), "A hierarchical Dirichlet language model".
    """

    def __init__(
        self,
        order: int = 1,
        smoothing: float = 1.0,
        alphabet: Alphabet = Alphabet(),  # noqa: B008 (frozen)
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        _check_order(order)
        check_share("smoothing", smoothing)
        self.order = order
        self.smoothing = smoothing
        self.alphabet = alphabet
        self.alias = alias

    def _estimate(self, panel: Panel, alphabet: Alphabet) -> SymbolFit:
        contexts = count_contexts(panel, alphabet, self.order)
        model = ChainModel(
            contexts.probabilities(self.smoothing),
            contexts.successors(self.order, alphabet.num_symbols),
            contexts.start,
        )
        words = f"{alphabet.num_symbols} symbols, {len(contexts.parent)} contexts"
        return SymbolFit(model, alphabet, words)


def _check_order(order: Any) -> None:
    if isinstance(order, bool) or not isinstance(order, Integral) or order < 0:
        raise ValueError(f"`order` must be a whole number of at least 0; got {order!r}.")
