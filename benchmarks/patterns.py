"""The five patterns on real data: networks beside simple models, on what none of them has seen.

    python benchmarks/patterns.py
    python benchmarks/patterns.py --pattern "one to many"

One to one and many to many, aligned: hour by hour the temperature and what the calendar says in,
the level of the electricity load out, by a network without memory, one that remembers and one that
also looks ahead. One to many: place, weekday and month in, a day's hourly counts of pedestrians
out. Many to one: a day's counts, over their mean, in, the place out; and past withdrawals from cash
machines in, the sum or the highest of the next 14 days out. Symbols: the next class of Valencia's
air and of Melbourne's weather, beside Markov and hidden Markov chains. Encoder and decoder: the
next 24 hours of pedestrians.

Of the first four a quarter of the series is held out (`fc.compare_held_out`): days, weeks or
machines drawn at random, whose neighbours are learned from, so this measures the pattern and not
the years to come. `saved` is the share of a model's loss (wrong labels, absolute errors, bits) that
the network saves, with a 95 % interval over series. Needs the folder of data given by --data;
results go to benchmarks/results/patterns.json after every pattern. About 15 minutes on one core.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from keeping import RESULTS, keep
from numpy.typing import NDArray
from pattern_data import cash_machines, pedestrian_days, pedestrian_hours, weather_weeks
from symbol_series import real_cases, scored

import forecast as fc
from forecast.evaluation.significance import panel_skill_interval
from forecast.patterns.held_out import HeldOut, judged
from forecast.patterns.linear import logistic
from forecast.patterns.trials import Trial

ROOT = Path(__file__).resolve().parent.parent
_KNOWN = ("hour", "weekday", "holiday")
_SYMBOL_STEPS, _SYMBOL_NETWORKS = 400, ("SymbolLSTM", "SymbolGRU", "SymbolRNN")
_DAYS_AHEAD, _HOURS_AHEAD, _NEWEST_HOURS, _ORIGINS = 14, 24, 2000, 20

Rows = Iterator[dict[str, Any]]


def levels(folder: Path, training: fc.Training) -> Rows:
    """The level of the load at every hour, from temperature, hour, weekday and holiday."""
    frame = weather_weeks(folder)
    networks = (
        fc.SequenceLabeler("Dense", training=training, alias="Dense"),
        fc.SequenceLabeler("LSTM", training=training, alias="LSTM"),
        fc.SequenceLabeler("LSTM", bidirectional=True, training=training, alias="both directions"),
    )
    for network in networks:
        found = fc.compare_held_out(
            network, frame, label_col="level", future_covariates=list(_KNOWN)
        )
        said = usual(frame, found.trial, list(_KNOWN), "level")
        yield from rows_of("load", beside(found, "most frequent class of the hour", said))


def usual(frame: pd.DataFrame, trial: Trial, known: list[str], label: str) -> NDArray:
    """The share of each class among the learned steps that agree in what is known of them."""
    held = frame["unique_id"].isin(trial.ids)
    learned = frame[~held]
    shares = pd.crosstab([learned[name] for name in known], learned[label], normalize="index")
    of_series = dict(list(frame[held].groupby("unique_id", sort=False)))
    asked = pd.concat([of_series[name] for name in trial.ids])[known]
    found = shares.reindex(pd.MultiIndex.from_frame(asked), columns=list(trial.classes))
    return found.fillna(0.0).to_numpy()


def beside(found: HeldOut, model: str, said: NDArray) -> HeldOut:
    """The same comparison with what one more model says, `(num_answers, num_classes)`."""
    more = {**found.trial.said, model: said}
    return judged(replace(found.trial, said=more), found.network)


def new_days(folder: Path, training: fc.Training) -> Rows:
    """The counts of a day of which nothing was seen."""
    network = fc.ColdStartForecaster(training=training)
    frame = pedestrian_days(folder)
    static = ["place", "weekday", "month"]
    found = fc.compare_held_out(
        network, frame, horizon=_HOURS_AHEAD, static_covariates=static, freq="h"
    )
    yield from rows_of("pedestrians", found)


def places(folder: Path, training: fc.Training) -> Rows:
    """The place that a day's counts come from, beside a regression on all 24 of them, too.

    Which hour a count belongs to the regression knows by its column; the network counts the steps,
    or is told.
    """
    frame = pedestrian_days(folder)
    for alias, calendar in (("LSTM", None), ("LSTM, told the hour", ["hour_of_day"])):
        network = fc.SeriesClassifier(training=training, alias=alias)
        found = fc.compare_held_out(
            network, frame, label_col="place", target_col="share", calendar_features=calendar,
            freq="h",
        )  # fmt: skip
        said = regression_on_values(frame, found.trial, "share", "place")
        yield from rows_of("pedestrians", beside(found, "logistic regression on the values", said))


def regression_on_values(frame: pd.DataFrame, trial: Trial, value: str, label: str) -> NDArray:
    """Probabilities of a logistic regression on all values, of series of one length.

    The features of `compare_held_out` leave out the shape, which is what tells such series apart.
    """
    values = frame.groupby("unique_id", sort=False)[value].apply(np.array)
    labels = frame.groupby("unique_id", sort=False)[label].first()
    learned = ~values.index.isin(trial.ids)
    codes = pd.Index(trial.classes).get_indexer(labels[learned])
    inputs = np.stack(values[learned]), codes, np.stack(values[trial.ids])
    return logistic(*inputs, num_classes=len(trial.classes), seed=0)


def coming_days(folder: Path, training: fc.Training) -> Rows:
    """The sum, and the highest, of the next 14 daily withdrawals."""
    frame = cash_machines(folder)
    for summary in ("sum", "max"):
        network = fc.SummaryForecaster(
            summary, training=training, alias=f"Summary of the {summary}"
        )
        yield from rows_of("withdrawals", fc.compare_held_out(network, frame, horizon=_DAYS_AHEAD))


def rows_of(data: str, found: HeldOut) -> Rows:
    """Each model of a comparison, and what the network saves of its loss."""
    network, losses, measure = found.trial.network, found.by_series, str(found.table.columns[0])
    for model, entry in found.table.iterrows():
        row = {"data": data, "network": network, "model": model, "measure": measure}
        row |= {
            "simple": model != network,
            "score": float(entry[measure]),
            "steps": found.network.num_steps_,
        }
        if model != network:
            row |= saved(losses[network], losses[model])
            row |= {"p": _known(entry["p_value"]), "test": found.test}
        yield row | {"held out": len(losses)}


def _known(p_value: float) -> float | None:
    """None where there is no test."""
    return None if np.isnan(p_value) else float(p_value)


def saved(losses: pd.Series, rival: pd.Series) -> dict[str, Any]:
    """The share of the rival's loss that is saved, with its interval over series."""
    known = losses.notna() & rival.notna()
    pair = losses[known].to_numpy()[None], rival[known].to_numpy()[None]
    total = float(pair[1].mean())
    interval = panel_skill_interval(*pair, horizon=1, step_size=1)
    return {
        "saved": 1.0 - float(pair[0].mean()) / total if total else float("nan"),
        "interval": None if interval is None else [float(interval.low), float(interval.high)],
    }


