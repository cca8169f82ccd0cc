"""What is written once for all forecasters, seen through the quickest of them."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest
from contracts import assert_states_equal, mixed_frame

from forecast import AR, Drift, Naive, PooledAR, SeasonalNaive
from forecast.forecaster import NotFittedError


@pytest.fixture(scope="module")
def frame():
    return mixed_frame()


@pytest.fixture(scope="module")
def fitted(frame):
    return AR(lags=2).fit(frame, horizon=4)


def test_renamed_columns(frame, fitted):
    names = {"unique_id": "shop", "ds": "day", "y": "sales"}
    renamed = AR(lags=2).fit(
        frame.rename(columns=names), horizon=4, id_col="shop", time_col="day", target_col="sales"
    )
    found = renamed.predict(4, [80])
    assert list(found.columns) == ["shop", "day", "AR", "AR-lo-80", "AR-hi-80"]
    pd.testing.assert_frame_equal(found, fitted.predict(4, [80]).rename(columns=names))
    assert list(renamed.sample(2, 2).columns) == ["shop", "day", "path", "sales"]
    with pytest.raises(ValueError, match=r"missing column 'shop', 'day', 'sales'"):
        renamed.update(frame)


def test_alias_names_the_columns(frame):
    found = AR(lags=2, alias="mine").fit(frame).predict(2, level=99.5)
    assert list(found.columns)[2:] == ["mine", "mine-lo-99.5", "mine-hi-99.5"]


def test_wide_and_series_come_back_in_their_shape(frame):
    wide = frame.pivot(index="ds", columns="unique_id", values="y")[["small", "level", "crossing"]]
    naive = Naive().fit(wide)
    found = naive.predict(3)
    assert list(found.columns) == ["small", "level", "crossing"] and found.index.name == "ds"
    assert list(naive.predict(2, level=80).columns) == [
        "unique_id", "ds", "Naive", "Naive-lo-80", "Naive-hi-80"
    ]  # fmt: skip
    series = wide["level"].rename("co2")
    single = Naive().fit(series).predict(3)
    assert isinstance(single, pd.Series) and single.name == "co2"
    np.testing.assert_array_equal(single, series.dropna().iloc[-1])


def test_wide_rows_update(frame):
    wide = frame.pivot(index="ds", columns="unique_id", values="y")
    moved = Drift().fit(wide.iloc[:-20]).update(wide.iloc[-20:])
    expected = Drift().fit(wide)
    pd.testing.assert_frame_equal(moved.predict(3), expected.predict(3), rtol=1e-10)


def test_polars_frames(frame, fitted):
    data = pl.DataFrame({name: frame[name].to_list() for name in frame})
    found = AR(lags=2).fit(data, horizon=4).predict(4, [80])
    assert isinstance(found, pl.DataFrame)
    expected = fitted.predict(4, [80])
    assert found.columns == list(expected.columns)
    np.testing.assert_array_equal(found["AR-lo-80"].to_numpy(), expected["AR-lo-80"])


@pytest.mark.parametrize("ids", [[1, 2], ["a", "b"], pd.Categorical(["a", "b"])])
@pytest.mark.parametrize("start", [0, 1990])
def test_integer_times_and_any_ids(ids, start):
    times = np.tile(np.arange(start, start + 20), 2)
    frame = pd.DataFrame({"unique_id": np.repeat(ids, 20), "ds": times, "y": np.arange(40.0)})
    frame["unique_id"] = frame["unique_id"].astype(pd.Series(ids).dtype)
    found = Drift().fit(frame).predict(3)
    assert found["ds"].tolist() == [start + 20, start + 21, start + 22] * 2
    assert found["unique_id"].dtype == frame["unique_id"].dtype
    np.testing.assert_allclose(found["Drift"], [20, 21, 22, 39 + 1, 39 + 2, 39 + 3])


@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("forecaster", [Naive(), Drift(), SeasonalNaive(), AR(), PooledAR()])
def test_a_panel_of_too_short_series_only(forecaster, length):
    frame = pd.DataFrame(
        {
            "unique_id": "a",
            "ds": pd.date_range("2024", periods=length),
            "y": np.arange(length) + 1.0,
        }
    )
    new = forecaster.clone().fit(frame, freq="D")
    found = new.predict(3, level=[80]).iloc[:, 2:].to_numpy()
    assert np.isfinite(found).all() and (found >= 0).all()
    assert np.isfinite(new.sample(3, 4)["y"]).all()
    if isinstance(forecaster, AR):
        assert new.fell_back_ == ["a"]
        np.testing.assert_allclose(found[:, 0], length)


def test_the_default_horizon_is_two_seasons_or_a_quarter(frame):
    assert len(SeasonalNaive(7).fit(frame).predict()) == 5 * 14
    assert len(SeasonalNaive(30).fit(frame).predict()) == 5 * (90 // 4)
    assert len(Naive().fit(frame, horizon=3).predict()) == 5 * 3


def test_a_failed_fit_leaves_the_fitted_as_they_were(frame, fitted):
    tried = copy(fitted)
    with pytest.raises(ValueError, match=r"'y' of series 'level'"):
        tried.fit(frame.assign(y="much"))
    with pytest.raises(ValueError, match=r"`horizon` must be"):
        tried.fit(frame, horizon=0)
    assert tried.store_ is fitted.store_ and tried.fitted_ is fitted.fitted_


def test_a_failed_condition_leaves_the_states(frame, fitted):
    tried = copy(fitted)
    twice = pd.concat([frame, frame.tail(1)])
    with pytest.raises(ValueError, match=r"gappy"):
        tried.condition(twice)
    assert tried.store_ is fitted.store_ and tried.notes_ == fitted.notes_


def test_fit_again_forgets_the_first_fit(frame):
    again = AR(lags=2).fit(frame[frame["unique_id"] == "level"]).fit(frame, horizon=4)
    assert_states_equal(again.store_.state, AR(lags=2).fit(frame, horizon=4).store_.state)


def test_condition_on_some_series_and_update_with_another(frame, fitted):
    """AR knows every series that it was fitted on, whether its state is held or not."""
    level = frame[frame["unique_id"] == "level"]
    tried = copy(fitted).condition(level)
    assert list(tried.store_.ids) == ["level"]
    tried.update(frame[frame["unique_id"] == "small"])
    found = tried.predict(4).set_index("unique_id")["AR"]
    expected = fitted.predict(4).set_index("unique_id")["AR"]
    for name in ("level", "small"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12)


def test_fitted_until_is_the_last_observation_of_each_series(frame, fitted):
    ends = frame.dropna().groupby("unique_id")["ds"].max()
    assert fitted.fitted_until_.to_dict() == ends.to_dict()
    moved = copy(fitted).update(
        pd.DataFrame({"unique_id": ["level"], "ds": [pd.Timestamp("2024-05-01")], "y": [1.0]})
    )
    assert moved.fitted_until_["level"] == pd.Timestamp("2024-05-01")
    assert moved.fitted_until_["small"] == ends["small"]


def test_not_fitted_is_a_value_and_an_attribute_error():
    assert not hasattr(Naive(), "fitted_until_")
    with pytest.raises(ValueError, match=r"Naive is not fitted yet; call fit\(df\) first\."):
        Naive().predict(1)
    assert issubclass(NotFittedError, AttributeError)


def test_levels_once_each_in_ascending_order(fitted):
    found = fitted.predict(1, level=(95, 80, 95))
    assert list(found.columns)[3:] == ["AR-lo-80", "AR-hi-80", "AR-lo-95", "AR-hi-95"]
    pd.testing.assert_frame_equal(
        fitted.predict(1, level=80), found.drop(columns=["AR-lo-95", "AR-hi-95"])
    )


def test_closed_forms_have_no_learning_curve_and_say_what_was_chosen(fitted):
    assert fitted.history_ == {}
    assert fitted.choices_ == "lags 1-2"
    assert fitted.left_out_ == () and "20 steps without a row" in fitted.notes_[0]
