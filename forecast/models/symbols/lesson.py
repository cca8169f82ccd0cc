"""Training material of a network over codes: what is fed, what comes next, and what is held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.models.teaching import Lesson
from forecast.pipelines import Panel, evenly_spread
from forecast.protocol import Static
from forecast.symbols.alphabet import Alphabet
from forecast.symbols.chain import ChainModel
from forecast.symbols.contexts import count_contexts

__all__ = ["HeldOut", "Material", "make_material"]

# A tenth is held out: whole series where there are enough, else the end of each.
_SHARE = 10
_FEWEST_SERIES = 20
_FEWEST_STEPS = 50
# Of what is held out, so much is looked at, and so much before it to come into its state.
_MOST_ROWS, _MOST_STEPS, _WARMUP = 200, 2000, 200


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Stretches on which layers are checked, `(num_rows, num_steps)` each.

    Args:
        features: with a last axis of one column: what is fed.
        valid: steps that exist.
        targets: what comes next.
        counted: which of these are held out.
    """

    features: NDArray
    valid: NDArray
    targets: NDArray
    counted: NDArray


@dataclass(frozen=True, eq=False)
class Material:
    """What a network learns from, and what it is checked on.

    Args:
        lesson: codes fed and codes that follow; what is held out has no weight.
        held_out: the rest, or the same where there is too little to hold any out.
    """

    lesson: Lesson
    held_out: HeldOut


def make_material(panel: Panel, alphabet: Alphabet) -> Material:
    """The codes of a panel: before each the one that is fed, the start mark first.

    Every step is a target, an end mark too; a missing symbol is none, and the most frequent
    successor of the symbol before is fed in its place.

    Args:
        panel: codes.
        alphabet: theirs.
    """
    block = panel.block(0, panel.lengths)
    codes, known, lengths = block.values, block.observed, panel.lengths
    if not known[block.valid].all():
        codes = np.where(known | ~block.valid, codes, _likely_successors(panel, alphabet))
    if alphabet.end_code is not None:
        codes, known = np.pad(codes, ((0, 0), (0, 1))), np.pad(known, ((0, 0), (0, 1)))
        codes[np.arange(len(codes)), lengths] = alphabet.end_code
        known[np.arange(len(codes)), lengths] = True
        lengths = lengths + 1
    start = np.full((len(codes), 1), alphabet.start_code)
    fed = np.concatenate([start, codes[:, :-1]], axis=1).astype(np.float32)[:, :, None]
    held = _held_out(known, lengths)
    lesson = Lesson(fed, codes, (known & ~held).astype(float), lengths)
    return Material(lesson, _looked_at(lesson, held if held.any() else known))


def _likely_successors(panel: Panel, alphabet: Alphabet) -> NDArray:
    """The most probable code at each step by a Markov chain of order 1."""
    contexts = count_contexts(panel, alphabet, order=1)
    model = ChainModel(
        contexts.probabilities(1.0), contexts.successors(1, alphabet.num_symbols), contexts.start
    )
    state = model.init_state(panel.num_series, Static(np.full(panel.num_series, -1)))
    _, ahead = model.walk(state, panel.block(0, panel.lengths))
    return ahead[:, :, : alphabet.num_symbols].argmax(axis=2)


def _held_out(known: NDArray, lengths: NDArray) -> NDArray:
    """The targets that are held out: of every tenth series, or the last tenth of each."""
    if len(lengths) >= _FEWEST_SERIES:
        rows = np.arange(len(lengths)) % _SHARE == _SHARE - 1
        return known & rows[:, None]
    ends = np.where(lengths >= _FEWEST_STEPS, lengths - lengths // _SHARE, lengths)
    return known & (np.arange(known.shape[1]) >= ends[:, None])


def _looked_at(lesson: Lesson, held: NDArray) -> HeldOut:
    """The end of what is held out of some series."""
    rows = np.flatnonzero(held.any(axis=1))
    rows = rows[evenly_spread(len(rows), _MOST_ROWS)]
    first = np.maximum(held[rows].argmax(axis=1), lesson.lengths[rows] - _MOST_STEPS)
    begin = np.maximum(first - _WARMUP, 0)
    counts = lesson.lengths[rows] - begin
    steps = np.arange(counts.max())
    valid = steps < counts[:, None]
    at = (rows[:, None], np.minimum(begin[:, None] + steps, held.shape[1] - 1))
    counted = held[at] & valid & (steps >= (first - begin)[:, None])
    return HeldOut(lesson.features[at], valid, lesson.targets[at].astype(np.intp), counted)
