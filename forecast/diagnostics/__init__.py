"""What is wrong with a forecast before it is believed: leaks from the future."""

from __future__ import annotations

from forecast.diagnostics.leakage import check_leakage
from forecast.diagnostics.leakage_report import LeakageReport

__all__ = ["LeakageReport", "check_leakage"]
