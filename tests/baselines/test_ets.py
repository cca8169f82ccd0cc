"""ETS: the recursion against statsmodels, its start, the choice of a form, sharing."""

from __future__ import annotations

import numpy as np
import pytest
from baselines.seasonal_series import SEASON, frame_of, seasonal

import forecast as fc
from forecast import engine, fitting
from forecast.baselines.smoothing import ets_fit
from forecast.baselines.smoothing.ets import FORMS, Smoothing, choose, start, statsmodels_ets
from forecast.baselines.smoothing.ets_fit import Choices, Material
from forecast.calibration import calibrate
from forecast.draws import Bounds, FeedBack, text_keys
from forecast.pipelines import read_frame
from forecast.pipelines.calendar.season import seasonal_adjustment

# Distinct, and within the limits of every form: beta < alpha.
ALPHA, BETA, GAMMA, PHI = 0.37, 0.11, 0.23, 0.91


def smoothing_of(name: str) -> Smoothing:
    form = FORMS[name]
    phi = PHI if form.damped else 1.0
    return Smoothing(name, (ALPHA, BETA * form.trend, GAMMA * (form.season is not None), phi))


def material_of(season_length: int, **series: np.ndarray) -> Material:
    return Material.of(read_frame(frame_of(**series)).panel, season_length)


def run(model, panel, horizon: int):
    state = engine.begin(model, np.arange(panel.num_series))
    state, one_step = engine.absorb(model, state, panel.block(0, panel.lengths))
    limit = np.full(panel.num_series, np.inf)
    ahead = engine.roll(model, state, horizon, FeedBack(Bounds(-limit, limit)))
    return one_step, ahead[:, 0]


@pytest.mark.parametrize("name", FORMS)
def test_fitted_values_and_forecasts_equal_statsmodels(name):
    values = seasonal(53, 60.0)
    material = material_of(SEASON, a=values, b=seasonal(40, 45.0, seed=1))
    one_step, ahead = run(material.model([smoothing_of(name)] * 2), material.panel, 14)
    theirs = statsmodels_ets(values, FORMS[name], SEASON)
    order = {"smoothing_level": ALPHA, "smoothing_trend": BETA, "damping_trend": PHI,
             "smoothing_seasonal": GAMMA * (1.0 - ALPHA)}  # fmt: skip
    result = theirs.smooth([order[key] for key in theirs.param_names])
    np.testing.assert_allclose(one_step[0, 1:53], result.fittedvalues[1:], rtol=1e-10)
    np.testing.assert_allclose(ahead[0], result.forecast(14), rtol=1e-10)


@pytest.mark.parametrize("name", FORMS)
def test_estimated_parameters_are_those_of_statsmodels(name):
    values = seasonal(60, 60.0)
    found = choose(values, 60, SEASON, [name])
    result = statsmodels_ets(values, FORMS[name], SEASON).fit(disp=False)
    named = dict(zip(result.model.param_names, result.params, strict=True))
    assert found.form == name
    alpha, beta, gamma, phi = found.values
    assert alpha == named["smoothing_level"] and beta == named.get("smoothing_trend", 0.0)
    assert phi == named.get("damping_trend", 1.0)
    assert gamma * (1.0 - alpha) == pytest.approx(named.get("smoothing_seasonal", 0.0), rel=1e-9)
    material = material_of(SEASON, a=values)
    _, ahead = run(material.model([found]), material.panel, 9)
    np.testing.assert_allclose(ahead[0], result.forecast(9), rtol=1e-8)


