"""Sample paths of many series, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from forecast import engine
from forecast.protocol import StateBatch, num_channels

if TYPE_CHECKING:
    from forecast.fitting import Fitted

__all__ = ["sampled"]

# Paths rolled out at once: what they take does not grow with the series or the origins.
_MOST_PATHS = 8192


def sampled(
    fitted: Fitted, state: StateBatch, keys: NDArray, future: NDArray, num_paths: int, seed: int = 0
) -> Iterator[tuple[slice, NDArray]]:
    """Rows, and the sample paths from their states; whole systems together.

    Args:
        fitted: the fit.
        state: where the paths begin, `num_rows` series.
        keys: hash of the id of each, `(num_rows,)`.
        future: covariates of the steps ahead, `(num_rows, horizon, num_covariates)`.
        num_paths: paths for each row.
        seed: as for `sample`.

    Returns:
        Slices of the rows in order, each with `(num_some_rows, num_paths, horizon)`.
    """
    channels, horizon = num_channels(fitted.model), future.shape[1]
    size = max(_MOST_PATHS // (num_paths * channels), 1) * channels
    for first in range(0, len(keys), size):
        rows = slice(first, min(first + size, len(keys)))
        some = state.take(range(rows.start, rows.stop))
        draws = fitted.calibration.draws(some, keys[rows], seed)
        yield rows, engine.forecast(fitted.model, some, horizon, draws, num_paths, future[rows])
