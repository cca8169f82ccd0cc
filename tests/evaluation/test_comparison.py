"""Table, choice and the words of the verdict."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from evaluation.synthetic import SIZES, make_comparison
from rich.console import Console
from scipy import stats

from forecast.evaluation import Comparison, Protocol, render
from forecast.evaluation.formatting import display_table, protocol_sentence, table_notes

BASELINES = {name: SIZES[name] for name in ("Naive", "SeasonalNaive", "AR", "PooledAR")}


@pytest.fixture(scope="module")
def result() -> Comparison:
    return make_comparison()


def test_table_has_a_row_a_model_lowest_mase_first(result: Comparison) -> None:
    assert list(result.table.columns) == [
        "model", "MAE", "RMSE", "sMAPE", "MASE", "skill %", "low %", "high %", "p-value",
        "coverage 80 %", "coverage 95 %", "MSIS 80 %", "MSIS 95 %", "CRPS", "fit s", "predict s",
    ]  # fmt: skip
    assert result.table["MASE"].is_monotonic_increasing
    assert set(result.table["model"]) == set(SIZES)


def test_scores_of_the_table_equal_a_computation_on_the_frame(result: Comparison) -> None:
    frame = result.to_frame()
    error = frame["y"] - frame["AR"]
    row = result.table.set_index("model").loc["AR"]
    assert row["MAE"] == pytest.approx(error.abs().mean())
    assert row["RMSE"] == pytest.approx(np.sqrt((error**2).mean()))
    smape = 200 * error.abs() / (frame["y"].abs() + frame["AR"].abs())
    assert row["sMAPE"] == pytest.approx(smape.mean())
    assert row["MASE"] == pytest.approx(error.abs().mean() / result.backtest.denominators["S0"])
    inside = frame["y"].between(frame["AR-lo-80"], frame["AR-hi-80"])
    assert row["coverage 80 %"] == pytest.approx(100 * inside.mean())
    reference = (frame["y"] - frame["PooledAR"]).abs()
    assert row["skill %"] == pytest.approx(100 * (1 - error.abs().mean() / reference.mean()))
    by_origin = (error.abs() - reference).groupby(frame["cutoff"]).mean()
    assert row["p-value"] == pytest.approx(stats.ttest_1samp(by_origin, 0.0).pvalue)


def test_reference_says_so(result: Comparison) -> None:
    row = result.table.set_index("model").loc["PooledAR"]
    assert row["p-value"] == "reference"
    assert row["skill %"] == 0.0


def leads(result: Comparison, leader: str, used: str, p_value: str = "") -> str:
    """What a verdict says of the model with the lowest MASE where another one is to be used."""
    scores = f"{result.score(leader):.3g} against {result.score(used):.3g}"
    skill = 100 * (1 - result.score(leader) / result.score(used))
    size = f"{skill:.1f}" if skill < 1.95 else f"{skill:.0f}"
    return (
        f"{leader} has the lowest MASE, {scores} ({size} % less): that may be chance{p_value}, "
        f"and {used} "
    )


def test_no_evidence_keeps_the_linear_forecaster() -> None:
    result = make_comparison({**BASELINES, "LSTM": 0.9}, seed=6)
    p_value = result.p_beats("LSTM", "linear")
    assert p_value is not None and p_value >= 0.05
    assert result.score("LSTM") < result.score("PooledAR")
    words = f"Use PooledAR: no evidence that LSTM is better (p = {p_value:.2f})."
    assert result.verdict == f"{words} {leads(result, 'LSTM', 'PooledAR')}is simpler."
    assert result.best() == "PooledAR"
    assert result.best(rule="lowest MASE") == result.table["model"][0]


def test_a_clear_win_says_by_how_much_and_how_sure() -> None:
    result = make_comparison({**SIZES, "LSTM": 0.5})
    skill, interval = 100 * result.skill("LSTM"), result.skill_interval("LSTM")
    assert interval is not None
    size = f"{skill:.0f} % ({100 * interval.low:.0f} to {100 * interval.high:.0f} %)"
    assert result.verdict == (
        f"LSTM is better than PooledAR, the best linear forecaster on the training part, "
        f"by {size}, p < 0.001."
    )
    assert result.best() == "LSTM"


def test_a_clear_loss_says_so() -> None:
    result = make_comparison({**SIZES, "LSTM": 1.6, "ESN": 3.0})
    assert result.verdict.startswith("Use PooledAR: LSTM is worse by ")
    assert result.best() == "PooledAR"


def test_a_leader_of_the_role_to_use_is_named_with_its_p_value() -> None:
    result = make_comparison({**BASELINES, "AR": 0.98, "LSTM": 3.0})
    assert result.best() == result.reference == "PooledAR" and result.aliases()[0] == "AR"
    told = leads(result, "AR", "PooledAR", f" ({result.test('AR', 'PooledAR').words})")
    assert result.verdict.endswith(f"{told}was chosen before the test.")
    few = make_comparison({**BASELINES, "AR": 0.7, "LSTM": 0.8}, num_origins=5)
    assert f"beside AR {few.score('AR'):.3g}, LSTM {few.score('LSTM'):.3g})" in few.verdict


def test_reasons_that_differ_stand_beside_the_names() -> None:
    result = make_comparison({**BASELINES, "AR": 0.95, "Theta": 0.9, "LSTM": 0.98})
    lower = f"{result.score('AR'):.3g} against {result.score('Theta'):.3g}"
    p_value = result.p_beats("LSTM", "linear")
    assert result.verdict.startswith(
        f"Use PooledAR: no evidence that Theta (AR has the lower MASE, {lower}) or LSTM "
        f"(p = {p_value:.2f}) is better. LSTM has the lowest MASE, "
    )


def test_naive_is_kept_where_nothing_beats_it() -> None:
    result = make_comparison({**SIZES, "Naive": 0.9})
    assert result.verdict.startswith("Use Naive: no evidence that PooledAR (p = ")
    assert result.best() == "Naive"


def test_without_networks_the_linear_forecaster_meets_the_naive_one() -> None:
    result = make_comparison(BASELINES)
    assert result.verdict.startswith("Use PooledAR: it is better than SeasonalNaive, by ")


def test_a_classical_forecaster_that_wins_is_used() -> None:
    result = make_comparison({**BASELINES, "Theta": 0.4, "ETS": 0.9})
    assert result.best() == "Theta" and result.reference == "PooledAR"
    assert result.verdict.startswith("Theta is better than PooledAR, the best linear forecaster")
    row = result.table.set_index("model").loc["Theta"]
    assert row["p-value"] == result.test("Theta", "PooledAR").p_value


def test_a_classical_forecaster_is_named_only_where_it_is_ahead() -> None:
    behind = make_comparison({**BASELINES, "Theta": 1.5, "LSTM": 1.6})
    assert behind.verdict.startswith("Use PooledAR: LSTM is worse by ")
    assert "Theta" not in behind.verdict
    ahead = make_comparison({**BASELINES, "Theta": 0.9}, seed=6)
    p_value = ahead.p_beats("Theta", "linear")
    assert ahead.score("Theta") < ahead.score("PooledAR")
    assert p_value is not None and p_value >= 0.05
    words = f"Use PooledAR: no evidence that Theta is better (p = {p_value:.2f})."
    assert ahead.verdict == f"{words} {leads(ahead, 'Theta', 'PooledAR')}is simpler."


def test_a_network_must_beat_the_classical_forecasters_too() -> None:
    result = make_comparison({**BASELINES, "Theta": 0.3, "LSTM": 0.5})
    assert result.best() == "Theta"
    assert result.verdict.startswith("Use Theta: LSTM is worse by ")


@pytest.mark.parametrize("num_origins", [1, 7])
def test_too_few_origins_give_words_and_never_a_number(num_origins: int) -> None:
    result = make_comparison({**SIZES, "LSTM": 0.3}, num_origins=num_origins)
    words = f"too few origins to tell ({num_origins}; at least 8 are needed)"
    assert result.verdict.startswith(f"T{words[1:]}: use PooledAR, the best linear forecaster")
    assert f"beside LSTM {result.score('LSTM'):.3g})" in result.verdict
    assert " p " not in result.verdict
    assert set(result.table["p-value"]) == {words, "reference"}
    assert result.table[["low %", "high %"]].isna().all(axis=None)
    assert result.best() == "PooledAR"


def test_a_network_must_beat_every_linear_baseline() -> None:
    result = make_comparison({**SIZES, "AR": 0.3, "LSTM": 0.5})
    assert result.skill("LSTM") > 0.3
    assert result.test("LSTM", "PooledAR").p_value < 0.05
    assert result.p_beats("LSTM", "linear") == 1.0
    assert result.table.set_index("model")["p-value"]["LSTM"] == 1.0
    assert result.best() == "AR"
    assert result.verdict.startswith("Use AR: LSTM is worse by ")


def test_p_values_of_several_networks_are_corrected() -> None:
    alone = make_comparison({**BASELINES, "LSTM": 0.8})
    raw = alone.p_beats("LSTM", "linear")
    largest = max(alone.test("LSTM", other).p_value for other in ("AR", "PooledAR"))
    assert raw == pytest.approx(largest)
    together = make_comparison({**SIZES, "LSTM": 0.8, "ESN": 3.0})
    largest = max(together.test("LSTM", other).p_value for other in ("AR", "PooledAR"))
    assert together.p_beats("LSTM", "linear") == pytest.approx(min(1.0, 2 * largest))


@pytest.mark.parametrize("seed", range(12))
def test_the_verdict_names_the_model_that_best_returns(seed: int) -> None:
    generator = np.random.default_rng(seed)
    sizes = {alias: float(generator.uniform(0.5, 1.5)) for alias in (*SIZES, "Theta", "ETS")}
    result = make_comparison(sizes, num_series=2, seed=seed)
    best = result.best()
    assert result.verdict.startswith((f"Use {best}: ", f"{best} is better than "))


def test_constant_series_alone_give_no_verdict(result: Comparison) -> None:
    backtest = dataclasses.replace(result.backtest, denominators={"S0": 0.0})
    flat = dataclasses.replace(result, backtest=backtest)
    assert flat.verdict.startswith("No verdict: no series varies enough")
    assert flat.best() == "Naive"
    assert any("S0" in note for note in table_notes(flat))
    console = Console(width=200)
    with console.capture() as capture:
        render(flat, console)
    words = "1 series constant, or not longer than a season, before the first origin (S0)"
    assert words in " ".join(capture.get().split())


def test_by_step_and_by_series(result: Comparison) -> None:
    assert result.by_step.shape == (12, len(SIZES))
    assert result.by_step["AR"].mean() == pytest.approx(result.score("AR"))
    assert list(result.by_series["unique_id"]) == ["S0"]
    assert result.by_series["AR"][0] == pytest.approx(result.score("AR"))


def test_choices_list_every_model(result: Comparison) -> None:
    assert list(result.choices.columns) == ["model", "role", "fitted", "choice"]
    assert len(result.choices) == len(SIZES)


def test_wrong_roles_rules_and_references_are_refused(result: Comparison) -> None:
    with pytest.raises(ValueError, match="role of AR is 'simple'; it must be one of naive"):
        Protocol({"AR": "simple"}, "AR")
    with pytest.raises(ValueError, match="reference is 'VAR', which has no role"):
        Protocol({"AR": "linear"}, "VAR")
    with pytest.raises(ValueError, match="'Naive' is not both in the backtest"):
        dataclasses.replace(result, protocol=Protocol({"AR": "linear"}, "AR"))
    with pytest.raises(ValueError, match="rule is 'luck'; it must be one of 'simplest not worse'"):
        result.best(rule="luck")


@pytest.mark.parametrize("width", [80, 140])
def test_terminal_shows_every_model_and_the_verdict(result: Comparison, width: int) -> None:
    console = Console(width=width, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as capture:
        render(result, console)
    text = capture.get()
    assert max(map(len, text.splitlines())) <= width
    for alias in SIZES:
        assert alias in text
    assert "reference" in text
    words = " ".join(text.split())
    assert words.endswith(result.verdict)
    assert result.material.notes and all(note in words for note in result.material.notes)


def test_head_of_the_table_names_who_was_fitted_when(result: Comparison) -> None:
    head = protocol_sentence(result)
    assert head.startswith("1 series, 10 origins 12 steps apart, 12 steps ahead.")
    assert "Fitted once: ESN, LSTM." in head
    assert "Fitted at every cutoff: PooledAR, AR" in head


def test_display_has_no_nan(result: Comparison) -> None:
    assert not display_table(result).isin(["nan", "NaN"]).any(axis=None)
