"""What the network of a pattern sees of each step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.pipelines import Block, Panel

__all__ = ["Inputs"]

# A column that varies by less than this share of its size does not vary.
_SMALLEST_SPREAD = 1e-9


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a network sees of each step: `x = (z, seen, known ahead, past, past seen)`.

    z and the covariates are standardised by the training part, `(v - centre) * factor`; what is
    missing is 0 and its mark `seen` is 0. A column that did not vary in training is 0 for ever.

    Args:
        centres: means of the value, of what is known ahead and of what is past, `(num_columns,)`.
        factors: 1 over their standard deviations, 0 of a column that does not vary.
        num_past: how many of the last columns are past covariates.

    Example:
        >>> Inputs(np.zeros(4), np.ones(4), num_past=2).width
        7
    """

    centres: NDArray
    factors: NDArray
    num_past: int = 0

    @staticmethod
    def of(panel: Panel) -> Inputs:
        """Means and standard deviations over all steps of a panel with encoded covariates."""
        table = panel.covariates
        columns = np.column_stack([panel.values, table.future, table.past])
        known = ~np.isnan(columns)
        count = np.maximum(known.sum(axis=0), 1)
        centres = np.where(known, columns, 0.0).sum(axis=0) / count
        deviations = np.where(known, columns - centres, 0.0)
        spreads = np.sqrt((deviations**2).sum(axis=0) / count)
        varies = spreads > _SMALLEST_SPREAD * np.maximum(np.abs(centres), 1e-300)
        factors = np.where(varies, 1.0 / np.where(varies, spreads, 1.0), 0.0)
        return Inputs(centres, factors, table.past.shape[1])

    @property
    def width(self) -> int:
        """Number of inputs of the network at each step."""
        return len(self.centres) + 1 + self.num_past

    def features(self, block: Block) -> NDArray[np.float32]:
        """The inputs of all steps of a block, `(rows, steps, width)`; 0 at padding."""
        value = np.where(block.observed, block.values, np.nan)[..., None]
        columns = np.concatenate([value, block.covariates, block.past_covariates], axis=2)
        scaled = (columns - self.centres) * self.factors
        first_past = len(self.centres) - self.num_past
        marks = ~np.isnan(columns[..., [0, *range(first_past, len(self.centres))]])
        scaled = np.where(np.isnan(scaled) | ~block.valid[..., None], 0.0, scaled)
        parts = [scaled[..., :1], marks[..., :1], scaled[..., 1:], marks[..., 1:]]
        return np.concatenate(parts, axis=2, dtype=np.float32)

    def value(self, scaled: NDArray) -> NDArray:
        """Values of which `scaled` is standardised."""
        factor = self.factors[0]
        return self.centres[0] + scaled * (1.0 / factor if factor else 0.0)

    def to_saved(self) -> tuple[dict[str, int], dict[str, NDArray]]:
        """Numbers and arrays for a bundle."""
        return {"num_past": self.num_past}, {"centres": self.centres, "factors": self.factors}
