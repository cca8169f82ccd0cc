"""Quantiles that cannot cross, and the distribution that lies between them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecast.checks import is_number
from forecast.heads.arithmetic import inverse_softplus, running_sum, softplus, stacked
from forecast.heads.head import Distribution

__all__ = ["Quantiles"]

_DEFAULT = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
# Distance of two quantiles at least, in units of the window.
_SMALLEST_STEP = 1e-4
_FEWEST = 2


@dataclass(frozen=True)
class Quantiles(Distribution):
    """Quantiles `q_1 < ... < q_K` at the levels `p_1 < ... < p_K`; their loss is the pinball loss.

    The middle one, k, is `raw_k`; each other lies `0.0001 + softplus(raw_i)` beyond its neighbour.
    Between two the quantile function is a line. Below the first it is `q_1 + b log(u / p_1)`, above
    the last `q_K - c log((1 - u) / (1 - p_K))`: exponential tails that go on with the density of
    the line beside them.

    Args:
        levels: shares above 0 and below 1, increasing, at least two.

    Raises:
        ValueError: for other levels.

    Example:
        >>> head = Quantiles(levels=(0.1, 0.5, 0.9))
        >>> head.quantile(np.array([1.0, 3.0, 1.0]), 0.5).round(6).item()
        3.0

    Source:
        Koenker and Bassett (1978), "Regression quantiles".
    """

    levels: tuple[float, ...] = _DEFAULT

    def __post_init__(self) -> None:
        """Refuse levels that are no quantiles."""
        levels = self.levels
        if not isinstance(levels, tuple | list) or not all(map(is_number, levels)):
            raise ValueError(
                f"`levels` must be a tuple of numbers, such as {_DEFAULT}; got {levels!r}."
            )
        if len(levels) < _FEWEST or not all(0.0 < level < 1.0 for level in levels):
            raise ValueError(
                f"`levels` must hold at least two shares above 0 and below 1, such as (0.1, 0.9); "
                f"got {levels!r}."
            )
        if not all(low < high for low, high in pairwise(levels)):
            raise ValueError(f"`levels` must increase from each to the next; got {levels!r}.")
        object.__setattr__(self, "levels", tuple(levels))

    @property
    def num_outputs(self) -> int:
        """One for each level, K."""
        return len(self.levels)

    def values(self, raw: Any) -> Any:
        """The quantiles in ascending order, `(..., K)`, of an array or a tensor."""
        middle = raw[..., self._middle : self._middle + 1]
        steps = _SMALLEST_STEP + softplus(raw)
        above = running_sum(steps[..., self._middle + 1 :])
        below = running_sum(steps[..., : self._middle][..., ::-1])[..., ::-1]
        return stacked([middle - below, middle, middle + above])

    def losses(self, raw: Any, target: Any) -> Any:
        """`(2 / K) sum_i max(p_i e_i, (p_i - 1) e_i)`, `e_i = y - q_i`; near the CRPS."""
        error = target[..., None] - self.values(raw)
        levels = ops.cast(np.array(self.levels), error.dtype)
        return 2.0 * ops.mean(ops.maximum(levels * error, (levels - 1.0) * error), axis=-1)

    def log_likelihood(self, raw: Any, target: Any) -> Any:
        """Logarithm of the slope's reciprocal, with exponential tails."""
        values, levels = self.values(raw), self.levels
        below, above = (target - values[..., 0]), (target - values[..., -1])
        low, high = self._rates(values)
        found = np.log(levels[0]) - ops.log(low) + ops.minimum(below, 0.0) / low
        for index in range(len(levels) - 1):
            share = np.log(levels[index + 1] - levels[index])
            inside = share - ops.log(values[..., index + 1] - values[..., index])
            found = ops.where(target >= values[..., index], inside, found)
        tail = np.log1p(-levels[-1]) - ops.log(high) - ops.maximum(above, 0.0) / high
        return ops.where(above >= 0.0, tail, found)

    def quantile(self, raw: NDArray, uniform: NDArray | float) -> NDArray:
        """See `Distribution`."""
        values, levels = self.values(raw), np.array(self.levels)
        shape = np.broadcast_shapes(values.shape[:-1], np.shape(uniform))
        uniform = np.broadcast_to(uniform, shape)
        values = np.broadcast_to(values, (*shape, len(levels)))
        left = np.clip(np.searchsorted(levels, uniform) - 1, 0, len(levels) - 2)
        at = (np.take_along_axis(values, (left + end)[..., None], -1)[..., 0] for end in (0, 1))
        share = (uniform - levels[left]) / (levels[left + 1] - levels[left])
        start, end = at
        low, high = self._rates(values)
        lower = values[..., 0] + low * np.log(np.minimum(uniform / levels[0], 1.0))
        rest = np.minimum((1.0 - uniform) / (1.0 - levels[-1]), 1.0)
        upper = values[..., -1] - high * np.log(rest)
        inside = start + share * (end - start)
        found = np.where(uniform < levels[0], lower, inside)
        return np.where(uniform > levels[-1], upper, found)

    def at(self, raw: Any, share: float) -> Any:
        """`quantile` of one share, of an array or a tensor."""
        values, levels = self.values(raw), self.levels
        low, high = self._rates(values)
        if share < levels[0]:
            return values[..., 0] + low * float(np.log(share / levels[0]))
        if share > levels[-1]:
            return values[..., -1] - high * float(np.log((1.0 - share) / (1.0 - levels[-1])))
        left = max(int(np.searchsorted(levels, share)) - 1, 0)
        along = (share - levels[left]) / (levels[left + 1] - levels[left])
        return values[..., left] + along * (values[..., left + 1] - values[..., left])

    def mean(self, raw: NDArray) -> NDArray:
        """The integral of the quantile function."""
        values, levels = self.values(raw), np.array(self.levels)
        low, high = self._rates(values)
        lines = 0.5 * (values[..., 1:] + values[..., :-1]) @ np.diff(levels)
        lower = levels[0] * (values[..., 0] - low)
        return lines + lower + (1.0 - levels[-1]) * (values[..., -1] + high)

    def start(self, raw: NDArray, target: NDArray, weight: NDArray) -> NDArray:  # noqa: ARG002
        """The quantiles of all values, weighted."""
        order = np.argsort(target)
        shares = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
        values = np.interp(self.levels, shares, target[order])
        steps = np.maximum(np.diff(values) - _SMALLEST_STEP, _SMALLEST_STEP)
        below, above = steps[: self._middle], steps[self._middle :]
        middle = values[self._middle : self._middle + 1]
        return np.concatenate([inverse_softplus(below), middle, inverse_softplus(above)])

    @property
    def _middle(self) -> int:
        """Place of the level next to one half."""
        return int(np.argmin(np.abs(np.array(self.levels) - 0.5)))

    def _rates(self, values: Any) -> tuple[Any, Any]:
        """Rates of the tails, b and c."""
        levels = self.levels
        low = levels[0] * (values[..., 1] - values[..., 0]) / (levels[1] - levels[0])
        high = (values[..., -1] - values[..., -2]) / (levels[-1] - levels[-2])
        return low, (1.0 - levels[-1]) * high
