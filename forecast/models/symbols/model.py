"""A recurrent network over codes: its state tells how probable each symbol is next."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecast.dynamics import Dynamics
from forecast.heads.categorical import log_softmax
from forecast.models.blueprint import Blueprint
from forecast.models.body import Body
from forecast.models.encoder import SymbolInput
from forecast.models.network import last_valid, runs_without_gaps
from forecast.pipelines import Block
from forecast.protocol import StateBatch, Static
from forecast.symbols.model import SymbolModel

__all__ = ["SymbolNetworkModel"]

_CELL = "cell"


class SymbolNetworkModel(SymbolModel):
    """`x[t] = E y[t]`, `h[t] = cell(x[t], h[t-1])`, `P(y[t+1]) = softmax(W h[t] + b)`.

    E are one-hot vectors or an embedding. The state holds the cells' states and the
    log-probabilities that follow from them; before the first symbol the start mark was fed. A
    missing symbol is fed as the most probable one.

    Args:
        body: the layers, which emit a number for each code.
        end: code of the end mark; None without one.
    """

    dynamics = Dynamics((_CELL,))

    def __init__(self, body: Body, end: int | None) -> None:
        """Store both."""
        super().__init__(body.num_outputs, end)
        self.body = body

    def init_state(self, num_rows: int, static: Static) -> StateBatch:  # noqa: ARG002
        """See `SymbolModel`."""
        start = np.full(num_rows, self.num_codes)
        ahead, cells = self._step(start, self.body.initial_state(num_rows))
        nothing = np.zeros(num_rows, dtype=np.int64)
        return StateBatch(_arrays(ahead, cells), nothing, nothing.copy())

    def ahead(self, state: StateBatch) -> NDArray[np.float64]:
        """See `SymbolModel`."""
        return state.arrays["ahead"]

    def walk(self, state: StateBatch, block: Block) -> tuple[StateBatch, NDArray[np.float64]]:
        """See `SymbolModel`."""
        ahead, cells = state.arrays["ahead"], _cells(state)
        found = np.empty((*block.values.shape, self.num_codes))
        for steps in runs_without_gaps((block.valid & ~block.observed).any(axis=0)):
            codes, valid = block.values[:, steps], block.valid[:, steps]
            codes = np.where(block.observed[:, steps], codes, ahead.argmax(axis=1)[:, None])
            outputs, cells = self._encode(codes, valid, cells)
            found[:, steps] = np.concatenate([ahead[:, None], outputs[:, :-1]], axis=1)
            ahead = last_valid(outputs, valid, ahead)
        return state.advance(_arrays(ahead, cells), block), found

    def jacobian(self, state: StateBatch, block: Block) -> NDArray:
        """See `forecast.dynamics.Differentiable`: of the cells, by automatic differentiation."""
        return self.body.jacobian(_fed(state, block), _cells(state))

    def gates(self, state: StateBatch, block: Block) -> list[dict[str, NDArray]]:
        """How open the gates of each layer are at one step, by name, `(num_rows, units)`."""
        return self.body.gates(_fed(state, block), _cells(state))

    def to_saved(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """See `SymbolModel`."""
        return {"body": asdict(self.body.blueprint), "end": self.end}, self.body.arrays()

    @classmethod
    def from_saved(cls, settings: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """See `SymbolModel`."""
        form = settings["body"]
        blueprint = Blueprint(**{**form, "symbols": SymbolInput(**form["symbols"])})
        body = Body.of_arrays(blueprint, arrays)
        if not isinstance(body, Body):
            raise ValueError("a network of symbols needs a readout of its own.")
        return cls(body, settings["end"])

    def _encode(
        self, codes: NDArray, valid: NDArray, cells: list[NDArray]
    ) -> tuple[NDArray, list[NDArray]]:
        """Log-probabilities after each step, and the cells' states after the last valid one."""
        if codes.shape[1] == 1:
            ahead, moved = self._step(codes[:, 0], cells)
            kept = [np.where(valid, new, old) for new, old in zip(moved, cells, strict=True)]
            return ahead[:, None], kept
        outputs, cells = self.body.encode(codes[:, :, None], valid, cells)
        return log_softmax(outputs.reshape(*codes.shape, self.num_codes)), cells

    def _step(self, codes: NDArray, cells: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
        outputs, cells = self.body.step(codes[:, None], cells)
        return log_softmax(outputs.reshape(len(codes), self.num_codes)), cells


def _fed(state: StateBatch, block: Block) -> NDArray:
    """The code that the layers are fed at one step, `(num_rows, 1)`."""
    return np.where(block.observed, block.values, state.arrays["ahead"].argmax(axis=1)[:, None])


def _arrays(ahead: NDArray, cells: list[NDArray]) -> dict[str, NDArray]:
    return {"ahead": ahead} | {f"{_CELL}{index}": cell for index, cell in enumerate(cells)}


def _cells(state: StateBatch) -> list[NDArray]:
    return [state.arrays[f"{_CELL}{index}"] for index in range(len(state.arrays) - 1)]
