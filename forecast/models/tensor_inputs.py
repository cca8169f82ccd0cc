"""What a network sees of a past, in tensors: `read_inputs` for compiled functions.

The paths of a series share its history and differ in their own newest values only. Every feature
but one is linear in the past, so the history's share is worked out once for all paths of a row; the
unit, a mean absolute deviation, is the exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keras import ops

from forecast.models.inputs import LARGEST_INPUT

__all__ = ["Highway", "Recent", "TensorInputs", "recent_of", "tensor_inputs"]

Tensor = Any


@dataclass(frozen=True, eq=False)
class Highway:
    """The linear forecaster of each row, as the arrays of `forecast.models.lens.Lens`.

    Args:
        groups: lags of each group, `(num_groups, window_length)`.
        of_lags: coefficients of the lags, `(n, window_length)`.
        of_groups: coefficients of the means of the groups, `(n, num_groups)`.
        of_rest: coefficients of the mean of everything and of the constant, `(n, 2)`.
        scales: level and unit of the network's inputs, `(n, 2)`; unit 0 for those of the span.
        span: newest values whose mean is the level of the highway.
        num_seasons: seasons whose lags are among the groups.
        is_scaled: whether the constant is in the unit of the window, else in that of the values.
    """

    groups: Tensor
    of_lags: Tensor
    of_groups: Tensor
    of_rest: Tensor
    scales: Tensor
    span: int | Tensor
    num_seasons: int
    is_scaled: bool


@dataclass(frozen=True, eq=False)
class Recent:
    """What `n` rows of `m` paths each know, newest first, as deviations from a reference.

    Args:
        shared: values before the rollout, `(n, window_length)`; 0 where there is none.
        known: 1 where `shared` is known, else 0.
        own: values of each path since then, `(n, num_steps, m)`.
        surplus: sum of all values so far, less the clock times the reference, `(n, m)`.
        clock: number of steps so far, `(n,)`.
        reference: what values are deviations from, `(n,)`.
    """

    shared: Tensor
    known: Tensor
    own: Tensor
    surplus: Tensor
    clock: Tensor
    reference: Tensor


@dataclass(frozen=True, eq=False)
class TensorInputs:
    """As `forecast.models.inputs.Inputs`, for `n` rows of `m` paths.

    Args:
        features: float32 `(n, num_features, m)`.
        base: forecast of the highway less the reference, `(n, m)`; NaN where nothing is known.
        unit: size of a correction of 1, `(n, m)`.
    """

    features: Tensor
    base: Tensor
    unit: Tensor


def recent_of(window: Tensor, total: Tensor, clock: Tensor, span: int | Tensor) -> Recent:
    """Pasts without values of their own, `m = 1`.

    Args:
        window: newest values, oldest first, `(n, window_length)`, float64; NaN where unknown.
        total: sum of all values so far, `(n,)`.
        clock: number of steps so far, `(n,)`, float64.
        span: newest values whose mean is the reference.
    """
    newest_first = ops.flip(window, axis=1)
    known = ops.cast(ops.logical_not(ops.isnan(newest_first)), window.dtype)
    values = ops.where(known > 0, newest_first, ops.zeros_like(newest_first))
    count = ops.maximum(ops.sum(known[:, :span], axis=1), 1.0)
    reference = ops.sum(values[:, :span], axis=1) / count
    shared = (values - reference[:, None]) * known
    own = newest_first[:, :0, None]
    surplus = (total - clock * reference)[:, None]
    return Recent(shared, known, own, surplus, clock, reference)


def tensor_inputs(highway: Highway, recent: Recent) -> TensorInputs:
    """Features, linear forecast and unit of each path; see `forecast.models.inputs.read_inputs`.

    Args:
        highway: the linear forecaster of each row.
        recent: what is known.
    """
    counts, sums = _of_groups(highway.groups, recent)
    some = ops.cast(counts > 0, counts.dtype)[:, :, None]
    means = sums / ops.maximum(counts, 1.0)[:, :, None]
    level = means[:, 0]
    means = some * (means - level[:, None])  # a group without a known value counts as the level
    everything = recent.surplus / ops.maximum(recent.clock, 1.0)[:, None] - level
    unit = _unit(recent, level, counts[:, :1], highway.span)
    own = _lagged(highway.of_lags, recent, level)
    linear = own + _weighted(highway.of_groups, means) + highway.of_rest[:, :1] * everything
    constant = highway.of_rest[:, 1:] * (unit if highway.is_scaled else 1.0)
    base = ops.where(counts[:, :1] > 0, linear + constant, float("nan"))
    shift, unit = _of_network(highway.scales, level + recent.reference[:, None], unit)
    seen = means[:, 1 : 4 + 3 * highway.num_seasons]
    seen = seen + some[:, 1 : 4 + 3 * highway.num_seasons] * shift[:, None]
    parts = [(base + shift)[:, None], seen[:, :3], (everything + shift)[:, None], seen[:, 3:]]
    seen = ops.concatenate(parts, axis=1)
    features = ops.clip(ops.nan_to_num(seen / unit[:, None]), -LARGEST_INPUT, LARGEST_INPUT)
    return TensorInputs(ops.cast(features, "float32"), level + base, unit)


def _of_network(scales: Tensor, level: Tensor, unit: Tensor) -> tuple[Tensor, Tensor]:
    """How far the level is above that of the network's inputs, and their unit, `(n, m)`."""
    own_level, own_unit = scales[:, :1], scales[:, 1:]
    newest = ops.equal(own_unit, 0.0)
    return ops.where(newest, 0.0, level - own_level), ops.where(newest, unit, own_unit)


def _of_groups(groups: Tensor, recent: Recent) -> tuple[Tensor, Tensor]:
    """Known values of each group, `(n, num_groups)`, and their sums, `(n, num_groups, m)`."""
    own = recent.own[:, : ops.shape(groups)[1]]
    marks = groups[:, : ops.shape(own)[1]]
    transposed = ops.transpose(groups)
    counts = ops.matmul(recent.known, transposed) + ops.sum(marks, axis=1)
    return counts, ops.matmul(recent.shared, transposed)[:, :, None] + ops.matmul(marks, own)


def _lagged(weights: Tensor, recent: Recent, level: Tensor) -> Tensor:
    """The lags' weighted deviations from the level, `(n, m)`."""
    own = recent.own[:, : ops.shape(weights)[1]]
    of_own = weights[:, : ops.shape(own)[1]]
    shared = ops.sum(weights * recent.shared, axis=1, keepdims=True)
    total = ops.sum(weights * recent.known, axis=1) + ops.sum(of_own, axis=1)
    return shared + _weighted(of_own, own) - total[:, None] * level


def _weighted(weights: Tensor, values: Tensor) -> Tensor:
    """Sum over the second axis of `values`, `(n, k, m)`, with `weights`, `(n, k)`."""
    return ops.matmul(weights[:, None], values)[:, 0]


def _unit(recent: Recent, level: Tensor, count: Tensor, span: int | Tensor) -> Tensor:
    """Mean absolute deviation of the newest values, at least a tiny share of the level."""
    # A matrix product with 0 and 1 is the fastest sum over what is known.
    shared = ops.abs(recent.shared[:, :span, None] - level[:, None])
    own = ops.sum(ops.abs(recent.own[:, :span] - level[:, None]), axis=1)
    size = (_weighted(recent.known[:, :span], shared) + own) / ops.maximum(count, 1.0)
    largest = ops.maximum(ops.abs(level + recent.reference[:, None]), 1.0)
    return ops.maximum(size, 1e-9 * largest)
