"""What the figures draw is what the frames hold."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from evaluation.synthetic import ROLES, SIZES, make_comparison, with_networks_inside

from forecast.evaluation import Comparison, plots
from forecast.evaluation.breakdown import (
    coverage_by_step,
    known_lengths,
    pooled_steps,
    scaled_widths,
    series_skill,
)
from forecast.evaluation.drawing import contestants, shown_in_lines, spread
from forecast.evaluation.error_picture import length_medians
from forecast.evaluation.skill_picture import skill_counts


@pytest.fixture(scope="module")
def panel() -> Comparison:
    return with_networks_inside(make_comparison(num_series=14))


def line_of(axes, values) -> bool:
    """Whether a line of these heights is drawn."""
    wanted = np.asarray(values, float)
    drawn = [np.asarray(line.get_ydata(), float) for line in axes.lines]
    return any(len(y) == len(wanted) and np.allclose(y, wanted, equal_nan=True) for y in drawn)


def test_skill_marks_are_filled_for_models_that_may_be_the_best(panel: Comparison) -> None:
    (axes,) = plots.skill_figure(panel).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == list(panel.aliases())
    marks = {round(line.get_ydata()[0]): line for line in axes.lines if len(line.get_xdata()) == 1}
    included = panel.confidence_set().set_index("model")["included"]
    assert 0 < included.sum() < len(included)
    for row, alias in enumerate(names):
        if row in marks:
            assert marks[row].get_xdata()[0] == pytest.approx(100.0 * panel.skill(alias))
            assert (marks[row].get_markerfacecolor() != "white") == included[alias]
    interval = panel.skill_interval("LSTM")
    ends = [list(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert [100.0 * interval.low, 100.0 * interval.high] in ends


def test_a_model_far_behind_is_named_at_the_edge() -> None:
    comparison = make_comparison(sizes=SIZES | {"Naive": 30.0})
    (axes,) = plots.skill_figure(comparison).axes
    assert any(text.get_text().startswith("← −") for text in axes.texts)
    assert axes.get_xlim()[0] > -400.0


@pytest.mark.parametrize("count", [5, 14])
def test_skill_of_the_series(count: int) -> None:
    comparison = make_comparison(num_series=count)
    skill, (axes,) = series_skill(comparison), plots.series_skill_figure(comparison).axes
    subject, against = contestants(comparison)
    scores = comparison.by_series.set_index("unique_id")
    np.testing.assert_allclose(skill, 100.0 * (1.0 - scores[subject] / scores[against]))
    if count < 12:
        names = [label.get_text() for label in axes.get_yticklabels()]
        assert names == list(skill.sort_values(ascending=False).index)
    else:
        heights = [bar.get_height() for bar in axes.patches]
        assert heights == list(skill_counts(skill)) and sum(heights) == count


def test_counts_never_lose_a_series_and_part_at_zero() -> None:
    skill = pd.Series([-900.0, -30.0, -0.01, 0.0, 0.01, 55.0, 100.0])
    counts = skill_counts(skill)
    assert counts.sum() == len(skill) and 0.0 in counts.index
    assert counts[counts.index < 0.0].sum() == 3
    assert skill_counts(pd.Series([0.0, 0.0])).sum() == 2


def test_lines_per_step_and_per_cutoff(panel: Comparison) -> None:
    (steps,) = plots.steps_figure(panel).axes
    (cutoffs,) = plots.cutoffs_figure(panel).axes
    for alias in shown_in_lines(panel):
        assert line_of(steps, panel.by_step[alias])
        assert line_of(cutoffs, panel.by_cutoff[alias])


def test_the_band_of_the_step_tests(panel: Comparison) -> None:
    (axes,) = plots.step_tests_figure(panel).axes
    tests = panel.step_tests(*contestants(panel))
    assert line_of(axes, tests["difference"])
    assert line_of(axes, tests.loc[tests["significant"], "difference"])
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(tests["low"].min())
    assert heights.max() == pytest.approx(tests["high"].max())


def test_lengths_are_what_was_known_before_the_first_cutoff(panel: Comparison) -> None:
    lengths = known_lengths(panel)
    assert list(lengths) == [60 + 12 * number for number in range(14)]
    (axes,) = plots.lengths_figure(panel).axes
    for alias in contestants(panel):
        assert line_of(axes, panel.backtest.series_scores(alias))
    assert length_medians(np.arange(14), np.ones(14)).empty
    medians = length_medians(np.arange(40.0), np.r_[np.zeros(20), np.ones(20)])
    assert len(medians) == 10 and list(medians) == [0.0] * 5 + [1.0] * 5


def test_coverage_and_width_of_the_intervals(panel: Comparison) -> None:
    table, alias = coverage_by_step(panel), panel.best()
    part = table[(table["model"] == alias) & (table["level"] == 80)]
    expected = 100.0 * panel.backtest.covered(alias, 80).mean(axis=(0, 1))
    np.testing.assert_allclose(part["coverage"], expected)
    (coverage,), (widths,) = plots.coverage_figure(panel).axes, plots.widths_figure(panel).axes
    assert line_of(coverage, expected)
    assert line_of(widths, scaled_widths(panel, alias, 95))
    frame = panel.backtest.frame
    scale = frame["unique_id"].map(panel.backtest.denominators)
    step = frame.groupby(["unique_id", "cutoff"]).cumcount()
    scaled = (frame[f"{alias}-hi-95"] - frame[f"{alias}-lo-95"]) / scale
    np.testing.assert_allclose(scaled_widths(panel, alias, 95), scaled.groupby(step).mean())


def test_coverage_of_many_steps_is_pooled() -> None:
    few = pd.Series(np.arange(24.0), index=range(1, 25))
    assert pooled_steps(few) is few
    many = pd.Series(np.arange(52.0), index=range(1, 53))
    pooled = pooled_steps(many)
    assert len(pooled) == 12 and list(pooled.index) == list(pooled + 1.0)
    (axes,) = plots.coverage_figure(make_comparison(horizon=30, step_size=30, num_origins=2)).axes
    assert {len(line.get_xdata()) for line in axes.lines} == {2, 12}


def test_linear_shares_and_curves(panel: Comparison) -> None:
    (axes,) = plots.linear_shares_figure(panel).axes
    assert [bar.get_width() for bar in axes.patches] == [81.25, 12.5, 18.75, 87.5]
    upper, lower = plots.curves_figure(panel).axes
    assert line_of(upper, [0.9, 0.5, 0.4]) and line_of(lower, [1.0, 0.8, 0.9])
    ring = next(line for line in lower.lines if line.get_fillstyle() == "none")
    assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([10.0], [0.8])


def test_the_split_shows_what_each_origin_knew(panel: Comparison) -> None:
    (axes,) = plots.split_figure(panel).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["S0", "S6", "S13"]
    bars = dict(zip(axes.get_legend_handles_labels()[1], axes.containers, strict=False))
    assert list(bars) == ["not used", "known", "scored"]
    assert len([bar for group in axes.containers for bar in group]) == 3 * 3 * 10


def test_at_most_eight_lines_with_the_best_of_every_kind() -> None:
    extra = {f"GRU{number}": 1.2 + 0.1 * number for number in range(9)}
    roles = ROLES | dict.fromkeys(extra, "network")
    comparison = make_comparison(sizes=SIZES | extra, roles=roles)
    shown = shown_in_lines(comparison)
    assert len(shown) == 8 and set(contestants(comparison)) <= set(shown)
    assert {comparison.protocol.roles[alias] for alias in shown} == {"naive", "linear", "network"}


def test_labels_are_spread_apart_and_stay_near() -> None:
    places = spread(np.array([1.0, 1.1, 1.2, 5.0]), gap=0.5, low=0.0, high=6.0)
    assert np.all(np.diff(places) >= 0.5 - 1e-12)
    assert places[3] == 5.0
    np.testing.assert_allclose(places[:3].mean(), 1.1)
    assert spread(np.array([5.9, 6.0]), 0.5, 0.0, 6.0)[-1] <= 6.0


def test_names_with_dollars_are_no_formulas() -> None:
    sizes = SIZES | {"$a$": 1.3}
    comparison = make_comparison(sizes=sizes, roles=ROLES | {"$a$": "other"})
    figure = plots.skill_figure(dataclasses.replace(comparison))
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert r"\$a\$" in names
