"""What was fitted, as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.baselines.autoregression.model import ARModel
from forecast.baselines.autoregression.orders import information_criterion
from forecast.baselines.autoregression.terms import Deterministic
from forecast.pipelines import Columns

__all__ = ["coefficient_table", "statistics_table"]


def coefficient_table(model: ARModel, ids: NDArray, columns: Columns) -> pd.DataFrame:
    """Coefficients of all series, long; lags that a series does not have are left out.

    Args:
        model: the fit.
        ids: of the series, `(num_series,)`.
        columns: names of the user's columns.

    Returns:
        The id, `term` and `value`.
    """
    parts = model.parameters
    named = Deterministic(model.form.trend, model.form.period).names
    lags = [f"{columns.target}.L{lag}" for lag in parts.lags]
    known = list(columns.future)
    values = np.concatenate([parts.deterministic, parts.coefficients, parts.covariates], axis=1)
    # A naive forecast, chosen by the data, has no term at all.
    terms = [*named[: parts.deterministic.shape[1]], *lags, *known]
    frame = pd.DataFrame(
        {
            columns.id: np.repeat(ids, len(terms)),
            "term": np.tile(np.array(terms, dtype=object), len(ids)),
            "value": values.ravel(),
        }
    )
    is_lag = np.tile(np.isin(np.arange(len(terms)), len(named) + np.arange(len(lags))), len(ids))
    return frame[~is_lag | (frame["value"] != 0.0)].reset_index(drop=True)


def statistics_table(model: ARModel, ids: NDArray, columns: Columns) -> pd.DataFrame:
    """How each series was fitted.

    Args:
        model: the fit.
        ids: of the series, `(num_series,)`.
        columns: names of the user's columns.

    Returns:
        The id, `num_rows`, `sigma2`, `aic`, `bic`, `hqic` (NaN where nothing was fitted or nothing
        is left to explain, as in constant series), `rank`, `explosive`, `shortened`, `rounds` (of
        expectation and maximisation) and `growing` (a root beyond 1 that was left as it is).
    """
    rows, numbers = model.statistic("num_rows"), model.statistic("num_parameters")
    variances = model.parameters.variances
    table = {columns.id: ids, "num_rows": rows.astype(np.int64), "sigma2": variances}
    for criterion in ("aic", "bic", "hqic"):
        scores = information_criterion(criterion, variances, rows, numbers)
        table[criterion] = np.where(np.isfinite(scores), scores, np.nan)
    for name in ("rank", "explosive", "shortened", "rounds", "growing"):
        kind = int if name in ("rank", "rounds") else bool
        table[name] = model.statistic(name).astype(kind)
    return pd.DataFrame(table)
