"""Gap, sliding windows and moments of the calendar in a backtest, against fits by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contracts import forecaster_classes, small

import forecast as fc

HORIZON, WINDOWS = 4, 3
YEARS = pd.DateOffset(years=10)


def ragged_frame() -> pd.DataFrame:
    """Monthly series of four lengths, two of which end early, one with missing values."""
    generator = np.random.default_rng(11)
    parts = []
    for index, (first, last) in enumerate([(0, 96), (17, 96), (5, 90), (30, 86)]):
        steps = np.arange(first, last)
        cycle = (3 + index) * np.sin(2 * np.pi * (steps + index) / 12)
        values = 40 + 0.1 * steps + cycle + np.cumsum(generator.standard_normal(len(steps)))
        times = pd.date_range("2010", periods=96, freq="MS")[steps]
        parts.append(pd.DataFrame({"unique_id": f"s{index}", "ds": times, "y": values}))
    frame = pd.concat(parts, ignore_index=True)
    return frame[~frame["ds"].isin(frame["ds"].iloc[[40, 41, 70]]) | (frame["unique_id"] != "s1")]


FRAME = ragged_frame()


def level_frame() -> pd.DataFrame:
    """The two series that reach the end."""
    return FRAME[FRAME["unique_id"].isin(["s0", "s1"])]


def known_at(cv: pd.DataFrame, window: int, most: int | None = None) -> pd.DataFrame:
    """What is known at an origin counted from each series' start: its own rows, cut by hand."""
    parts = []
    for name, rows in cv.groupby("unique_id"):
        cutoff = sorted(rows["cutoff"].unique())[window]
        months = FRAME[(FRAME["unique_id"] == name) & (FRAME["ds"] <= cutoff)]
        if most is not None:
            months = months[months["ds"] > cutoff - pd.DateOffset(months=most)]
        parts.append(months)
    return pd.concat(parts)


def at_origin(cv: pd.DataFrame, window: int) -> pd.DataFrame:
    rank = cv.groupby("unique_id")["cutoff"].rank(method="dense").astype(int) - 1
    return cv[rank == window].sort_values(["unique_id", "ds"], ignore_index=True)


def assert_equal_forecasts(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    wanted = wanted.sort_values(["unique_id", "ds"], ignore_index=True)
    assert list(found["ds"]) == list(wanted["ds"])
    for name in wanted.columns.drop(["unique_id", "ds"]):
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    "forecaster", [fc.AR(lags=3), fc.PooledAR(lags=4), fc.Theta(), fc.ETS()], ids=lambda f: f.name
)
@pytest.mark.parametrize("gap", [0, 3])
def test_a_gap_is_forecast_and_not_scored(forecaster, gap):
    """Limits too: those of step gap + h come from errors at that step."""
    cv = fc.cross_validation(forecaster, FRAME, HORIZON, n_windows=WINDOWS, gap=gap, level=[80])
    fitted = forecaster.clone().fit(known_at(cv, 0), horizon=gap + HORIZON)
    ahead = fitted.predict(gap + HORIZON, [80])
    assert_equal_forecasts(at_origin(cv, 0), ahead.groupby("unique_id").tail(HORIZON))
    actual = FRAME.set_index(["unique_id", "ds"])["y"].reindex(pd.MultiIndex.from_frame(
        cv[["unique_id", "ds"]]))  # fmt: skip
    np.testing.assert_array_equal(cv["y"], actual)
    months = cv.groupby(["unique_id", "cutoff"])["ds"].min().reset_index()
    first = [cutoff + pd.DateOffset(months=gap + 1) for cutoff in months["cutoff"]]
    assert list(months["ds"]) == first
    assert cv.groupby("unique_id")["ds"].max().equals(FRAME.groupby("unique_id")["ds"].max())


@pytest.mark.parametrize("gap", [0, 2])
def test_a_sliding_window_equals_a_fit_on_the_tail(gap):
    forecaster = fc.AR(lags=3)
    cv = fc.cross_validation(
        forecaster, FRAME, HORIZON, n_windows=WINDOWS, gap=gap, max_train_size=30
    )
    for window in range(WINDOWS):
        tail = known_at(cv, window, 30)
        ahead = forecaster.clone().fit(tail, horizon=gap + HORIZON).predict(gap + HORIZON)
        assert_equal_forecasts(at_origin(cv, window), ahead.groupby("unique_id").tail(HORIZON))
    expanding = fc.cross_validation(forecaster, FRAME, HORIZON, n_windows=WINDOWS, gap=gap)
    assert not np.allclose(expanding["AR"], cv["AR"])


def small_lstm() -> fc.LSTMForecaster:
    training = fc.Training(num_steps=4, batch_size=4)
    return fc.LSTMForecaster(
        units=3, num_layers=1, design=fc.NetworkDesign(linear="highway"), training=training, seed=1
    )


CLOCKED = fc.AR(lags=2, terms=fc.Terms(trend="ct"), alias="trend")
CLOSED_FORMS = [small(cls) for cls in forecaster_classes() if cls.role != "network"]


