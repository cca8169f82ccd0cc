"""Ways of the pooled autoregression: what is listed, what is chosen, what is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.baselines.naive import NaiveModel, SeasonalNaiveModel
from forecast.baselines.pooled import forecaster as pooled_forecaster
from forecast.baselines.pooled.choice import Way, Ways, choose_ways, list_ways, middle
from forecast.baselines.pooled.fit import Design
from forecast.baselines.pooled.model import PooledARModel
from forecast.baselines.pooled.regression import Regression
from forecast.baselines.selection import Candidate, Folds, score_candidates, selection_folds
from forecast.composition.combination import CombinedModel
from forecast.fitting import fit_model
from forecast.io import load, save
from forecast.pipelines import Origins, read_frame

SEASON, HORIZON = 12, 12
LAG_SETS = [(1, 2, 3), (1, 2, 3, 4, 5, 6), (1, 12)]
NOTHING = (Design(), Regression())


def frame_of(*parts):
    frames = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range("2015", periods=len(y)), "y": y})
        for i, y in enumerate(parts)
    ]
    return pd.concat(frames, ignore_index=True)


def waves(num_series=4, length=110, seed=0, level=100.0):
    """Seasons of different size and phase with little noise."""
    rng = np.random.default_rng(seed)
    steps = np.arange(length)
    return [
        level * (1 + index) + 10 * np.sin(2 * np.pi * (steps + 3 * index) / SEASON)
        + 4 * np.cos(4 * np.pi * steps / SEASON) + rng.normal(0, 1.0, length)
        for index in range(num_series)
    ]  # fmt: skip


def walks(num_series=6, length=130, seed=1):
    rng = np.random.default_rng(seed)
    return [500.0 + rng.normal(0, 1.0, length).cumsum() for _ in range(num_series)]


def listed(lags=LAG_SETS, seasons=(SEASON,), given=NOTHING, blocks=(HORIZON, 1)):
    return list_ways(lags, seasons, blocks, given)


def regressions(ways):
    return [way for way in ways if way.settings is not None]


# What is listed -----------------------------------------------------------------------------------


def test_ways_differ_in_every_part_and_naive_forecasts_are_among_them():
    ways = listed()
    parts = {
        name: {getattr(way.settings.design, name) for way in regressions(ways)}
        for name in ("power", "difference", "scale", "level_means", "season_means")
    }
    assert parts["power"] == {0.0, 0.5, 1.0}
    assert parts["difference"] == {"none", "first", "seasonal"}
    assert parts["scale"] == {"window", "causal"}
    assert parts["level_means"] == parts["season_means"] == {True, False}
    assert {way.settings.lags for way in regressions(ways)} == set(LAG_SETS)
    assert {way.settings.block_length for way in regressions(ways)} == {1, HORIZON}
    assert [way.name for way in ways[-2:]] == ["season 12 repeated", "last value repeated"]
    panel = read_frame(frame_of(*waves())).panel
    assert isinstance(ways[-1].estimate(panel), NaiveModel)
    assert isinstance(ways[-2].estimate(panel), SeasonalNaiveModel)
    assert isinstance(ways[0].estimate(panel), PooledARModel)


@pytest.mark.parametrize("seasons", [(), (12,), (24, 168)])
@pytest.mark.parametrize("blocks", [(1, 1), (12, 1), (7, 7)])
@pytest.mark.parametrize(
    "given",
    [
        NOTHING,
        (Design(power=0.0), Regression()),
        (Design(power=1.0, difference="none"), Regression(loss="squared")),
        (Design(scale="causal"), Regression(ridge=0.0, shrinkage=np.inf)),
        (Design(season_means=False), Regression(metric_weights=False)),
    ],
    ids=str,
)
def test_no_way_is_listed_twice_and_names_say_which_is_which(seasons, blocks, given):
    ways = listed(seasons=seasons, blocks=blocks, given=given)
    assert len({way.settings for way in regressions(ways)}) == len(regressions(ways))
    assert len({way.name for way in ways}) == len(ways)


GIVEN = [
    {"power": 0.0}, {"power": 0.3}, {"power": 1.0}, {"difference": "none"},
    {"difference": "first"}, {"difference": "seasonal"}, {"scale": "window"}, {"scale": "causal"},
    {"level_means": False}, {"season_means": False}, {"season_means": True}, {"covariates": True},
    {"covariates": False}, {"covariate_lags": 3}, {"loss": "squared"},
    {"loss": "absolute"}, {"ridge": 0.0}, {"ridge": 0.7}, {"shrinkage": np.inf},
    {"shrinkage": 3.0}, {"metric_weights": False}, {"metric_weights": True},
]  # fmt: skip


@pytest.mark.parametrize("part", GIVEN, ids=str)
@pytest.mark.parametrize("seasons", [(), (SEASON,)], ids=["no season", "season"])
def test_what_is_given_is_in_every_way(part, seasons):
    ((name, value),) = part.items()
    in_design = name in vars(Design())
    given = (Design(**part), Regression()) if in_design else (Design(), Regression(**part))
    for way in regressions(listed(seasons=seasons, given=given)):
        found = getattr(way.settings.design if in_design else way.settings.regression, name)
        assert found == value


def test_all_parts_given_leave_the_lags_and_the_block_to_be_chosen():
    given = (Design(0.0, "none", "window", True, True, True), Regression("squared", 0.1, 9.0, True))
    ways = regressions(listed(given=given))
    assert [(way.settings.lags, way.settings.block_length) for way in ways] == [
        *((lags, HORIZON) for lags in LAG_SETS),
        (LAG_SETS[0], 1),
    ]
    assert len(regressions(listed(lags=LAG_SETS[:1], given=given, blocks=(6, 6)))) == 1


def test_parts_without_effect_make_no_way_of_their_own():
    """Without a season none of its means; logarithms need no scale; lag 1 for a difference."""
    names = " | ".join(way.name for way in listed(seasons=()))
    assert "season" not in names
    logarithms = listed(given=(Design(power=0.0), Regression()))
    assert not any("scale" in way.name for way in logarithms)
    assert not any("covariate lags" in way.name for way in listed())
    sparse = listed(lags=[(2, 3)])
    assert not any("first difference" in way.name for way in sparse)


def test_many_and_single_covariate_lags_are_tried_direct_and_recursive():
    ways = regressions(list_ways(LAG_SETS, (SEASON,), (HORIZON, 1), NOTHING, 7))
    found = {
        (way.settings.block_length, way.settings.design.covariate_lags)
        for way in ways
        if way.settings.design.covariates
    }
    assert found == {(HORIZON, 7), (HORIZON, 1), (1, 7), (1, 1)}
    assert any("7 covariate lags" in way.name for way in ways)
    assert len({way.name for way in ways}) == len(ways)
    blind = [way for way in ways if not way.settings.design.covariates]
    assert blind and not any("covariate lags" in way.name for way in blind)
    given = (Design(covariate_lags=3), Regression())
    for way in regressions(list_ways(LAG_SETS, (SEASON,), (HORIZON, 1), given, 7)):
        assert way.settings.design.covariate_lags == 3


# What is chosen -----------------------------------------------------------------------------------


def folds_of(*parts, horizon=HORIZON, season=SEASON):
    return selection_folds(read_frame(frame_of(*parts)).panel, horizon, season)


def scores_of(ways, folds):
    return score_candidates([Candidate(way.name, way.estimate) for way in ways], folds).total


@pytest.fixture(scope="module")
def waving():
    """Ways for a panel of seasons, what is chosen of them, and the score of each."""
    folds, ways = folds_of(*waves()), listed()
    return ways, choose_ways(ways, folds), scores_of(ways, folds)


def test_the_members_are_the_best_and_those_within_five_percent(waving):
    ways, chosen, total = waving
    order = np.argsort(total, kind="stable")[:5]
    expected = [ways[index] for index in order if total[index] <= 1.05 * total[order[0]]]
    assert list(chosen.members) == expected and 1 <= len(expected) <= 5
    reference = total[-2:].min()
    said = ", ".join(f"{total[ways.index(way)] / reference:.3f}" for way in expected)
    assert f"errors {said} of the best naive way's, best of {len(ways)} ways" in chosen.reason
    assert "on 15 folds of 4 series" in chosen.reason


def test_a_seasonal_panel_is_forecast_much_better_than_by_naive_ways(waving):
    ways, chosen, total = waving
    assert all(way.settings is not None for way in chosen.members)
    best = max(total[ways.index(way)] for way in chosen.members)
    assert best < 0.9 * total[-2] and best < 0.2 * total[-1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_walks_are_left_to_the_last_value_or_forecast_about_as_well(seed):
    parts = walks(num_series=20, seed=seed)
    forecaster = fc.PooledAR(season_length=1).fit(
        frame_of(*(values[:-10] for values in parts)), horizon=10
    )
    found = forecaster.predict()["PooledAR"].to_numpy().reshape(len(parts), 10)
    actual = np.stack([values[-10:] for values in parts])
    last = np.stack([np.full(10, values[-11]) for values in parts])
    ours, naive = np.abs(actual - found).mean(), np.abs(actual - last).mean()
    assert "last value repeated" in forecaster.choices_ or ours <= 1.02 * naive


def test_the_same_is_chosen_twice(waving, fitted):
    _, first, _ = waving
    second = choose_ways(listed(), folds_of(*waves()))
    assert (first.members, first.reason) == (second.members, second.reason)
    again = fc.PooledAR(season_length=SEASON).fit(frame_of(*waves(3)), horizon=HORIZON)
    pd.testing.assert_frame_equal(again.predict(20), fitted.predict(20), check_exact=True)


def test_an_exactly_repeated_season_is_repeated():
    season = np.array([30.0, 9.0, 14.0, 20.0])
    parts = [np.tile(size * season, 15) for size in (1.0, 7.0)]
    forecaster = fc.PooledAR(season_length=4).fit(frame_of(*parts), horizon=8)
    found = forecaster.predict()["PooledAR"].to_numpy().reshape(2, 8)
    np.testing.assert_allclose(found, [values[:8] for values in parts], rtol=1e-6)


def test_large_panels_are_judged_by_some_of_their_series_evenly_spread(monkeypatch):
    monkeypatch.setattr("forecast.baselines.pooled.choice._MOST_SERIES", 3)
    folds, ways = folds_of(*waves(7)), listed()[-2:]
    assert "on 8 folds of 3 series" in choose_ways(ways, folds).reason
    few = Folds(
        folds.panel.take([0, 3, 6]),
        replace(folds.origins, ends=folds.origins.ends[:, [0, 3, 6]]),
        SEASON,
    )
    total = scores_of(ways, few)
    assert choose_ways(ways, folds).members[0] == ways[int(np.argmin(total))]


def test_one_way_is_not_scored():
    way = Way("last value repeated", None)
    nowhere = Folds(read_frame(frame_of(*waves())).panel, Origins(np.empty((0, 4)), 1, 1), 1)
    assert choose_ways([way], nowhere).words == "last value repeated (given)"


def test_words_name_all_members():
    members = tuple(listed()[:2])
    assert Ways(members, "why").words == f"median of 2: {members[0].name}; {members[1].name} (why)"


def test_the_middle_is_the_median():
    naive, seasonal = NaiveModel(), SeasonalNaiveModel(3)
    assert middle([naive], 4) is naive
    model = middle([naive, seasonal, naive], 4)
    assert isinstance(model, CombinedModel) and model.block_length == 4
    np.testing.assert_array_equal(model.combine(np.array([[2.0], [4.0], [900.0]])), [4.0])


# Choices of the forecaster ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted():
    return fc.PooledAR(season_length=SEASON).fit(frame_of(*waves(3)), horizon=HORIZON)


def test_choices_name_the_ways(fitted):
    ways = fitted.fitted_.estimate.settled
    assert all(way.name in fitted.choices_ for way in ways.members)
    assert "of the best naive way's" in fitted.choices_
    model = fitted.fitted_.model
    members = getattr(model, "members", (model,))
    assert len(members) == len(ways.members)


def test_the_forecast_is_the_median_of_its_members():
    """Ways of blocks as long as the horizon: nothing is fed back."""
    frame = frame_of(*waves(2))
    whole = fc.PooledAR(block_length=HORIZON, season_length=SEASON).fit(frame, horizon=HORIZON)
    assert isinstance(whole.fitted_.model, CombinedModel)
    found, alone = whole.predict()["PooledAR"].to_numpy(), []
    for way in whole.fitted_.estimate.settled.members:
        parts = (way.settings.design, way.settings.regression)
        single = fc.PooledAR(way.settings.lags, HORIZON, *parts, season_length=SEASON)
        alone.append(single.fit(frame, horizon=HORIZON).predict()["PooledAR"].to_numpy())
    np.testing.assert_allclose(found, np.median(alone, axis=0), rtol=1e-9)


@pytest.fixture
def counted(monkeypatch):
    """How often something was chosen."""
    calls = []

    def counting(*arguments):
        calls.append(1)
        return choose_ways(*arguments)

    monkeypatch.setattr(pooled_forecaster, "choose_ways", counting)
    return calls


def test_a_later_fit_keeps_what_the_first_chose(counted):
    forecaster = fc.PooledAR(season_length=SEASON)
    panel = read_frame(frame_of(*waves(3))).panel
    first = fit_model(forecaster, panel.head(np.array([90])), HORIZON)
    assert len(counted) == 1  # the fit before the calibration origins chose for both
    later = fit_model(forecaster, panel, HORIZON, previous=first)
    assert len(counted) == 1
    assert later.estimate.settled is first.estimate.settled
    assert later.estimate.choices == first.estimate.choices
    old, new = (getattr(fit.model, "members", (fit.model,)) for fit in (first, later))
    assert [type(model) for model in old] == [type(model) for model in new]
    assert any(
        not np.array_equal(one.coefficients, other.coefficients)
        for one, other in zip(old, new, strict=True)
        if isinstance(one, PooledARModel)
    )


def test_refits_of_a_backtest_choose_once(counted):
    frame = frame_of(*waves(2))
    forecasts = fc.cross_validation(
        fc.PooledAR(season_length=SEASON), frame, horizon=4, n_windows=3, refit=True
    )
    assert len(counted) == 1
    assert np.isfinite(forecasts["PooledAR"]).all()


def test_a_panel_with_a_negative_value_is_said_to_be_untransformed():
    parts = waves(2)
    parts[0][5] = -1.0
    for design in (Design(), Design(power=0.0)):
        forecaster = fc.PooledAR(design=design, season_length=SEASON)
        forecaster.fit(frame_of(*parts), horizon=HORIZON)
        ways = regressions(forecaster.fitted_.estimate.settled.members)
        assert ways and all("untransformed" in way.name for way in ways)
        members = getattr(forecaster.fitted_.model, "members", [forecaster.fitted_.model])
        assert all(getattr(model, "power", None) is None or model.power.exponent == 1.0
                   for model in members)  # fmt: skip


def test_everything_that_is_given_is_used():
    forecaster = fc.PooledAR(
        5,
        3,
        Design(0.5, "none", "causal", level_means=False, season_means=True),
        Regression("squared", ridge=0.2, shrinkage=np.inf, metric_weights=False),
        season_length=4,
    ).fit(frame_of(*waves(2)), horizon=HORIZON)
    model = forecaster.fitted_.model
    for member in getattr(model, "members", (model,)):
        if isinstance(member, PooledARModel):
            assert member.features.lags == (1, 2, 3, 4, 5) and member.block_length == 3
            assert member.power.exponent == 0.5 and member.features.scale == "causal"
            assert len(member.coefficients) == 1 and not member.features.level_means


def test_what_was_saved_forecasts_bit_for_bit_the_same(fitted, tmp_path):
    save(fitted, tmp_path / "model.kfc")
    loaded = load(tmp_path / "model.kfc")
    assert loaded.choices_ == fitted.choices_
    assert vars(loaded.fitted_.estimate.settled) == vars(fitted.fitted_.estimate.settled)
    pd.testing.assert_frame_equal(
        loaded.predict(30, level=[80, 95]), fitted.predict(30, level=[80, 95]), check_exact=True
    )
    pd.testing.assert_frame_equal(
        loaded.sample(9, num_paths=5, seed=2), fitted.sample(9, num_paths=5, seed=2),
        check_exact=True,
    )  # fmt: skip


def test_a_mean_with_naive_ways_is_saved_too(tmp_path, monkeypatch):
    ways = listed(lags=[(1, 2, 3)])
    chosen = Ways((ways[0], ways[-2], ways[-1], ways[1]), "for a test")
    monkeypatch.setattr(pooled_forecaster, "choose_ways", lambda *_: chosen)
    design, regression = Design(scale="causal"), Regression(ridge=0.3, shrinkage=np.inf)
    saved = fc.PooledAR(design=design, regression=regression, season_length=SEASON)
    saved.fit(frame_of(*waves(2)), horizon=HORIZON)
    assert [type(model).__name__ for model in saved.fitted_.model.members] == [
        "PooledARModel", "SeasonalNaiveModel", "NaiveModel", "PooledARModel"
    ]  # fmt: skip
    save(saved, tmp_path / "model.kfc")
    loaded = load(tmp_path / "model.kfc")
    assert (loaded.design, loaded.regression) == (design, regression)
    for horizon in (5, 40):
        pd.testing.assert_frame_equal(
            loaded.predict(horizon), saved.predict(horizon), check_exact=True
        )
