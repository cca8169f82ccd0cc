"""The first screen says what the comparison says."""

from __future__ import annotations

import dataclasses
import re

import pandas as pd
import pytest
from evaluation.pages import Tag, cells, read_page
from evaluation.synthetic import SIZES, make_comparison, with_networks_inside

from forecast.evaluation import Comparison
from forecast.evaluation.drawing import contestants
from forecast.evaluation.facts import better_or_worse, key_facts
from forecast.evaluation.formatting import format_column, p_cell
from forecast.evaluation.report import report_html


@pytest.fixture(scope="module")
def panel() -> Comparison:
    return with_networks_inside(make_comparison(num_series=14))


@pytest.fixture(scope="module")
def root(panel: Comparison) -> Tag:
    return read_page(report_html([panel]))


def facts_of(comparison: Comparison) -> dict[str, tuple[str, str]]:
    return {fact.name: (fact.value, fact.words) for fact in key_facts(comparison)}


def table_named(root: Tag, words: str) -> Tag:
    return next(t for t in root.all("table") if next(t.all("caption")).text.startswith(words))


def test_every_question_is_answered_in_its_order(root: Tag, panel: Comparison) -> None:
    (facts,) = root.all("dl")
    names = [each.text for each in facts.all("dt")]
    assert names == ["Model to use", "By how much", "How sure", "On what", "Where it fails"]
    shown = [each.text for each in facts.all("dd")]
    assert shown == [f"{fact.value} {fact.words}" for fact in key_facts(panel)]


def test_a_win_is_told_with_size_interval_test_and_exceptions(panel: Comparison) -> None:
    facts = facts_of(panel)
    assert panel.best() == "LSTM"
    interval = panel.skill_interval("LSTM")
    assert facts["Model to use"] == ("LSTM", "network: it has the lowest MASE")
    assert facts["By how much"][0] == better_or_worse(panel.skill("LSTM"))
    assert (
        f"{better_or_worse(interval.low)} to {better_or_worse(interval.high)}"
        in (facts["By how much"][1])
    )
    assert facts["How sure"][0].removeprefix("p ").removeprefix("= ") == p_cell(
        panel.p_value("LSTM")
    )
    assert "Diebold-Mariano test over 10 origins" in facts["How sure"][1]
    assert facts["On what"][0] == "14 series, 10 origins, 1 seed"
    assert facts["On what"][1] == "12 steps ahead; cutoffs from 2004-12-01 to 2026-12-01"
    scores = panel.by_series
    lost = int((scores["PooledAR"] < scores["LSTM"]).sum())
    assert facts["Where it fails"][0] == f"{lost} of 14 series"


def test_a_loss_is_told_against_the_model_to_use() -> None:
    comparison = make_comparison(sizes=SIZES | {"LSTM": 1.5, "ESN": 1.4}, num_series=6)
    best = comparison.best()
    subject, against = contestants(comparison)
    assert (subject, against) == ("ESN", best)
    value, words = facts_of(comparison)["By how much"]
    assert value.endswith("% worse") and words.startswith(f"ESN than {best}, MASE ")


def test_a_network_ahead_of_the_reference_must_beat_every_linear_model() -> None:
    comparison = make_comparison(sizes=SIZES | {"AR": 0.95, "LSTM": 0.97, "ESN": 1.5}, seed=2)
    assert comparison.aliases()[:3] == ("AR", "LSTM", "PooledAR")
    assert contestants(comparison) == ("LSTM", "PooledAR")
    value, words = facts_of(comparison)["How sure"]
    assert value == "p = 1.00"
    assert words.startswith("LSTM better than all linear models (but AR has the lower MASE), ")


def test_too_few_origins_say_so() -> None:
    facts = facts_of(make_comparison(num_origins=3))
    assert facts["How sure"][0] == "cannot be told"
    assert "3 origins" in facts["How sure"][1]
    assert facts["Model to use"][1].startswith("linear: chosen before the first cutoff")
    assert "95 %" not in facts["By how much"][1]
    assert facts["Where it fails"][0].endswith("of 3 cutoffs")


def test_a_test_over_series_carries_its_label() -> None:
    facts = facts_of(make_comparison(num_series=24, num_origins=2))
    assert facts["How sure"][0].endswith(" over series, this period only")
    assert "paired test over 24 series" in facts["How sure"][1]


def test_seeds_are_counted_and_their_spread_is_told() -> None:
    comparison = with_networks_inside(make_comparison(sizes=SIZES | {"LSTM#1": 0.95}))
    names = tuple(alias for alias in comparison.backtest.aliases if alias != "LSTM#1")
    replicates = {"LSTM": ("LSTM#1",)}
    backtest = dataclasses.replace(comparison.backtest, aliases=names, replicates=replicates)
    curves = comparison.run.curves
    further = pd.concat([curves, curves.assign(model="LSTM#1", loss=9.0)])
    run = dataclasses.replace(comparison.run, curves=further)
    comparison = dataclasses.replace(comparison, backtest=backtest, run=run)
    assert facts_of(comparison)["On what"][0] == "1 series, 10 origins, 2 seeds"
    root = read_page(report_html([comparison]))
    [row] = cells(table_named(root, "MASE of networks over their seeds"))
    spread = comparison.seed_spread.iloc[0]
    assert row[0] == "LSTM"
    assert [float(cell) for cell in row[1:]] == pytest.approx(list(spread[2:]), abs=5e-4)
    rows = cells(table_named(root, "Learning curves"))
    assert {row[0] for row in rows} == {"LSTM"} and len(rows) == len(curves)


def test_the_table_holds_the_scores_of_the_comparison(root: Tag, panel: Comparison) -> None:
    rows = cells(table_named(root, "Scores of all models"))
    assert [row[0] for row in rows] == list(panel.table["model"])
    assert [row[1] for row in rows] == format_column(list(panel.table["MASE"]))
    for row, found in zip(rows, panel.table.to_dict("records"), strict=True):
        assert row[3] == p_cell(found["p-value"])
        low = re.search(r"\((\S+) to", row[2])
        if low is not None:
            assert float(low[1].replace("−", "-")) == pytest.approx(found["low %"], abs=0.51)


def test_numbers_beside_pictures_are_those_of_the_frames(root: Tag, panel: Comparison) -> None:
    rows = cells(table_named(root, "MASE at steps 1 and 12"))
    assert [row[0] for row in rows] == [str(step) for step in panel.by_step.index]
    for row, values in zip(rows, panel.by_step.to_numpy(), strict=True):
        assert [float(cell) for cell in row[1:]] == pytest.approx(list(values), abs=5e-4)
    rows = cells(table_named(root, "Skill of LSTM against PooledAR in parts"))
    segments = panel.segments("LSTM", "PooledAR")
    assert [row[0] for row in rows] == list(segments["segment"])
    assert [row[-1] for row in rows] == [p_cell(value) for value in segments["p_value"]]
    rows = cells(table_named(root, "Share of the linear part"))
    assert [row[:3] for row in rows] == [["LSTM", "81.250", "18.750"], ["ESN", "12.500", "87.500"]]