@pytest.mark.parametrize("forecaster", [*CLOSED_FORMS, CLOCKED, small_lstm()], ids=lambda f: f.name)
def test_the_state_of_a_sliding_window_knows_its_tail_only(forecaster):
    """Fitted once: later origins are those of the same fit, conditioned on the tail by hand."""
    settings = {"n_windows": WINDOWS, "gap": 1, "refit": False, "level": [90]}
    cv = fc.cross_validation(forecaster, FRAME, HORIZON, max_train_size=36, **settings)
    fitted = forecaster.clone().fit(known_at(cv, 0, 36), horizon=1 + HORIZON)
    for window in range(WINDOWS):
        ahead = fitted.predict(1 + HORIZON, [90], df=known_at(cv, window, 36))
        assert_equal_forecasts(at_origin(cv, window), ahead.groupby("unique_id").tail(HORIZON))


@pytest.mark.parametrize("refit", [True, False, 2])
def test_a_window_longer_than_any_history_is_no_window(refit):
    settings = {"n_windows": 4, "gap": 1, "refit": refit, "level": [80]}
    sliding, expanding = (
        fc.cross_validation([fc.AR(lags=2), fc.Theta()], FRAME, 4, max_train_size=most, **settings)
        for most in (1000, None)
    )
    pd.testing.assert_frame_equal(sliding, expanding, rtol=1e-9)


def test_covariates_of_the_gap_are_used():
    generator = np.random.default_rng(2)
    frame = level_frame().assign(x=lambda rows: generator.standard_normal(len(rows)))
    frame["y"] = 10 + 5 * frame["x"]
    settings = {"n_windows": 2, "gap": 2, "future_covariates": ["x"]}
    pooled = fc.PooledAR(lags=2, season_length=1)
    cv = fc.cross_validation(pooled, frame, 3, **settings)
    cutoffs = sorted(cv["cutoff"].unique())
    fitted = pooled.clone().fit(frame[frame["ds"] <= cutoffs[0]], 5, future_covariates=["x"])
    ahead = fitted.predict(5, future_df=frame[frame["ds"] > cutoffs[0]])
    assert_equal_forecasts(at_origin(cv, 0), ahead.groupby("unique_id").tail(3))


# Moments of the calendar --------------------------------------------------------------------------


def test_no_fit_knows_a_step_after_the_moment():
    """Of any series: neither in training nor where a network looks to know when to stop."""
    seen = []

    class Watching(fc.Naive):
        closed_form = False

        def _estimate(self, task):
            ahead = task.ahead[0] if task.ahead else task.panel
            seen.append(max(task.panel.ends.max(), ahead.ends.max()))
            return super()._estimate(task)

    settings = {"n_windows": 5, "gap": 2, "refit": True}
    cv = fc.cross_validation(Watching(), FRAME, HORIZON, align="calendar", **settings)
    moments = sorted(cv["cutoff"].unique())
    assert len(moments) == 5 and max(seen) <= moments[-1]
    assert seen == [moment for moment in moments for _ in range(2)]
    seen.clear()
    cv = fc.cross_validation(Watching(), FRAME, HORIZON, align="series", **settings)
    assert seen[0] > cv["cutoff"].min()


def test_later_dates_of_other_series_move_no_forecast():
    settings = {"n_windows": 4, "align": "calendar", "level": [80]}
    pooled = fc.PooledAR(lags=3)
    cv = fc.cross_validation(pooled, FRAME, HORIZON, **settings)
    moment = sorted(cv["cutoff"].unique())[1]
    changed = FRAME.assign(y=FRAME["y"].where(FRAME["ds"] <= moment, -FRAME["y"] * 7))
    again = fc.cross_validation(pooled, changed, HORIZON, **settings)
    before = cv["cutoff"] <= moment
    pd.testing.assert_frame_equal(
        cv[before].drop(columns="y"), again[before].drop(columns="y"), check_exact=True
    )


def test_who_takes_part_at_a_moment():
    cv = fc.cross_validation(fc.Naive(), FRAME, HORIZON, n_windows=3, align="calendar")
    months = pd.date_range("2010", periods=96, freq="MS")
    found = {moment: list(rows["unique_id"].unique()) for moment, rows in cv.groupby("cutoff")}
    # s2 ends after step 89, s3 after step 85, which is one step after the first moment.
    assert found == {
        months[83]: ["s0", "s1", "s2", "s3"],
        months[87]: ["s0", "s1", "s2"],
        months[91]: ["s0", "s1"],
    }
    late = cv[(cv["unique_id"] == "s3") & (cv["cutoff"] == months[83])]
    assert list(late["y"].notna()) == [True, True, False, False]


def test_series_that_end_together_have_the_same_origins_either_way():
    both = [
        fc.cross_validation(fc.AR(lags=2), level_frame(), HORIZON, n_windows=3, align=align)
        for align in ("series", "calendar")
    ]
    pd.testing.assert_frame_equal(*both)


