"""Sequences of symbols whose entropy is known: a small grammar, parity, hidden weather."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

SINGULAR = ("goose", "miller", "raven", "old clock")
PLURAL = ("geese", "three ravens", "millers", "candles")
PLACES = ("by the mill", "under the bridge", "near the frozen pond")
VERBS = (("sleeps", "waits", "sings"), ("sleep", "wait", "sing"))


@dataclass(frozen=True)
class Grammar:
    """ "the NOUN PLACE VERB." with equally likely words; verb and noun agree across the place."""

    def text(self, num_sentences: int, seed: int) -> str:
        rng = np.random.default_rng(seed)
        return "".join(self._sentence(rng) for _ in range(num_sentences))

    @staticmethod
    def _sentence(rng: np.random.Generator) -> str:
        number = rng.integers(2)
        noun, place = rng.choice((SINGULAR, PLURAL)[number]), rng.choice(PLACES)
        return f"the {noun} {place} {rng.choice(VERBS[number])}. "

    @property
    def bits(self) -> float:
        """Entropy of a sentence over its mean length, a character."""
        nouns, verbs = [*SINGULAR, *PLURAL], [*VERBS[0], *VERBS[1]]
        entropy = np.log2(len(nouns)) + np.log2(len(PLACES)) + np.log2(len(VERBS[0]))
        lengths = [np.mean([len(word) for word in words]) for words in (nouns, PLACES, verbs)]
        return float(entropy / (sum(lengths) + len("the   . ")))


def parity_frame(num_series: int, num_steps: int, seed: int, noise: float = 0.1) -> pd.DataFrame:
    """`y[t] = y[t-1] xor y[t-2]`, turned over with probability `noise`.

    Of y[t-1] alone nothing can be said of y[t]; of both, all but the noise.
    """
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=(num_series, num_steps + 50))
    turned = rng.random(y.shape) < noise
    for step in range(2, y.shape[1]):
        y[:, step] = y[:, step - 1] ^ y[:, step - 2] ^ turned[:, step]
    kept = y[:, 50:]
    return pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(num_series), num_steps),
            "ds": np.tile(np.arange(num_steps), num_series),
            "y": np.where(kept.ravel() == 1, "on", "off"),
        }
    )


def parity_bits(order: int, noise: float = 0.1) -> float:
    """Bits a symbol of the best forecast from the last `order` symbols, in closed form."""
    moves = np.zeros((4, 4))
    for before in range(4):
        older, newer = divmod(before, 2)
        for symbol in range(2):
            share = 1.0 - noise if symbol == older ^ newer else noise
            moves[before, 2 * newer + symbol] += share
    stationary = np.linalg.matrix_power(moves, 500)[0]
    joint = (stationary[:, None] * moves).reshape(2, 2, 2, 2)  # older, newer, newer again, symbol
    joint = np.einsum("abbc->abc", joint)
    if order == 1:
        joint = joint.sum(axis=0, keepdims=True)
    conditional = joint / joint.sum(axis=2, keepdims=True)
    return float(-(joint * np.log2(conditional)).sum())


def weather_frame(num_series: int, num_steps: int, seed: int) -> tuple[pd.DataFrame, float]:
    """Three kinds of weather that tell of a hidden regime, and bits a symbol of its exact filter.

    Regimes last for 12 days on average, so that many symbols together tell of them.
    """
    rng = np.random.default_rng(seed)
    moves = np.full((2, 2), 1.0 / 12.0) + np.eye(2) * (1.0 - 2.0 / 12.0)
    shares = np.array([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])
    regime, belief = rng.integers(2, size=num_series), np.full((num_series, 2), 0.5)
    symbols, bits = np.empty((num_series, num_steps), dtype=np.intp), 0.0
    for step in range(num_steps):
        symbols[:, step] = [rng.choice(3, p=shares[one]) for one in regime]
        told = belief * shares[:, symbols[:, step]].T
        bits -= np.log2(told.sum(axis=1)).mean() / num_steps
        belief = told / told.sum(axis=1, keepdims=True) @ moves
        regime = np.where(rng.random(num_series) < 1.0 / 12.0, 1 - regime, regime)
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(num_series), num_steps),
            "ds": np.tile(np.arange(num_steps), num_series),
            "y": np.array(["sun", "cloud", "rain"])[symbols.ravel()],
        }
    )
    return frame, float(bits)
