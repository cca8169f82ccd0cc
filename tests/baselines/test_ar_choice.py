"""The default configuration: what is compared, what is settled, and odd series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ar_material import frame_of, simulated

import forecast
from forecast import AR, Estimation, Terms
from forecast.baselines.autoregression import choice as ar_choice
from forecast.baselines.autoregression.choice import Choice, Configuration
from forecast.draws import text_keys


def seasonal(length, seed, size=1.0):
    rng = np.random.default_rng(seed)
    season = (
        10 * np.sin(2 * np.pi * np.arange(length) / 7) + np.tile(rng.normal(size=7), 60)[:length]
    )
    return 40 + season + size * simulated([0.6], length, seed)


def test_the_choice_says_what_and_why():
    frame = frame_of(*(seasonal(140, seed) for seed in range(4)))
    ar = AR(season_length=7).fit(frame, horizon=7)
    assert "best of" in ar.choices_ and "on 15 folds, error" in ar.choices_
    assert "relative to lags 1-8, ridge 1e-06 (" in ar.choices_ and "; next " in ar.choices_
    settled = ar.fitted_.estimate.settled
    assert Choice.of_saved(settled).to_saved() == settled


def test_naive_is_a_choice_and_wins_on_random_walks():
    rng = np.random.default_rng(0)
    frame = frame_of(*(100 + rng.normal(size=90).cumsum() for _ in range(40)))
    ar = AR(season_length=7).fit(frame, horizon=14)
    assert ar.choices_.startswith(("last value:", "lags 1-8, differences at lag 1", "up to 1"))
    mean = ar.predict(14)["AR"].to_numpy().reshape(40, 14)
    last = frame.groupby("unique_id", sort=False)["y"].last().to_numpy()
    names = frame["unique_id"].unique()
    found = ar.predict(14).groupby("unique_id")["AR"].mean()[names]
    assert np.abs(found - last).mean() < 1.5 and np.isfinite(mean).all()


def test_one_random_walk_is_forecast_about_as_well_as_by_its_last_value():
    """Three folds of one series chose a strong penalty by luck: 7 times the error of the last."""
    ratios = []
    for seed in range(3, 11):
        values = np.random.default_rng(seed).normal(size=300).cumsum()
        frame = pd.DataFrame({"unique_id": "walk", "ds": range(300), "y": values})
        found = forecast.cross_validation(
            [AR(), forecast.Naive()], frame, 5, n_windows=10, step_size=5, refit=False
        )
        errors = found[["AR", "Naive"]].sub(found["y"], axis=0).abs().mean()
        ratios.append(errors["AR"] / errors["Naive"])
    assert np.mean(ratios) < 1.1 and max(ratios) < 1.6


def test_growth_in_proportion_is_fitted_in_logarithms_or_differences():
    rng = np.random.default_rng(1)
    steps = np.arange(120)
    parts = [
        np.exp(0.03 * steps + 0.5 * np.sin(2 * np.pi * steps / 7) + 0.03 * rng.normal(size=120))
        for _ in range(10)
    ]
    ar = AR(season_length=7).fit(frame_of(*(50 * part for part in parts)), horizon=14)
    assert "log(1 + y)" in ar.choices_.split(":")[0]


def test_today_s_default_wins_ties_and_short_series_keep_it():
    ar = AR(season_length=7).fit(frame_of(np.array([3.0, 4.0, 6.0])), horizon=2)
    assert ar.choices_.startswith("lags 1, ridge 1e-06: best of") and ar.fell_back_ == ["s0"]
    ar = AR(season_length=7).fit(frame_of(np.array([3.0])), horizon=2, freq="D")
    assert ar.choices_ == "lags 1, ridge 1e-06 (too short for folds)"


def test_what_was_settled_is_kept_at_later_cutoffs(monkeypatch):
    frame = frame_of(*(seasonal(160, seed) for seed in range(3)))
    chosen = []
    original = ar_choice.score_candidates
    monkeypatch.setattr(
        ar_choice, "score_candidates", lambda *given: chosen.append(1) or original(*given)
    )  # fmt: skip
    forecast.cross_validation([AR(season_length=7)], frame, horizon=7, n_windows=4)
    assert 1 <= len(chosen) <= 2


def test_terms_and_estimation_of_the_user_stand():
    frame = frame_of(*(seasonal(140, seed) + 0.2 * np.arange(140) for seed in range(3)))
    ar = AR(terms=Terms(trend="ct"), estimation=Estimation("ridge"), season_length=7)
    ar.fit(frame, horizon=7)
    assert "differences" not in ar.choices_ and "ridge 1e-06" not in ar.choices_
    assert {"const", "trend"} <= set(ar.coefficients_["term"]) or "last value" in ar.choices_


def test_a_seasonal_naive_choice_has_no_constant():
    configuration = Configuration((7,), naive=True)
    assert configuration.name == "value 7 steps before"
    model, _ = ar_choice.estimate_configuration(
        forecast.pipelines.read_frame(frame_of(seasonal(60, 1))).panel,
        configuration, ar_choice.ARPlan(np.zeros(0, dtype=np.int64)),
    )  # fmt: skip
    assert model.coefficients.tolist() == [[1.0]]


@pytest.mark.parametrize("criterion", ["aic", "rolling"])
def test_a_default_fit_survives_a_bundle(criterion, tmp_path):
    frame = frame_of(*(seasonal(120, seed) for seed in range(2)))
    lags = forecast.LagSelection(criterion)
    ar = AR(lags=lags, intervals="analytic", season_length=7).fit(frame, horizon=7)
    ar.save(tmp_path / "ar.kfc")
    loaded = forecast.load(tmp_path / "ar.kfc")
    assert loaded.choices_ == ar.choices_ and repr(loaded) == repr(ar)
    assert loaded.fitted_.estimate.settled == ar.fitted_.estimate.settled
    pd.testing.assert_frame_equal(loaded.predict(9, [80]), ar.predict(9, [80]), check_exact=True)
    pd.testing.assert_frame_equal(loaded.statistics_, ar.statistics_, check_exact=True)


def channels(length):
    wide = pd.DataFrame({"ds": pd.date_range("2024", periods=length), "unique_id": "a"})
    return wide.assign(load=seasonal(length, 1), wind=simulated([0.4], length, 2, mean=9.0))


@pytest.mark.parametrize("names", ["channels", "numbers"])
def test_orders_of_any_kind_of_id_survive_a_bundle(names, tmp_path):
    keywords = {}
    if names == "channels":
        frame, keywords = channels(120), {"target_col": ["load", "wind"]}
    else:
        frame = frame_of(seasonal(120, 1), simulated([0.4], 120, 2, mean=9.0))
        frame["unique_id"] = frame["unique_id"].map({"s0": 7, "s1": 3})
    ar = AR(lags=forecast.LagSelection("aic"), season_length=7).fit(frame, horizon=7, **keywords)
    ar.save(tmp_path / "ar.kfc")
    loaded = forecast.load(tmp_path / "ar.kfc")
    settled = loaded.fitted_.estimate.settled
    assert settled == ar.fitted_.estimate.settled and len(settled["orders"]) == 2
    choice = Choice.of_saved(settled)
    own = choice.orders_of(ar.fitted_.ids)
    assert sorted(own) == sorted(settled["orders"].values()) and own[0] != own[1]
    assert choice.orders_of(["unheard of"])[0] == int(np.median(own))
    pd.testing.assert_frame_equal(loaded.predict(9), ar.predict(9), check_exact=True)


def test_ids_that_are_times_have_orders_too():
    ids = np.array([pd.Timestamp("2024-05-01"), pd.Timestamp("2023-01-01")], dtype=object)
    by_key = dict(zip(text_keys(ids), [4, 2], strict=True))
    choice = Choice(Configuration((1, 2, 3, 4), "aic"), "AIC", by_key)
    assert Choice.of_saved(choice.to_saved()).orders_of(ids[::-1]).tolist() == [2, 4]


@pytest.mark.parametrize(("length", "shown"), [(60, True), (30, False)])
def test_the_usual_season_is_tried_though_it_was_not_found(length, shown):
    parts = [simulated([0.5], length, seed, mean=30.0) for seed in range(3)]
    panel = forecast.pipelines.read_frame(frame_of(*parts, step="MS")).panel
    season = forecast.pipelines.Season(1, "none was found")
    base = ar_choice.ARPlan(np.zeros(0, dtype=np.int64))
    names = [c.name for c in ar_choice._lag_sets(panel, season, base, 8)]
    tried = {"lags 1-13, ridge 1e-06", "lags 1-3, 12, ridge 1e-06", "value 12 steps before"}
    assert tried <= set(names) if shown else not tried & set(names)


# Odd series ---------------------------------------------------------------------------------------

METHODS = [Estimation(method) for method in ("ols", "ridge", "yule-walker", "absolute")]


@pytest.mark.parametrize("estimation", METHODS, ids=lambda e: e.method)
@pytest.mark.parametrize("lags", [None, 3, [3, 12]], ids=str)
def test_odd_series_do_not_stop_the_others(estimation, lags):
    good = seasonal(90, 1)
    late = np.concatenate([np.full(5, np.nan), simulated([0.5], 60, 2), np.full(4, np.nan)])
    parts = [good, np.full(40, 5.1), np.array([2.0]), np.array([1.0, 2.0, 4.0, 8.0, 7.0]), late]
    ar = AR(lags=lags, estimation=estimation, intervals="analytic", season_length=7)
    frame = ar.fit(frame_of(*parts), horizon=3).predict(15, [80]).set_index("unique_id")
    assert np.isfinite(frame.iloc[:, 1:].to_numpy()).all()
    np.testing.assert_array_equal(frame.loc["s1"].iloc[:, 1:], 5.1)
    np.testing.assert_allclose(frame.loc["s2", "AR"], 2.0, rtol=1e-12)
    assert "s2" in ar.fell_back_ and {"s0", "s1", "s4"}.isdisjoint(ar.fell_back_)
    assert set(ar.fell_back_) <= {"s2", "s3"}
    alone = ar.clone().set_params(lags=lags).fit(frame_of(good), horizon=3)
    if lags is not None:
        np.testing.assert_allclose(alone.predict(15)["AR"], frame.loc["s0", "AR"], rtol=1e-12)


def test_criteria_of_a_constant_series_are_left_out():
    ar = AR(lags=2).fit(frame_of(simulated([0.5], 60), np.full(40, 5.1)), horizon=3)
    table = ar.statistics_.set_index("unique_id")
    assert table.loc["s1", "sigma2"] == 0.0 and table.loc["s1", ["aic", "bic", "hqic"]].isna().all()
    assert np.isfinite(table.loc["s0", ["aic", "bic", "hqic"]].astype(float)).all()


@pytest.mark.parametrize("lags", [3, [3, 12], [12]])
def test_a_short_series_falls_back_to_its_last_value(lags):
    ar = AR(lags=lags).fit(frame_of(simulated([0.5], 80), np.array([1.0, 2, 4, 8, 7])), horizon=2)
    assert ar.fell_back_ == ["s1"]
    forecasts = ar.predict(15).set_index("unique_id")["AR"]
    np.testing.assert_allclose(forecasts["s1"], 7.0, rtol=1e-12)


def test_a_series_with_fewer_points_than_lags_gets_fewer_lags():
    short = simulated([0.8], 14, 3)
    ar = AR(lags=12).fit(frame_of(simulated([0.5], 80), short), horizon=2)
    assert ar.fell_back_ == ["s1"]
    terms = ar.coefficients_.query("unique_id == 's1'")["term"].tolist()
    assert terms == ["const", "y.L1", "y.L2", "y.L3"]
    assert ar.statistics_["shortened"].tolist() == [False, True]


def test_collinear_covariates_get_the_solution_of_minimum_norm():
    rng = np.random.default_rng(0)
    frame = frame_of(simulated([0.5], 100, 1)).assign(a=rng.normal(size=100), zero=0.0)
    frame["b"] = 2.0 * frame["a"]
    frame["y"] += 5.0 * frame["a"]
    ar = AR(lags=1).fit(frame, horizon=3, future_covariates=["a", "b", "zero"])
    values = ar.coefficients_.set_index("term")["value"]
    assert ar.rank_deficient_ == ["s0"]
    np.testing.assert_allclose(values["a"] + 2.0 * values["b"], 5.0, atol=0.5)
    assert abs(values["a"]) < 6 and values["zero"] == 0.0
    future = pd.DataFrame({
        "unique_id": "s0", "ds": frame["ds"].max() + pd.to_timedelta([1, 2, 3], unit="D"),
        "a": 1.0, "b": 2.0, "zero": 0.0,
    })  # fmt: skip
    assert np.isfinite(ar.predict(3, future_df=future)["AR"]).all()


def test_yule_walker_refuses_covariates():
    frame = frame_of(simulated([0.5], 60, 1)).assign(a=1.0)
    with pytest.raises(ValueError, match=r"method='yule-walker' takes no covariates; 1 are named"):
        AR(1, estimation=Estimation("yule-walker")).fit(frame, future_covariates=["a"])


def test_a_season_longer_than_the_series_leaves_its_last_value():
    ar = AR(lags=1, terms=Terms(seasonal=True, seasonal_lags=1), season_length=40)
    ar.fit(frame_of(simulated([0.5], 30, 1), simulated([0.5], 200, 2)), horizon=3)
    assert ar.fell_back_ == ["s0"]
    assert np.isfinite(ar.predict(50)["AR"]).all()
