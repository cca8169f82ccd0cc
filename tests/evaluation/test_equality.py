"""Which test is used, the tests over series, and how many origins would fit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forecast.evaluation import (
    diebold_mariano,
    equal_accuracy,
    holm,
    origins_that_fit,
    paired_test,
    sign_flip_p_value,
    skill,
    skill_interval,
)
from forecast.evaluation.significance import origins_needed, panel_skill_interval

NAN = float("nan")


def draws(shape: tuple[int, ...], seed: int = 0, shift: float = -0.3) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1.0, shape)


def test_eight_origins_are_tested_over_origins_on_the_mean_over_series() -> None:
    differences = draws((9, 30))
    differences[0, :5] = differences[4] = NAN
    result = equal_accuracy(differences, horizon=6, step_size=6)
    by_origin = [np.nanmean(row) for number, row in enumerate(differences) if number != 4]
    expected = diebold_mariano(by_origin, 6, 6)
    assert (result.basis, result.num_origins, result.num_series) == ("origins", 8, 30)
    assert (result.statistic, result.p_value) == (expected.statistic, expected.p_value)
    assert result.difference == pytest.approx(np.mean(by_origin))
    assert result.label == "" and result.words == expected.words


def test_fewer_origins_but_twenty_series_are_tested_over_series_and_labelled() -> None:
    differences = draws((7, 21), shift=-0.1)
    differences[:, 3] = NAN
    result = equal_accuracy(differences, 6, 6)
    values = np.delete(differences, 3, axis=1).mean(axis=0)
    expected = stats.ttest_1samp(values, 0.0)
    assert (result.basis, result.num_series) == ("series", 20)
    assert result.statistic == pytest.approx(expected.statistic)
    assert result.p_value == max(expected.pvalue, sign_flip_p_value(values))
    assert result.words.endswith(", over series, this period only")


def test_with_neither_there_is_no_p_value_but_what_is_needed() -> None:
    result = equal_accuracy(draws((7, 19)), 6, 6)
    assert (result.basis, result.p_value, result.statistic) == ("none", None, None)
    assert result.words == "too few origins to tell (7; at least 8 are needed)"
    assert all(map(math.isnan, result.interval()))


def test_overlapping_horizons_need_more_origins() -> None:
    assert [origins_needed(k, 1) for k in (1, 2, 3, 4)] == [8, 20, 45, 70]
    assert equal_accuracy(draws((19, 5)), 12, 6).words == (
        "too few origins to tell (19; at least 20 are needed)"
    )
    assert equal_accuracy(draws((20, 5)), 12, 6).basis == "origins"
    assert equal_accuracy(draws((19, 5)), 12, 6, basis="origins").p_value is not None


def test_the_interval_is_students() -> None:
    values = draws((11, 1))
    expected = stats.ttest_1samp(values[:, 0], 0.0).confidence_interval(0.99)
    found = equal_accuracy(values, 3, 3).interval(alpha=0.01)
    np.testing.assert_allclose(found, tuple(expected))


@pytest.mark.parametrize("number", [3, 10, 14])
def test_sign_flips_of_few_values_are_all_counted(number: int) -> None:
    values = draws((number,), seed=number)
    expected = stats.permutation_test(
        (values,), np.sum, permutation_type="samples", n_resamples=np.inf
    )
    # SciPy's two-sided p-value doubles the smaller tail; the law of the sums is symmetric.
    assert sign_flip_p_value(values) == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("number", [40, 3000])
def test_sign_flips_of_many_values_are_drawn_and_near_the_t_test(number: int) -> None:
    values = draws((number,), seed=1, shift=1.8 / math.sqrt(number))
    p_value = sign_flip_p_value(values)
    assert p_value == sign_flip_p_value(values)
    assert p_value != sign_flip_p_value(values, seed=1)
    assert p_value == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue, abs=0.02)


def test_equal_losses_differ_by_nothing_and_constant_ones_for_certain() -> None:
    assert paired_test(1e-16 * np.ones(25)).p_value == 1.0
    sure = paired_test(np.full(25, 0.5))
    assert sure.statistic == math.inf and sure.p_value == pytest.approx(1e-4)
    with pytest.raises(ValueError, match="1 series have a difference"):
        paired_test([1.0, NAN])


@given(st.integers(20, 60), st.integers(0, 10**6))
def test_swapping_the_models_turns_the_sign_of_the_paired_test(number: int, seed: int) -> None:
    values = draws((number,), seed)
    one, other = paired_test(values), paired_test(-values)
    assert one.statistic == -other.statistic
    assert one.p_value == pytest.approx(other.p_value, abs=0.02)


def test_size_over_series_is_five_percent_when_series_are_independent() -> None:
    rejected = [paired_test(row).p_value < 0.05 for row in draws((300, 25), shift=0.0)]
    assert 0.02 <= np.mean(rejected) <= 0.08


def test_the_interval_of_the_skill_resamples_what_the_test_does() -> None:
    reference = 1.0 + np.abs(draws((8, 40)))
    losses = 0.8 * reference + 0.1 * np.abs(draws((8, 40), seed=1))
    over_origins = panel_skill_interval(losses, reference, 4, 4)
    assert over_origins == skill_interval(losses.mean(axis=1), reference.mean(axis=1), 4, 4)
    over_series = panel_skill_interval(losses[:3], reference[:3], 4, 4)
    point = skill(losses[:3].mean(axis=0), reference[:3].mean(axis=0))
    assert over_series is not None and over_series.low < point < over_series.high
    # As a ratio of means: the delta method is near.
    pair = np.stack([losses[:3].mean(axis=0), reference[:3].mean(axis=0)])
    ratio = pair[0].mean() / pair[1].mean()
    deviation = np.std(pair[0] - ratio * pair[1], ddof=1) / math.sqrt(40) / pair[1].mean()
    width = over_series.high - over_series.low
    assert width == pytest.approx(2 * stats.t.ppf(0.975, 39) * deviation, rel=0.1)
    assert panel_skill_interval(losses[:3, :19], reference[:3, :19], 4, 4) is None
    assert panel_skill_interval(losses[:3], 0.0 * reference[:3], 4, 4) is None


def test_holm_leaves_out_what_was_not_tested() -> None:
    found = holm([0.01, NAN, 0.04])
    assert found[::2] == [0.02, 0.04] and math.isnan(found[1])


@pytest.mark.parametrize(
    ("length", "horizon", "step", "words"),
    [
        (192, 12, 12, "The data hold 8 origins 12 steps apart: n_windows=8, step_size=12 allow a "),
        (191, 12, 12, "The data hold 7 origins 12 steps apart; 1 more step is needed for 8."),
        (30, 12, 12, "The data hold 1 origin 12 steps apart; 162 more steps are needed for 8."),
        (20, 12, 12, "172 more steps are needed for 8 origins 12 steps apart."),
        (200, 12, 6, "The data hold 8 origins 12 steps apart: n_windows=8, step_size=12 allow a "),
        (260, 12, 6, "The data hold 20 origins 6 steps apart: n_windows=20, step_size=6 allow a "),
    ],
)
def test_origins_that_would_fit_are_told(length: int, horizon: int, step: int, words: str) -> None:
    fit = origins_that_fit(length, horizon, step)
    assert fit.words.startswith(words)
    if not fit.missing_steps:
        used = horizon + (fit.number - 1) * fit.step_size
        assert used <= length / 2 and fit.number >= origins_needed(horizon, fit.step_size)
    else:
        more = origins_that_fit(length + fit.missing_steps, horizon, step)
        assert not more.missing_steps
