"""Cold starts and summaries: known answers, closed forms beside them, refusals."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import pytest
from pattern_material import curves_frame, seasonal_frame

import forecast as fc
from forecast.patterns.curves import category_curves, mean_curve, ridge_curves
from forecast.patterns.summary import upcoming_summaries
from forecast.pipelines import read_frame


def _new(**entries) -> pd.DataFrame:
    return pd.DataFrame({"unique_id": ["n"], "ds": ["2025-01-05"], "size": [2.0],
                         "kind": ["fad"]} | entries).astype({"ds": "datetime64[ns]"})  # fmt: skip


# Cold start ---------------------------------------------------------------------------------------


def test_curves_of_new_series_are_recovered(cold):
    """They are linear in size and kind: the ridge finds them, the mean of all does not."""
    errors = cold.table["mae"]
    assert errors["ridge per step"] < 0.15
    assert errors["ColdStart"] < 0.5
    assert errors["mean curve"] > 2.0
    assert errors["mean curve of the category"] > 1.0


def test_a_new_series_is_forecast_from_its_first_step(cold):
    said = cold.network.predict(static_df=_new())
    assert said["ds"].tolist() == list(pd.date_range("2025-01-05", periods=10, freq="W"))
    expected = 10.0 * (0.6 + 0.7 ** np.arange(10))
    assert np.abs(said["ColdStart"] - expected).mean() < 0.6


def test_without_a_time_it_begins_after_all_others(cold):
    said = cold.network.predict(3, static_df=_new().drop(columns="ds"))
    assert said["ds"].iloc[0] == curves_frame()["ds"].max() + pd.Timedelta(weeks=1)


def test_a_shorter_horizon_is_the_beginning_of_a_longer_one(cold):
    long = cold.network.predict(25, static_df=_new())["ColdStart"]
    short = cold.network.predict(4, static_df=_new())["ColdStart"]
    np.testing.assert_allclose(short, long[:4], rtol=1e-6)


def test_first_rows_are_absorbed(cold):
    """A series that begins twice as high as others of its kind goes on higher."""
    rows = (
        _new()
        .drop(columns="ds")
        .merge(pd.DataFrame({"ds": pd.date_range("2025-01-05", periods=3, freq="W")}), how="cross")
    )
    blind = cold.network.predict(6, static_df=_new())["ColdStart"].to_numpy()
    rows["y"] = blind[:3] + 3.0
    led = copy(cold.network).condition(rows).predict(3)
    assert led["ds"].iloc[0] == pd.Timestamp("2025-01-26")
    # Forecasts made of the static part alone are those of a history without values.
    assert not np.allclose(led["ColdStart"], blind[3:], rtol=1e-4)


def test_a_category_that_training_has_not_shown_is_taken_as_unknown(cold):
    with pytest.warns(UserWarning, match="'kind' of series 'n' is 'craze'.*\\['fad', 'staple'\\]"):
        said = cold.network.predict(static_df=_new(kind=["craze"]))
    assert said["ColdStart"].between(-10, 40).all()


def test_covariates_that_are_known_ahead_lead(untrained):
    frame = curves_frame().assign(promotion=lambda f: (f.index % 3 == 0).astype(float))
    network = fc.ColdStartForecaster(units=3)
    network.fit(frame, 4, static_covariates=["size"], future_covariates=["promotion"])
    ahead = pd.DataFrame({"unique_id": "n", "promotion": [0.0, 1.0, 0.0, 1.0],
                          "ds": pd.date_range("2025-01-05", periods=4, freq="W")})  # fmt: skip
    said = network.predict(static_df=_new(), future_df=ahead)
    other = network.predict(static_df=_new(), future_df=ahead.assign(promotion=0.0))
    assert said["ColdStart"][0] == other["ColdStart"][0]
    assert said["ColdStart"][1] != other["ColdStart"][1]
    with pytest.raises(ValueError, match="give their values at the 4 steps after each series"):
        network.predict(static_df=_new())


def test_what_is_wrong_with_new_series_is_said(cold):
    network = cold.network
    with pytest.raises(ValueError, match="static_df lacks the column 'kind'; it has"):
        network.predict(static_df=_new().drop(columns="kind"))
    with pytest.raises(ValueError, match="series 'n' has more than one row in static_df"):
        network.predict(static_df=pd.concat([_new(), _new(size=[1.0])]))
    with pytest.raises(ValueError, match="'size' holds text, for example 'big'"):
        network.predict(static_df=_new(size=["big"]))
    with pytest.raises(ValueError, match="static covariate 'size' is missing"):
        network.predict(static_df=_new(size=[np.nan]))
    with pytest.raises(ValueError, match="static_df has no rows"):
        network.predict(static_df=_new()[:0])
    with pytest.raises(ValueError, match="`horizon` must be a whole number of at least 1"):
        network.predict(0, static_df=_new())


def test_curves_beside_it_are_closed_forms():
    values = np.array([[1.0, 2.0, np.nan], [3.0, 6.0, 8.0], [5.0, np.nan, np.nan]])
    np.testing.assert_allclose(mean_curve(values), [3.0, 4.0, 8.0])
    found = category_curves(values, ["a", "b", "a"], ["a", "c"])
    np.testing.assert_allclose(found, [[3.0, 2.0, 2.0], [3.0, 4.0, 8.0]])
    rng = np.random.default_rng(0)
    static, slopes = rng.normal(size=(40, 3)), rng.normal(size=(3, 4))
    new = rng.normal(size=(5, 3))
    found = ridge_curves(static @ slopes + 2.0, static, new)
    np.testing.assert_allclose(found, new @ slopes + 2.0, atol=2e-3)


# Summary ------------------------------------------------------------------------------------------


def test_sums_of_what_follows_are_learned(summed):
    """Of a season: far better than the sum of the last steps."""
    by_series = summed.by_series.div(
        seasonal_frame().groupby("unique_id")["y"].mean().reindex(summed.by_series.index), axis=0
    )
    assert by_series["Summary"].mean() < 0.35 * by_series["last 4 steps"].mean()
    assert by_series["ridge"].mean() < 0.35 * by_series["last 4 steps"].mean()


@pytest.mark.parametrize("summary", ["sum", "mean", "max", "min"])
def test_summaries_are_those_of_pandas(summary):
    frame = seasonal_frame()[:70].copy()
    frame.loc[5, "y"] = np.nan
    panel = read_frame(frame).panel
    found = upcoming_summaries(panel, summary, 3)
    rolling = frame.groupby("unique_id")["y"].transform(
        lambda y: y[::-1].rolling(3).agg(summary)[::-1].shift(-1)
    )
    np.testing.assert_allclose(found, rolling, rtol=1e-12)


def test_the_unit_of_a_series_does_not_matter(summed):
    frame = seasonal_frame()[:100]
    small, large = (
        summed.network.predict(frame.assign(y=factor * frame["y"]))["Summary"]
        for factor in (1.0, 1024.0)
    )
    np.testing.assert_allclose(large, 1024.0 * small, rtol=1e-6)


def test_what_is_wrong_with_a_summary_is_said():
    with pytest.raises(ValueError, match="`summary` must be one of sum, mean, max, min"):
        fc.SummaryForecaster("median")
    with pytest.raises(ValueError, match=r"no series has 99 steps in a row .* longest has 30"):
        fc.SummaryForecaster().fit(seasonal_frame(), horizon=99)
