"""The largest Lyapunov exponent: how fast two almost equal pasts move apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecast import engine
from forecast.checks import check_positive_integer, check_seed
from forecast.diagnostics.series_walk import SeriesWalk
from forecast.diagnostics.state_view import view_of
from forecast.pipelines import Block
from forecast.progress import progress_bar
from forecast.protocol import Model, StateBatch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LyapunovExponent", "exponent_of_map", "growth_along", "lyapunov_exponent"]

Flow = Callable[[NDArray], NDArray]

# First steps that are left out, as the difference has not turned into its fastest direction yet.
_TRANSIENT = 0.1
# A state that has grown by this much has lost the digits that a difference is told by.
_LOST = 1e7
# What is called neither growing nor shrinking, per step.
_NEAR = 5e-3


@dataclass(frozen=True, eq=False)
class LyapunovExponent:
    """What `fc.lyapunov_exponent` has found; printed as its verdict.

    Args:
        verdict: what was found, in sentences.
        exponents: largest exponent of each series, per step, in natural logarithms.
        table: a row a series and step: `unique_id`, `step` from 1, `growth` (logarithm of the
            factor by which the difference grew) and `exponent` (mean growth so far, without the
            first tenth of the steps, NaN there).
    """

    verdict: str
    exponents: pd.Series
    table: pd.DataFrame

    def plot(self) -> Figure:
        """The estimate as it settles, and zero.

        Returns:
            A new figure; `figure.savefig("lyapunov.png")` writes it.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        from forecast.diagnostics.dynamics_pictures import exponent_figure

        return exponent_figure(self.table)

    def __str__(self) -> str:
        return self.verdict


def lyapunov_exponent(
    forecaster: Any, df: Any, *, num_steps: int = 500, max_series: int = 5, seed: int = 0
) -> LyapunovExponent:
    """Mean growth of a small difference along a free run, `lim (1/t) log(|d[t]| / |d[0]|)`.

    From the end of each series the model lives on its own forecasts, once from its state and once
    from a state beside it. After each step the difference is brought back to its first length, so
    that it stays small, and its growth is noted (Benettin et al., 1980). Below 0 two pasts lead to
    the same forecasts; above it forecasts are chaotic, and an error grows e-fold within one over
    the exponent steps. Of an autoregression it is the logarithm of the spectral radius of the
    companion matrix. The explosion guard of forecasts is left out.

    Args:
        forecaster: fitted; what of it is looked at, see `jacobian_spectrum`.
        df: the series, histories included, of the columns given to `fit`.
        num_steps: steps of the free run, at least 1.
        max_series: most series, at least 1; of more, some that are spread evenly.
        seed: of the direction of the first difference.

    Returns:
        `exponents`, `table` (a row a series and step), `verdict` (also printed), `plot()`.

    Raises:
        TypeError: for what is no forecaster of this library.
        NotFittedError: for one that is not fitted.
        ValueError: for data that cannot be used, covariates, or a forecaster that cannot be looked
            into.

    Example:
        >>> import forecast as fc
        >>> df = fc.load_dataset("sunspots")
        >>> found = fc.lyapunov_exponent(fc.AR(lags=2).fit(df), df, num_steps=400)
        >>> found.exponents.round(2).tolist()
        [-0.19]

    Source: Benettin, Galgani, Giorgilli and Strelcyn (1980), Lyapunov characteristic exponents for
    smooth dynamical systems, Meccanica 15.
    """
    check_positive_integer("num_steps", num_steps)
    check_seed(seed)
    walk = SeriesWalk.of(forecaster, df, 1, max_series)
    walk.refuse_covariates("in a free run")
    state, block = _at_the_end(walk)
    view = view_of(walk.part.model, fed=True)
    flow = _FreeRun(walk.part.model, state, block)
    start = view.vector(state)
    with progress_bar(num_steps) as advance:
        growth = growth_along(flow, start, view.steps(state), num_steps, seed, advance)
    means = _settling(growth)
    table = pd.concat([
        pd.DataFrame({"unique_id": name, "step": np.arange(1, num_steps + 1),
                      "growth": growth[row], "exponent": means[row]})
        for row, name in enumerate(walk.ids)
    ], ignore_index=True)  # fmt: skip
    exponents = pd.Series(_last(means), index=pd.Index(walk.ids, name="unique_id"), name="exponent")
    return LyapunovExponent(_verdict(walk.part.words, exponents, growth), exponents, table)


def exponent_of_map(map: Flow, start: ArrayLike, num_steps: int = 1000, seed: int = 0) -> float:
    """Largest Lyapunov exponent of `x[t+1] = f(x[t])`, the mean over several starts.

    Args:
        map: f of points `(..., n)`.
        start: first points, `(num_starts, n)`.
        num_steps: steps, at least 1; the first tenth is left out.
        seed: of the direction of the first difference.

    Returns:
        The exponent per step, in natural logarithms.

    Example:
        >>> import numpy as np
        >>> start = np.linspace(0.11, 0.87, 40)[:, None]
        >>> found = exponent_of_map(lambda x: 4.0 * x * (1.0 - x), start)
        >>> bool(abs(found / np.log(2.0) - 1.0) < 0.02)
        True
    """
    check_positive_integer("num_steps", num_steps)
    points = np.asarray(start, dtype=np.float64)
    growth = growth_along(map, points, np.full(points.shape, 1e-9), num_steps, seed)
    return float(np.mean(_last(_settling(growth))))


