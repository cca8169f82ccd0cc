"""Recurrent networks over symbols: language models of characters, words, weather or machines."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from forecast.checks import check_positive_integer, check_seed
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.encoder import SymbolInput
from forecast.models.symbols.fit import check_training, trained
from forecast.models.symbols.model import SymbolNetworkModel
from forecast.models.training import Training
from forecast.pipelines import Panel
from forecast.symbols import Alphabet, SymbolForecaster
from forecast.symbols.serving import SymbolFit

__all__ = ["SymbolGRU", "SymbolLSTM", "SymbolRNN"]


class SymbolNetwork(SymbolForecaster):
    """Base of the networks; a subclass names its layers."""

    _layer: ClassVar[str]

    def __init__(
        self,
        units: int = 64,
        num_layers: int = 1,
        embedding: int | None = None,
        training: Training = Training(),  # noqa: B008 (frozen)
        alphabet: Alphabet = Alphabet(),  # noqa: B008 (frozen)
        seed: int = 0,
        alias: str | None = None,
    ) -> None:
        """Store the arguments."""
        check_positive_integer("units", units)
        check_positive_integer("num_layers", num_layers)
        check_positive_integer("embedding", embedding, optional=True)
        check_training(training)
        check_seed(seed)
        self.units = units
        self.num_layers = num_layers
        self.embedding = embedding
        self.training = training
        self.alphabet = alphabet
        self.seed = seed
        self.alias = alias

    @property
    def num_steps_(self) -> int:
        """Weight updates of the plan; `Training(num_steps=...)` with it replays the fit."""
        return int(self.history_.get("num_steps", [0.0])[0])

    def _estimate(self, panel: Panel, alphabet: Alphabet) -> SymbolFit:
        form, start = self._form(alphabet), self.training.run.start
        body = Body(form) if start is None else _warm(start, form, alphabet)
        seen = f"embedding of {self.embedding}" if self.embedding else "one-hot"
        words = f"{alphabet.num_symbols} symbols ({seen}), {self.num_layers} x {self.units} units"
        if alphabet.num_codes == 1:
            return SymbolFit(SymbolNetworkModel(body, None), alphabet, f"{words}, nothing to learn")
        body, history = trained(body, panel, alphabet, self.training, start is None)
        best = int(np.nanargmin(history["free_running"]))
        bits = history["free_running"][best] / np.log(2.0)
        words += f", best of {len(history['step'])} checks at step {history['step'][best]:.0f}"
        words += f", {bits:.3f} bits a symbol held out"
        return SymbolFit(SymbolNetworkModel(body, alphabet.end_code), alphabet, words, history)

    def _form(self, alphabet: Alphabet) -> Blueprint:
        """The layers: a column of codes in, those of the start mark too, a number a code out."""
        return Blueprint(
            self._layer, self.units, self.num_layers, 1, self.seed,
            num_outputs=alphabet.num_codes,
            symbols=SymbolInput(alphabet.num_codes + 1, self.embedding),
        )  # fmt: skip


class SymbolLSTM(SymbolNetwork):
    """A long short-term memory network that learns which symbol comes next.

    `x[t] = E y[t]`, `h[t] = LSTM(x[t], h[t-1])`, `P(y[t+1] = k) = softmax(W h[t] + b)_k`

    Trained on the cross-entropy of every next symbol, `-log P(y[t+1])`, that of the end mark too;
    it starts at the shares of the symbols. A tenth of the symbols is held out (every tenth of 20
    or more series, else the end of each) and tells which weights to keep; `history_` has its mean
    `-log P` at each check, as "free_running". Long texts learn well in
    streams, whose state is carried from batch to batch:
    `Training(truncation=fc.Truncation(64, sequences="streams"))`.

    Args:
        units: of each layer, at least 1.
        num_layers: layers one above the other.
        embedding: size of the vector that is learned for each symbol; None for one-hot vectors.
        training: an `fc.Training(...)`; without scheduled sampling.
        alphabet: symbols and marks.
        seed: of the initial weights and the batches.
        alias: name of the forecast column; the class by default.

    Example:
        >>> import forecast as fc
        >>> df = fc.symbols.from_text("the cat sat on the mat. " * 20)
        >>> model = SymbolLSTM(units=16, training=fc.Training(num_steps=200, learning_rate=0.01))
        >>> sample = model.fit(df).sample(horizon=24, num_paths=1)  # doctest: +SKIP
        >>> fc.symbols.to_text(sample)  # doctest: +SKIP
        {('text', 0): 'the cat sat on the mat. '}

    Source: Graves (2013), "Generating sequences with recurrent neural networks".
    """

    _layer = "LSTM"


class SymbolGRU(SymbolNetwork):
    """A network of gated recurrent units that learns which symbol comes next; see `SymbolLSTM`.

    Args:
        units: of each layer, at least 1.
        num_layers: layers one above the other.
        embedding: size of the vector that is learned for each symbol; None for one-hot vectors.
        training: an `fc.Training(...)`; without scheduled sampling.
        alphabet: symbols and marks.
        seed: of the initial weights and the batches.
        alias: name of the forecast column; the class by default.

    Example:
        >>> SymbolGRU(units=32, embedding=8)
        SymbolGRU(units=32, embedding=8)

    Source: Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder".
    """

    _layer = "GRU"


class SymbolRNN(SymbolNetwork):
    """A simple recurrent network that learns which symbol comes next; see `SymbolLSTM`.

    Args:
        units: of each layer, at least 1.
        num_layers: layers one above the other.
        embedding: size of the vector that is learned for each symbol; None for one-hot vectors.
        training: an `fc.Training(...)`; without scheduled sampling.
        alphabet: symbols and marks.
        seed: of the initial weights and the batches.
        alias: name of the forecast column; the class by default.

    Example:
        >>> SymbolRNN(num_layers=2).name
        'SymbolRNN'

    Source: Elman (1990), "Finding structure in time".
    """

    _layer = "SimpleRNN"


def _warm(start: Any, form: Blueprint, alphabet: Alphabet) -> Body:
    """The layers of an earlier fit of the same form on the same alphabet."""
    fitted: Any = getattr(start, "fitted_", None)
    model = getattr(fitted, "model", None)
    if not isinstance(model, SymbolNetworkModel):
        raise ValueError(
            f"`start` must be a fitted network of symbols, such as SymbolLSTM().fit(df); got "
            f"{start!r}."
        )
    there, here = (_plain(model.body.blueprint), fitted.alphabet), (_plain(form), alphabet)
    if there != here:
        raise ValueError(
            f"the training cannot start from {start.name}: it has {there[0]} and {there[1]}, the "
            f"network to be trained {here[0]} and {here[1]}. Give both the same class, units, "
            "num_layers, embedding and alphabet."
        )
    return Body(form, model.body.weights)


def _plain(form: Blueprint) -> str:
    """The form in words, its seed apart."""
    return f"{form.num_layers} x {form.units} units of {form.layer} with {form.symbols}"
