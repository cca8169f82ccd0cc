"""The default season of a panel, and why it is that."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from ..panel import Panel
from ..sample import evenly_spread

_MOST_SERIES = 200
_MOST_DIRECT_LAGS = 400  # of more, sums by Fourier transforms are faster
_CRITICAL = 1.645  # 90 % two-sided, as in the M4 competition's Naive2


@dataclass(frozen=True)
class Season:
    """A season length with its reason.

    Args:
        length: steps of a season; 1 is none.
        reason: why, as a phrase.
        long: a second, longer season, or None.
        given: whether the user said so.
    """

    length: int
    reason: str
    long: int | None = None
    given: bool = False


def default_season(panel: Panel, season_length: int | None = None) -> Season:
    """The frequency's usual season, kept if the autocorrelation holds on half of the series.

    The test is Naive2's: with autocorrelations r_k of n values, season m is kept on a series where
    ``n >= 3 m`` and ``|r_m| > 1.645 sqrt((1 + 2 sum_{k<m} r_k^2) / n)``. Up to 200 series, evenly
    spread over the panel, are tested. The frequency's longer season is added where half of the
    series have three cycles of it.

    Args:
        panel: the series.
        season_length: the user's choice, at least 1; None for the default.

    Returns:
        The season.

    Raises:
        ValueError: if `season_length` is below 1 or no whole number.

    Example:
        >>> from forecast.pipelines import load_dataset, read_frame
        >>> default_season(read_frame(load_dataset("co2")).panel).length
        52

    Source: Makridakis, Spiliotis, Assimakopoulos (2020), "The M4 Competition", section on Naive2.
    """
    if season_length is not None:
        if not _is_count(season_length):
            raise ValueError(
                f"season_length must be at least 1 (no season), a whole number; got "
                f"{season_length!r}."
            )
        return Season(int(season_length), "given by the user", given=True)
    usual = panel.frequency.season_lengths
    alias = panel.frequency.alias
    if not usual:
        return Season(1, f"freq={alias!r} has no usual season")
    sample = evenly_spread(panel.num_series, _MOST_SERIES)
    kept = sum(is_seasonal(panel.row(i), usual[0]) for i in sample)
    held = f"the autocorrelation test holds on {kept} of {len(sample)} series"
    length = usual[0] if 2 * kept >= len(sample) else 1
    reason = f"usual season of freq={alias!r} is {usual[0]}, {held}"
    return Season(length, reason, _longer(panel, usual))


def _is_count(number: Any) -> bool:
    whole = isinstance(number, Integral) and not isinstance(number, bool)
    return whole and number >= 1


def _longer(panel: Panel, usual: tuple[int, ...]) -> int | None:
    """The longest usual season of which half of the series have three cycles."""
    fitting = [m for m in usual[1:] if np.mean(panel.lengths >= 3 * m) >= 0.5]
    return max(fitting, default=None)


def is_seasonal(values: np.ndarray, season_length: int) -> bool:
    """Naive2's autocorrelation test on one series.

    Args:
        values: float64 of shape (n,); NaN steps count as the mean.
        season_length: season to test, at least 1.

    Returns:
        True where the season is significant; always False for a season of 1, below three seasons
        of values, or without variation.

    Example:
        >>> is_seasonal(np.tile([1.0, 2.0, 3.0, 9.0], 5), 4)
        True

    Source: M4 competition, ``Benchmarks and Evaluation.R``, ``SeasonalityTest``.
    """
    count = int((~np.isnan(values)).sum())
    if season_length <= 1 or count < 3 * season_length:
        return False
    correlation = autocorrelation(values, season_length)
    limit = _CRITICAL * np.sqrt((1 + 2 * np.sum(correlation[:-1] ** 2)) / count)
    return bool(abs(correlation[-1]) > limit)


def autocorrelation(values: np.ndarray, num_lags: int) -> np.ndarray:
    """Autocorrelations r_k = sum_t d_t d_{t+k} / sum_t d_t^2 of the deviations d from the mean.

    Args:
        values: float64 of shape (n,); NaN steps count as the mean.
        num_lags: number of lags, less than n.

    Returns:
        float64 of shape (num_lags,) for lags 1 to num_lags; zeros for a constant series.
    """
    scale = np.nanmax(np.abs(values))
    if scale == 0.0:
        return np.zeros(num_lags)
    scaled = values / scale  # squares of huge or tiny values leave the range of float64
    deviations = np.nan_to_num(scaled - np.nanmean(scaled))
    power = float(deviations @ deviations)
    if power <= len(values) * 1e-24:
        return np.zeros(num_lags)
    if num_lags > _MOST_DIRECT_LAGS:
        return _lagged_products(deviations, num_lags) / power
    return np.array([deviations[k:] @ deviations[:-k] for k in range(1, num_lags + 1)]) / power


def _lagged_products(deviations: np.ndarray, num_lags: int) -> np.ndarray:
    """sum_t d_t d_{t+k} for lags 1 to num_lags; zeros behind keep the ends apart."""
    size = 1 << (len(deviations) + num_lags - 1).bit_length()
    transform = np.fft.rfft(deviations, size)
    return np.fft.irfft(np.abs(transform) ** 2, size)[1 : num_lags + 1]


def seasonal_indices(
    values: np.ndarray, season_length: int, multiplicative: bool = True
) -> np.ndarray:
    """Classical decomposition: mean ratio to the centred moving average, per phase.

    Args:
        values: float64 of shape (n,), at least two seasons; moving averages over NaN steps
            are left out; where a phase would have none, they are bridged by straight lines.
        season_length: m, in steps.
        multiplicative: ratios, with mean 1; False for differences, with mean 0.

    Returns:
        float64 of shape (m,), by phase counted from the first step; NaN where a phase has no value.

    Example:
        >>> seasonal_indices(np.array([1.0, 3.0] * 4), 2)
        array([0.5, 1.5])

    Source: R's ``decompose``, which M4 calls.
    """
    means = _phase_means(values, values, season_length, multiplicative)
    if np.isnan(means).any():
        steps, known = np.arange(len(values)), ~np.isnan(values)
        bridged = np.interp(steps, steps[known], values[known])
        means = _phase_means(values, bridged, season_length, multiplicative)
    return means / np.mean(means) if multiplicative else means - np.mean(means)


def seasonal_adjustment(values: np.ndarray, season_length: int) -> tuple[np.ndarray, bool]:
    """What takes the season out of one series: nothing where Naive2's test finds none.

    Multiplicative indices as in M4; additive ones where a value is negative or an index would not
    be positive.

    Args:
        values: float64 of shape (n,), NaN where nothing was observed.
        season_length: m, at least 1.

    Returns:
        Indices by phase counted from the first step, (m,), and whether they multiply.

    Example:
        >>> indices, multiply = seasonal_adjustment(np.array([1.0, 3.0, 2.0, 6.0] * 5), 4)
        >>> multiply, bool(indices.argmax() == 3)
        (True, True)
    """
    if not is_seasonal(values, season_length):
        return np.ones(season_length), True
    if np.nanmin(values) >= 0.0:
        indices = seasonal_indices(values, season_length)
        if np.all(indices > 0.0):
            return indices, True
    indices = seasonal_indices(values, season_length, multiplicative=False)
    return (indices if np.all(np.isfinite(indices)) else np.zeros(season_length)), False


def _phase_means(
    values: np.ndarray, bridged: np.ndarray, season_length: int, multiplicative: bool
) -> np.ndarray:
    """Mean of each phase of `values` against the centred moving average of `bridged`."""
    trend = _centred_average(bridged, season_length)
    trend = np.where(trend > 0.0, trend, np.nan) if multiplicative else trend
    detrended = values / trend if multiplicative else values - trend
    known = ~np.isnan(detrended)
    phase = np.flatnonzero(known) % season_length
    count = np.bincount(phase, minlength=season_length)
    total = np.bincount(phase, detrended[known], minlength=season_length)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _centred_average(values: np.ndarray, season_length: int) -> np.ndarray:
    """Moving average over a season, half weights at both ends of an even one; NaN at the ends."""
    weights = np.ones(season_length)
    if season_length % 2 == 0:
        weights = np.r_[0.5, np.ones(season_length - 1), 0.5]
    average = np.full(len(values), np.nan)
    side = len(weights) // 2
    average[side : len(values) - side] = np.convolve(values, weights, "valid") / season_length
    return average
