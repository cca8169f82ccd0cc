"""Learning from newer rows, block after block, for the tests of all models."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from forecast import engine
from forecast.pipelines import Block, Panel
from forecast.protocol import Model


def blocks_after(panel: Panel, known: NDArray, step: int) -> Iterator[Block]:
    """What follows the first `known` steps of each series, some steps at a time."""
    while (known < panel.lengths).any():
        ends = np.minimum(known + step, panel.lengths)
        yield panel.block(known, ends)
        known = ends


def learned(model: Model, panel: Panel, known: NDArray, step: int) -> Model:
    """The model after `panel`, fitted on its first `known` steps, in blocks of `step`."""
    state = engine.begin(model, np.arange(panel.num_series))
    state, _ = engine.absorb(model, state, panel.block(0, known))
    for block in blocks_after(panel, known, step):
        model, state, _ = engine.learn(model, state, block)
    return model
