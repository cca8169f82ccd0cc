"""What a vector autoregression keeps of its rows, and its coefficients from that alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.baselines.algebra.gram import Gram, gram_of_rows
from forecast.baselines.algebra.solver import solve_centred
from forecast.baselines.autoregression.regression import about_zero
from forecast.baselines.vector.system import damped, matrices, regression

__all__ = ["SystemSums", "packed", "unpacked"]


@dataclass(frozen=True, eq=False)
class SystemSums:
    """The sums of one system's rows: lags, the step if it has a trend, targets.

    About their mean, or about zero where there is no constant.

    Args:
        trend: "n", "c" or "ct".
        order: number of lags; 0 for constant and trend alone.
        ridge: penalty as a share of the variance.
        free: coefficients of an equation that the penalty leaves free.
        gram: the sums; one target a channel.
    """

    trend: str
    order: int
    ridge: float
    free: float
    gram: Gram

    @staticmethod
    def of(
        values: NDArray, shape: tuple[str, int], facts: tuple[float, float], time: int = 0
    ) -> SystemSums:
        """The sums of the rows whose target and lags are all known.

        Args:
            values: `(num_steps, num_channels)`, NaN where unknown.
            shape: trend and order.
            facts: ridge and free coefficients.
            time: steps that passed before the first of `values`.
        """
        trend, order = shape
        design, target, steps = regression(values, max(order, 1))
        step = (steps + time)[:, None][:, : trend == "ct"]
        rows = np.concatenate([design[:, : order * values.shape[1]], step, target], axis=1)
        gram = gram_of_rows(rows, num_targets=values.shape[1])
        return SystemSums(trend, order, *facts, about_zero(gram) if trend == "n" else gram)

    def after(self, values: NDArray, time: int) -> SystemSums | None:
        """The sums with newer rows too; None where none of these is complete.

        Args:
            values: as many steps as the longest lag (at least one), and those that follow.
            time: steps that passed before the first of `values`.
        """
        shape, facts = (self.trend, self.order), (self.ridge, self.free)
        newer = SystemSums.of(values, shape, facts, time).gram
        if not newer.weight > 0:
            return None
        return replace(self, gram=self.gram.merge(newer))

    def solve(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Lags, constant, slope in time and covariance of the errors, as in `SystemFit`.

        Constant and trend are partialled out of lags and targets, which ridge then joins; an
        explosive solution is damped and constant and trend are fitted to what it leaves.
        """
        gram = self.gram
        size, count = gram.mean.shape[0], gram.num_targets
        num_lags = self.order * count
        lags, targets = slice(0, num_lags), slice(size - count, size)
        times = slice(num_lags, size - count)
        rest = _without(gram.second, times) / gram.weight
        slopes = np.zeros((num_lags, count))
        if num_lags:
            found = solve_centred(
                rest[None, lags, lags], rest[None, lags, targets], gram.mean[None, lags], self.ridge
            )  # fmt: skip
            slopes, _ = damped(found.coefficients[0])
        turn = np.concatenate([-slopes, np.zeros((size - count - num_lags, count)), np.eye(count)])
        errors = turn.T @ rest @ turn * gram.weight / max(float(gram.weight) - self.free, 1.0)
        slope = _trend(gram.second, times, turn)
        turn[times] = -slope
        shown = matrices(slopes) if num_lags else np.zeros((1, count, count))
        return shown, gram.mean @ turn, slope.sum(axis=0), errors


def packed(sums: Sequence[SystemSums | None]) -> dict[str, NDArray]:
    """The sums of all systems as arrays, one after the other; an order of -1 stands for none."""
    there = [one for one in sums if one is not None]
    numbers = [
        part.ravel()
        for one in there
        for part in (np.asarray(one.gram.weight), one.gram.mean, one.gram.second)
    ]
    every = np.concatenate(numbers) if numbers else np.zeros(0)
    orders = np.array([-1 if one is None else one.order for one in sums], dtype=np.int64)
    ridges = np.array([0.0 if one is None else float(one.ridge) for one in sums])
    free = np.array([0.0 if one is None else float(one.free) for one in sums])
    return {"orders": orders, "ridges": ridges, "free": free, "numbers": every}


def unpacked(
    arrays: dict[str, NDArray], trend: str, num_channels: int
) -> tuple[SystemSums | None, ...]:
    """What `packed` was given; refuses arrays that do not fit together."""
    found: list[SystemSums | None] = []
    numbers, at = arrays["numbers"], 0
    for order, ridge, free in zip(arrays["orders"], arrays["ridges"], arrays["free"], strict=True):
        if order < 0:
            found.append(None)
            continue
        size = (int(order) + 1) * num_channels + (trend == "ct")
        part = numbers[at : at + 1 + size + size**2]
        at += 1 + size + size**2
        if len(part) != 1 + size + size**2:
            raise ValueError("the sums of a vector autoregression are not complete.")
        mean, second = part[1 : 1 + size], part[1 + size :].reshape(size, size)
        gram = Gram(part[0], mean, second, num_channels)
        found.append(SystemSums(trend, int(order), float(ridge), float(free), gram))
    if at != len(numbers):
        raise ValueError("a vector autoregression has more sums than systems.")
    return tuple(found)


def _without(second: NDArray, gone: slice) -> NDArray:
    """The sums of what the columns `gone` leave of all others (at most one column)."""
    column = second[:, gone]
    size = second[gone, gone]
    return second - column @ (column.T / size) if size.size and size[0, 0] > 0.0 else second


def _trend(second: NDArray, times: slice, turn: NDArray) -> NDArray:
    """The slope in time of what the lags leave of the targets, `(0 or 1, num_channels)`."""
    size = np.diagonal(second)[times, None]
    return (second[times] @ turn) / np.where(size > 0.0, size, 1.0)