def test_the_start_of_a_noiseless_series_is_exact():
    steps = np.arange(48)
    pattern = np.array([2.0, -1.0, 0.5, -1.5])
    values = 30.0 + 0.5 * steps + np.resize(pattern, 48)
    level, trend, season = start(values, FORMS["AAdA"], 4)
    np.testing.assert_allclose([level, trend], [29.5, 0.5], rtol=1e-9)
    np.testing.assert_allclose(season, pattern, atol=1e-9)
    level, trend, season = start(30.0 * (1 + np.resize(pattern, 48) / 10), FORMS["ANM"], 4)
    np.testing.assert_allclose([level, trend], [30.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(season, 1 + pattern / 10, rtol=1e-9)


def test_the_form_that_made_a_series_is_chosen():
    rng = np.random.default_rng(3)
    steps, noise = np.arange(120), rng.normal(0.0, 0.5, 120)
    wave = np.resize([1.3, 0.8, 0.6, 1.1, 1.4, 0.8], 120)
    assert choose(50.0 + noise, 120, SEASON, FORMS).form == "ANN"
    assert choose(50.0 + 8.0 * wave + noise, 120, SEASON, FORMS).form in ("ANA", "ANM")
    growing = (20.0 + 60.0 * (1.0 - 0.98**steps)) * wave + noise
    assert choose(growing, 120, SEASON, FORMS).form == "AAdM"
    assert choose(-growing, 120, SEASON, FORMS).form != "AAdM"


def test_a_series_too_short_for_its_season_goes_without():
    assert choose(seasonal(14, 40.0), 14, SEASON, ["ANA"]).form == "ANN"
    assert choose(seasonal(40, 0.0), 40, SEASON, ["AAdM"]).form == "AAdN"
    assert choose(seasonal(40, 40.0), 40, SEASON, ["AAdM"]).form == "AAdM"


def test_a_long_season_is_taken_out_by_fixed_indices():
    rng = np.random.default_rng(5)
    wave = 10.0 * np.sin(2 * np.pi * np.arange(30) / 30)
    values = 60.0 + np.resize(wave, 150) + rng.normal(0.0, 0.5, 150)
    fitted = fc.ETS(season_length=30).fit(frame_of(a=values))
    assert fitted.choices_.endswith("; season 30 taken out by fixed indices")
    indices, multiplicative = seasonal_adjustment(values, 30)
    adjusted = frame_of(a=values / np.resize(indices, 150))
    flat = fc.ETS("ANN", 1).fit(adjusted).predict(12)["ETS"]
    assert multiplicative
    np.testing.assert_allclose(fitted.predict(12)["ETS"], flat.to_numpy() * indices[:12], rtol=0.01)


def test_gaps_are_bridged_in_the_adjusted_series():
    values = seasonal(60, 40.0)
    gappy = np.where(np.random.default_rng(2).random(60) < 0.15, np.nan, values)
    gappy[[0, -1]] = values[[0, -1]]
    material = material_of(SEASON, a=gappy)
    known = ~np.isnan(gappy)
    np.testing.assert_allclose(material.values[0][known], gappy[known], rtol=1e-12)
    assert np.abs(material.values[0] - values)[~known].max() < 2.0
    assert material.counts[0] == known.sum()
    assert np.isfinite(fc.ETS(season_length=SEASON).fit(frame_of(a=gappy)).predict(5)["ETS"]).all()


def test_parameters_of_a_sample_are_shared(monkeypatch):
    series = {f"s{i:02d}": seasonal(50, 40.0 + i, seed=i) for i in range(9)}
    series["short"] = np.array([1.0, 2.0])
    series["negative"] = seasonal(50, 0.0, seed=11)
    monkeypatch.setattr(ets_fit, "_MOST_ESTIMATED", 4)
    fitted = fc.ETS("AAdM", SEASON).fit(frame_of(**series))
    assert (
        fitted.choices_
        == ("AAdM on 3, AAdN on 1; estimated on 4 series, the other 6 share medians")
        or fitted.choices_ == "AAdM on 4; estimated on 4 series, the other 6 share medians"
    )
    assert fitted.fell_back_ == ["short"]
    smoothing, ids = fitted.fitted_.model.smoothing, list(fitted.fitted_.ids)
    settled = Choices.from_settled(fitted.fitted_.estimate.settled).by_key.values()
    median = np.median([one.values for one in settled if one.form == "AAdM"], axis=0)
    shared = [row for name, row in zip(ids, smoothing, strict=True) if np.array_equal(row, median)]
    assert len(shared) >= 5
    starts = fitted.fitted_.model.start[:, 0]
    assert len(np.unique(starts[np.isfinite(starts)])) >= 10


def test_parameters_are_estimated_once_before_the_origins_of_intervals_and_once_on_all(monkeypatch):
    calls = []
    original = ets_fit.choose
    monkeypatch.setattr(ets_fit, "choose", lambda *a: calls.append(len(a[0])) or original(*a))
    frame = frame_of(a=seasonal(80, 40.0), b=seasonal(75, 30.0, seed=1))
    cv = fc.cross_validation([fc.ETS(season_length=SEASON)], frame, horizon=4, n_windows=5)
    whole, heads = calls[:2], calls[2:]
    assert sorted(whole) == [75 - 20, 80 - 20] and len(cv) == 40
    assert len(heads) == 2 and max(heads) < min(whole)


def test_a_wrong_form_is_refused():
    with pytest.raises(ValueError, match=r"`model` must be one of ANN, AAN, .*; got 'MAM'"):
        fc.ETS("MAM")


def test_odd_series_give_their_last_value():
    frame = frame_of(
        constant=np.full(30, 5.0), short=np.array([1.0, 2.0, 4.0]), one=np.array([7.0]),
        good=seasonal(40, 30.0),
    )  # fmt: skip
    fitted = fc.ETS(season_length=12).fit(frame)
    found = fitted.predict(2).set_index("unique_id")["ETS"]
    assert set(fitted.fell_back_) == {"short", "one"}
    assert found["constant"].tolist() == [5.0, 5.0] and found["one"].tolist() == [7.0, 7.0]
    assert found["short"].tolist() == [4.0, 4.0]


def test_a_later_history_begins_at_its_first_value_in_its_phase():
    frame = frame_of(a=seasonal(90, 60.0))
    fitted = fc.ETS("AAdA", SEASON).fit(frame)
    later = fitted.predict(6, df=frame.iloc[20:])["ETS"]
    np.testing.assert_allclose(later, fitted.predict(6)["ETS"], rtol=0.05)


def test_errors_that_make_intervals_are_made_by_parameters_that_have_not_seen_them(monkeypatch):
    """What an estimate may look at before the origins: the forms on all steps, nothing else."""
    frame = frame_of(**{f"s{i}": seasonal(90, 40.0 + i, seed=i) for i in range(3)})
    seen = []
    monkeypatch.setattr(fitting, "calibrate", lambda *a: seen.append(a) or calibrate(*a))
    fitted = fc.ETS(season_length=SEASON).fit(frame, horizon=6)
    ((model, panel, origins, *_),) = seen
    first = int(origins.ends[:, 0].min())
    head = panel.head(np.full(3, first))
    material = Material.of(head, SEASON)
    forms = Choices.from_settled(fitted.fitted_.estimate.settled).by_key
    wanted = [
        material.choose(i, forms[key].form).values for i, key in enumerate(text_keys(panel.ids))
    ]
    np.testing.assert_allclose(model.smoothing, wanted, rtol=1e-12)
    assert not np.allclose(model.smoothing, fitted.fitted_.model.smoothing)


def test_intervals_of_a_random_walk_cover_what_they_say():
    rng = np.random.default_rng(8)
    values = 100.0 + np.cumsum(rng.normal(size=(60, 70)), axis=1)
    frame = frame_of(**{f"s{i:02d}": row[:60] for i, row in enumerate(values)})
    found = fc.ETS("AAN", 1).fit(frame, horizon=10).predict(10, level=80)
    actual = values[:, 60:].ravel()
    inside = (found["ETS-lo-80"] <= actual) & (actual <= found["ETS-hi-80"])
    assert 0.75 < inside.mean() < 0.9


def test_a_head_too_short_for_a_form_gets_a_simpler_one():
    values = seasonal(40, 40.0)
    chosen = Choices({text_keys(["a"])[0]: smoothing_of("AAdM")})
    for steps, form in ((40, "AAdM"), (14, "AAdN"), (6, "ANN")):
        found = chosen.estimated_on(material_of(SEASON, a=values[:steps]))
        assert [one.form for one in found.by_key.values()] == [form]
    assert not chosen.estimated_on(material_of(SEASON, a=values[:3])).by_key


@pytest.mark.parametrize(("name", "flagged"), [(None, True), ("ANA", True), ("AAN", False)])
def test_series_too_short_for_a_season_are_named_where_one_is_looked_for(name, flagged):
    frame = frame_of(long=seasonal(40, 30.0), brief=seasonal(14, 30.0))
    assert fc.ETS(name, SEASON).fit(frame).fell_back_ == ["brief"] * flagged
