"""Rolling folds of a training part: where they lie, what they score, and that nothing leaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast import engine
from forecast.baselines import selection
from forecast.baselines.naive import DriftModel, NaiveModel, SeasonalNaiveModel
from forecast.baselines.pooled.choice import choose_ways, list_ways
from forecast.baselines.pooled.fit import Design
from forecast.baselines.pooled.regression import Regression
from forecast.baselines.selection import Candidate, Folds, score_candidates, selection_folds
from forecast.baselines.window import WindowModel
from forecast.pipelines import Frequency, Panel

SEASON, HORIZON = 4, 6
LAST = Candidate("last value", lambda panel: NaiveModel())
SAME = Candidate("same season", lambda panel: SeasonalNaiveModel(SEASON))
DRIFT = Candidate("drift", lambda panel: DriftModel())


def panel_of(*parts):
    ids = np.array([f"s{index}" for index in range(len(parts))], dtype=object)
    offsets = np.cumsum([0, *map(len, parts)])
    starts = pd.Index(np.zeros(len(parts), dtype=np.int64))
    return Panel(ids, np.concatenate(parts).astype(float), offsets, starts, Frequency(1))


def walks(lengths=(80, 61, 47), seed=0, level=40.0):
    rng = np.random.default_rng(seed)
    return [level + rng.normal(0.2, 1.0, length).cumsum() for length in lengths]


# Where folds lie ----------------------------------------------------------------------------------


@given(
    lengths=st.lists(st.integers(1, 90), min_size=1, max_size=6),
    horizon=st.integers(1, 40),
    season=st.sampled_from([1, 4, 24]),
)
def test_folds_leave_half_and_a_season_and_end_with_the_training_part(lengths, horizon, season):
    panel = panel_of(*(np.arange(1.0, length + 1) for length in lengths))
    folds = selection_folds(panel, horizon, season)
    ends, sizes = folds.origins.ends, folds.panel.lengths
    assert 1 <= len(ends) <= max(60 // len(lengths), 3)
    assert ends.shape[1] == folds.panel.num_series
    assert 1 <= folds.origins.horizon <= horizon and folds.season == season
    used = ends >= 0
    assert used.any(axis=0).all()  # a series without an origin is left out
    assert (ends + folds.origins.horizon <= sizes)[used].all()
    assert (ends >= sizes // 2)[used].all()
    assert (ends[-1] == sizes - folds.origins.horizon)[used[-1]].all()
    assert (np.diff(ends, axis=0) == folds.origins.step_size)[used[:-1] & used[1:]].all()
    first = np.where(used, ends, sizes).min(axis=0)
    np.testing.assert_array_equal(folds.head.lengths, first)


@pytest.mark.parametrize(
    ("lengths", "step", "number"),
    [
        ([80] * 20, 6, 3),  # a horizon apart
        ([80] * 6, 1, 10),  # of so short ones more lie in the 12 steps that 3 take
        ([80], 1, 15),  # 60 forecasts would be enough, a quarter of the series is full
        ([400] * 2, 4, 24),  # over a quarter of the series
        ([400] * 12, 6, 5),
    ],
)
def test_few_series_have_more_folds_over_more_of_them(lengths, step, number):
    """The best of a dozen ways on three forecasts of one series was the luckiest."""
    folds = selection_folds(panel_of(*map(np.arange, lengths)), HORIZON, SEASON)
    ends = lengths[0] - HORIZON - step * np.arange(number - 1, -1, -1)
    np.testing.assert_array_equal(folds.origins.ends[:, 0], ends)
    assert folds.origins.horizon == HORIZON and folds.origins.step_size == step


def test_short_series_have_a_shorter_horizon_and_folds_closer_together():
    folds = selection_folds(panel_of(np.arange(12.0)), HORIZON, 1)
    assert folds.origins.horizon == 3
    np.testing.assert_array_equal(folds.origins.ends[:, 0], [6, 7, 8, 9])


@pytest.mark.parametrize("length", [1, 2])
def test_too_short_panels_have_no_fold(length):
    folds = selection_folds(panel_of(*[np.arange(1.0, length + 1)] * 3), HORIZON, SEASON)
    assert folds.panel.num_series == 0 and folds.origins.ends.shape[1] == 0
    assert np.isinf(score_candidates([LAST, SAME], folds).total).all()


def test_a_panel_too_short_to_choose_takes_the_last_way():
    folds = selection_folds(panel_of(np.array([3.0])), HORIZON, SEASON)
    ways = list_ways([(1, 2)], (SEASON,), (HORIZON, 1), (Design(), Regression()))
    chosen = choose_ways(ways, folds)
    assert chosen.members == (ways[-1],) and chosen.words.endswith("(too short to choose)")


# Scores -------------------------------------------------------------------------------------------


def loop_scores(panel, folds, forecast):
    """Mean over series of MASE and sMAPE at each fold; `forecast(known, horizon)` of an array."""
    horizon = folds.origins.horizon
    found = np.zeros((2, folds.origins.num_windows))
    for fold, ends in enumerate(folds.origins.ends):
        scaled, shares = [], []
        for index, end in enumerate(ends):
            values = panel.row(index)
            head = values[: folds.head.lengths[index]]
            changes = np.abs(head[SEASON:] - head[:-SEASON])
            if end >= 0:
                actual, said = values[end : end + horizon], forecast(values[:end], horizon)
                errors = np.abs(actual - said)
                scaled.append(np.nanmean(errors) / np.nanmean(changes))
                shares.append(np.nanmean(200 * errors / (np.abs(actual) + np.abs(said))))
        for metric, errors in enumerate((scaled, shares)):
            limit = 10 * np.median([error for error in errors if error > 0])
            found[metric, fold] = np.mean(np.minimum(errors, limit))
    return found


def repeat_last(known, horizon):
    return np.full(horizon, known[~np.isnan(known)][-1])


def drift(known, horizon):
    slope = (known[-1] - known[0]) / (len(known) - 1)
    return known[-1] + slope * np.arange(1, horizon + 1)


@pytest.mark.parametrize(("level", "both"), [(40.0, True), (0.0, False)])
def test_scores_equal_loops(level, both):
    """The mean of MASE and sMAPE over the first candidate's; MASE alone with negative values."""
    panel = panel_of(*walks(level=level))
    assert (panel.values >= 0).all() == both
    folds = selection_folds(panel, HORIZON, SEASON)
    scores = score_candidates([LAST, DRIFT], folds)
    reference, other = (loop_scores(panel, folds, way) for way in (repeat_last, drift))
    relative = np.stack([reference, other]) / reference.mean(axis=1)[:, None]
    expected = relative.mean(axis=1) if both else relative[:, 0]
    np.testing.assert_allclose(scores.by_fold, expected, rtol=1e-9)
    np.testing.assert_allclose(scores.total, expected.mean(axis=1))
    assert scores.names == ("last value", "drift")
    np.testing.assert_allclose(scores.total[0], 1.0)  # the first is what all are measured by


