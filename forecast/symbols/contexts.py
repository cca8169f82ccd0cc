"""What came before a symbol: all contexts of some sequences up to a length, with their counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Panel
from forecast.symbols.alphabet import Alphabet

__all__ = ["ROOT", "Contexts", "count_contexts"]

ROOT = 0
"""The empty context, which every symbol has."""
_MISSING = -1
_MOST_NUMBERS = 100_000_000


@dataclass(frozen=True, eq=False)
class Contexts:
    """Contexts as a tree: below each stand those that know one more symbol, an older one.

    They stand in the order of their length; the first is empty.

    Args:
        parent: the context without its oldest symbol, `(num_contexts,)`.
        oldest: code of that symbol, `(num_contexts,)`.
        length: number of symbols, `(num_contexts,)`; the start mark counts as one.
        counts: how often each code came next, `(num_contexts, num_codes)`.
        start_code: code of the start mark.
    """

    parent: NDArray
    oldest: NDArray
    length: NDArray
    counts: NDArray
    start_code: int

    @property
    def start(self) -> int:
        """The context before the first symbol; the empty one where none is longer."""
        return int(self.child(np.array([ROOT]), np.array([self.start_code]))[0])

    def child(self, context: NDArray, code: NDArray) -> NDArray:
        """The context that knows one more symbol, `code`; the same where there is no such one."""
        width = self.start_code + 1
        keys = self.parent[1:] * width + self.oldest[1:]  # ascending, as the contexts are built
        wanted = context * width + code
        place = np.searchsorted(keys, wanted)
        found = np.append(keys, -1)[place] == wanted
        return np.where(found, place + 1, context)

    def successors(self, order: int, num_symbols: int) -> NDArray[np.int64]:
        """The longest context there is once each symbol came after each context.

        Args:
            order: length of the longest context.
            num_symbols: symbols that may come.

        Returns:
            `(num_contexts, num_symbols)`.
        """
        symbols = np.arange(num_symbols)
        found = np.zeros((len(self.parent), num_symbols), dtype=np.int64)
        found[ROOT] = self.child(np.full(num_symbols, ROOT), symbols) if order else ROOT
        for length in range(1, order + 1):
            rows = np.flatnonzero(self.length == length)
            shorter = found[self.parent[rows]]
            longer = self.child(shorter, self.oldest[rows, None])
            whole = (self.length[shorter] == length) & (length < order)
            found[rows] = np.where(whole, longer, shorter)
        return found

    def probabilities(self, smoothing: float) -> NDArray[np.float64]:
        """`P(a | c) = (n(c a) + s P(a | c')) / (n(c) + s)`, c' the context without its oldest.

        Of the empty context P(a | c') is 1 over the number of codes.
        """
        total = self.counts.sum(axis=1, keepdims=True)
        num_contexts, num_codes = self.counts.shape
        found = np.empty((num_contexts, num_codes))
        found[ROOT] = (self.counts[ROOT] + smoothing / num_codes) / (total[ROOT] + smoothing)
        for length in range(1, int(self.length.max()) + 1):
            rows = np.flatnonzero(self.length == length)
            shorter = found[self.parent[rows]]
            found[rows] = (self.counts[rows] + smoothing * shorter) / (total[rows] + smoothing)
        return found


def count_contexts(panel: Panel, alphabet: Alphabet, order: int) -> Contexts:
    """The contexts of all symbols of a panel of codes, and of the end marks.

    A context reaches back to the start mark or to a missing symbol at most.

    Args:
        panel: codes.
        alphabet: theirs.
        order: length of the longest context, at least 0.

    Raises:
        ValueError: for more contexts than fit into memory.
    """
    codes = _in_line(panel, alphabet)
    start, width = alphabet.start_code, alphabet.start_code + 1
    at = np.flatnonzero((codes != start) & (codes != _MISSING))
    context, begin = np.zeros(len(at), dtype=np.int64), 0
    parts = [(np.array([ROOT]), np.array([_MISSING]))]
    reaching = np.arange(len(at))  # those whose context can know one more symbol
    counts = [_counted(context, codes[at], 1, alphabet.num_codes)]
    for length in range(1, order + 1):
        older = codes[at[reaching] - length]
        reaching, older = reaching[older != _MISSING], older[older != _MISSING]
        keys, place = np.unique(context[reaching] * width + older, return_inverse=True)
        begin += len(parts[-1][0])
        _refuse_many((begin + len(keys)) * alphabet.num_codes, order)
        context[reaching] = begin + place
        parts.append(np.divmod(keys, width))
        counts.append(_counted(place, codes[at[reaching]], len(keys), alphabet.num_codes))
        reaching = reaching[older != start]
    parent, oldest = (np.concatenate(column) for column in zip(*parts, strict=True))
    lengths = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    return Contexts(parent, oldest, lengths, np.concatenate(counts), start)


def _in_line(panel: Panel, alphabet: Alphabet) -> NDArray[np.int64]:
    """All series one after the other, each after a start mark and before its end mark."""
    codes = np.where(panel.observed, panel.values, _MISSING).astype(np.int64)
    line = np.insert(codes, panel.offsets[:-1], alphabet.start_code)
    if alphabet.end_code is None:
        return line
    ends = panel.offsets[1:] + np.arange(1, panel.num_series + 1)
    return np.insert(line, ends, alphabet.end_code)


def _counted(context: NDArray, code: NDArray, num_contexts: int, num_codes: int) -> NDArray:
    """How often each code came in each context."""
    counts = np.bincount(context * num_codes + code, minlength=num_contexts * num_codes)
    return counts.reshape(num_contexts, num_codes)


def _refuse_many(num_numbers: int, order: int) -> None:
    if num_numbers > _MOST_NUMBERS:
        raise ValueError(
            f"order={order} makes a table of {num_numbers:,} probabilities, above "
            f"{_MOST_NUMBERS:,}; take a lower order, or fewer symbols (Alphabet(min_count=...))."
        )
