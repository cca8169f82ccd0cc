"""Names of the columns of a backtest frame that are the same everywhere."""

from __future__ import annotations

__all__ = ["CHANNEL", "CRPS", "CUTOFF"]

CUTOFF = "cutoff"
CHANNEL = "channel"  # beside the id where a series has several targets
CRPS = "-crps"  # ends the name of a column of scores of sample paths
