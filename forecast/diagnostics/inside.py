"""The part of a fitted forecaster whose state is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.composition.combination import CombinedModel
from forecast.composition.pipeline_model import PipelineModel
from forecast.dynamics import dynamics_of
from forecast.protocol import Block, Model, StateBatch
from forecast.symbols.model import SymbolModel

__all__ = ["Inside", "inside"]


@dataclass(frozen=True)
class Inside:
    """A model inside of another: what a pipeline ends with, the network beside linear forecasters.

    Args:
        model: the part.
        path: models around it, each with the number of the member that leads to it, outermost
            first.
        words: what is looked at, in a phrase.
    """

    model: Model
    path: tuple[tuple[Any, int], ...]
    words: str

    def seen(self, state: StateBatch, block: Block) -> tuple[StateBatch, Block]:
        """The part's own state, and a step as it sees it.

        Args:
            state: of the outermost model.
            block: one step of all rows.

        Raises:
            ValueError: where the transforms of a pipeline have not seen enough of a row yet.
        """
        for model, member in self.path:
            if isinstance(model, CombinedModel):
                state, block = model.seen_by(member, state, block)
                continue
            told = model.told(state, block)
            if not told or told[-1][0].num_rows < len(block.values):
                raise ValueError(
                    "a series is too short for the memory of the pipeline's transforms; look at "
                    "fewer steps (num_steps) or leave it out."
                )
            state, block = told[-1]
        return state, block


def inside(forecaster: Any) -> Inside:
    """The part of a forecaster to look at.

    Args:
        forecaster: fitted.

    Raises:
        ValueError: for a combination of several that differ, or a model that does not say which of
            its arrays carry its state.
    """
    model, path, words = forecaster.fitted_.model, [], forecaster.name
    while isinstance(model, CombinedModel | PipelineModel):
        if isinstance(model, PipelineModel):
            member, words = 0, f"the model inside of {words}, in transformed units"
        else:
            member, words = _member(model, words)
        path.append((model, member))
        model = model.members[member]
    if dynamics_of(model) is None:
        if isinstance(model, SymbolModel):
            raise ValueError(
                f"{forecaster.name} has no state that gradients go through: its probabilities are "
                "counted or filtered. SymbolRNN, SymbolLSTM and SymbolGRU have one."
            )
        raise ValueError(
            f"{forecaster.name} ends in a {type(model).__name__}, which does not say which arrays "
            "carry its state: give its class an attribute `dynamics`, see forecast.dynamics."
        )
    return Inside(model, tuple(path), words)


def _member(model: CombinedModel, name: str) -> tuple[int, str]:
    """The member of a combination that is looked at, and words for it."""
    last, count = len(model.members) - 1, len(model.members)
    if model.newcomer_weights is not None:
        share = float(np.asarray(model.weights)[last])
        return last, f"the network inside of {name} (weight {share:.2f} beside linear forecasters)"
    kinds = {type(member).__name__ for member in model.members}
    if len(kinds) > 1:
        raise ValueError(
            f"{name} combines {count} models of different kinds ({', '.join(sorted(kinds))}), each "
            "with a state of its own: fit the one that you want to look at alone."
        )
    return 0, f"member 1 of {count} of {name}"
