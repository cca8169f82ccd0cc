"""Going on with a sequence: the most probable symbols, or draws with a temperature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.checks import check_positive_integer, check_seed, check_share
from forecast.draws import keyed_uniforms
from forecast.protocol import StateBatch
from forecast.symbols.model import SymbolModel, symbol_block

__all__ = ["ENDED", "Paths", "Sampling", "continued", "drawn", "expected", "tempered"]

ENDED = -1
"""In the place of a code: the sequence has ended before."""

_MOST_ROWS = 20_000
_Choice = Callable[[NDArray, int], NDArray]


@dataclass(frozen=True)
class Sampling:
    """How symbols are drawn.

    Args:
        num_paths: paths for each series, at least 1.
        temperature: at least 0: 1 draws by the probabilities p, others by `p^(1/temperature)`,
            0 takes the most probable symbol.
        seed: the same seed gives the same path to a series in any subset, batch or order.

    Raises:
        ValueError: for a value out of range.
    """

    num_paths: int = 1
    temperature: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_positive_integer("num_paths", self.num_paths)
        check_share("temperature", self.temperature)
        check_seed(self.seed)


@dataclass(frozen=True, eq=False)
class Paths:
    """Where paths go out from, and how they are drawn.

    Args:
        state: of each series.
        series: hash of each id, `(num_rows,)`, see `forecast.draws.series_key`.
        sampling: the draws.
    """

    state: StateBatch
    series: NDArray
    sampling: Sampling

    def parts(self) -> Iterator[Paths]:
        """The paths of some series at a time."""
        size = max(1, _MOST_ROWS // self.sampling.num_paths)
        for begin in range(0, self.state.num_rows, size):
            rows = np.arange(begin, min(begin + size, self.state.num_rows))
            yield Paths(self.state.take(rows), self.series[rows], self.sampling)

    def repeated(self) -> StateBatch:
        """The state of each path, path after path of each series."""
        return self.state.take(np.repeat(np.arange(self.state.num_rows), self.sampling.num_paths))

    def choose(self, ahead: NDArray, step: int) -> NDArray:
        """A code for each path, `(num_rows * num_paths,)`."""
        if self.sampling.temperature == 0.0:
            return ahead.argmax(axis=1)
        origin, paths = self.state.clock[:, None], np.arange(self.sampling.num_paths)
        uniform = keyed_uniforms(self.sampling.seed, self.series[:, None], origin, paths, step)
        return drawn(tempered(ahead, self.sampling.temperature), uniform.ravel())


def continued(model: SymbolModel, paths: Paths, horizon: int) -> NDArray[np.int64]:
    """Codes of all paths, each fed its own, `(num_rows, num_paths, horizon)`; `ENDED` after an end.

    Args:
        model: of the symbols.
        paths: where they go out from.
        horizon: steps at most, at least 1.
    """
    found = [np.empty((0, paths.sampling.num_paths, horizon), dtype=np.int64)]
    for part in paths.parts():
        steps = [codes for _, codes in _rolled(model, part.repeated(), horizon, part.choose)]
        found.append(np.stack(steps, axis=1).reshape(-1, paths.sampling.num_paths, horizon))
    return np.concatenate(found)


def expected(model: SymbolModel, paths: Paths, horizon: int) -> NDArray[np.float64]:
    """Probability of each code at each step, the mean of what is forecast along the paths.

    Unlike shares of the codes drawn it is exact one step ahead, and has less noise further on.

    Returns:
        `(num_rows, horizon, num_codes)`; that of the end mark: to have ended there or before.
    """
    found = [np.empty((0, horizon, model.num_codes))]
    for part in paths.parts():
        steps = []
        ended = np.zeros(model.num_codes)
        if model.end is not None:
            ended[model.end] = 1.0
        for ahead, codes in _rolled(model, part.repeated(), horizon, part.choose):
            told = np.where((codes == ENDED)[:, None], ended, np.exp(ahead))
            shape = (-1, paths.sampling.num_paths, model.num_codes)
            steps.append(told.reshape(shape).mean(axis=1))
        found.append(np.stack(steps, axis=1))
    return np.concatenate(found)


def _rolled(
    model: SymbolModel, state: StateBatch, horizon: int, choose: _Choice
) -> Iterator[tuple[NDArray, NDArray]]:
    """At each step the log-probabilities of each row, and the code that it goes on with."""
    running = np.ones(state.num_rows, dtype=bool)
    for step in range(horizon):
        ahead = model.ahead(state)
        codes = np.where(running, choose(ahead, step), ENDED)
        yield ahead, codes
        running = running & (codes != model.end)
        if step + 1 < horizon and running.any():
            state, _ = model.walk(state, symbol_block(codes, running))


def tempered(ahead: NDArray, temperature: float) -> NDArray[np.float64]:
    """`p^(1/T) / sum p^(1/T)` of log-probabilities, `(num_rows, num_codes)`.

    Example:
        >>> tempered(np.log([[0.8, 0.2]]), 0.5).round(3).tolist()
        [[0.941, 0.059]]
    """
    scaled = (ahead - ahead.max(axis=1, keepdims=True)) / temperature
    weights = np.exp(scaled)
    return weights / weights.sum(axis=1, keepdims=True)


def drawn(probabilities: NDArray, uniform: NDArray) -> NDArray[np.int64]:
    """The code of each row whose share of [0, 1) holds a uniform number.

    Example:
        >>> drawn(np.array([[0.2, 0.0, 0.8]] * 3), np.array([0.1, 0.2, 0.99])).tolist()
        [0, 2, 2]
    """
    limits = np.cumsum(probabilities, axis=1)
    # From the last code that is possible on; the numbers may add up to a little less than 1.
    limits[limits >= limits[:, -1:]] = np.inf
    return (uniform[:, None] >= limits).sum(axis=1)
