"""What a measurement of exposure bias has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ExposureBias"]


@dataclass(frozen=True, eq=False)
class ExposureBias:
    """What `fc.exposure_bias` has found; printed as its verdict.

    Args:
        verdict: what was found, in sentences.
        table: a row a model and step: `model`, `step` (from 1), `count` of pairs of errors,
            `teacher_forced` and `free_running` (mean absolute errors in units of the season-to-
            season change of their series), and `ratio`, the second over the first.
        num_origins: origins that were forecast from.
        num_series: series with an origin that vary, so that their errors can be scaled.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> found = fc.exposure_bias(fc.AR(lags=9), df, horizon=3, n_windows=20)
        >>> found.table["step"].tolist(), found.num_origins, found.num_series
        ([1, 2, 3], 20, 1)
    """

    verdict: str
    table: pd.DataFrame
    num_origins: int
    num_series: int

    def plot(self) -> Figure:
        """Both errors at each step ahead, and their ratio beside them.

        Returns:
            A new figure; `figure.savefig("exposure_bias.png")` writes it.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        from forecast.diagnostics.exposure_picture import exposure_figure

        return exposure_figure(self.table)

    def __str__(self) -> str:
        return self.verdict
