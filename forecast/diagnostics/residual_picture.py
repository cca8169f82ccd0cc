"""The picture of residuals: autocorrelation by lag, and the residuals themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.evaluation.drawing import (
    INK,
    MUTED,
    NETWORK_COLOURS,
    axis_values,
    concise_dates,
    quiet,
    short_name,
)
from forecast.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["residual_figure"]

# The normal quantile of a 95 % band.
_BAND = 1.96


def residual_figure(
    autocorrelation: pd.DataFrame, residuals: pd.DataFrame, table: pd.DataFrame
) -> Figure:
    """Mean autocorrelation of the series at the left, residuals of the first one at the right.

    The grey band holds 95 of 100 means of white noise, were the series independent.

    Args:
        autocorrelation: see `ResidualDiagnostics`.
        residuals: see `ResidualDiagnostics`.
        table: see `ResidualDiagnostics`.
    """
    figure = new_figure(11.6, 3.9)
    left, right = figure.subplots(1, 2)
    means = autocorrelation.groupby("lag")["autocorrelation"].mean()
    tested = table.dropna(subset=["statistic"])
    if len(tested):
        band = _BAND * np.sqrt((1.0 / tested["count"]).sum()) / len(tested)
        left.axhspan(-band, band, color=MUTED, alpha=0.16, linewidth=0)
    left.vlines(means.index, 0.0, means, color=NETWORK_COLOURS[0], linewidth=2.2)
    left.plot(means.index, means, "o", color=NETWORK_COLOURS[0], markersize=4)
    left.axhline(0.0, color=INK, linewidth=0.9)
    which = "" if len(tested) == 1 else f", mean of {len(tested)} series"
    quiet(left, f"Autocorrelation of one-step residuals{which}")
    left.set_xlabel("lag (grey: 95 % of white noise)")
    left.locator_params(axis="x", integer=True)
    first = table["unique_id"].iloc[0]
    shown = residuals[residuals["unique_id"] == first]
    right.plot(axis_values(shown["ds"]), shown["residual"], color=NETWORK_COLOURS[0], linewidth=0.9)
    right.axhline(0.0, color=INK, linewidth=0.9)
    quiet(right, f"Residuals (actual less forecast) of {short_name(first)}")
    right.margins(x=0.02)
    concise_dates(right)
    return figure
