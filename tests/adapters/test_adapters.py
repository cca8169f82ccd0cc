"""Models of other libraries: stand-ins with the interface that these publish."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.adapters import NeuralForecastModel, SklearnForecaster, StatsForecastModel


def frame(lengths=(60, 45), seed: int = 3) -> pd.DataFrame:
    generator, parts = np.random.default_rng(seed), []
    for index, steps in enumerate(lengths):
        values = 50 + np.cumsum(generator.standard_normal(steps))
        times = pd.date_range("2015-03-31", periods=steps, freq="ME")
        parts.append(pd.DataFrame({"unique_id": f"s{index}", "ds": times, "y": values}))
    return pd.concat(parts, ignore_index=True)


class MeanModel:
    """As of statsforecast: arrays in, a dictionary of arrays out."""

    alias = "MeanModel"

    def fit(self, y, X=None):
        assert y.ndim == 1 and not np.isnan(y).any()
        self.mean = y.mean()
        return self

    def predict(self, h, X=None, level=None):
        found = {"mean": np.full(h, self.mean)}
        for number in level or ():
            found |= {
                f"lo-{number}": found["mean"] - number,
                f"hi-{number}": found["mean"] + number,
            }
        return found


class Neural:
    """As a NeuralForecast: long frames in, forecasts after the last row of each series out."""

    def __init__(self, h: int) -> None:
        self.models, self.h, self.fits = [type("LSTM", (), {"alias": None})()], h, []

    def fit(self, df, id_col="unique_id", time_col="ds", target_col="y"):
        assert not df[target_col].isna().any()
        self.fits.append(len(df))

    def predict(self, df):
        parts = []
        for name, rows in df.groupby("unique_id"):
            times = pd.date_range(rows["ds"].iloc[-1], periods=self.h + 1, freq="ME")[1:]
            parts.append(pd.DataFrame({"unique_id": name, "ds": times, "LSTM": rows["y"].iloc[-1]}))
        return pd.concat(parts, ignore_index=True)


def test_a_model_of_statsforecast_is_fitted_on_each_series() -> None:
    data = frame()
    data.loc[[20, 70], "y"] = np.nan
    model = StatsForecastModel(MeanModel())
    cv = fc.cross_validation(model, data, 4, n_windows=3, level=[80, 95])
    first = cv[(cv["unique_id"] == "s1")].iloc[0]
    known = data[(data["unique_id"] == "s1") & (data["ds"] <= first["cutoff"])]["y"]
    assert first["MeanModel"] == pytest.approx(known.interpolate().mean(), rel=1e-12)
    np.testing.assert_allclose(cv["MeanModel-hi-95"] - cv["MeanModel"], 95.0)
    assert not hasattr(model, "fitted_") and not hasattr(model.model, "mean")
    plain = fc.cross_validation(model, data, 4, n_windows=3)
    np.testing.assert_array_equal(plain["MeanModel"], cv["MeanModel"])


def test_a_neuralforecast_is_trained_once_and_forecasts_from_newer_rows() -> None:
    data = frame()
    model = NeuralForecastModel(Neural(h=4))
    cv = fc.cross_validation([model, fc.Naive()], data, 4, n_windows=4)
    np.testing.assert_allclose(cv["LSTM"], cv["Naive"])
    assert model.source.fits == []
    result = fc.compare(model, data, 4, n_windows=2, level=None)
    assert result.protocol.roles["LSTM"] == "network"
    assert result.protocol.refit["LSTM"] == "once"
    with pytest.raises(ValueError, match=r"LSTM forecasts h = 3 steps, 4 are needed: .* h=4"):
        fc.cross_validation(NeuralForecastModel(Neural(h=3)), data, 4, n_windows=2)


def test_what_is_no_model_of_theirs_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r"AutoETS\(season_length=12\) is expected; 3 has no method"
    ):
        StatsForecastModel(3)
    with pytest.raises(
        TypeError, match=r"a NeuralForecast\(models=\[...\], freq=...\) is expected"
    ):
        NeuralForecastModel(3)
    two = Neural(2)
    two.models *= 2
    with pytest.raises(ValueError, match="of one model is expected; it has 2"):
        NeuralForecastModel(two)
    with pytest.raises(TypeError, match=r"a regressor such as Ridge\(\) is expected"):
        SklearnForecaster("ridge")


# scikit-learn -------------------------------------------------------------------------------------


def regression(**options) -> SklearnForecaster:
    from sklearn.linear_model import LinearRegression

    return SklearnForecaster(LinearRegression(), **{"lags": 3, "season_length": 1, **options})


def test_a_linear_regression_on_lags_agrees_with_least_squares_by_hand() -> None:
    data = frame((50,))
    values = data["y"].to_numpy()
    scale = np.cumsum(np.abs(values)) / np.arange(1, 51)
    rows = [[1.0, *(values[t - 3 : t][::-1] / scale[t - 1])] for t in range(3, 50)]
    targets = values[3:] / scale[2:-1]
    coefficients = np.linalg.lstsq(np.array(rows), targets, rcond=None)[0]
    past = list(values)
    for _ in range(5):
        size = np.mean(np.abs(past))
        past.append(size * (coefficients @ [1.0, *(np.array(past[-1:-4:-1]) / size)]))
    found = regression().fit(data, horizon=5).predict(5)["LinearRegression"]
    np.testing.assert_allclose(found, past[50:], rtol=1e-6)


def test_it_is_a_state_like_any_other() -> None:
    data = frame((60, 45))
    known = data.groupby("unique_id").head(40)
    newer = data.drop(known.index)
    moved = regression().fit(known, horizon=4)
    whole = regression().fit(known, horizon=4)
    moved.update(newer)
    whole.condition(data)
    for name, array in moved.store_.state.arrays.items():
        np.testing.assert_allclose(array, whole.store_.state.arrays[name], rtol=1e-10)
    long, short = (moved.predict(h)["LinearRegression"].to_numpy().reshape(2, h) for h in (9, 4))
    np.testing.assert_allclose(long[:, :4], short, rtol=1e-12)
    assert moved.sample(3, num_paths=4).shape == (24, 4)
    cv = fc.cross_validation(regression(), data, 4, n_windows=3, level=80, num_paths=5)
    assert cv.notna().all(axis=None)


def test_a_random_regressor_is_seeded_and_run_from_several_seeds() -> None:
    from sklearn.ensemble import RandomForestRegressor

    forest = SklearnForecaster(RandomForestRegressor(n_estimators=3), lags=3, alias="forest")
    data = frame((40,))
    first, again = (forest.clone().fit(data, horizon=2).predict(2)["forest"] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert forest.is_random and not regression().is_random
    result = fc.compare([forest, regression(alias="line")], data, 2, n_windows=2, level=None)
    assert result.backtest.replicates == {"forest": ("forest-seed-1", "forest-seed-2")}


def test_short_series_are_flagged_and_nothing_is_pickled(tmp_path) -> None:
    fitted = regression().fit(frame((40, 3)), horizon=2)
    assert list(fitted.fell_back_) == ["s1"]
    with pytest.raises(ValueError, match="cannot be saved: a regressor of scikit-learn can only"):
        fitted.save(tmp_path / "model.kfc")
    assert not (tmp_path / "model.kfc").exists()
    with pytest.raises(ValueError, match="no series has more than 30 values before the cutoff"):
        regression(lags=30).fit(frame((20,)), horizon=2)
