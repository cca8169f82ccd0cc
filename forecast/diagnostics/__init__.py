"""What is wrong with a forecast: leaks from the future, errors that it feeds itself."""

from __future__ import annotations

from forecast.diagnostics.exposure import exposure_bias
from forecast.diagnostics.exposure_report import ExposureBias
from forecast.diagnostics.leakage import check_leakage
from forecast.diagnostics.leakage_report import LeakageReport

__all__ = ["ExposureBias", "LeakageReport", "check_leakage", "exposure_bias"]
