"""A fitted forecaster on its way along series, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import engine
from forecast.checks import check_positive_integer
from forecast.diagnostics.inside import Inside, inside
from forecast.forecaster import Forecaster
from forecast.pipelines import Panel, evenly_spread
from forecast.progress import progress_bar
from forecast.protocol import Block, Model, StateBatch, num_channels
from forecast.symbols import SymbolForecaster

__all__ = ["SeriesWalk", "gap", "read_series"]


@dataclass(frozen=True, eq=False)
class SeriesWalk:
    """Series that a fitted forecaster is led along, and the part of it that is looked at.

    Args:
        name: of the forecaster.
        part: what is looked at.
        model: the whole model.
        panel: the series, whole systems, with covariates as the model sees them.
        series: position of each among the fitted ones, -1 for a new one.
        offsets: see `engine.begin`.
        num_steps: newest steps of each that are walked one by one.
    """

    name: str
    part: Inside
    model: Model
    panel: Panel
    series: NDArray
    offsets: NDArray
    num_steps: int

    @staticmethod
    def of(
        forecaster: Any, df: Any, num_steps: int, max_series: int, symbols: bool = False
    ) -> SeriesWalk:
        """The walk along the newest steps of some series that are longer, evenly spread.

        At most half of the longest series is walked along; what comes before sets the states. With
        `symbols` the forecaster may be one of symbols.

        Raises:
            TypeError: for what is no forecaster of this library.
            NotFittedError: for one that is not fitted.
            ValueError: for data that cannot be used, or a forecaster that cannot be looked into.
        """
        check_positive_integer("num_steps", num_steps)
        check_positive_integer("max_series", max_series)
        panel, series, offsets = read_series(forecaster, df, symbols)
        model, part = forecaster.fitted_.model, inside(forecaster)
        channels = num_channels(model)
        lengths = panel.lengths[::channels]
        steps = int(min(num_steps, lengths.max() // 2))
        if steps < 1:
            raise ValueError(
                f"the longest series has {lengths.max()} steps, too few to look at; give a longer "
                "history."
            )
        able = np.flatnonzero(lengths > steps)
        chosen = able[evenly_spread(len(able), max_series)]
        rows = (chosen[:, None] * channels + np.arange(channels)).ravel()
        return SeriesWalk(
            forecaster.name, part, model, panel.take(rows), series[rows], offsets[rows], steps
        )

    @property
    def ids(self) -> NDArray:
        """Of each system the id of its first channel."""
        return self.panel.ids[:: num_channels(self.model)]

    def times(self) -> list[pd.Index]:
        """Times of the steps that are walked, of each system."""
        channels = num_channels(self.model)
        rows = range(0, self.panel.num_series, channels)
        return [self.panel.times(row)[-self.num_steps :] for row in rows]

    def before(self) -> StateBatch:
        """States before the first of these steps."""
        state = engine.begin(self.model, self.series, self.offsets)
        block = self.panel.block(0, self.panel.lengths - self.num_steps)
        return engine.absorb(self.model, state, block)[0]

    def steps(self, description: str) -> Iterator[tuple[StateBatch, Block]]:
        """The whole model's state before each step, and the step, with a bar while it lasts."""
        state, first = self.before(), self.panel.lengths - self.num_steps
        with progress_bar(self.num_steps) as advance:
            for step in range(self.num_steps):
                block = self.panel.block(first + step, first + step + 1)
                yield engine.inner(state), block
                state, _ = engine.absorb(self.model, state, block)
                advance(description, 1)

    def refuse_covariates(self, why: str) -> None:
        """Refuse a model that needs covariates where there are none.

        Raises:
            ValueError: naming the reason.
        """
        if self.panel.num_covariates:
            raise ValueError(
                f"{self.name} uses covariates, of which nothing is known {why}: fit it without."
            )


def read_series(forecaster: Any, df: Any, symbols: bool = False) -> tuple[Panel, NDArray, NDArray]:
    """The series of a frame as a fitted forecaster sees them; codes of one that may be of symbols.

    Returns:
        The panel; position of each series among the fitted ones, -1 for a new one; its offset, see
        `engine.begin`.

    Raises:
        TypeError: for what is no forecaster of this library.
        NotFittedError: for one that is not fitted.
        ValueError: for data that cannot be used.
    """
    _check_forecaster(forecaster, df, symbols)
    if isinstance(forecaster, SymbolForecaster):
        panel = forecaster._read(df).panel
        return panel, np.full(panel.num_series, -1), np.zeros(panel.num_series, dtype=np.int64)
    fitted = forecaster.fitted_
    panel = fitted.encoding.apply(forecaster._read(df).panel)
    series = forecaster._fitted_rows(panel.ids)
    return panel, series, fitted.offsets(panel, series)


def gap(block: Block) -> Block:
    """The same steps without a value: the model is fed its own forecast."""
    return replace(
        block, values=np.zeros_like(block.values), observed=np.zeros_like(block.observed)
    )


def _check_forecaster(forecaster: Any, df: Any, symbols: bool) -> None:
    kinds = (Forecaster, SymbolForecaster) if symbols else (Forecaster,)
    if not isinstance(forecaster, kinds):
        raise TypeError(
            "a fitted forecaster of numbers, such as fc.LSTMForecaster().fit(df), is expected"
            f"{' (or a network of symbols)' if symbols else ''}; got {_named(forecaster)}"
        )
    forecaster._require_fitted()
    if df is None:
        raise ValueError(
            f"there is nothing to lead {forecaster.name} along: give df, the series. A fitted "
            "forecaster keeps its states, not the rows they came from."
        )


def _named(other: Any) -> str:
    """What came in place of a forecaster, and what to do."""
    if isinstance(other, type):
        return f"{other!r}. Call the class to make one, and fit it."
    if isinstance(other, SymbolForecaster):
        return (
            f"the forecaster of symbols {other.name}: gradient_flow, jacobian_spectrum and "
            "gate_activity take networks of symbols, fc.symbols.score tells how good they are."
        )
    if hasattr(other, "fitted_") and hasattr(other, "name"):
        return (
            f"{other.name}, which forecasts no next value step by step: its errors on series held "
            "out are in fc.compare_held_out."
        )
    return f"{other!r}."
