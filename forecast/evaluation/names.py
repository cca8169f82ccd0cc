"""Names of the columns of a backtest frame that are the same everywhere."""

from __future__ import annotations

__all__ = ["CRPS", "CUTOFF"]

CUTOFF = "cutoff"
CRPS = "-crps"  # ends the name of a column of scores of sample paths