# Joint systems ------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [level_frame(), FRAME[FRAME["unique_id"] != "s3"]])
def test_a_system_slides_over_its_tail(frame):
    """At each origin the tail that the user would cut, from where all channels have a value."""
    var = fc.VAR(channels="unique_id", lags=1)
    settings = {"n_windows": 2, "gap": 1, "align": "calendar"}
    cv = fc.cross_validation(var, frame, HORIZON, max_train_size=40, **settings)
    for moment, rows in cv.groupby("cutoff"):
        tail = frame[(frame["ds"] <= moment) & (frame["ds"] > moment - pd.DateOffset(months=40))]
        ahead = var.clone().fit(tail, horizon=5).predict(5).groupby("unique_id").tail(HORIZON)
        ahead = ahead[ahead["unique_id"].isin(rows["unique_id"])]
        found = rows.sort_values(["unique_id", "ds"], ignore_index=True)
        assert_equal_forecasts(found, ahead)


def test_channels_of_one_series_slide_together():
    frame = level_frame()
    wide = frame.pivot(index="ds", columns="unique_id", values="y").dropna().reset_index()
    var = fc.VAR(lags=1)
    wide = wide.assign(unique_id="a").rename_axis(columns=None)
    columns = {"target_col": ["s0", "s1"]}
    cv = fc.cross_validation(var, wide, HORIZON, n_windows=2, max_train_size=25, **columns)
    for cutoff, rows in cv.groupby("cutoff"):
        tail = wide[(wide["ds"] <= cutoff) & (wide["ds"] > cutoff - pd.DateOffset(months=25))]
        ahead = var.clone().fit(tail, horizon=HORIZON, **columns).predict(HORIZON)
        for name in ("s0", "s1"):
            found, wanted = (part[part["channel"] == name]["VAR"] for part in (rows, ahead))
            np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_a_system_needs_one_moment():
    frame = FRAME[FRAME["unique_id"] != "s3"]
    with pytest.raises(ValueError, match=r"series 's2' ends at 2017-06-01.*Use align='calendar'"):
        fc.cross_validation(fc.VAR(channels="unique_id", lags=1), frame, HORIZON, n_windows=2)


def test_a_system_that_has_not_begun_in_the_window():
    frame = level_frame()
    gone = frame[(frame["unique_id"] == "s0") | (frame["ds"] < "2012") | (frame["ds"] > "2017-10")]
    with pytest.raises(ValueError, match=r"of these, \d+ are known at the origin 4 steps before"):
        fc.cross_validation(
            fc.VAR(channels="unique_id", lags=1), gone, HORIZON, n_windows=1, max_train_size=5
        )


# Comparisons --------------------------------------------------------------------------------------


def test_a_comparison_says_how_it_was_split():
    settings = {"n_windows": 8, "gap": 2, "max_train_size": 48, "align": "calendar"}
    result = fc.compare([], FRAME, HORIZON, **settings)
    assert list(result.by_step.index) == [3, 4, 5, 6]
    assert result.run.settings["steps of the gap before those scored"] == 2
    assert result.run.settings["most steps known at an origin"] == 48
    assert result.run.settings["origins of all series"] == "at one moment"
    assert not any("different times" in note for note in result.material.notes)
    cv = fc.cross_validation(fc.SeasonalNaive(), FRAME, HORIZON, **settings)
    np.testing.assert_allclose(result.backtest.frame["SeasonalNaive"], cv["SeasonalNaive"])
    assert result.backtest.num_origins == 8


def test_who_is_not_scored_is_noted():
    late = pd.DataFrame({"unique_id": "late", "ds": pd.date_range("2018", periods=3, freq="MS")})
    frame = pd.concat([FRAME, late.assign(y=[1.0, 2.0, 4.0])])
    notes = fc.compare([], frame, HORIZON, n_windows=2).material.notes
    assert any(note.endswith("1 series without an origin, not scored: late.") for note in notes)
    old = FRAME[FRAME["unique_id"] == "s0"].assign(unique_id="old", ds=lambda r: r["ds"] - YEARS)
    frame = pd.concat([FRAME, old])
    settings = {"step_size": 12, "n_windows": 10, "align": "calendar"}
    notes = fc.compare([], frame, HORIZON, **settings).material.notes
    assert any(note.startswith("2 origins left out, at which no series can be") for note in notes)


@pytest.mark.parametrize(("wrong", "words"), [
    ({"gap": -1}, "gap must be a whole number of at least 0; got -1"),
    ({"max_train_size": 1}, "max_train_size must be a whole number of at least 2; got 1"),
    ({"align": "start"}, "align must be 'series' or 'calendar'; got 'start'"),
])  # fmt: skip
@pytest.mark.parametrize("run", [fc.cross_validation, fc.compare, None])
def test_wrong_settings_are_refused(run, wrong, words):
    with pytest.raises(ValueError, match=words):
        if run is None:
            fc.plot_origins(FRAME, HORIZON, **wrong)
        else:
            run([fc.Naive(alias="mine")], FRAME, HORIZON, **wrong)
