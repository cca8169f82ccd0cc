"""The symbols that a series is made of, as codes and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecast.checks import check_positive_integer

__all__ = ["Alphabet", "Place", "Symbol"]

Symbol = str | int
Place = Callable[[int], str]
"""Says in words where an entry stands: its column and its series."""

_SHOWN = 10


def _entry(position: int) -> str:
    return f"entry {position}"


@dataclass(frozen=True)
class Alphabet:
    """The symbols of a series as codes, `symbol = symbols[code]`, and the marks around them.

    The start mark is no symbol: its code, that of no other, is what a model is fed before the first
    symbol. The end mark is a symbol that only a model gives.

    Args:
        symbols: text or whole numbers in the order of their codes; None takes those of the training
            series, sorted.
        end: mark after the last symbol of each training series, which makes all of them complete
            sequences: a model learns where they end and stops there. None: they go on.
        unknown: symbol that all others are read as; None refuses them.
        min_count: fewer occurrences in the training series make a symbol unknown; 1 or more.

    Raises:
        ValueError: for symbols that are given twice or mixed of text and numbers, an end mark that
            is a symbol too, or a `min_count` without an `unknown`.

    Example:
        >>> weather = Alphabet(end=".").fit(["sun", "rain", "sun"])
        >>> weather.encode(["sun", "rain", None]).tolist()
        [1.0, 0.0, nan]
        >>> weather.decode([0, 1, weather.end_code])
        ['rain', 'sun', '.']
    """

    symbols: Sequence[Symbol] | None = None
    end: Symbol | None = None
    unknown: Symbol | None = None
    min_count: int = 1

    def __post_init__(self) -> None:
        """Refuse symbols that do not go together; the unknown one is the last."""
        check_positive_integer("min_count", self.min_count)
        if self.min_count > 1 and self.unknown is None:
            raise ValueError(
                f"min_count={self.min_count} needs a symbol for those that are rarer, such as "
                "Alphabet(unknown='?', min_count=2)."
            )
        if self.symbols is None:
            return
        symbols = tuple(_symbol(value, lambda: "`symbols`") for value in self.symbols)
        if self.unknown is not None and self.unknown not in symbols:
            symbols = (*symbols, self.unknown)
        _refuse_odd(symbols, self.end)
        object.__setattr__(self, "symbols", symbols)

    @property
    def known(self) -> tuple[Symbol, ...]:
        """The symbols.

        Raises:
            ValueError: where they are still to be learned.
        """
        if self.symbols is None:
            raise ValueError("the alphabet has no symbols yet; call fit(values), or name them.")
        return tuple(self.symbols)

    @property
    def num_symbols(self) -> int:
        """Symbols that a series may have, K."""
        return len(self.known)

    @property
    def num_codes(self) -> int:
        """Codes that a model may give: the symbols, and the end mark."""
        return self.num_symbols + (self.end is not None)

    @property
    def start_code(self) -> int:
        """Code of what is fed before the first symbol."""
        return self.num_codes

    @property
    def end_code(self) -> int | None:
        """Code of the end mark, K; None without one."""
        return None if self.end is None else self.num_symbols

    @property
    def names(self) -> tuple[Symbol, ...]:
        """The symbols, and the end mark, by their codes."""
        return self.known if self.end is None else (*self.known, self.end)

    def fit(self, values: ArrayLike, place: Place = _entry) -> Alphabet:
        """The alphabet with the symbols among some values; itself where they are given.

        Args:
            values: text or whole numbers, None or NaN where missing, `(n,)`.
            place: where an entry stands, for messages.

        Raises:
            ValueError: for values that are no symbols, or without any.
        """
        if self.symbols is not None:
            return self
        places, uniques = _factorized(values, place)
        if not len(uniques):
            raise ValueError("there is no symbol to learn: all values are missing.")
        counts = np.bincount(places[places >= 0], minlength=len(uniques))
        kept = [one for one, count in zip(uniques, counts, strict=True) if count >= self.min_count]
        _refuse_mixed(kept)
        self._refuse_end(uniques, places, place)
        return replace(self, symbols=tuple(sorted(kept)))

    def encode(self, values: ArrayLike, place: Place = _entry) -> NDArray[np.float64]:
        """Codes, NaN where missing, `(n,)`.

        Args:
            values: symbols, None or NaN where missing, `(n,)`.
            place: where an entry stands, for messages.

        Raises:
            ValueError: for a symbol that is not in the alphabet, without an unknown one.
        """
        places, uniques = _factorized(values, place)
        self._refuse_end(uniques, places, place)
        codes = {symbol: code for code, symbol in enumerate(self.known)}
        other = np.nan if self.unknown is None else codes[self.unknown]
        found = np.array([*(codes.get(one, other) for one in uniques), np.nan], dtype=np.float64)
        unseen = np.flatnonzero(np.isnan(found[:-1]))
        if len(unseen):
            entry = int(np.argmax(places == unseen[0]))
            raise ValueError(
                f"{place(entry)} has the symbol {uniques[unseen[0]]!r}, which is not in the "
                f"alphabet ({_listed(self.known)}). Fit on series that have it, name it in "
                "Alphabet(symbols=[...]), or take Alphabet(unknown='?') to read it as such."
            )
        return found[places]

    def decode(self, codes: ArrayLike) -> list[Symbol]:
        """The symbols of codes, those of the end mark too."""
        names = self.names
        return [names[code] for code in np.asarray(codes, dtype=np.intp).tolist()]

    def _refuse_end(self, uniques: list[Symbol], places: NDArray, place: Place) -> None:
        if self.end is None or self.end not in uniques:
            return
        entry = int(np.argmax(places == uniques.index(self.end)))
        raise ValueError(
            f"{place(entry)} has the symbol {self.end!r}, which is the end mark: it is set after "
            "the last symbol of each series by itself. Take another mark, or leave it away."
        )


def _factorized(values: ArrayLike, place: Place) -> tuple[NDArray, list[Symbol]]:
    """The position of each value among the different ones, -1 where missing; and these."""
    places, uniques = pd.factorize(np.asarray(values, dtype=object))

    def first(index: int) -> str:
        return place(int(np.argmax(places == index)))

    return places, [_symbol(value, partial(first, index)) for index, value in enumerate(uniques)]


def _symbol(value: Any, where: Callable[[], str]) -> Symbol:
    """Text, or a whole number, as Python has it."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)  # whole numbers beside missing ones are floats in pandas
    if isinstance(value, bool) or not isinstance(value, str | Integral):
        raise ValueError(
            f"{where()} has {value!r}; symbols are text or whole numbers. Make classes of other "
            "values, for example with pd.cut(values, bins).astype(str)."
        )
    return value if isinstance(value, str) else int(value)


def _refuse_mixed(symbols: Sequence[Symbol]) -> None:
    kinds = {isinstance(symbol, str) for symbol in symbols}
    if len(kinds) > 1:
        raise ValueError(
            f"symbols are either text or whole numbers; got both ({_listed(symbols)}). Make text "
            "of all, for example with astype(str)."
        )


def _refuse_odd(symbols: tuple[Symbol, ...], end: Symbol | None) -> None:
    _refuse_mixed(symbols)
    if not symbols:
        raise ValueError("`symbols` is empty; give at least one, or None to learn them.")
    twice = next((symbol for symbol in symbols if symbols.count(symbol) > 1), None)
    if twice is not None:
        raise ValueError(f"`symbols` has {twice!r} twice; name each once.")
    if end is not None and end in symbols:
        raise ValueError(f"the end mark {end!r} is among the symbols; take another mark.")


def _listed(symbols: Sequence[Symbol]) -> str:
    shown = ", ".join(map(repr, symbols[:_SHOWN]))
    return shown + (", ..." if len(symbols) > _SHOWN else "")
