"""The form of an encoder-decoder network: what it is built from anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from forecast.models.seq2seq.cells import CELLS, largest_number
from forecast.models.seq2seq.design import Seq2SeqDesign

__all__ = ["Seq2SeqForm"]

# Blocks of a kernel, and of a bias, of so many units each.
_GATES = {"SimpleRNN": (1, 1), "GRU": (3, 3), "LSTM": (4, 4)}
_STATES = {"SimpleRNN": 1, "GRU": 1, "LSTM": 2}


@dataclass(frozen=True)
class Seq2SeqForm:
    """Encoder and decoder, to be built anew from these numbers alone.

    Args:
        design: the parts.
        units: of each recurrent layer.
        num_layers: recurrent layers of the encoder, and of the decoder.
        num_features: numbers of each step that is read.
        num_ahead: numbers of each step to forecast.
        seed: of the initial weights.
    """

    design: Seq2SeqDesign
    units: int
    num_layers: int
    num_features: int
    num_ahead: int
    seed: int

    @property
    def width(self) -> int:
        """Outputs of the encoder at each step."""
        return self.units * (2 if self.design.bidirectional else 1)

    @property
    def num_weights(self) -> int:
        """Numbers in all weights; known without building a layer, but for a cell of the user's."""
        if self.design.cell not in CELLS:
            from forecast.models.windowed.body import SizedNetwork

            return SizedNetwork.of(self).count_params()
        return 1 + self._in_encoder + self._in_decoder

    @property
    def largest_number(self) -> int:
        """The largest size in it."""
        return max(self.units, self.num_features, self.num_ahead, largest_number(self.design.cell))

    @property
    def _in_encoder(self) -> int:
        design, units, below = self.design, self.units, self.num_features
        total = 0
        for _ in range(design.convolutions):
            total += units * (3 * below + 1)
            below = units
        for _ in range(self.num_layers):
            total += (1 + design.bidirectional) * self._in_layer(below)
            below = self.width
        return total

    @property
    def _in_decoder(self) -> int:
        design, units, width = self.design, self.units, self.width
        attended = width if design.attention else 0
        below = self.num_ahead + 1 + attended + width * (design.context != "state")
        total = self._in_layer(below) + (self.num_layers - 1) * self._in_layer(units)
        if design.bidirectional and design.context != "input":
            total += self.num_layers * _STATES[design.cell] * units * (width + 1)
        if design.attention:
            total += units * (units + width) + units * (design.attention == "additive")
        below = units + attended
        if design.dense:
            total, below = total + design.dense * (below + 1), design.dense
        return total + below + 2  # the readout and the start value

    def _in_layer(self, below: int) -> int:
        """Numbers in a recurrent layer above so many."""
        kernel, bias = _GATES[self.design.cell]
        return self.units * (kernel * (below + self.units) + bias)

    def network(self) -> Any:
        """See `forecast.models.windowed.body.WindowForm`."""
        from forecast.models.seq2seq.network import Seq2SeqNetwork

        return Seq2SeqNetwork(self)

    def seedless(self) -> Seq2SeqForm:
        """See `forecast.models.windowed.body.WindowForm`."""
        return replace(self, seed=0)