def test_missing_values_are_not_scored():
    parts = walks()
    parts[0][[70, 75, 79]] = np.nan
    panel = panel_of(*parts)
    folds = selection_folds(panel, HORIZON, SEASON)
    reference = loop_scores(panel, folds, repeat_last)
    expected = (reference / reference.mean(axis=1)[:, None]).mean(axis=0)
    np.testing.assert_allclose(score_candidates([LAST], folds).by_fold[0], expected)


def test_an_exact_candidate_scores_nothing_and_wins():
    season = np.array([3.0, 9.0, 4.0, 20.0])
    panel = panel_of(*(np.tile(season * size, 15) for size in (1.0, 70.0)))
    scores = score_candidates([LAST, DRIFT, SAME], selection_folds(panel, HORIZON, SEASON))
    assert scores.total[2] == 0.0 and scores.best == 2
    assert scores.total[0] == pytest.approx(1.0)


def test_one_odd_series_counts_as_ten_typical_ones():
    parts = walks((80,) * 9)
    parts[4][70:] += 1e6
    panel = panel_of(*parts)
    folds = selection_folds(panel, HORIZON, SEASON)
    measured = selection._measure(LAST, folds)
    np.testing.assert_allclose(measured, loop_scores(panel, folds, repeat_last), rtol=1e-9)
    calm = selection._measure(LAST, selection_folds(panel_of(*walks((80,) * 9)), HORIZON, SEASON))
    assert (measured[0] < 3 * calm[0].max()).all()


