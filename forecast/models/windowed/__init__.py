"""Networks that read the newest steps of a series anew before each forecast."""

from forecast.models.windowed.design import WindowDesign

__all__ = ["WindowDesign"]
