"""What a backtest refuses before it begins, each with a message that says what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc

DAYS = pd.date_range("2024-01-01", periods=100)


def walk(name: str, steps: int, seed: int = 0) -> pd.DataFrame:
    values = np.cumsum(np.random.default_rng(seed).standard_normal(steps))
    return pd.DataFrame({"unique_id": name, "ds": DAYS[:steps], "y": values})


FRAME = pd.concat([walk("a", 60), walk("b", 60, seed=1)], ignore_index=True)
LATER = FRAME.assign(ds=FRAME["ds"] + pd.Timedelta(days=200))


# Fitted forecasters -------------------------------------------------------------------------------


@pytest.mark.parametrize("windows", [6, 8])
def test_the_first_cutoff_is_the_earliest_of_all_series(windows):
    """Series b ended long before a: also one that lacks the first origin is not to be known."""
    frame = pd.concat([walk("a", 100), walk("b", 30, seed=1)])
    known = frame[(frame["unique_id"] == "b") | (frame["ds"] < DAYS[100 - 5 * windows])]
    fitted = fc.PooledAR(lags=2).fit(known, horizon=5)
    settings = {"n_windows": windows, "use_fitted": True}
    with pytest.raises(ValueError, match="after the first cutoff 2024-01-05"):
        fc.cross_validation(fitted, frame, 5, **settings)
    fitted = fc.PooledAR(lags=2).fit(known[known["ds"] < DAYS[5]], horizon=5)
    cv = fc.cross_validation(fitted, frame, 5, **settings)
    assert cv["cutoff"].min() == DAYS[4]
    fitted = fc.PooledAR(lags=2).fit(known, horizon=5)
    moments = fc.cross_validation(fitted, frame, 5, align="calendar", **settings)["cutoff"]
    assert moments.min() == DAYS[100 - 5 * windows - 1]


def hourly(rows: pd.DataFrame) -> pd.Series:
    return pd.Timestamp("2025-01-01") + (rows["ds"] - DAYS[0]) / 24


@pytest.mark.parametrize(("changes", "options", "words"), [
    ({"ds": hourly}, {}, "fitted on data of freq D; got freq h"),
    ({"ds": lambda rows: (rows["ds"] - DAYS[0]).dt.days}, {}, "of freq D; got freq 1"),
    ({"ds": lambda rows: rows["ds"].dt.tz_localize("UTC")}, {}, "of time zone None; got .* UTC"),
    ({"sales": 1.0}, {"target_col": "sales"}, r"fitted with target_col=\['y'\]; got \['sales'\]"),
])  # fmt: skip
def test_a_fitted_forecaster_is_refused_for_other_data(changes, options, words):
    fitted = fc.PooledAR(lags=2).fit(FRAME, horizon=3)
    frame = LATER.assign(**changes).drop(columns="y" if options else [])
    with pytest.raises(ValueError, match=words):
        fc.cross_validation(fitted, frame, 3, n_windows=2, use_fitted=True, **options)


def test_channels_of_a_fitted_system_keep_their_order():
    """By position: swapped, each channel would be forecast by the equation of the other."""
    past, later = (frame.assign(z=50 + frame["y"] ** 2) for frame in (FRAME, LATER))
    fitted = fc.VAR(lags=1).fit(past, horizon=3, target_col=["y", "z"])
    settings = {"n_windows": 2, "use_fitted": True}
    used = fc.cross_validation(fitted, later, 3, target_col=["y", "z"], **settings)
    wanted = fitted.predict(3, df=later[later["ds"] <= used["cutoff"].min()])["VAR"]
    np.testing.assert_allclose(used[used["cutoff"] == used["cutoff"].min()]["VAR"], wanted)
    with pytest.raises(ValueError, match=r"target_col=\['y', 'z'\]; got \['z', 'y'\]"):
        fc.cross_validation(fitted, later, 3, target_col=["z", "y"], **settings)


def test_using_a_fit_and_refitting_exclude_each_other():
    with pytest.raises(ValueError, match="use_fitted=True fits nothing, refit=2 does"):
        fc.cross_validation(fc.Naive(), FRAME, 3, use_fitted=True, refit=2)


# Names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alias", ["unique_id", "ds", "cutoff", "y"])
def test_a_forecast_may_not_replace_a_column_of_the_result(alias):
    with pytest.raises(ValueError, match=f"column '{alias}' would stand twice in the result"):
        fc.cross_validation(fc.Naive(alias=alias), FRAME, 3, n_windows=2)


def test_a_target_called_like_a_baseline_is_no_perfect_forecast():
    frame = FRAME.rename(columns={"y": "AR"})
    with pytest.raises(ValueError, match="column 'AR' would stand twice"):
        fc.compare([], frame, 3, n_windows=2, target_col="AR")


def test_limits_and_channels_are_columns_too():
    both = [fc.Naive(), fc.Drift(alias="Naive-lo-80")]
    with pytest.raises(ValueError, match="column 'Naive-lo-80' would stand twice"):
        fc.cross_validation(both, FRAME, 3, n_windows=2, level=[80])
    assert "Naive-lo-80" in fc.cross_validation(both, FRAME, 3, n_windows=2)
    frame = FRAME.assign(z=FRAME["y"])
    with pytest.raises(ValueError, match="column 'channel' would stand twice"):
        fc.cross_validation(fc.Naive(alias="channel"), frame, 3, target_col=["y", "z"])


@pytest.mark.parametrize("kind", ["id_col", "time_col", "target_col"])
def test_the_frame_has_no_cutoff_of_its_own(kind):
    old = {"id_col": "unique_id", "time_col": "ds", "target_col": "y"}[kind]
    with pytest.raises(ValueError, match="column 'cutoff' would stand twice"):
        fc.cross_validation(
            fc.Naive(), FRAME.rename(columns={old: "cutoff"}), 3, **{kind: "cutoff"}
        )


@pytest.mark.parametrize("alias", ["unique_id", "ds"])
def test_predictions_do_not_replace_id_or_time(alias):
    with pytest.raises(ValueError, match=f"column '{alias}' would stand twice"):
        fc.Naive(alias=alias).fit(FRAME).predict(2)


# Arguments ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("refit", [-1, 0, 2.5, "yes"])
@pytest.mark.parametrize("run", [fc.cross_validation, fc.compare])
def test_refit_is_a_flag_or_a_number_of_origins(run, refit):
    with pytest.raises(ValueError, match=r"`refit` must be True .* whole number k of at least 1"):
        run([], FRAME, 3, refit=refit)


@pytest.mark.parametrize("run", [fc.cross_validation, fc.compare])
@pytest.mark.parametrize(("wrong", "words"), [
    ("AR", "a forecaster such as fc.AR.* is expected; got 'AR'"),
    (["AR"], "got 'AR'"),
    ({"mine": fc.Naive()}, "got 'mine'"),
    (5, "got 5"),
    (fc.AR, r"got <class .*>\. Call the class to make one"),
    ([fc.Naive], r"got <class .*>\. Call the class to make one"),
    (fc.SymbolLSTM, r"got <class .*>\. Call the class to make one"),
    ([fc.SymbolLSTM()], r"^SymbolLSTM does not .* scored by fc\.symbols\.score\(\[forecaster\.fit"),
    (fc.MarkovChain(), r"scored by fc\.symbols\.score"),
    ([fc.AR(), fc.SequenceLabeler()], r"^SequenceLabeler .* scored by fc\.compare_held_out"),
])  # fmt: skip
def test_what_is_no_forecaster_is_refused(run, wrong, words):
    with pytest.raises(TypeError, match=words):
        run(wrong, FRAME, 3)


def test_any_series_of_forecasters_will_do():
    made = (forecaster for forecaster in (fc.Naive(), fc.Drift()))
    assert {"Naive", "Drift"} <= set(fc.cross_validation(made, FRAME, 3, n_windows=1))