def test_series_that_are_missed_count_where_most_are_exact():
    season = np.tile([3.0, 9.0, 4.0, 20.0], 15)
    broken = season.copy()
    broken[40:] = season[40:][::-1]
    panel = panel_of(*(size * season for size in (1, 2, 3)), broken)
    folds = selection_folds(panel, HORIZON, SEASON)
    exact = selection._measure(SAME, selection_folds(panel_of(season, season), HORIZON, SEASON))
    assert (exact[1] == 0).all() and selection._measure(SAME, folds)[1, 0] > 0


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_constants_cannot_be_scored_and_do_not_stop_a_choice(value):
    folds = selection_folds(panel_of(*[np.full(40, value)] * 2), HORIZON, SEASON)
    assert np.isinf(score_candidates([LAST, SAME], folds).total).all()
    ways = list_ways([(1, 2)], (SEASON,), (HORIZON, 1), (Design(), Regression()))
    assert choose_ways(ways, folds).members == (ways[-1],)


def test_scores_are_the_same_to_the_last_bit_on_any_number_of_threads(monkeypatch):
    ways = list_ways([(1, 2, 3)], (SEASON,), (HORIZON, 1), (Design(), Regression()))
    candidates = [Candidate(way.name, way.estimate) for way in ways]
    folds = selection_folds(panel_of(*walks()), HORIZON, SEASON)
    found = [score_candidates(candidates, folds).by_fold for _ in range(2)]
    monkeypatch.setattr(
        selection, "map_threads", lambda function, items: list(map(function, items))
    )
    for scores in found:
        np.testing.assert_array_equal(scores, score_candidates(candidates, folds).by_fold)


# Leaks --------------------------------------------------------------------------------------------


class Recorder(WindowModel):
    """Repeats the last value, and notes all values that it was ever shown."""

    def __init__(self):
        super().__init__(1, HORIZON)
        self.seen = []

    def encode(self, values):
        self.seen.extend(values[~np.isnan(values)].tolist())
        return values

    def emit(self, past, num_steps, future):
        return np.repeat(past.last[:, None], num_steps, axis=1)


def test_candidates_are_fitted_to_the_head_and_shown_nothing_after_the_last_origin():
    panel = panel_of(*(100.0 * index + np.arange(80.0) + 1 for index in range(2)))
    folds = selection_folds(panel, HORIZON, SEASON)
    fitted, recorder = [], Recorder()

    def estimate(head):
        fitted.append(head.values)
        return recorder

    score_candidates([Candidate("recorder", estimate)], folds)
    assert [values.max() for values in fitted] == [100.0 + folds.origins.ends[0, 0]]
    shown = {value for value in recorder.seen if value <= 80.0}
    assert max(shown) <= folds.origins.ends[-1, 0] + HORIZON
    observed = {value for value in range(1, 75)}
    assert observed <= shown


def test_values_after_a_horizon_change_no_score():
    """Scores of the first fold do not know what comes after its horizon."""
    parts = walks((80, 80))
    changed = [values.copy() for values in parts]
    for values in changed:
        values[68:] += 1000.0
    ways = list_ways([(1, 2, 3)], (SEASON,), (HORIZON, 1), (Design(), Regression()))
    measured = [
        [
            selection._measure(Candidate(way.name, way.estimate), folds)[:, 0]
            for way in (ways[0], ways[4], ways[-1])
        ]
        for folds in (
            selection_folds(panel_of(*which), HORIZON, SEASON) for which in (parts, changed)
        )
    ]
    np.testing.assert_array_equal(*measured)


def test_an_origin_forecasts_what_a_fresh_model_with_that_past_would():
    panel = panel_of(*walks((80, 80)))
    folds = selection_folds(panel, HORIZON, SEASON)
    way = list_ways([(1, 2, 3)], (SEASON,), (HORIZON, 1), (Design(), Regression()))[0]
    model = way.estimate(folds.head)
    stops = list(engine.walk(model, folds.panel, np.arange(2), folds.origins))
    for stop in stops:
        state, _ = engine.absorb(
            model, engine.begin(model, np.arange(2)), panel.block(0, stop.ends)
        )
        np.testing.assert_allclose(
            engine.forecast(model, stop.state, HORIZON), engine.forecast(model, state, HORIZON)
        )


def test_the_head_of_a_series_without_an_early_origin_ends_before_its_own_first():
    panel = panel_of(np.arange(1.0, 81.0), np.arange(1.0, 15.0))
    folds = selection_folds(panel, HORIZON, SEASON)
    assert isinstance(folds, Folds)
    used = folds.origins.ends[:, 1]
    assert (used < 0).any() and (used >= 0).any()
    assert folds.head.lengths[1] == used[used >= 0].min()
