"""Recurrent networks as forecasters, and how they are trained."""

from forecast.models.design import NetworkDesign
from forecast.models.echo import EchoDesign, EchoReadout, Reservoir
from forecast.models.echo.forecaster import ESNForecaster
from forecast.models.forecasters import GRUForecaster, LSTMForecaster, RNNForecaster
from forecast.models.training import Training

__all__ = [
    "ESNForecaster",
    "EchoDesign",
    "EchoReadout",
    "GRUForecaster",
    "LSTMForecaster",
    "NetworkDesign",
    "RNNForecaster",
    "Reservoir",
    "Training",
]