def symbols(folder: Path, training: fc.Training) -> Rows:
    """Bits a symbol of what follows, beside chains of several orders and with hidden states."""
    for case in real_cases(folder):
        table = scored(case, training.num_steps or _SYMBOL_STEPS).to_dict("records")
        first = table[0]
        for entry in table:
            row = {"data": case.name, "network": first["model"], "model": entry["model"]}
            row |= {"simple": entry["model"] not in _SYMBOL_NETWORKS, "measure": "bits"}
            row["score"] = entry["bits"]
            if entry is not first:
                row["saved"] = 1.0 - first["bits"] / entry["bits"]
                row |= {"p": _known(entry["p_value"]), "test": "Diebold-Mariano test over steps"}
            yield row | {"held out": entry["symbols"]}


def next_hours(folder: Path, training: fc.Training) -> Rows:
    """The next day of pedestrians, hour by hour, beside the baselines of `fc.compare`."""
    network = fc.Seq2SeqForecaster(training=training)
    frame = pedestrian_hours(folder, _NEWEST_HOURS)
    found = fc.compare(network, frame, _HOURS_AHEAD, n_windows=_ORIGINS, num_seeds=1, refit=False)
    for model in found.aliases():
        row = {"data": "pedestrians", "network": network.name, "model": model}
        row |= {"simple": model != network.name, "measure": "MASE", "score": found.score(model)}
        if model != network.name:
            interval, test = (
                found.skill_interval(network.name, model),
                found.test(network.name, model),
            )
            row["saved"] = found.skill(network.name, model)
            row["interval"] = None if interval is None else [interval.low, interval.high]
            row |= {"p": test.p_value, "test": f"equal accuracy over {test.basis}"}
        yield row | {"held out": _ORIGINS}


PATTERNS: dict[str, Callable[[Path, fc.Training], Rows]] = {
    "one to one, and aligned": levels,
    "one to many": new_days,
    "many to one, labels": places,
    "many to one, numbers": coming_days,
    "symbols": symbols,
    "encoder and decoder": next_hours,
}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text."""
    frame = pd.DataFrame(rows).drop(columns=["pattern", "simple", "test"])
    frame["saved"] = [
        f"{100 * share:+.1f} %" if share == share else "-" for share in frame["saved"]
    ]
    frame["interval"] = [_percent(row.get("interval")) for row in rows]
    return frame.round(4).to_string(index=False, na_rep="-")


def _percent(interval: Sequence[float] | None) -> str:
    return "-" if interval is None else "{:+.1%} to {:+.1%}".format(*interval)


def kept(path: Path) -> list[dict[str, Any]]:
    """Rows of an earlier run."""
    return json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []


def main(texts: Sequence[str] | None = None) -> None:
    """Measure, print, and keep every pattern as soon as it is done, beside those kept before."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pattern", choices=PATTERNS, action="append", help="repeatable")
    parser.add_argument("--steps", type=int, help="updates of each network; by default its plan")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, default=RESULTS / "patterns.json")
    arguments = parser.parse_args(texts)
    if not arguments.data.is_dir():
        parser.error(f"{arguments.data} is not there; give the folder of the data with --data")
    settings = {"steps": arguments.steps}
    for pattern in arguments.pattern or PATTERNS:
        made = PATTERNS[pattern](arguments.data, fc.Training(num_steps=arguments.steps))
        rows = [{"pattern": pattern, **row} for row in made]
        print(f"{pattern}\n{table(rows)}\n", flush=True)
        others = [row for row in kept(arguments.output) if row["pattern"] != pattern]
        ordered = sorted([*others, *rows], key=lambda row: [*PATTERNS].index(row["pattern"]))
        keep(arguments.output, settings, ("numpy", "keras", "tensorflow"), rows=ordered)


if __name__ == "__main__":
    main()
