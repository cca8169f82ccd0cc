"""Transforms one after the other, on panels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..calendar.season import default_season
from ..panel import Panel
from .base import Transform
from .links import Links
from .position import Position
from .trial import fitted_link
from .walk import walk

__all__ = ["Chain", "FittedChain"]


@dataclass(frozen=True)
class Chain:
    """Transforms in the order in which they are applied.

    Args:
        transforms: settings; nothing is learned yet.

    Example:
        >>> from forecast.pipelines import load_dataset, read_frame
        >>> from forecast.pipelines.transforms import Chain, Difference, Log1p
        >>> panel = read_frame(load_dataset("sunspots")).panel
        >>> fitted = Chain((Log1p(), Difference())).fit(panel)
        >>> panel.num_rows - fitted.forward(panel).num_rows
        1
        >>> bool(abs(fitted.inverse(np.zeros((1, 2)), panel) - panel.values[-1]).max() < 1e-12)
        True
    """

    transforms: tuple[Transform, ...]

    def fit(self, panel: Panel, season_length: int | None = None) -> FittedChain:
        """Learn from the training series, each transform from what those before it give.

        Args:
            panel: the training series, and nothing later.
            season_length: 1 for none; that of the panel by default.

        Returns:
            The fitted chain.

        Raises:
            ValueError: for values that a transform cannot take; says which and what to do. And for
                a transform of the user's that looks ahead or has no inverse.
        """
        season = default_season(panel).length if season_length is None else season_length
        fitted = FittedChain(Links((), np.arange(panel.num_series)))
        for transform in self.transforms:
            seen = fitted.forward(panel)
            active = _of_systems(transform.suits(seen, season), panel.num_channels)
            link = fitted_link(transform, seen, season, active)
            fitted = FittedChain(replace(fitted.links, links=(*fitted.links.links, link)))
        return fitted


@dataclass(frozen=True, eq=False)
class FittedChain:
    """A chain that was fitted on the series of a panel.

    Args:
        links: the fitted transforms, a row a series.
    """

    links: Links

    def forward(self, panel: Panel) -> Panel:
        """The transformed series, without the first steps that only fill memories.

        A missing value stays missing. In the memory of a difference it counts as no change: the
        next output is the change since the last known value, and nothing is lost.

        Args:
            panel: the fitted series, in their order and from their first steps on; shorter, or
                with steps that follow.

        Returns:
            Panel of the same series and ends.
        """
        self._check_rows(panel)
        if not self.links.links:
            return panel
        outputs, _ = self._walked(panel)
        valid = np.arange(outputs.shape[1]) < panel.lengths[:, None]
        changed = replace(panel, values=outputs[valid])
        return changed.tail(np.minimum(self.links.leads[-1], panel.lengths))

    def inverse(self, values: np.ndarray, panel: Panel) -> np.ndarray:
        """What follows a panel, of the outputs that follow it: points, quantiles or whole paths.

        Quantiles come out right where no transform has a memory.

        Args:
            values: outputs of the steps after each series, (num_series, steps) or (num_series,
                paths, steps); NaN stays NaN, and counts as no change for the steps after it.
            panel: the fitted series up to there, see `forward`.

        Returns:
            Values of the shape of `values`, finite wherever these are.
        """
        self._check_rows(panel)
        _, position = self._walked(panel)
        position = position if values.ndim == 2 else position.on_paths(values.shape[1])
        missing = np.isnan(values)
        outputs = np.where(missing, self.links.no_change(values, position), values)
        return np.where(missing, np.nan, self.links.inverse(outputs, position))

    def _walked(self, panel: Panel) -> tuple[np.ndarray, Position]:
        """The output of every step, (num_series, steps), and the position at the end."""
        block, links = panel.block(0, panel.lengths), self.links
        values = np.where(block.observed, block.values, np.nan)
        outputs = np.full(values.shape, np.nan)

        def keep(
            start: np.ndarray, found: np.ndarray, valid: np.ndarray, at: Position
        ) -> np.ndarray:
            steps = np.arange(valid.shape[1])
            fresh = valid & (at.clock[:, None] + steps == links.leads[-1][:, None])
            rows, steps = np.nonzero(valid)
            outputs[rows, start[rows] + steps] = links.begun(found, fresh, at)[valid]
            return np.full(found.shape, np.nan)

        return outputs, walk(links, values, block.valid, links.begin(), keep).position

    def _check_rows(self, panel: Panel) -> None:
        if panel.num_series != self.links.num_rows:
            raise ValueError(
                f"the chain was fitted on {self.links.num_rows} series; got {panel.num_series}. "
                "Give the same series in the same order."
            )


def _of_systems(suits: np.ndarray, num_channels: int) -> np.ndarray:
    """Whether all channels of each series' system suit: they stay on the same steps."""
    return np.repeat(suits.reshape(-1, num_channels).all(axis=1), num_channels)