def growth_along(
    flow: Flow,
    start: NDArray,
    size: NDArray,
    num_steps: int,
    seed: int,
    advance: Callable[[str, int], None] = lambda description, units: None,  # noqa: ARG005
) -> NDArray:
    """Logarithm of the growth of a small difference at each step, `(num_starts, num_steps)`.

    Args:
        flow: the points after a step, of points `(2, num_starts, n)`; the first of both is the
            reference.
        start: where the reference begins, `(num_starts, n)`; NaN stays as it is.
        size: unit of a difference of each entry, `(num_starts, n)`.
        num_steps: how many.
        seed: of the direction of the first difference.
        advance: told of every step.

    Returns:
        -inf from where nothing of the difference is left, NaN from where the reference is lost.
    """
    towards = np.random.default_rng(seed).standard_normal(start.shape)
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    here, growth = start, np.full((len(start), num_steps), np.nan)
    most = _LOST * np.maximum(np.nanmax(np.abs(start), axis=1, initial=0.0), 1.0)
    for step in range(num_steps):
        here, beside = flow(np.stack([here, here + size * towards]))
        towards = np.nan_to_num((beside - here) / size)
        length = np.linalg.norm(towards, axis=1)
        lost = ~(np.nanmax(np.abs(here), axis=1, initial=0.0) < most)
        with np.errstate(divide="ignore"):
            growth[:, step] = np.where(lost, np.nan, np.log(length))
        towards = towards / np.where(length > 0.0, length, 1.0)[:, None]
        advance("free running", 1)
    return np.where(np.isnan(growth).cumsum(axis=1) > 0, np.nan, growth)


class _FreeRun:
    """Steps without a value, by which a model lives on its own forecasts.

    What is not part of the vector, sums over the whole history and clocks, is that of the reference
    for both.
    """

    def __init__(self, model: Model, state: StateBatch, block: Block) -> None:
        self.model, self.state = model, state
        self.view = view_of(model, fed=True)
        self.block = block

    def __call__(self, points: NDArray) -> NDArray:
        """See `growth_along`."""
        rows = np.tile(np.arange(self.state.num_rows), 2)
        both = self.view.put(self.state.take(rows), points.reshape(-1, points.shape[2]))
        after, _ = self.model.observe(both, self.block.take(rows))
        self.state = after.take(np.arange(self.state.num_rows))
        return self.view.vector(after).reshape(points.shape)


def _at_the_end(walk: SeriesWalk) -> tuple[StateBatch, Block]:
    """The part's states after all of each series, and a step without a value."""
    state = walk.before()
    lengths = walk.panel.lengths
    state, _ = engine.absorb(walk.model, state, walk.panel.block(lengths - 1, lengths))
    one = np.ones((state.num_rows, 1), dtype=bool)
    return walk.part.seen(engine.inner(state), Block(np.zeros(one.shape), ~one, one))


def _settling(growth: NDArray) -> NDArray:
    """Mean growth up to each step, without the transient."""
    first = int(_TRANSIENT * growth.shape[1])
    means = np.full(growth.shape, np.nan)
    counts = np.arange(1, growth.shape[1] - first + 1)
    means[:, first:] = np.cumsum(growth[:, first:], axis=1) / counts
    return means


def _last(means: NDArray) -> NDArray:
    """The last mean of each row that there is, NaN where there is none."""
    known = ~np.isnan(means)
    last = means.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    return means[np.arange(len(means)), last]


def _verdict(words: str, exponents: pd.Series, growth: NDArray) -> str:
    middle = float(np.nanmedian(exponents))
    span = "" if len(exponents) == 1 else f" ({exponents.min():.3g} to {exponents.max():.3g})"
    found = (
        f"{words}, running freely for {growth.shape[1]} steps from {len(exponents)} series: "
        f"largest Lyapunov exponent {middle:.3g} per step{span}. "
    )
    lost = int(np.isnan(growth[:, -1]).sum())
    more = (
        f" {lost} of {len(exponents)} free runs left all bounds before the end and count up to "
        "there; forecasts are kept in bounds by a guard."
        if lost
        else ""
    )
    if np.isneginf(middle):
        return f"{found}Nothing of a difference is left after some steps.{more}"
    if middle > _NEAR:
        return (
            f"{found}Forecasts are chaotic or explode: an error grows e-fold within "
            f"{1.0 / middle:.3g} steps.{more}"
        )
    if middle < -_NEAR:
        return (
            f"{found}Two pasts lead to the same forecasts: a difference shrinks e-fold within "
            f"{-1.0 / middle:.3g} steps.{more}"
        )
    return f"{found}A difference is neither forgotten nor does it grow.{more}"
