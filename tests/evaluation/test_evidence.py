"""A comparison's tests per step and segment, its confidence set, cutoffs, seeds and few origins."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from evaluation.synthetic import SIZES, make_comparison
from scipy import stats

from forecast.evaluation import (
    Comparison,
    Material,
    diebold_mariano,
    equal_accuracy,
    holm,
    model_confidence_set,
)


@pytest.fixture(scope="module")
def panel() -> Comparison:
    """Ten origins without overlap: a test over origins."""
    return make_comparison(num_series=12)


@pytest.fixture(scope="module")
def short() -> Comparison:
    """Four origins of 30 series: a test over series."""
    return make_comparison({**SIZES, "LSTM": 0.7}, num_series=30, num_origins=4)


def test_step_tests_are_diebold_marianos_with_holms_correction(panel: Comparison) -> None:
    found = panel.step_tests("ESN", "LSTM")
    errors = panel.backtest.scaled_errors("ESN") - panel.backtest.scaled_errors("LSTM")
    raw = [diebold_mariano(errors[:, :, j].mean(axis=1), j + 1, 12).p_value for j in range(12)]
    np.testing.assert_allclose(found["p_value"], holm(raw))
    np.testing.assert_array_equal(found["significant"], found["p_value"] < 0.05)
    np.testing.assert_allclose(found["difference"], errors.mean(axis=(0, 1)))
    assert list(found["step"]) == list(range(1, 13))
    interval = stats.ttest_1samp(errors[:, :, 3].mean(axis=1), 0.0)
    interval = interval.confidence_interval(1.0 - 0.05 / 12)
    np.testing.assert_allclose(found.loc[3, ["low", "high"]].astype(float), tuple(interval))


def test_step_tests_against_the_reference_by_default(panel: Comparison) -> None:
    pd.testing.assert_frame_equal(panel.step_tests("ESN"), panel.step_tests("ESN", "PooledAR"))


def test_steps_of_too_few_origins_and_series_have_no_test() -> None:
    found = make_comparison(num_origins=3).step_tests("LSTM")
    assert found[["low", "high", "p_value"]].isna().all(axis=None)
    assert not found["significant"].any() and found["difference"].notna().all()


def test_segments_are_parts_of_the_losses(panel: Comparison) -> None:
    found = panel.segments("LSTM", "AR").set_index("segment")
    assert list(found["by"].unique()) == ["step ahead", "series length", "series level", "cutoff"]
    first, second = panel.losses("LSTM"), panel.losses("AR")
    assert found.index[-1] == "last 5 origins"
    skill = 100.0 * (1.0 - first[5:].mean() / second[5:].mean())
    assert found["skill %"].iloc[-1] == pytest.approx(skill)
    errors = [panel.backtest.scaled_errors(name)[:, :, 4:8] for name in ("LSTM", "AR")]
    middle = found.loc["steps 5 to 8"]
    assert middle["skill %"] == pytest.approx(100 * (1 - errors[0].mean() / errors[1].mean()))
    lengths = found[found["by"] == "series length"]
    assert list(lengths["series"]) == [4, 4, 4]
    long = 100.0 * (1.0 - first[:, 8:].mean() / second[:, 8:].mean())
    assert lengths["skill %"].iloc[2] == pytest.approx(long)  # S8 to S11 are the longest
    assert lengths.index[0] == "short series (up to 104 steps)"


def test_p_values_of_segments_are_corrected_over_all_of_them(panel: Comparison) -> None:
    found = panel.segments("LSTM", "AR")
    errors = panel.backtest.scaled_errors("LSTM") - panel.backtest.scaled_errors("AR")
    parts = [equal_accuracy(errors[:, :, at].mean(axis=2), at.stop, 12)
             for at in (slice(0, 4), slice(4, 8), slice(8, 12))]  # fmt: skip
    tested = int(found["p_value"].notna().sum())
    smallest = min(part.p_value for part in parts)
    assert found["p_value"].iloc[:3].min() <= min(1.0, tested * smallest)
    assert (found["p_value"].dropna() >= smallest).any()
    assert found["better"].isin(["LSTM", "AR"]).all()


def test_series_of_one_length_and_short_horizons_have_fewer_segments() -> None:
    found = make_comparison(horizon=2, step_size=2).segments("LSTM")
    assert list(found["by"]) == ["cutoff", "cutoff"]


def test_the_verdict_names_the_segment_where_the_other_wins() -> None:
    plain = make_comparison({**SIZES, "LSTM": 1.6, "ESN": 3.0}, num_series=3, seed=1)
    frame = plain.backtest.frame.copy()
    step = frame.groupby(["unique_id", "cutoff"]).cumcount()
    nearer = frame["y"] + 0.2 * (frame["LSTM"] - frame["y"])
    frame["LSTM"] = frame["LSTM"].where(step >= 4, nearer)
    result = dataclasses.replace(plain, backtest=dataclasses.replace(plain.backtest, frame=frame))
    found = result.segments("LSTM", "PooledAR").set_index("segment").loc["steps 1 to 4"]
    assert found["significant"] and found["better"] == "LSTM"
    assert result.best() == "PooledAR"
    words = f"; but LSTM is better on steps 1 to 4 (by {found['skill %']:.0f} %, p < 0.001)."
    assert result.verdict.startswith("Use PooledAR: ") and result.verdict.endswith(words)
    assert "; but" not in plain.verdict


def test_confidence_set_is_that_of_the_origins(panel: Comparison) -> None:
    found = panel.confidence_set()
    losses = {alias: panel.origin_scores(alias) for alias in panel.backtest.aliases}
    assert dict(zip(found["model"], found["p_value"], strict=True)) == model_confidence_set(losses)
    assert found["p_value"].is_monotonic_decreasing
    np.testing.assert_array_equal(found["included"], found["p_value"] >= 0.05)
    assert panel.confidence_set(99.9)["included"].sum() >= found["included"].sum()
    with pytest.raises(ValueError, match="level is 100; it must lie between 0 and 100"):
        panel.confidence_set(100)


def test_confidence_set_of_few_origins_excludes_nothing_or_is_over_series(
    short: Comparison,
) -> None:
    none = make_comparison(num_origins=3).confidence_set()
    assert none["included"].all() and none["p_value"].isna().all()
    means = {alias: short.losses(alias).mean(axis=0) for alias in short.backtest.aliases}
    expected = model_confidence_set(means)
    found = short.confidence_set().set_index("model")["p_value"]
    assert found.to_dict() == expected


def test_few_origins_of_many_series_are_tested_over_series_and_say_so(short: Comparison) -> None:
    p_value = short.p_value("LSTM")
    assert p_value is not None and p_value < 0.05
    label = "over series, this period only"
    assert short.verdict.startswith("LSTM is better than PooledAR, the best linear")
    assert f", {label}" in short.verdict
    assert short.best() == "LSTM"
    assert short.significance.basis == "series" and short.significance.label == label
    assert short.significance.words.startswith("Paired t test and sign-flip permutation over 30 ")
    assert short.table.set_index("model")["p-value"]["LSTM"] == p_value
    level = make_comparison({**SIZES, "LSTM": 0.99}, num_series=30, num_origins=4, seed=3)
    assert f", {label})" in level.verdict


def test_significance_tells_the_test_and_every_pair(panel: Comparison) -> None:
    found = panel.significance
    assert (found.basis, found.num_origins, found.num_series) == ("origins", 10, 12)
    assert found.words == (
        "Diebold-Mariano test over 10 origins, one number an origin: the mean over 12 series."
    )
    pairs = found.pairs.set_index(["model", "against"])
    assert len(pairs) == 2 * (len(SIZES) - 1)
    row = pairs.loc[("LSTM", "AR")]
    assert row["p_value"] == panel.test("LSTM", "AR").p_value
    assert row["skill %"] == pytest.approx(100 * panel.skill("LSTM", "AR"))
    score = panel.score("LSTM") - panel.score("AR")
    assert row["difference"] == pytest.approx(score)


def test_with_no_test_the_verdict_says_what_would_allow_one() -> None:
    result = make_comparison(num_origins=5)
    assert result.significance.basis == "none"
    assert result.verdict.endswith(result.significance.fit.words)
    assert result.significance.fit.words.startswith("The data hold 5 origins 12 steps apart; 72 ")
    history = pd.concat([result.material.history] * 2, ignore_index=True)
    longer = dataclasses.replace(result, material=Material(history))
    assert longer.verdict.endswith("n_windows=10, step_size=12 allow a test.")


def test_by_cutoff_is_the_mase_of_each_origin(panel: Comparison) -> None:
    assert panel.by_cutoff.shape == (10, len(SIZES)) and panel.by_cutoff.index.name == "cutoff"
    np.testing.assert_allclose(panel.by_cutoff["ESN"], panel.origin_scores("ESN"))
    latest = panel.backtest.frame["cutoff"].max()
    assert panel.by_cutoff.index[-1] == latest and panel.by_cutoff.index.is_monotonic_increasing


def test_owa_is_shown_where_naive2_takes_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(make_comparison.__globals__["ROLES"], "Naive2", "naive")
    table = make_comparison({**SIZES, "Naive2": 1.3}).table.set_index("model")
    ratios = table[["sMAPE", "MASE"]] / table.loc["Naive2", ["sMAPE", "MASE"]].astype(float)
    np.testing.assert_allclose(table["OWA"], ratios.mean(axis=1))
    assert table["OWA"]["Naive2"] == 1.0
