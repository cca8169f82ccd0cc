"""A batch of windows: what a model is given, what it is to say, and what that counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import DTypeLike, NDArray

from .tape import Tape

__all__ = ["WindowBatch", "every_step_batch", "horizon_batch"]


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """Windows gathered for a model; the masks are those of a `Block`.

    Args:
        inputs: arrays by name. Always "values" (rows, context) or (rows, context, channels), 0
            where there is none; "observed", bool like the values; "valid", bool (rows, context),
            False at padding, which is on the right. Where the panel has them: "covariates" known
            ahead, at the steps of the context; "future_covariates", the same at the steps of the
            targets; "past_covariates" with their mask "past_observed"; "static_covariates".
            Streams add "begins", bool (rows,): a new series begins in this row.
        targets: what follows, (rows, horizon) or, at every step, (rows, context, horizon), and a
            last axis of channels if there are several; 0 where there is none.
        target_observed: bool like the targets.
        weights: float32 like the targets; 0 where there is none.
        series: number of the series of each row (of the system, where there are channels).
        ends: steps of that series which are known: the first target is step ``ends[row]``.
    """

    inputs: dict[str, NDArray]
    targets: NDArray
    target_observed: NDArray
    weights: NDArray
    series: NDArray
    ends: NDArray

    @property
    def values(self) -> NDArray:
        """Values of the context."""
        return self.inputs["values"]

    @property
    def observed(self) -> NDArray:
        """Where the context has a value."""
        return self.inputs["observed"]

    @property
    def valid(self) -> NDArray:
        """Where the context is no padding."""
        return self.inputs["valid"]


def horizon_batch(
    tape: Tape, series: NDArray, ends: NDArray, context: int, horizon: int, dtype: DTypeLike
) -> WindowBatch:
    """Windows whose targets are the steps after the context.

    Args:
        tape: the steps.
        series: number of the series of each row.
        ends: known steps of each row, from 1 to the length of the series less the horizon.
        context: steps of a context; one that would begin before its series is padded.
        horizon: steps of the targets.
        dtype: of values and targets.
    """
    known = np.minimum(ends, context)
    first = ends - known
    if known.min(initial=context) == context:  # one stretch holds context and targets
        steps, observed = _filled(tape, tape.values(series, first, context + horizon, dtype))
        values, targets = steps[:, :context], steps[:, context:]
        observed, target_observed = observed[:, :context], observed[:, context:]
        valid = np.ones((len(series), context), dtype=bool)
    else:
        valid = np.arange(context) < known[:, None]
        values, observed = _masked(tape.values(series, first, context, dtype), valid)
        targets, target_observed = _filled(tape, tape.values(series, ends, horizon, dtype))
    weights = (target_observed * tape.weights_of(series, ends, horizon)).astype(np.float32)
    inputs = {"values": values, "observed": observed, "valid": valid}
    inputs |= _covariates(tape, series, first, valid, dtype)
    if tape.panel.num_covariates:
        inputs["future_covariates"] = tape.table("future", series, ends, horizon).astype(dtype)
    return WindowBatch(inputs, targets, target_observed, weights, series, ends)


def every_step_batch(
    tape: Tape, series: NDArray, first: NDArray, known: NDArray, width: int, horizon: int,
    dtype: DTypeLike = np.float32,
) -> WindowBatch:  # fmt: skip
    """Stretches of series whose targets are the `horizon` steps after each of their steps.

    Args:
        tape: the steps.
        series: number of the series of each row.
        first: first step of each row.
        known: steps of each row, from 0 to `width`; the rest is padding.
        width: steps of the batch.
        horizon: steps ahead.
        dtype: of values and targets.
    """
    steps = np.arange(width + horizon)
    exists = steps < (tape.lengths[series] - first)[:, None]
    valid = steps[:width] < known[:, None]
    whole = np.where(_like(exists, tape), tape.values(series, first, len(steps), dtype), np.nan)
    values, observed = _masked(whole[:, :width], valid)
    targets, target_observed = _masked(_ahead(whole, horizon), valid)
    weights = tape.weights_of(series, first, len(steps)) * np.ones_like(whole, dtype=np.float32)
    weights = (target_observed * _ahead(weights, horizon)).astype(np.float32)
    inputs = {"values": values, "observed": observed, "valid": valid}
    inputs |= _covariates(tape, series, first, valid, dtype)
    if tape.panel.num_covariates:
        known_ahead = tape.table("future", series, first, len(steps))
        known_ahead = np.where(exists[..., None], known_ahead, 0.0).astype(dtype)
        inputs["future_covariates"] = _masked(_ahead(known_ahead, horizon), valid)[0]
    return WindowBatch(inputs, targets, target_observed, weights, series, first + known)


def _like(steps: NDArray, tape: Tape) -> NDArray:
    """A mask of steps that broadcasts to values."""
    return steps if tape.panel.num_channels == 1 else steps[..., None]


def _ahead(whole: NDArray, horizon: int) -> NDArray:
    """The `horizon` steps after each step, (rows, width, horizon, ...): a view."""
    after = sliding_window_view(whole, horizon, axis=1)[:, 1:]
    return np.moveaxis(after, -1, 2)


def _filled(tape: Tape, values: NDArray) -> tuple[NDArray, NDArray]:
    """Values with 0 where there is none, and where there is one."""
    if tape.is_complete:
        return values, np.ones(values.shape, dtype=bool)
    missing = np.isnan(values)
    if missing.any():
        np.copyto(values, 0, where=missing)  # just read: nobody else's
    return values, ~missing


def _masked(values: NDArray, valid: NDArray) -> tuple[NDArray, NDArray]:
    """Values with 0 where there is none or at padding, and where there is one."""
    valid = valid.reshape(valid.shape + (1,) * (values.ndim - valid.ndim))
    observed = valid & ~np.isnan(values)
    return np.where(observed, values, values.dtype.type(0)), observed


def _covariates(
    tape: Tape, series: NDArray, first: NDArray, valid: NDArray, dtype: DTypeLike
) -> dict[str, NDArray]:
    """What is known beside the values at the steps of the context, by name."""
    table, width, found = tape.panel.covariates, valid.shape[1], {}
    if table.future.shape[1]:
        found["covariates"] = _masked(tape.table("future", series, first, width), valid)[0]
    if table.past.shape[1]:
        past, observed = _masked(tape.table("past", series, first, width), valid)
        found |= {"past_covariates": past, "past_observed": observed}
    if table.static.shape[1]:
        found["static_covariates"] = tape.static(series)
    return {name: a if a.dtype == bool else a.astype(dtype) for name, a in found.items()}
