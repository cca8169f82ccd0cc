"""Series of symbols: networks beside Markov chains and hidden Markov chains, in bits a symbol.

    python benchmarks/symbol_series.py

Three kinds of sequences of which the winner is known beforehand: characters of a small grammar,
whose verbs agree with nouns far before them; parity, which depends on two symbols; weather that
tells of hidden regimes. And, where ../shared/data is there, two real ones, hour by hour: the air of
Valencia, each pollutant in fifths of its training part, gaps included (the last 30 days are
scored), and the weather of Melbourne, cold, mild or warm and falling, steady or rising, quarter by
quarter (2014 is scored, 2012 and 2013 are trained on). `truth` is the entropy of the grammar,
elsewhere what the truth itself loses on the symbols scored. Prints tables and writes
benchmarks/results/symbol_series.json. About 15 minutes on one core.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from keeping import RESULTS, keep
from languages import Grammar, parity_frame, parity_loss, weather_frame
from pattern_data import temperatures

import forecast as fc

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_HOURS, _SCORED = 5000, 720
# Hours over which the temperature falls or rises.
_TENDENCY = 3


@dataclass(frozen=True)
class Case:
    """Sequences to learn from, those to score, the bits of the truth, and the size of networks."""

    name: str
    train: pd.DataFrame
    new: pd.DataFrame
    truth: float
    orders: tuple[int, ...]
    num_states: int


def cases() -> Iterator[Case]:
    """The kinds of sequences, new ones under ids of their own."""
    grammar = Grammar()
    yield Case(
        "grammar",
        fc.symbols.from_text(grammar.text(400, seed=1)),
        fc.symbols.from_text({"new": grammar.text(60, seed=2)}),
        grammar.bits,
        (1, 3, 5, 8, 12),
        16,
    )
    new = parity_frame(20, 300, seed=2)
    new["unique_id"] += 1000
    yield Case("parity", parity_frame(20, 300, seed=1), new, parity_loss(new), (1, 2, 3), 4)
    new, truth = weather_frame(20, 300, seed=2)
    new["unique_id"] += 1000
    yield Case("weather", weather_frame(20, 300, seed=1)[0], new, truth, (1, 2, 3), 2)
    if DATA.is_dir():
        yield from real_cases(DATA)


def real_cases(folder: Path) -> Iterator[Case]:
    """Symbols of real series."""
    yield air_of_valencia(folder)
    yield weather_of_melbourne(folder)


def weather_of_melbourne(folder: Path) -> Case:
    """Quarters of hourly weather types, such as "mild rising"; limits from the training part."""
    frame = temperatures(folder)
    known = frame["local"].dt.year < 2014
    change = frame["temperature"].diff(_TENDENCY).fillna(0.0)
    words = [
        pd.cut(values, [-np.inf, *values[known].quantile([1 / 3, 2 / 3]), np.inf], labels=names)
        for values, names in ((frame["temperature"], ("cold", "mild", "warm")),
                              (change, ("falling", "steady", "rising")))
    ]  # fmt: skip
    types = pd.DataFrame(
        {
            "unique_id": frame["local"].dt.to_period("Q").astype(str),
            "ds": frame["ds"],
            "y": words[0].astype(str) + " " + words[1].astype(str),
        }
    )
    return Case("weather of Melbourne", types[known], types[~known], float("nan"), (1, 2, 3, 5), 12)


def air_of_valencia(folder: Path) -> Case:
    """Ten series of hourly classes, from "1" (lowest fifth) to "5"."""
    frame = pd.read_parquet(folder / "air_quality_valencia" / "data.parquet")
    frame = frame.groupby("unique_id", sort=False).tail(_HOURS + _SCORED)
    place = frame.groupby("unique_id", sort=False).cumcount()
    parts = []
    for _, series in frame.groupby("unique_id", sort=False):
        known = series["y"][place[series.index] < _HOURS]
        fifths = known.quantile([0.2, 0.4, 0.6, 0.8]).to_numpy()
        above = sum((series["y"] > limit).astype(float) for limit in fifths)
        classes = (1 + above).astype(int).astype(str)
        parts.append(series.assign(y=classes.where(series["y"].notna(), None)))
    whole = pd.concat(parts)
    train, new = whole[place < _HOURS], whole[place >= _HOURS]
    return Case("air quality", train, new, float("nan"), (1, 2, 3, 5), 10)


def scored(case: Case, num_steps: int) -> pd.DataFrame:
    """Fit all, score all, with the seconds of each fit."""
    training = fc.Training(
        num_steps=num_steps, batch_size=16, learning_rate=0.01,
        truncation=fc.Truncation(64, sequences="streams"),
    )  # fmt: skip
    models = [
        fc.SymbolLSTM(training=training),
        fc.SymbolGRU(embedding=12, training=training),
        fc.SymbolRNN(training=training),
        *(fc.MarkovChain(order, 0.2, alias=f"MarkovChain({order})") for order in case.orders),
        fc.HiddenMarkovChain(case.num_states),
    ]
    seconds = []
    for model in models:
        began = time.process_time()
        model.fit(case.train)
        seconds.append(time.process_time() - began)
    table = fc.symbols.score(models, case.new)
    return table.assign(truth=case.truth, cpu_seconds=seconds)


def main(texts: Sequence[str] | None = None) -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=600, help="weight updates of each network")
    parser.add_argument("--output", type=Path, default=RESULTS / "symbol_series.json")
    arguments = parser.parse_args(texts)
    tables = {}
    for case in cases():
        table = scored(case, arguments.steps)
        print(f"{case.name}\n{table.round(4).to_string(index=False)}\n", flush=True)
        tables[case.name.replace(" ", "_")] = table.round(6).to_dict("records")
    keep(arguments.output, vars(arguments), ("numpy", "keras", "tensorflow"), **tables)


if __name__ == "__main__":
    main()
