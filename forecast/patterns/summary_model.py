"""The model that reads a series and forecasts a summary of what follows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.patterns.sequence import SequenceModel
from forecast.pipelines import Block, Panel
from forecast.protocol import StateBatch

__all__ = ["SummaryModel", "in_units"]


class SummaryModel(SequenceModel):
    """A `SequenceModel` that sees values in units of the mean `|y|` so far, and answers in them."""

    def features(self, state: StateBatch, block: Block) -> tuple[NDArray, dict[str, NDArray]]:
        """See `SequenceModel`; the state also keeps the sum of `|y|`."""
        units, total = _units(state.arrays["total"], state.count, block)
        return self.inputs.features(replace(block, values=block.values / units)), {"total": total}

    def units(self, state: StateBatch, block: Block | None = None) -> NDArray:
        """The unit of each series by now, `(rows,)`, or after each step of a block."""
        if block is None:
            return _mean(state.arrays["total"], state.count)
        return _units(state.arrays["total"], state.count, block)[0]

    def _more(self, num_rows: int) -> dict[str, NDArray]:
        return {"total": np.zeros(num_rows)}


def in_units(panel: Panel) -> Panel:
    """The panel with each value in units of the mean `|y|` of its series up to it."""
    block = panel.block(0, panel.lengths)
    zeros = np.zeros(panel.num_series, dtype=np.int64)
    units, _ = _units(zeros.astype(np.float64), zeros, block)
    return replace(panel, values=panel.values / units[block.valid])


def _units(total: NDArray, count: NDArray, block: Block) -> tuple[NDArray, NDArray]:
    """Mean `|y|` after each step, `(rows, steps)`, and the sum after the last one."""
    sums = total[:, None] + np.abs(block.values).cumsum(axis=1)
    counts = count[:, None] + block.observed.cumsum(axis=1)
    return _mean(sums, counts), sums[:, -1]


def _mean(total: NDArray, count: NDArray) -> NDArray:
    """`total / count`, 1 where there is nothing or only zeros so far."""
    return np.where(total > 0, total / np.maximum(count, 1), 1.0)
