"""Whether the one-step errors of a forecaster still hold something to learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.checks import check_positive_integer
from forecast.diagnostics.series_walk import read_series
from forecast.progress import progress_bar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ResidualDiagnostics", "residual_diagnostics"]

_LEVEL = 0.05
_FEWEST = 10  # residuals of a series that is tested


@dataclass(frozen=True, eq=False)
class ResidualDiagnostics:
    """What `fc.residual_diagnostics` has found; printed as its verdict.

    Args:
        verdict: what was found, in sentences.
        table: a row a series: `unique_id`, `count`, `mean`, `deviation`, `lags`, `statistic` and
            `p_value` of Ljung and Box; NaN where there are too few residuals, or all are alike.
        autocorrelation: a row a series and lag: `unique_id`, `lag`, `autocorrelation`.
        residuals: a row a step: `unique_id`, `ds`, `residual` (actual less forecast).
        p_value: of the sum of all statistics, were the series independent; NaN without any.
    """

    verdict: str
    table: pd.DataFrame
    autocorrelation: pd.DataFrame
    residuals: pd.DataFrame
    p_value: float

    def plot(self) -> Figure:
        """Autocorrelation by lag with the band of white noise; residuals over time beside it.

        Returns:
            A new figure; `figure.savefig("residuals.png")` writes it.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        from forecast.diagnostics.residual_picture import residual_figure

        return residual_figure(self.autocorrelation, self.residuals, self.table)

    def __str__(self) -> str:
        return self.verdict


def residual_diagnostics(
    forecaster: Any, df: Any, *, num_lags: int | None = None
) -> ResidualDiagnostics:
    """Autocorrelation of the one-step residuals, and the test of Ljung and Box.

    `Q = n (n + 2) sum_k r_k^2 / (n - k)`, k up to `num_lags`, is chi-squared with as many degrees
    of freedom where nothing is left to learn from past residuals; for the series together the sum
    of all Q, were they independent. Rows that the model was fitted on look better than new ones:
    give newer rows, the history before them included, to see honest errors, and read Q of fitted
    rows as a lower bound. Whether intervals hold is another question: `fc.calibration` and
    `fc.plot_calibration` of `fc.cross_validation(..., level=)` answer it.

    Args:
        forecaster: fitted; the whole of it forecasts.
        df: the series, of the columns given to `fit`.
        num_lags: lags that are tested, at least 1; two seasons, or 10 without one, by default, of
            each series at most a fifth of its residuals.

    Returns:
        `table` (a row a series), `autocorrelation`, `residuals`, `p_value`, `verdict` (also
        printed), `plot()`.

    Raises:
        TypeError: for what is no forecaster of this library.
        NotFittedError: for one that is not fitted.
        ValueError: for data that cannot be used.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> found = fc.residual_diagnostics(fc.Naive().fit(df), df, num_lags=10)
        >>> found.table["statistic"].round(0).tolist(), found.p_value < 0.001
        ([517.0], True)

    Source: Ljung and Box (1978), On a measure of lack of fit in time series models, Biometrika 65.
    """
    from scipy.stats import chi2

    check_positive_integer("num_lags", num_lags, optional=True)
    panel, series, offsets = read_series(forecaster, df)
    season = forecaster.fitted_.season.length
    wanted = num_lags or (2 * season if season > 1 else 10)
    state = engine.begin(forecaster.fitted_.model, series, offsets)
    block = panel.block(0, panel.lengths)
    _, one_step = engine.absorb(forecaster.fitted_.model, state, block)
    missed = np.where(block.observed, block.values - one_step, np.nan)
    tables, curves, rows = [], [], []
    with progress_bar(panel.num_series) as advance:
        for row, name in enumerate(panel.ids):
            residuals = missed[row, : panel.lengths[row]]
            tested, curve = _tested(residuals[~np.isnan(residuals)], wanted)
            tables.append({"unique_id": name, **tested})
            lags = np.arange(1, len(curve) + 1)
            curves.append(
                pd.DataFrame({"unique_id": name, "lag": lags, "autocorrelation": curve})
            )  # fmt: skip
            rows.append(pd.DataFrame({"unique_id": name, "ds": panel.times(row),
                                      "residual": residuals}).dropna())  # fmt: skip
            advance("residuals", 1)
    table = pd.DataFrame(tables)
    able = table.dropna(subset=["statistic"])
    pooled = float(chi2.sf(able["statistic"].sum(), able["lags"].sum())) if len(able) else np.nan
    correlations, steps = (pd.concat(parts, ignore_index=True) for parts in (curves, rows))
    words = _verdict(forecaster.name, able, pooled)
    return ResidualDiagnostics(words, table, correlations, steps, pooled)


def _tested(residuals: NDArray, wanted: int) -> tuple[dict[str, Any], NDArray]:
    """Row of the table and autocorrelations of the residuals of a series; none where too few."""
    count = len(residuals)
    row: dict[str, Any] = {"count": count, "mean": np.nan, "deviation": np.nan, "lags": 0,
                           "statistic": np.nan, "p_value": np.nan}  # fmt: skip
    if count:
        row |= {"mean": residuals.mean(), "deviation": residuals.std()}
    if count < _FEWEST or not row["deviation"] > 0.0:
        return row, np.empty(0)
    from statsmodels.stats.diagnostic import acorr_ljungbox
    from statsmodels.tsa.stattools import acf

    lags = max(1, min(wanted, count // 5))
    found = acorr_ljungbox(residuals, lags=[lags]).iloc[0]
    row |= {
        "lags": lags,
        "statistic": float(found["lb_stat"]),
        "p_value": float(found["lb_pvalue"]),
    }
    return row, acf(residuals, nlags=lags, fft=True)[1:]


def _verdict(name: str, able: pd.DataFrame, pooled: float) -> str:
    if not len(able):
        return f"{name}: no series has {_FEWEST} residuals that differ, so none can be tested."
    low = int((able["p_value"] < _LEVEL).sum())
    words = (
        f"{name}: the one-step residuals of {low} of {len(able)} series are correlated in time "
        f"(Ljung and Box, 5 % level; by chance {_LEVEL * len(able):.2g} would be); together p = "
        f"{pooled:.2g}, were the series independent. "
    )
    if pooled < _LEVEL:
        words += "Past residuals tell of later ones: lags, a season or a longer memory are missing."
    else:
        words += "Nothing is seen that past residuals would tell of later ones."
    return f"{words} Whether intervals hold, fc.calibration tells."
