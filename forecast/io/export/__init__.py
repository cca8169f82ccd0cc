"""A fitted forecaster as a TensorFlow SavedModel, which serves it without this library."""

from forecast.io.export.exporting import export

__all__ = ["export"]
