"""A backtest in one pass gives what standing at each origin gives, whatever the options."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from backtesting.frames import ragged, series

import forecast as fc
from forecast.backtesting import course as course_module
from forecast.backtesting import standing as standing_module

TINY = fc.Training(num_steps=4)


def brute_force(forecaster, frame, horizon, cv, *, gap=0, most=None, refit=True, **columns):
    """Clone, fit on what is known at each cutoff, predict: row by row as `cv` has them."""
    first, fitted, parts = cv["cutoff"].min(), None, []
    for cutoff in sorted(cv["cutoff"].unique()):
        known = frame[frame["ds"] <= cutoff]
        known = known[known["unique_id"].isin(cv.loc[cv["cutoff"] == cutoff, "unique_id"])]
        if most is not None:
            known = known.groupby("unique_id").tail(most)
        if refit or cutoff == first:
            fitted = forecaster.clone().fit(known, gap + horizon, **columns)
        future = frame[frame["ds"] > cutoff] if "future_covariates" in columns else None
        future = None if future is None else future.drop(columns="y")
        ahead = fitted.condition(known).predict(gap + horizon, future_df=future)
        parts.append(ahead.groupby("unique_id").tail(horizon).assign(cutoff=cutoff))
    return pd.concat(parts)


def agree(cv: pd.DataFrame, wanted: pd.DataFrame, name: str, rtol: float = 1e-9) -> None:
    keys = ["unique_id", "ds", "cutoff"]
    both = cv.merge(wanted, on=keys, suffixes=("", "-alone"), validate="1:1")
    assert len(both) == len(cv) == len(wanted)
    np.testing.assert_allclose(both[name], both[f"{name}-alone"], rtol=rtol)


def level_ends(frame: pd.DataFrame) -> pd.DataFrame:
    """The series moved so that all end together: an origin is one moment."""
    last = frame["ds"].max()
    ends = frame.groupby("unique_id")["ds"].transform("max")
    return frame.assign(ds=frame["ds"] + (last - ends))


@pytest.mark.parametrize("options", [
    {}, {"gap": 2}, {"max_train_size": 40}, {"align": "calendar", "gap": 1},
    {"step_size": 1, "max_train_size": 50, "gap": 1},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("refit", [True, False])
def test_each_origin_is_as_if_one_stood_there(options, refit):
    frame = level_ends(ragged(gaps=0.05))
    frame = frame[frame["unique_id"] != "c"]
    forecaster = fc.AR(lags=3, season_length=7)
    # Alone, a series whose last step is missing would be forecast from the step before.
    cutoffs = fc.cross_validation(fc.Naive(), frame, 4, n_windows=3, **options)["cutoff"]
    frame = frame.assign(y=frame["y"].where(~frame["ds"].isin(cutoffs) | frame["y"].notna(), 30.0))
    cv = fc.cross_validation(forecaster, frame, 4, n_windows=3, refit=refit, **options)
    settings = {"gap": options.get("gap", 0), "most": options.get("max_train_size")}
    agree(cv, brute_force(forecaster, frame, 4, cv, refit=refit, **settings), "AR")


def test_covariates_known_ahead_are_those_of_the_steps_forecast():
    frame = level_ends(ragged())[["unique_id", "ds", "y", "price"]]
    frame = frame[frame["unique_id"] != "c"]
    forecaster, columns = fc.PooledAR(lags=4, season_length=7), {"future_covariates": ["price"]}
    cv = fc.cross_validation(forecaster, frame, 3, n_windows=4, gap=2, refit=2, **columns)
    alone = brute_force(forecaster, frame, 3, cv, gap=2, refit=False, **columns)
    first = cv["cutoff"].isin(sorted(cv["cutoff"].unique())[:2])
    agree(cv[first], alone[alone["cutoff"].isin(cv.loc[first, "cutoff"])], "PooledAR")


def test_channels_are_forecast_together():
    frame = level_ends(ragged())[["unique_id", "ds", "y", "z"]]
    forecaster, columns = fc.VAR(lags=2), {"target_col": ["y", "z"]}
    cv = fc.cross_validation(forecaster, frame, 3, n_windows=3, step_size=5, **columns)
    cutoff = cv["cutoff"].max()
    alone = forecaster.fit(frame[frame["ds"] <= cutoff], 3, **columns).predict(3)
    rows = cv[cv["cutoff"] == cutoff].merge(alone, on=["unique_id", "channel", "ds"])
    assert len(rows) == 2 * 3 * 3
    np.testing.assert_allclose(rows["VAR_x"], rows["VAR_y"], rtol=1e-8)


@pytest.mark.parametrize("most_rows", [1, 3, 1000])
def test_groups_of_origins_give_what_single_ones_give(monkeypatch, most_rows):
    """Also where series join in later, and forecasts begin at several origins at once."""
    pytest.importorskip("tensorflow")
    network = fc.LSTMForecaster(
        units=4,
        num_layers=1,
        design=fc.NetworkDesign(linear="highway"),
        training=TINY,
        season_length=7,
    )
    settings = {"n_windows": 9, "step_size": 2, "level": [80], "num_paths": 3}
    frame = ragged(gaps=0.05).drop(columns=["z", "price"])
    fitted = network.fit(frame[frame["ds"] <= frame["ds"].min() + pd.Timedelta(days=23)], 4)
    found = []
    for rows in (1, most_rows):
        monkeypatch.setattr(course_module, "_MOST_ROWS", rows)
        found.append(fc.cross_validation(fitted, frame, 4, use_fitted=True, **settings))
    pd.testing.assert_frame_equal(*found, rtol=1e-5)


def test_nothing_after_a_cutoff_moves_a_bit_of_its_forecast_in_a_group():
    """The origins are rolled out together: the later ones must not reach the earlier."""
    pytest.importorskip("tensorflow")
    frame = pd.concat([series("a", 80, 4), series("b", 80, 5)])[["unique_id", "ds", "y"]]
    network = fc.LSTMForecaster(
        units=4,
        num_layers=1,
        design=fc.NetworkDesign(linear="highway"),
        training=TINY,
        season_length=7,
    )
    settings = {"n_windows": 5, "step_size": 3, "level": [90], "num_paths": 4}
    before = fc.cross_validation(network, frame, 6, **settings)
    moment = sorted(before["cutoff"].unique())[2]
    later = frame["ds"] > moment
    noise = 1e3 * np.random.default_rng(0).standard_normal(len(frame))
    missing = later & (np.arange(len(frame)) % 5 == 2) & (frame["ds"] < frame["ds"].max())
    changed = frame.assign(y=np.where(later, noise, frame["y"])).mask(
        pd.DataFrame({"unique_id": False, "ds": False, "y": missing})
    )
    after = fc.cross_validation(network, changed, 6, **settings)
    rows = [cv[cv["cutoff"] <= moment].drop(columns=["y", "LSTM-crps"]) for cv in (before, after)]
    pd.testing.assert_frame_equal(*rows, check_exact=True)


def test_states_in_flight_are_bounded(monkeypatch):
    """However many origins there are, those of a group are in memory."""
    pytest.importorskip("tensorflow")
    seen = []
    together = standing_module.Standing.together
    monkeypatch.setattr(course_module, "_MOST_ROWS", 8)
    monkeypatch.setattr(
        standing_module.Standing, "together",
        staticmethod(lambda parts: seen.append(len(parts)) or together(parts)),
    )  # fmt: skip
    network = fc.LSTMForecaster(
        units=3,
        num_layers=1,
        design=fc.NetworkDesign(linear="highway"),
        training=TINY,
        season_length=7,
    )
    frame = pd.concat([series("a", 90, 4), series("b", 90, 5), series("c", 90, 6)])
    fc.cross_validation(network, frame.drop(columns=["z", "price"]), 3, n_windows=21, step_size=2)
    assert sum(seen) == 21 and max(seen) == 2  # 2 origins of 3 rows are fewer than 8


def test_what_a_backtest_takes_beside_its_frame_does_not_grow_with_the_origins():
    import tracemalloc

    frame = pd.concat([series(f"s{number}", 300, number) for number in range(20)])
    frame = frame[["unique_id", "ds", "y"]]
    beside = []
    for n_windows in (15, 150):
        tracemalloc.start()
        step = 150 // n_windows
        cv = fc.cross_validation(fc.Naive(), frame, 12, n_windows=n_windows, step_size=step,
                                 refit=False)  # fmt: skip
        values = 8 * len(cv) * 4  # times, cutoffs, actual values, forecasts
        beside.append(tracemalloc.get_traced_memory()[1] - values)
        tracemalloc.stop()
    assert len(cv) == 20 * 150 * 12
    assert beside[1] < beside[0] + 1.1 * 8 * len(cv)  # at most a column, that of the ids


def test_the_columns_are_those_of_the_users_frame():
    frame = ragged().drop(columns=["z", "price"])
    frame = frame.assign(ds=frame["ds"].dt.tz_localize("Europe/Berlin"))
    frame["unique_id"] = frame["unique_id"].astype("category")
    cv = fc.cross_validation(fc.Naive(), frame, 3, n_windows=2)
    assert cv["unique_id"].dtype == frame["unique_id"].dtype
    assert cv["ds"].dtype == cv["cutoff"].dtype == frame["ds"].dtype
    wanted = frame.merge(cv, on=["unique_id", "ds"], suffixes=("", "-cv"))
    assert len(wanted) == len(cv)
    np.testing.assert_array_equal(wanted["y"], wanted["y-cv"])
    np.testing.assert_array_equal(cv.index, np.arange(len(cv)))
