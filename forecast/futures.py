"""Covariates of the steps to forecast, as a forecaster was fitted to use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.covariate_use import used_columns
from forecast.pipelines import Upcoming, read_future, series_ids
from forecast.store import StateStore

if TYPE_CHECKING:
    from forecast.serving import Serving

__all__ = ["future_of"]


def future_of(forecaster: Serving, future_df: Any, store: StateStore, horizon: int) -> NDArray:
    """The covariates of the `horizon` steps after each series.

    Args:
        forecaster: fitted; one that does not use covariates needs none.
        future_df: frame of the user's, or None.
        store: the series, each standing at its end.
        horizon: steps ahead, at least 1.

    Returns:
        `(num_series, horizon, num_covariates)`, without a column where there are none.

    Raises:
        ValueError: if `future_df` is missing, was given to a forecaster fitted without covariates,
            or does not cover what is needed; says which series and steps.
    """
    columns, name = forecaster.layout_.columns, forecaster.name
    if future_df is not None and not columns.future:
        raise ValueError(
            f"future_df was given, but {name} was fitted without covariates. Name them when "
            "fitting, fit(df, future_covariates=[...]), or leave future_df away."
        )
    encoding, columns = forecaster.fitted_.encoding, used_columns(forecaster, columns)
    if not encoding.encoded.future:
        return np.empty((len(store.ids), horizon, 0))
    count = max(1, len(columns.channels))  # the channels of a series share its covariates
    ids = series_ids(store.ids[::count])
    upcoming = Upcoming(ids, store.ends[::count], store.frequency, horizon)
    if future_df is None and columns.future:
        needed = [columns.id, columns.time, *columns.future]
        raise ValueError(
            f"{name} was fitted with the covariates {list(columns.future)}: give their values at "
            f"the {horizon} steps after each series (series {ids[0]!r}: {upcoming.span(0)}) "
            f"as future_df=, a long frame with the columns {needed}."
        )
    static = store.covariates[::count, store.covariates.shape[1] - encoding.num_spread :]
    ahead = encoding.ahead(read_future(future_df, columns, upcoming), static)
    return np.repeat(ahead, count, axis=0)
