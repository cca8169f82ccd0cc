"""Sequences of symbols, those of the benchmark among them, whose entropy is known."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

import forecast as fc

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, which import their neighbours

from languages import Grammar, parity_bits, parity_frame  # noqa: E402

__all__ = ["Grammar", "cycle_frame", "parity_bits", "parity_frame"]


def cycle_frame(num_steps: int = 120, word: str = "abcdb") -> pd.DataFrame:
    """A cycle in which one symbol has two successors: order 1 is not enough."""
    repeats = -(-num_steps // len(word))
    return fc.symbols.from_text({"machine": (word * repeats)[:num_steps]})
