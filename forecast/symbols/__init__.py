"""Series whose values are symbols: weather types, states of machines, characters of a text."""

from forecast.symbols.alphabet import Alphabet
from forecast.symbols.forecaster import SymbolForecaster
from forecast.symbols.hidden_markov_chain import HiddenMarkovChain
from forecast.symbols.markov_chain import MarkovChain
from forecast.symbols.pictures import plot_learning, plot_probabilities
from forecast.symbols.scoring import score
from forecast.symbols.text import from_text, to_text

__all__ = [
    "Alphabet",
    "HiddenMarkovChain",
    "MarkovChain",
    "SymbolForecaster",
    "from_text",
    "plot_learning",
    "plot_probabilities",
    "score",
    "to_text",
]
