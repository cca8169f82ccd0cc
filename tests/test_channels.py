"""Channels from end to end: every forecaster on several targets, the joint one on systems."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import pytest
from contracts import assert_states_close, forecaster_classes, small
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.api import VAR as StatsmodelsVAR

import forecast as fc
from forecast import engine
from forecast.draws import Bounds, Draws, FeedBack, series_key
from forecast.pipelines import ChannelId

TARGETS = ["temperature", "load"]
MATRIX = np.array([[0.6, 0.3], [-0.2, 0.5]])
ROOT = np.array([[1.0, 0.0], [0.8, 0.6]])
JOINT = (fc.LinearDynamicalSystem, fc.VAR)
TRAINED_SLOWLY = (fc.GRUForecaster, fc.LSTMForecaster, fc.RNNForecaster, fc.Seq2SeqForecaster,
                  fc.TemporalConvolutionForecaster, fc.TransformerForecaster)  # fmt: skip
UNIVARIATE = [cls for cls in forecaster_classes() if cls not in (*JOINT, *TRAINED_SLOWLY)]


def process(num_steps: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.zeros((num_steps + 30, 2))
    for t in range(1, len(values)):
        values[t] = MATRIX @ values[t - 1] + ROOT @ rng.normal(size=2)
    return values[30:] * [1.0, 40.0] + [20.0, -300.0]


def channel_frame(gaps: bool = True) -> pd.DataFrame:
    """Two series of two channels and different lengths; steps missing in one, and in both."""
    parts = []
    for seed, (name, length) in enumerate({"a": 120, "b": 90}.items()):
        values = process(length, seed)
        times = pd.date_range("2024-01-01", periods=length)
        parts.append(pd.DataFrame(
            {"unique_id": name, "ds": times, "temperature": values[:, 0], "load": values[:, 1]}
        ))  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    if gaps:
        frame.loc[[5, 60, 150], "load"] = np.nan
        frame.loc[[61, 119], "temperature"] = np.nan
        frame = frame.drop(index=[80, 81])
    return frame.reset_index(drop=True)


def melted(frame: pd.DataFrame) -> pd.DataFrame:
    """A series for each channel, the channels of a series one after the other."""
    parts = [
        part[["ds"]].assign(unique_id=f"{name}/{target}", y=part[target])
        for name, part in frame.groupby("unique_id") for target in TARGETS
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def fitted():
    return fc.VAR(lags=2).fit(channel_frame(), horizon=5, target_col=TARGETS)


@pytest.fixture(scope="module")
def joint_frame():
    """One system whose channels are the series of a long frame, one beginning late."""
    frame = melted(channel_frame().query("unique_id == 'a'"))
    late = (frame["unique_id"] == "a/load") & (frame["ds"] < "2024-01-09")
    last = frame["ds"] == frame["ds"].max()
    return frame[~late].assign(y=frame["y"].where(~last, 20.0))


# Every forecaster ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", UNIVARIATE, ids=lambda cls: cls.__name__)
def test_a_forecaster_of_single_series_sees_a_series_for_each_channel(cls):
    """The same numbers, sample paths too, as on a frame of these series."""
    frame = channel_frame()
    whole = frame.dropna()  # on the frame of series, missing ends would be trimmed
    one = small(cls).fit(whole, horizon=4, target_col=TARGETS)
    other = small(cls).fit(melted(whole), horizon=4)
    found, expected = one.predict(4, [80]), other.predict(4, [80])
    assert list(found.columns[:3]) == ["unique_id", "channel", "ds"]
    assert (found["unique_id"] + "/" + found["channel"]).tolist() == expected["unique_id"].tolist()
    np.testing.assert_array_equal(found.iloc[:, 3:], expected.iloc[:, 2:])
    paths = one.sample(3, 4, seed=1)
    assert list(paths.columns) == ["unique_id", "channel", "ds", "path", "y"]
    np.testing.assert_array_equal(paths["y"], other.sample(3, 4, seed=1)["y"])
    changed = one.predict(2, df=frame.query("unique_id == 'a'"))
    assert changed["ds"].min() == frame["ds"].max() + pd.Timedelta("1D")
    new = frame.query("unique_id == 'b'").tail(2).assign(
        ds=pd.date_range("2024-03-31", periods=2), load=[np.nan, 5.0]
    )  # fmt: skip
    moved = one.update(new).fitted_until_
    assert moved[ChannelId("b", "load")] == moved[ChannelId("b", "temperature")]
    assert np.isfinite(one.predict(3)[one.name]).all()


def test_backtests_of_channels_have_a_column_for_them():
    frame = channel_frame().dropna()
    models = [fc.VAR(lags=1), fc.Naive()]
    found = fc.cross_validation(models, frame, 4, n_windows=3, level=[80], target_col=TARGETS)
    assert list(found.columns[:5]) == ["unique_id", "channel", "ds", "cutoff", "y"]
    assert len(found) == 2 * 2 * 3 * 4
    first = found[(found["unique_id"] == "b") & (found["cutoff"] == found["cutoff"].min())]
    cutoff = first["cutoff"].iloc[0]
    known = frame[(frame["unique_id"] == "b") & (frame["ds"] <= cutoff)]
    alone = fc.VAR(lags=1).fit(known, target_col=TARGETS).predict(4)
    np.testing.assert_allclose(first["VAR"], alone["VAR"], rtol=1e-10)
    actual = frame[(frame["unique_id"] == "b") & frame["ds"].isin(first["ds"])]
    np.testing.assert_array_equal(first["y"], actual[TARGETS].to_numpy().T.ravel())


def test_channels_are_compared():
    result = fc.compare(
        [fc.VAR(lags=1)], channel_frame(), 4, n_windows=8, target_col=TARGETS, season_length=1
    )
    assert set(result.by_series["unique_id"].astype(str)) == {
        "a/temperature", "a/load", "b/temperature", "b/load"
    }  # fmt: skip
    scores = result.table.set_index("model")
    assert scores.loc["VAR", "MASE"] < scores.loc["Naive", "MASE"]


def test_future_covariates_are_those_of_the_series():
    frame = channel_frame(gaps=False)
    price = np.random.default_rng(0).normal(size=len(frame))
    frame = frame.assign(price=price, temperature=3.0 * price, load=-price)
    model = fc.AR(lags=1, season_length=1).fit(
        frame, target_col=TARGETS, future_covariates=["price"]
    )
    ends = frame.groupby("unique_id")["ds"].max()
    future = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": [end + pd.Timedelta("1D")], "price": [value]})
        for (name, end), value in zip(ends.items(), [0.5, -1.0], strict=True)
    )
    found = model.predict(1, future_df=future)["AR"]
    np.testing.assert_allclose(found, [1.5, -0.5, -3.0, 1.0], atol=0.05)


# The vector autoregression ------------------------------------------------------------------------


def test_forecasts_and_intervals_of_every_series_equal_statsmodels():
    frame = channel_frame(gaps=False)
    model = fc.VAR(lags=2, intervals="analytic").fit(frame, target_col=TARGETS)
    found = model.predict(6, level=[95]).set_index(["unique_id", "channel"])
    for name, part in frame.groupby("unique_id"):
        values = part[TARGETS].to_numpy()
        limits = StatsmodelsVAR(values).fit(2).forecast_interval(values, 6, alpha=0.05)
        for column, expected in zip(["VAR", "VAR-lo-95", "VAR-hi-95"], limits, strict=True):
            for channel, target in enumerate(TARGETS):
                actual = found.loc[(name, target), column]
                np.testing.assert_allclose(actual, expected[:, channel], rtol=1e-8)


def test_the_order_is_that_of_statsmodels_and_is_named():
    frame = channel_frame(gaps=False).query("unique_id == 'a'")
    chosen = fc.VAR(lags=fc.LagSelection("bic", 5)).fit(frame, target_col=TARGETS)
    expected = StatsmodelsVAR(frame[TARGETS].to_numpy()).select_order(5).selected_orders["bic"]
    assert expected == 1 and chosen.choices_ == "1 lag by bic"
    assert fc.VAR(lags=3).fit(frame, target_col=TARGETS).choices_ == "lags 1-3"


def test_one_target_is_an_autoregression_of_each_series():
    frame = melted(channel_frame(gaps=False))
    found = fc.VAR(lags=2).fit(frame).predict(5)["VAR"].to_numpy().reshape(4, 5)
    for row, (_, part) in zip(found, frame.groupby("unique_id", sort=False), strict=True):
        values = part["y"].to_numpy()
        design = np.column_stack([np.ones(len(values) - 2), values[1:-1], values[:-2]])
        weights = np.linalg.lstsq(design, values[2:], rcond=None)[0]
        past = list(values)
        for step in range(5):
            past.append(weights @ [1.0, past[-1], past[-2]])
            assert row[step] == pytest.approx(past[-1], rel=1e-8)


def test_paths_of_the_channels_move_together():
    frame = channel_frame(gaps=False)
    model = fc.VAR(lags=1).fit(frame, target_col=TARGETS)
    paths = model.sample(1, 2000, seed=3)["y"].to_numpy().reshape(2, 2, 2000)
    wanted = 0.8  # of ROOT ROOT': 0.8 / sqrt(1 * 1)
    for series in paths:
        assert np.corrcoef(series)[0, 1] == pytest.approx(wanted, abs=0.15)
    between = np.corrcoef(paths[0, 0], paths[1, 0])[0, 1]
    assert abs(between) < 0.1


def test_the_spread_of_paths_is_the_analytic_one():
    frame = channel_frame(gaps=False).query("unique_id == 'a'")
    model = fc.VAR(lags=1, trend="c").fit(frame, target_col=TARGETS)
    inner, state = model.fitted_.model, model.store_.state
    rng = np.random.default_rng(0)
    pool = rng.multivariate_normal([0.0, 0.0], inner.covariances[0], size=20_000)
    draws = Draws(0, series_key(model.store_.ids), state.clock, pool, np.ones(2), 2)
    feedback = FeedBack(Bounds(np.full(2, -np.inf), np.full(2, np.inf)), 20_000, draws)
    paths = engine.roll(inner, state, 6, feedback)
    deviations = inner.deviations(state.select("model."), 6)
    np.testing.assert_allclose(paths.std(axis=1), deviations, rtol=0.03)
    points = engine.roll(inner, state, 6, FeedBack(feedback.bounds))
    np.testing.assert_allclose(paths.mean(axis=1), points[:, 0], atol=0.05 * deviations.max())


def test_paths_do_not_depend_on_the_batch(fitted):
    alone = copy(fitted).condition(channel_frame().query("unique_id == 'b'")).sample(4, 5, seed=2)
    together = fitted.sample(4, 5, seed=2).query("unique_id == 'b'")
    np.testing.assert_allclose(alone["y"], together["y"], rtol=1e-10)


@settings(max_examples=12)
@given(first=st.integers(1, 100), more=st.integers(0, 30))
def test_update_equals_condition_on_old_and_new(fitted, first, more):
    frame = channel_frame()
    begin = pd.Timestamp("2024-01-01")
    cuts = begin + pd.Timedelta("1D") * first, begin + pd.Timedelta("1D") * (first + more)
    moved = copy(fitted).condition(frame[frame["ds"] < cuts[0]])
    for rows in ((frame["ds"] >= cuts[0]) & (frame["ds"] < cuts[1]), frame["ds"] >= cuts[1]):
        if frame[rows][TARGETS].notna().any(axis=None):
            moved.update(frame[rows])
    assert list(moved.store_.ids) == list(fitted.store_.ids)
    assert list(moved.store_.ends) == list(fitted.store_.ends)
    scale = np.tile([1.0, 40.0], 2)
    assert_states_close(moved.store_.state, fitted.store_.state, scale, 1e-10)


def test_a_channel_without_a_value_is_a_step_without_one(fitted):
    rows = pd.DataFrame({
        "unique_id": "a", "ds": pd.date_range("2024-04-30", periods=2),
        "temperature": [np.nan, 21.0], "load": [-310.0, np.nan],
    })  # fmt: skip
    moved = copy(fitted).update(rows)
    before, after = fitted.store_.state, moved.store_.state
    np.testing.assert_array_equal(after.clock - before.clock, [2, 2, 0, 0])
    np.testing.assert_array_equal(after.count - before.count, [1, 1, 0, 0])
    one_step = engine.forecast(fitted.fitted_.model, before, 1)[:2, 0, 0]
    covariance = fitted.fitted_.model.covariances[0]
    told = covariance[0, 1] / covariance[1, 1] * (-310.0 - one_step[1])
    assert after.arrays["model.window"][0].tolist() == [pytest.approx(one_step[0] + told), 21.0]


def test_the_same_bits_after_save_and_load(fitted, tmp_path):
    path = tmp_path / "model.kfc"
    fitted.save(path)
    loaded = fc.load(path)
    assert repr(loaded) == repr(fitted) and loaded.layout_ == fitted.layout_
    assert list(loaded.store_.ids) == list(fitted.store_.ids)
    for call in (lambda f: f.predict(5, [80]), lambda f: f.sample(3, 4, seed=1)):
        pd.testing.assert_frame_equal(call(loaded), call(fitted), check_exact=True)


# All series as channels of one system -------------------------------------------------------------


def test_series_as_channels_give_the_forecasts_of_target_columns(joint_frame, tmp_path):
    columns = joint_frame.pivot(index="ds", columns="unique_id", values="y").reset_index()
    columns = columns.assign(unique_id="a")
    names = ["a/temperature", "a/load"]
    expected = fc.VAR(lags=2).fit(columns, target_col=names)
    found = fc.VAR(lags=2, channels="unique_id").fit(joint_frame)
    np.testing.assert_allclose(
        found.predict(4, [80]).iloc[:, 2:], expected.predict(4, [80]).iloc[:, 3:], rtol=1e-10
    )
    assert list(found.predict(4).columns) == ["unique_id", "ds", "VAR"]
    assert list(found.predict(4)["unique_id"].unique()) == names
    assert any("first 8 steps left out" in note for note in found.notes_)
    wide = columns.set_index("ds")[names].asfreq("D")
    square = fc.VAR(lags=2, channels="unique_id").fit(wide).predict(4)
    assert list(square.columns) == names
    np.testing.assert_allclose(square.to_numpy().T.ravel(), found.predict(4)["VAR"], rtol=1e-10)
    found.save(tmp_path / "model.kfc")
    again = fc.load(tmp_path / "model.kfc")
    pd.testing.assert_frame_equal(again.predict(4), found.predict(4), check_exact=True)


def test_a_series_that_ends_early_is_forecast_from_the_common_end(joint_frame):
    cut = (joint_frame["unique_id"] == "a/load") & (joint_frame["ds"] > "2024-04-20")
    model = fc.VAR(lags=1, channels="unique_id").fit(joint_frame[~cut])
    times = model.predict(1)["ds"]
    assert set(times) == {joint_frame["ds"].max() + pd.Timedelta("1D")}
    assert any("1 of them end before" in note for note in model.notes_)


def test_series_as_channels_are_updated_together(joint_frame):
    model = fc.VAR(lags=2, channels="unique_id").fit(joint_frame)
    frame = joint_frame.sample(frac=1, random_state=0)
    old, new = frame[frame["ds"] < "2024-04-10"], frame[frame["ds"] >= "2024-04-10"]
    moved = copy(model).condition(old).update(new)
    assert list(moved.store_.ids) == list(model.store_.ids)
    assert_states_close(moved.store_.state, model.store_.state, np.array([1.0, 40.0]), 1e-10)
    one = new[new["unique_id"] == "a/load"]
    half = copy(model).condition(old).update(one)
    assert half.store_.state.clock[0] == half.store_.state.clock[1]
    assert half.store_.state.count[0] < moved.store_.state.count[0]


def test_series_as_channels_in_a_backtest(joint_frame):
    frame = joint_frame.dropna()
    model = fc.VAR(lags=2, channels="unique_id")
    found = fc.cross_validation([model, fc.Naive()], frame, 5, n_windows=3, level=[80])
    assert list(found.columns[:4]) == ["unique_id", "ds", "cutoff", "y"] and len(found) == 30
    for cutoff, part in found.groupby("cutoff"):
        alone = model.clone().fit(frame[frame["ds"] <= cutoff]).predict(5)
        np.testing.assert_allclose(part["VAR"], alone["VAR"], rtol=1e-10)
    changed = frame.assign(y=frame["y"].where(frame["ds"] <= found["cutoff"].min(), 7.0))
    other = fc.cross_validation(model, changed, 5, n_windows=3, level=[80])
    rows = (found["cutoff"] == found["cutoff"].min()).to_numpy()
    names = ["VAR", "VAR-lo-80", "VAR-hi-80"]
    np.testing.assert_array_equal(other.loc[rows, names], found.loc[rows, names])


def test_a_fitted_system_is_used_at_later_origins(joint_frame):
    frame = joint_frame.dropna()
    model = fc.VAR(lags=2, channels="unique_id").fit(frame[frame["ds"] < "2024-04-01"])
    order = frame.sort_values("unique_id", kind="stable")
    found = fc.cross_validation(model, order, 5, n_windows=2, use_fitted=True)
    last = found[found["cutoff"] == found["cutoff"].max()].set_index("unique_id")["VAR"]
    known = frame[frame["ds"] <= found["cutoff"].max()]
    alone = model.predict(5, df=known).set_index("unique_id")["VAR"]
    for name in alone.index.unique():
        np.testing.assert_allclose(last[name], alone[name], rtol=1e-10)


def test_systems_that_cannot_be_backtested_say_why(joint_frame):
    frame, model = joint_frame.dropna(), fc.VAR(lags=1, channels="unique_id")
    cut = (frame["unique_id"] == "a/load") & (frame["ds"] > "2024-04-20")
    with pytest.raises(ValueError, match=r"series 'a/load' ends at 2024-04-20.*one time for all"):
        fc.cross_validation(model, frame[~cut], 5, n_windows=2)
    late = (frame["unique_id"] == "a/load") & (frame["ds"] < "2024-04-18")
    with pytest.raises(ValueError, match=r"all 2 channels have values together from 2024-04-18"):
        fc.cross_validation(model, frame[~late], 5, n_windows=4)


def test_what_is_no_system_is_refused(joint_frame, fitted):
    system = fc.VAR(lags=1, channels="unique_id")
    model = copy(system).fit(joint_frame)
    one = joint_frame[joint_frame["unique_id"] == "a/load"]
    new = joint_frame.assign(unique_id=joint_frame["unique_id"] + "2")
    forecasts = model.predict(3)
    with pytest.raises(ValueError, match=r"the history lacks \['a/temperature'\]"):
        model.condition(one)
    for call in (model.update, model.condition):
        with pytest.raises(ValueError, match=r"not fitted on \['a/temperature2', 'a/load2'\]"):
            call(new)
    pd.testing.assert_frame_equal(model.predict(3), forecasts, check_exact=True)
    with pytest.raises(ValueError, match=r"one model a series .* not fitted on \[.*'z'"):
        copy(fitted).update(channel_frame().query("unique_id == 'a'").assign(unique_id="z"))
    with pytest.raises(ValueError, match=r"the id column 'unique_id'; got 'load'"):
        fc.VAR(channels="load").fit(joint_frame)
    with pytest.raises(ValueError, match=r"channels='unique_id' and several target columns"):
        fc.VAR(channels="unique_id").fit(channel_frame(), target_col=TARGETS)
    apart = joint_frame.assign(y=joint_frame["y"].where(
        (joint_frame["unique_id"] == "a/load") == (joint_frame["ds"] > "2024-02-01")
    ))  # fmt: skip
    with pytest.raises(ValueError, match=r"no time at which all 2 series have a value"):
        copy(system).fit(apart)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lags": 0}, r"`lags` must be a whole number of at least 1; got 0"),
        ({"lags": [1, 2]}, r"`lags` must be a whole number of at least 1; got \[1, 2\]"),
        ({"trend": "ctt"}, r"`trend` must be 'n', 'c' or 'ct'; got 'ctt'"),
        (
            {"intervals": "normal"},
            r"`intervals` must be 'conformal', 'adaptive', 'analytic' or 'paths'",
        ),
        ({"ridge": -1.0}, r"`ridge` must be a number from 0"),
        ({"season_length": 0}, r"`season_length` must be a whole number of at least 1"),
    ],
)
def test_arguments_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        fc.VAR(**arguments)


def test_a_damped_fit_is_declared():
    values = np.zeros((80, 2))
    rng = np.random.default_rng(1)
    for t in range(1, 80):
        values[t] = [[1.15, 0.0], [0.3, 0.4]] @ values[t - 1] + rng.normal(size=2)
    frame = pd.DataFrame({"unique_id": "a", "ds": range(80), "u": values[:, 0], "v": values[:, 1]})
    model = fc.VAR(lags=1).fit(frame, target_col=["u", "v"])
    assert "1 of 1 fits damped (spectral radius 1.1" in model.choices_
    assert np.abs(model.predict(200)["VAR"]).max() <= 3.0 * np.abs(values).max()


def test_many_channels_are_fitted_with_a_chosen_ridge():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(60, 25)).cumsum(axis=0)
    wide = pd.DataFrame(values, index=pd.date_range("2024", periods=60)).add_prefix("s")
    model = fc.VAR(lags=2, channels="unique_id").fit(wide)
    assert "ridge" in model.choices_
    assert np.isfinite(model.predict(10).to_numpy()).all()
