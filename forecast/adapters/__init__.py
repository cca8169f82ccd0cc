"""Models of other libraries as participants of `cross_validation` and `compare`.

Example:
    >>> from sklearn.linear_model import Ridge
    >>> import forecast as fc
    >>> regression = fc.adapters.SklearnForecaster(Ridge(), lags=9)
    >>> regression.fit(fc.load_dataset("sunspots"), horizon=3).predict().shape
    (3, 3)
"""

from forecast.adapters.neuralforecast import NeuralForecastModel
from forecast.adapters.sklearn import SklearnForecaster
from forecast.adapters.statsforecast import StatsForecastModel

__all__ = ["NeuralForecastModel", "SklearnForecaster", "StatsForecastModel"]
