"""The benchmark of series of symbols: its languages have the entropy that they say, and it runs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from symbols import material  # the folder of benchmarks is importable with it

import forecast as fc


def test_the_truth_is_a_bound():
    from languages import weather_frame

    grammar = material.Grammar()
    sentences = grammar.text(3000, seed=4).split(". ")[:-1]
    counts = np.unique(sentences, return_counts=True)[1]
    entropy = -(counts / len(sentences) * np.log2(counts / len(sentences))).sum()
    assert len(counts) == 8 * 3 * 3
    length = np.mean([len(sentence) + 2 for sentence in sentences])
    assert entropy / length == pytest.approx(grammar.bits, rel=0.01)
    weather, bits = weather_frame(10, 300, seed=1)
    new = weather.assign(unique_id=weather["unique_id"] + 100)
    chain = fc.MarkovChain(1).fit(weather)
    assert bits < fc.symbols.score(chain, new)["bits"][0]  # of the same series, and yet more


@pytest.mark.long
def test_it_writes_its_table(tmp_path, monkeypatch):
    import symbol_series

    some = [case for case in symbol_series.cases() if case.name == "parity"]
    monkeypatch.setattr(symbol_series, "cases", lambda: some)
    symbol_series.main(["--steps", "2", "--output", str(tmp_path / "found.json")])
    rows = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["parity"]
    assert rows[0]["model"] == "SymbolLSTM"
    assert {row["truth"] for row in rows} == {rows[0]["truth"]}
